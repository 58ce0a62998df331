//! Sockets, TLS, HTTP and WebSocket framing: everything below a venue's protocol, on one thread.

pub(crate) mod clock;
mod connection;
pub(crate) mod counts;
pub(crate) mod http;
pub(crate) mod reactor;
pub(crate) mod site;
pub(crate) mod tls;
pub(crate) mod window;
mod wire;
