//! REST over HTTPS, on the cold path.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tickplane_exchanges::{Method, Request};
use tickplane_runtimes::SystemClock;
use tickplane_shards::Clock;
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
        /// Seconds by its `Retry-After` header.
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
        let header = |name| answer.headers().get(name).and_then(|value| value.to_str().ok());
        let retry_after_s = header("retry-after").and_then(|text| retry_after_s(text, header("date"), now()));
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

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_nanos(SystemClock::new().now().epoch_ns.cast_unsigned())
}

/// How long `Retry-After` wants us to wait (RFC 9110, 10.2.3): seconds, or a date in any of the three forms. A date is
/// compared with the answer's own `Date`, because clocks differ, and with ours where it has none; one that is past is 0.
fn retry_after_s(text: &str, date: Option<&str>, now: SystemTime) -> Option<u32> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(text.parse().unwrap_or(u32::MAX));
    }
    let until = httpdate::parse_http_date(text).ok()?;
    let from = date.and_then(|text| httpdate::parse_http_date(text.trim()).ok()).unwrap_or(now);
    let wait = until.duration_since(from).unwrap_or_default();
    Some(u32::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The dates of RFC 9110, 5.6.7.
    const FIXDATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const RFC_850: &str = "Sunday, 06-Nov-94 08:49:37 GMT";
    const ASCTIME: &str = "Sun Nov  6 08:49:37 1994";

    #[test]
    fn a_wait_is_given_in_seconds_or_as_a_date_of_three_forms() {
        let at = |seconds: u64| UNIX_EPOCH + Duration::from_secs(seconds);
        // 1994-11-06 08:48:37.5, by our clock.
        let now = at(784_111_717) + Duration::from_millis(500);
        for (text, date, expected) in [
            ("120", None, Some(120)),
            (" 0 ", None, Some(0)),
            ("99999999999999999999", None, Some(u32::MAX)),
            (FIXDATE, None, Some(60)),
            (RFC_850, None, Some(60)),
            (ASCTIME, None, Some(60)),
            (FIXDATE, Some("Sun, 06 Nov 1994 08:49:30 GMT"), Some(7)),
            (ASCTIME, Some(RFC_850), Some(0)),
            (FIXDATE, Some("Sun, 06 Nov 1994 09:00:00 GMT"), Some(0)),
            (FIXDATE, Some("yesterday"), Some(60)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", None, Some(0)),
            ("Fri, 31 Dec 9999 23:59:59 GMT", None, Some(u32::MAX)),
            ("-5", None, None),
            ("", None, None),
            ("soon", None, None),
            ("1.5", None, None),
            ("Sun, 06 Nov 1994 25:00:00 GMT", None, None),
        ] {
            assert_eq!(retry_after_s(text, date, now), expected, "{text:?} {date:?}");
        }
    }
}
