//! HTTP/1.1 as far as a venue's REST and a WebSocket upgrade need it.

use std::fmt::Write as _;

/// Bytes a request's head and body may have.
const HEAD_MAX: usize = 16 << 10;
const BODY_MAX: usize = 64 << 10;
const HEADERS_MAX: usize = 64;

/// A complete request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Decoded, without the query.
    pub(crate) path: String,
    query: Vec<(String, String)>,
    /// The client's key, if it asks to upgrade to WebSocket.
    pub(crate) websocket_key: Option<String>,
    /// Whether the connection stays open after the answer.
    pub(crate) keep_alive: bool,
}

impl Request {
    /// A query parameter.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A query parameter that may be given several times.
    pub(crate) fn queries<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.query.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Path and query, decoded.
    pub(crate) fn target(&self) -> String {
        let query: Vec<String> = self.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if query.is_empty() { self.path.clone() } else { format!("{}?{}", self.path, query.join("&")) }
    }

    /// A query parameter that is a number.
    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.query(name)?.parse().ok()
    }
}

/// An answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    content_type: &'static str,
    headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

impl Response {
    /// A JSON answer.
    pub(crate) fn json(status: u16, body: impl Into<String>) -> Self {
        Self { status, content_type: "application/json; charset=utf-8", headers: Vec::new(), body: body.into() }
    }

    /// A page, as the machines in front of a venue answer.
    pub(crate) fn html(status: u16) -> Self {
        let reason = reason(status);
        let body = format!("<html><head><title>{status} {reason}</title></head><body>{reason}</body></html>\n");
        Self { status, content_type: "text/html", headers: Vec::new(), body }
    }

    /// With one more header.
    pub(crate) fn header(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }

    /// The bytes of the answer.
    pub(crate) fn to_bytes(&self, keep_alive: bool) -> Vec<u8> {
        let connection = if keep_alive { "keep-alive" } else { "close" };
        let mut head = format!(
            "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: {connection}\r\n",
            self.status,
            reason(self.status),
            self.content_type,
            self.body.len()
        );
        for (name, value) in &self.headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        head.push_str("\r\n");
        head.push_str(&self.body);
        head.into_bytes()
    }
}

/// The answer that turns the connection into a WebSocket (RFC 6455, 4.2.2).
pub(crate) fn switching_protocols(key: &str) -> Vec<u8> {
    let accept = tungstenite::handshake::derive_accept_key(key.as_bytes());
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    )
    .into_bytes()
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        413 => "Payload Too Large",
        418 => "I'm a teapot",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Error",
    }
}

/// Reads a request from the front of `bytes`: it and its length, or nothing while it is incomplete.
///
/// # Errors
/// The answer to give before closing, when the bytes are no acceptable request.
pub(crate) fn parse(bytes: &[u8]) -> Result<Option<(Request, usize)>, Response> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut head = httparse::Request::new(&mut headers);
    let length = match head.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) if bytes.len() > HEAD_MAX => return Err(Response::json(431, "")),
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(Response::json(431, "")),
        Err(_) => return Err(Response::json(400, "")),
    };
    let header = |name: &str| {
        let found = head.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
        found.and_then(|header| std::str::from_utf8(header.value).ok())
    };
    let body = header("content-length").map_or(Ok(0), str::parse).map_err(|_| Response::json(400, ""))?;
    if body > BODY_MAX || header("transfer-encoding").is_some() {
        return Err(Response::json(413, ""));
    }
    if bytes.len() < length + body {
        return Ok(None);
    }
    let upgrade = header("upgrade").is_some_and(|value| value.eq_ignore_ascii_case("websocket"));
    let target = head.path.unwrap_or("/");
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let request = Request {
        method: head.method.unwrap_or_default().to_owned(),
        path: decode(path, false),
        query: parse_query(query),
        websocket_key: header("sec-websocket-key").filter(|_| upgrade).map(str::to_owned),
        keep_alive: head.version == Some(1)
            && !header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close")),
    };
    Ok(Some((request, length + body)))
}

fn parse_query(query: &str) -> Vec<(String, String)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(k, v)| (decode(k, true), decode(v, true)))
        .collect()
}

/// Undoes percent encoding; in a query `+` is a space.
fn decode(text: &str, query: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let pair = tail.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        match pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()).filter(|_| first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(if query && first == b'+' { b' ' } else { first });
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_arrive_in_pieces_and_in_rows() {
        let bytes = b"GET /0/public/OHLC?pair=BTC%2FUSD&interval=1 HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\n\r\n";
        for cut in 0..66 {
            assert_eq!(parse(&bytes[..cut]), Ok(None), "{cut}");
        }
        let (request, length) = parse(bytes).unwrap().unwrap();
        assert_eq!((request.path.as_str(), request.query("pair")), ("/0/public/OHLC", Some("BTC/USD")));
        assert_eq!((request.number("interval"), request.keep_alive), (Some(1), true));
        let (second, _) = parse(&bytes[length..]).unwrap().unwrap();
        assert_eq!((second.path.as_str(), second.websocket_key), ("/", None));
    }

    #[test]
    fn nonsense_is_refused() {
        assert_eq!(parse(b"\x16\x03\x01\x02\x00").unwrap_err().status, 400);
        assert_eq!(parse(&[b'a'; HEAD_MAX + 1]).unwrap_err().status, 431);
        assert_eq!(parse(b"POST / HTTP/1.1\r\nContent-Length: 9999999\r\n\r\n").unwrap_err().status, 413);
    }

    #[test]
    fn upgrades_carry_the_key() {
        let text = "GET /ws HTTP/1.1\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: abc==\r\n\r\n";
        assert_eq!(parse(text.as_bytes()).unwrap().unwrap().0.websocket_key.as_deref(), Some("abc=="));
    }
}
