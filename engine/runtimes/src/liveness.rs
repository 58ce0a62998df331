//! TCP options by which the kernel notices a peer that is gone without a word.
//!
//! The venue's own heartbeat is watched by the connection. These catch what it cannot: a subscription that never reached
//! the peer, and a peer that vanished from a venue which may be silent for long.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use rustix::net::sockopt;

/// Silence after which the kernel asks the peer whether it is there. A live market is never silent so long; a quiet
/// one costs a 40-byte segment each time.
pub(crate) const KEEPALIVE_IDLE: Duration = Duration::from_secs(10);
/// Time between two such questions.
pub(crate) const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
/// Bytes, or a keepalive question, that stay unacknowledged so long break the connection. Without it the kernel tries for
/// 15 minutes (`tcp_retries2`), in which a lost subscription looks like a quiet market. Several retransmissions fit: they
/// come after 0.2, 0.6, 1.4, 3, 6.2 and 12.6 s. With it the kernel leaves the count of questions (`TCP_KEEPCNT`) out of
/// account.
pub(crate) const USER_TIMEOUT: Duration = Duration::from_secs(15);

/// Sets them on a venue's socket.
pub(crate) fn watch(socket: impl AsFd) -> io::Result<()> {
    let socket = socket.as_fd();
    sockopt::set_socket_keepalive(socket, true)?;
    sockopt::set_tcp_keepidle(socket, KEEPALIVE_IDLE)?;
    sockopt::set_tcp_keepintvl(socket, KEEPALIVE_INTERVAL)?;
    sockopt::set_tcp_user_timeout(socket, USER_TIMEOUT.as_millis() as u32)?;
    Ok(())
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a socket to set options on")]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_took_every_option() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        watch(&stream).unwrap();
        assert!(sockopt::socket_keepalive(&stream).unwrap());
        assert_eq!(sockopt::tcp_keepidle(&stream).unwrap(), KEEPALIVE_IDLE);
        assert_eq!(sockopt::tcp_keepintvl(&stream).unwrap(), KEEPALIVE_INTERVAL);
        assert_eq!(sockopt::tcp_user_timeout(&stream).unwrap(), 15_000);
    }
}
