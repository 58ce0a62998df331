//! REST over HTTPS, on the cold path.

use std::sync::Arc;
use std::time::Duration;

use tickplane_exchanges::{Method, Request};
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};

use crate::trust::{Trust, provider};

/// One request, from the name lookup to the last byte of the answer.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Binance's exchangeInfo, the largest answer asked for, has about 20 MB.
const ANSWER_BYTES_MAX: u64 = 128 << 20;

/// Why there is no answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum HttpsError {
    /// No answer came: name, TCP, TLS or time.
    Failed(String),
    /// The answer is not 2xx.
    Status {
        /// HTTP status.
        status: u16,
        /// Seconds of its `Retry-After` header.
        retry_after_s: Option<u32>,
        /// What was asked, and the beginning of the answer.
        text: String,
    },
}

/// Sends requests to one exchange's REST host.
#[derive(Clone)]
pub(crate) struct Https {
    agent: Agent,
    base: String,
}

impl Https {
    pub(crate) fn new(base: &str, trust: &Trust) -> Self {
        let roots = if trust.ca.is_empty() {
            RootCerts::WebPki
        } else {
            let certificates = trust.ca.iter().map(|der| Certificate::from_der(der).to_owned());
            RootCerts::Specific(Arc::new(certificates.collect()))
        };
        let tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .root_certs(roots)
            .unversioned_rustls_crypto_provider(provider())
            .build();
        let agent = Agent::config_builder()
            .tls_config(tls)
            .timeout_global(Some(TIMEOUT))
            .user_agent(concat!("tickplane/", env!("CARGO_PKG_VERSION")))
            .http_status_as_error(false)
            .build()
            .new_agent();
        Self { agent, base: base.trim_end_matches('/').to_owned() }
    }

    /// Sends one request and takes the whole answer.
    pub(crate) fn fetch(&self, request: &Request) -> Result<Vec<u8>, HttpsError> {
        let url = format!("{}{}", self.base, request.path);
        let failed = |error: ureq::Error| {
            let text = error.to_string();
            let remedy = if text.contains("UnknownIssuer") { "; name the file of its CA in `ca`" } else { "" };
            HttpsError::Failed(format!("{url}: {text}{remedy}"))
        };
        let mut answer = match request.method {
            Method::Get => {
                let builder =
                    request.headers.iter().fold(self.agent.get(&url), |b, (name, value)| b.header(*name, value));
                builder.call()
            }
            Method::Post => {
                let builder =
                    request.headers.iter().fold(self.agent.post(&url), |b, (name, value)| b.header(*name, value));
                builder.send(request.body.as_str())
            }
        }
        .map_err(failed)?;
        let status = answer.status();
        let retry_after = answer.headers().get("retry-after").and_then(|value| value.to_str().ok());
        let retry_after_s = retry_after.and_then(|text| text.trim().parse().ok());
        let body = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec().map_err(failed)?;
        if status.is_success() {
            return Ok(body);
        }
        let text: String = String::from_utf8_lossy(&body).chars().take(200).collect();
        Err(HttpsError::Status {
            status: status.as_u16(),
            retry_after_s,
            text: format!("{url}: HTTP {status}: {text}"),
        })
    }
}
