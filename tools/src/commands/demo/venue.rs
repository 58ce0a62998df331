//! How a venue is, in a few words: its connections that are not live, and its streams by state.

use tickplane_model::ExchangeId;
use tickplane_segments::{ConnectionState, ConnectionStatus, Plane, StreamState, StreamStatus};

/// In words, and whether that is as it has to be.
pub(super) fn words(plane: &Plane, exchange: ExchangeId) -> (String, bool) {
    let connections: Vec<ConnectionStatus> =
        plane.connections().into_iter().filter(|connection| connection.exchange == exchange).collect();
    told(&connections, &plane.streams(exchange).unwrap_or_default())
}

fn told(connections: &[ConnectionStatus], streams: &[StreamStatus]) -> (String, bool) {
    let is_up = |state| matches!(state, ConnectionState::Live | ConnectionState::Subscribed);
    let mut words: Vec<String> = connections
        .iter()
        .filter(|connection| !is_up(connection.state))
        .map(|connection| match connection.last_close {
            Some(kind) => format!("connection {} after {}", connection.state.as_str(), kind.as_str()),
            None => format!("connection {}", connection.state.as_str()),
        })
        .collect();
    let open = streams.iter().filter(|stream| stream.seams > 0).count();
    let (mut is_well, mut states) = (words.is_empty() && open == 0, Vec::new());
    for state in StreamState::ALL {
        let count = streams.iter().filter(|stream| stream.state == state).count();
        if count > 0 {
            states.push(format!("{count} {}", state.as_str()));
            is_well &= matches!(state, StreamState::Live | StreamState::Quiet | StreamState::Subscribed);
        }
    }
    if !states.is_empty() {
        words.push(format!("streams: {}", states.join(", ")));
    }
    if open > 0 {
        words.push(format!("{open} wait for missed trades"));
    }
    (words.join(", "), is_well)
}

#[cfg(test)]
mod tests {
    use tickplane_segments::CloseKind;

    use super::*;

    fn connection(state: ConnectionState, last_close: Option<CloseKind>) -> ConnectionStatus {
        ConnectionStatus {
            exchange: ExchangeId::Kraken,
            label: "0".to_owned(),
            state,
            connected_at_ns: 0,
            last_heartbeat_ns: 0,
            last_data_ns: 0,
            attempts: 1,
            last_attempt_ns: 0,
            next_attempt_ns: 0,
            hold: None,
            counters: Vec::new(),
            rejects: Vec::new(),
            closes: Vec::new(),
            last_close,
        }
    }

    fn stream(state: StreamState, seams: u64) -> StreamStatus {
        let symbol = "BTC-USD".parse().unwrap();
        StreamStatus { symbol, state, since_ns: 0, last_trade_ns: 0, seams, missing: 0, counters: Vec::new() }
    }

    #[test]
    fn what_is_not_well_is_said_first() {
        let live = connection(ConnectionState::Live, Some(CloseKind::TcpClosed));
        let calm = [stream(StreamState::Quiet, 0), stream(StreamState::Live, 0), stream(StreamState::Live, 0)];
        assert_eq!(told(std::slice::from_ref(&live), &calm), ("streams: 2 live, 1 quiet".to_owned(), true));
        let stale = [stream(StreamState::Live, 0), stream(StreamState::Stale, 0)];
        assert_eq!(told(std::slice::from_ref(&live), &stale), ("streams: 1 live, 1 stale".to_owned(), false));
        let open = [stream(StreamState::Live, 1)];
        assert_eq!(told(&[live], &open), ("streams: 1 live, 1 wait for missed trades".to_owned(), false));
        let waiting = connection(ConnectionState::Waiting, Some(CloseKind::TlsExpired));
        let words = "connection waiting after tls-expired, streams: 1 closed";
        assert_eq!(told(&[waiting], &[stream(StreamState::Closed, 0)]), (words.to_owned(), false));
    }
}
