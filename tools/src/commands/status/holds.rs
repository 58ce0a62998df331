//! What keeps connections from their next attempt.

use tickplane_model::NS_PER_SECOND;
use tickplane_segments::{ConnectionStatus, HoldKind};

use super::{duration, name};
use crate::failure::Failure;
use crate::output::Sheet;

/// A line for each connection that waits for more than its own backoff.
pub(super) fn lines<'a>(connections: impl Iterator<Item = &'a ConnectionStatus>, now_ns: i64) -> Result<(), Failure> {
    for connection in connections {
        if let Some(text) = sentence(connection, now_ns) {
            Sheet::line(&format!("  {text}"))?;
        }
    }
    Ok(())
}

fn sentence(connection: &ConnectionStatus, now_ns: i64) -> Option<String> {
    let why = match connection.hold? {
        HoldKind::Backoff => return None,
        HoldKind::Limit => "to stay within the exchange's limit of attempts",
        HoldKind::Ban => "because the exchange wants none from here for now",
    };
    let seconds = (connection.next_attempt_ns - now_ns).max(0).div_euclid(NS_PER_SECOND);
    Some(format!("{} is held {why}; next attempt in {}", name(connection), duration(seconds)))
}

#[cfg(test)]
mod tests {
    use tickplane_model::ExchangeId;
    use tickplane_segments::ConnectionState;

    use super::*;

    #[test]
    fn a_held_connection_says_why_and_for_how_long() {
        let of = |hold| ConnectionStatus {
            exchange: ExchangeId::Kraken,
            label: "ws.kraken.com:443 #1".to_owned(),
            state: ConnectionState::Held,
            connected_at_ns: 0,
            last_heartbeat_ns: 0,
            last_data_ns: 0,
            attempts: 150,
            last_attempt_ns: 0,
            counters: Vec::new(),
            rejects: Vec::new(),
            closes: Vec::new(),
            last_close: None,
            next_attempt_ns: 95 * NS_PER_SECOND,
            hold,
        };
        let text = |hold| sentence(&of(hold), 5 * NS_PER_SECOND);
        assert_eq!((text(None), text(Some(HoldKind::Backoff))), (None, None));
        assert_eq!(
            text(Some(HoldKind::Limit)).unwrap(),
            "kraken ws.kraken.com:443 #1 is held to stay within the exchange's limit of attempts; next attempt in 1 min 30 s"
        );
        assert!(text(Some(HoldKind::Ban)).unwrap().contains("wants none from here"));
    }
}
