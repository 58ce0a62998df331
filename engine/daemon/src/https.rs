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

    /// Sends one request and takes the whole answer; an answer other than 2xx is an error with its text.
    pub(crate) fn fetch(&self, request: &Request) -> Result<Vec<u8>, String> {
        let url = format!("{}{}", self.base, request.path);
        let failed = |error: ureq::Error| format!("{url}: {error}");
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
        let body = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec().map_err(failed)?;
        if status.is_success() {
            return Ok(body);
        }
        let text: String = String::from_utf8_lossy(&body).chars().take(200).collect();
        Err(format!("{url}: HTTP {status}: {text}"))
    }
}
