//! The faults, and how each is noticed.

use tickplane_segments::{CloseKind, ConnectionCounter, Plane, StreamCounter};

/// How a plane shows that it noticed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sign {
    /// There is nothing to notice: the stream is as good as before.
    None,
    /// A connection ended, or could not be opened, and the plane says why.
    Closed(CloseKind),
    /// A message was rejected.
    Reject,
    /// A connection counted an interruption.
    Gap,
    /// A duplicate was dropped.
    Duplicate,
    /// A stream was found stale.
    Stale,
    /// A question by REST had no usable answer, or the venue said to stay away.
    Refused,
}

impl Sign {
    /// How often the plane has shown it.
    pub(super) fn count(self, plane: &Plane, talk: &[String]) -> u64 {
        let connections = plane.connections();
        let connection = |counter| connections.iter().map(|connection| connection.count(counter)).sum();
        let stream = |counter| {
            let of = |exchange| plane.streams(exchange).unwrap_or_default();
            let streams = plane.exchanges().into_iter().flat_map(of);
            streams.map(|stream| stream.count(counter)).sum()
        };
        match self {
            Self::None => 0,
            Self::Closed(kind) => connections.iter().map(|connection| connection.closed(kind)).sum(),
            Self::Reject => connections.iter().map(|connection| connection.rejected()).sum(),
            Self::Gap => connection(ConnectionCounter::Gaps),
            Self::Duplicate => connection(ConnectionCounter::Duplicates),
            Self::Stale => stream(StreamCounter::Stale),
            Self::Refused => {
                let away = talk.iter().filter(|line| line.contains("no requests for")).count() as u64;
                stream(StreamCounter::Failures).saturating_add(away)
            }
        }
    }
}

/// One fault.
pub(super) struct Case {
    /// As the command line has it: the time is that of the injection, and the plane's first seconds are not counted.
    pub(super) fault: &'static str,
    /// Whether it is there before the plane is.
    pub(super) is_first: bool,
    /// Other faults that must come with it to be felt.
    pub(super) with: &'static [&'static str],
    /// What the plane does, in words.
    pub(super) does: &'static str,
    pub(super) sign: Sign,
    /// The longest time until it is noticed, in seconds.
    pub(super) within_s: u64,
}

const fn case(fault: &'static str, sign: Sign, within_s: u64, does: &'static str) -> Case {
    Case { fault, is_first: false, with: &[], does, sign, within_s }
}

/// A plane that begins while the busiest stream is dead: nothing is known of it.
const fn dead_from_the_first(fault: &'static str) -> Case {
    let does = "on a fresh plane: asks by REST, resubscribes, then reconnects";
    Case { is_first: true, ..case(fault, Sign::Stale, 25, does) }
}

const fn after_disconnect(fault: &'static str, sign: Sign, within_s: u64, does: &'static str) -> Case {
    Case { with: &["disconnect:fin@0.2"], ..case(fault, sign, within_s, does) }
}

const fn after_losses(fault: &'static str, sign: Sign, within_s: u64, does: &'static str) -> Case {
    Case { with: &["lost-trades@0.2+3"], ..case(fault, sign, within_s, does) }
}

const RETRIES: &str = "tries again with growing waits, then fetches what was missed";
const RECONNECTS: &str = "reconnects, and fetches what was missed by REST";

/// All of them, the slowest first so that they overlap.
pub(super) const CASES: &[Case] = &[
    case("binance:stale-stream@0+40:busiest:reconnect", Sign::Stale, 25, "asks by REST, resubscribes, then reconnects"),
    case("binance:stale-stream@0+30:busiest:resubscribe", Sign::Stale, 25, "asks by REST, then resubscribes"),
    after_disconnect(
        "binance:dead-subscription@0+30:busiest",
        Sign::Stale,
        25,
        "asks by REST, resubscribes, then reconnects",
    ),
    after_disconnect(
        "coinbase:dead-subscription@0+30:busiest",
        Sign::Stale,
        25,
        "asks by REST, resubscribes, then reconnects",
    ),
    dead_from_the_first("binance:dead-subscription@0+30:busiest"),
    dead_from_the_first("coinbase:dead-subscription@0+30:busiest"),
    case(
        "binance:silence@0+45",
        Sign::Stale,
        45,
        "asks by REST; stale streams are resubscribed, then the socket is given up",
    ),
    case(
        "kraken:silence@0+15",
        Sign::Closed(CloseKind::Silent),
        15,
        "misses the heartbeats, reconnects and fetches what was missed",
    ),
    case("coinbase:silence@0+5", Sign::Gap, 10, "sees the jump in the sequence and fetches what is missing"),
    case("kraken:half-open@0+20", Sign::Closed(CloseKind::Silent), 15, RECONNECTS),
    case("binance:disconnect@0:close", Sign::Closed(CloseKind::Closed), 2, RECONNECTS),
    case("coinbase:disconnect@0:fin", Sign::Closed(CloseKind::TcpClosed), 2, RECONNECTS),
    case("kraken:disconnect@0:rst", Sign::Closed(CloseKind::TcpReset), 2, RECONNECTS),
    case("binance:garbage@0:text", Sign::Reject, 2, "counts a reject and reads on"),
    case("kraken:garbage@0:binary", Sign::Reject, 2, "counts a reject and reads on"),
    case("coinbase:garbage@0:unknown", Sign::Reject, 2, "counts a reject and reads on"),
    case("binance:garbage@0:utf8", Sign::Closed(CloseKind::Protocol), 2, RECONNECTS),
    case("coinbase:garbage@0:opcode", Sign::Closed(CloseKind::Protocol), 2, RECONNECTS),
    case("kraken:oversized@0:declared", Sign::Closed(CloseKind::TooLarge), 2, RECONNECTS),
    case("coinbase:oversized@0:real", Sign::Closed(CloseKind::TooLarge), 2, RECONNECTS),
    case("binance:fragmented@0+6", Sign::None, 0, "reads the fragments, answers the pings among them"),
    case("kraken:ping-flood@0+6", Sign::None, 0, "answers, and reads on"),
    case("binance:duplicated-trades@0+6", Sign::Duplicate, 2, "drops and counts them"),
    case("kraken:reordered-trades@0+6", Sign::Gap, 2, "takes the later for a seam, and the earlier fills it"),
    case("binance:lost-trades@0+4", Sign::Gap, 10, "sees the jump in the ids and fetches what is missing"),
    case("kraken:lost-trades@0+4", Sign::Gap, 10, "sees the jump in the ids and fetches what is missing"),
    case("coinbase:lost-trades@0+4", Sign::Gap, 10, "sees the jump in the sequence and fetches what is missing"),
    case("coinbase:slow-drip@0+8:1000", Sign::None, 0, "reads what comes"),
    after_disconnect("binance:reset-handshake@0+5:tcp", Sign::Closed(CloseKind::TlsCut), 5, RETRIES),
    after_disconnect("kraken:reset-handshake@0+5:tls", Sign::Closed(CloseKind::TlsCut), 5, RETRIES),
    after_disconnect("coinbase:reset-handshake@0+5:upgrade", Sign::Closed(CloseKind::TcpReset), 5, RETRIES),
    after_disconnect("kraken:refuse-connects@0+5", Sign::Closed(CloseKind::TcpRefused), 5, RETRIES),
    after_disconnect(
        "binance:upgrade-429@0+5:3",
        Sign::Closed(CloseKind::Upgrade429),
        5,
        "waits as long as the venue wants, then fetches what was missed",
    ),
    after_disconnect("kraken:upgrade-503@0+5", Sign::Closed(CloseKind::Upgrade5xx), 5, RETRIES),
    after_disconnect("binance:tls@0+5:expired", Sign::Closed(CloseKind::TlsExpired), 5, RETRIES),
    after_disconnect("coinbase:tls@0+5:wrong-host", Sign::Closed(CloseKind::TlsWrongHost), 5, RETRIES),
    after_disconnect("kraken:tls@0+5:unknown-ca", Sign::Closed(CloseKind::TlsUnknownAuthority), 5, RETRIES),
    after_disconnect("binance:tls@0+5:corrupt-record", Sign::Closed(CloseKind::TlsDamaged), 5, RETRIES),
    after_losses("binance:rest-429@0+6:5", Sign::Refused, 10, "asks nothing for as long as it is told, then repairs"),
    after_losses("binance:rest-503@0+6", Sign::Refused, 10, "asks again with growing waits, then repairs"),
    after_losses("binance:rest-truncated@0+6", Sign::Refused, 10, "asks again with growing waits, then repairs"),
    after_losses("binance:rest-garbage@0+6", Sign::Refused, 10, "asks again with growing waits, then repairs"),
    after_losses("binance:rest-slow@0+8:3000", Sign::Gap, 10, "waits for the answers, then repairs"),
    case(
        "binance:clock-jump@0+5:-3600",
        Sign::Reject,
        10,
        "does not believe the times, and fetches those trades by REST",
    ),
    case(
        "binance:clock-jump@0+5:3600",
        Sign::Reject,
        10,
        "does not believe the times, and fetches those trades by REST",
    ),
    case("binance:clock-jump@0+5:30", Sign::Reject, 10, "does not believe the times, and fetches those trades by REST"),
    case("kraken:clock-jump@0+5:-30", Sign::Reject, 10, "does not believe the times, and fetches those trades by REST"),
];
