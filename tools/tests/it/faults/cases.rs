//! The faults, and how each is noticed.

use tickplane_segments::{CloseKind, ConnectionCounter, Plane, StreamCounter};

use super::account::{ANY, Allowed, NONE, SOME};
use super::seen::During;

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
    /// What it shows while the fault holds.
    pub(super) during: During,
    /// What it may count in all.
    pub(super) allowed: Allowed,
}

impl Case {
    const fn new(fault: &'static str, sign: Sign, within_s: u64, does: &'static str) -> Self {
        Self {
            fault,
            is_first: false,
            with: &[],
            does,
            sign,
            within_s,
            during: During::Well,
            allowed: Allowed::NOTHING,
        }
    }

    const fn with(self, with: &'static [&'static str]) -> Self {
        Self { with, ..self }
    }

    const fn during(self, during: During) -> Self {
        Self { during, ..self }
    }

    const fn allowing(self, allowed: Allowed) -> Self {
        Self { allowed, ..self }
    }
}

/// Nothing is lost, and nothing else is counted than this sign.
const fn calm(fault: &'static str, sign: Sign, does: &'static str) -> Case {
    Case::new(fault, sign, if matches!(sign, Sign::None) { 0 } else { 2 }, does)
}

/// A message that cannot be used.
const fn rejected(fault: &'static str) -> Case {
    let once = Allowed { rejects: (1, 1), ..Allowed::NOTHING };
    calm(fault, Sign::Reject, "counts a reject and reads on").allowing(once)
}

/// The connection ends at once, and stands again.
const fn cut(fault: &'static str, kind: CloseKind) -> Case {
    Case::new(fault, Sign::Closed(kind), 2, RECONNECTS).during(During::Down(0)).allowing(Allowed::RECONNECTED)
}

/// The connection ends, and none can be had for a while.
const fn barred(fault: &'static str, kind: CloseKind) -> Case {
    Case::new(fault, Sign::Closed(kind), 5, RETRIES)
        .with(&["disconnect:fin@0.2"])
        .during(During::Down(0))
        .allowing(Allowed::RETRIED)
}

/// The peer says nothing more, and no end either.
const fn half_open(fault: &'static str, within_s: u64, patience_s: u64) -> Case {
    let does = "waits as long as the venue may be silent, then reconnects and fetches what was missed";
    Case::new(fault, Sign::Closed(CloseKind::Silent), within_s, does)
        .during(During::Down(patience_s))
        .allowing(Allowed { reconnects: (1, 1), ..Allowed::FETCHED })
}

/// Trades are missed on a connection that stands.
const fn lost(fault: &'static str, does: &'static str) -> Case {
    Case::new(fault, Sign::Gap, 10, does).allowing(Allowed::FETCHED)
}

/// The same, while REST has troubles.
const fn lost_while(fault: &'static str, sign: Sign, does: &'static str) -> Case {
    let allowed = Allowed { failures: if matches!(sign, Sign::Refused) { ANY } else { NONE }, ..Allowed::FETCHED };
    Case::new(fault, sign, 10, does).with(&["lost-trades@0.2+3"]).allowing(allowed)
}

/// The clock of the messages is wrong.
const fn jumped(fault: &'static str) -> Case {
    Case::new(fault, Sign::Reject, 10, "does not believe the times, and fetches those trades by REST")
        .allowing(Allowed { rejects: SOME, ..Allowed::FETCHED })
}

/// One stream stops.
const fn stale(fault: &'static str, reconnects: u64, does: &'static str) -> Case {
    Case::new(fault, Sign::Stale, 25, does).during(During::Stale).allowing(Allowed {
        reconnects: (reconnects, reconnects),
        closes: &[CloseKind::Stale],
        ..Allowed::FETCHED
    })
}

/// Subscribed anew after a cut, and never heard from.
const fn dead(fault: &'static str) -> Case {
    let allowed = Allowed {
        reconnects: (2, 2),
        closes: &[CloseKind::TcpClosed, CloseKind::Stale],
        gaps: ANY,
        ..Allowed::FETCHED
    };
    stale(fault, 2, CURED).with(&["disconnect:fin@0.2"]).allowing(allowed)
}

/// A plane that begins while the busiest stream is dead: nothing is known of it.
const fn dead_from_the_first(fault: &'static str) -> Case {
    let does = "on a fresh plane: asks by REST, resubscribes, then reconnects";
    let allowed = Allowed { gaps: ANY, reconnects: (1, 1), closes: &[CloseKind::Stale], ..Allowed::FETCHED };
    Case { is_first: true, ..stale(fault, 1, does) }.allowing(allowed)
}

const CURED: &str = "asks by REST, resubscribes, then reconnects";
const RETRIES: &str = "tries again with growing waits, then fetches what was missed";
const RECONNECTS: &str = "reconnects, and fetches what was missed by REST";
const BY_ID: &str = "sees the jump in the ids and fetches what is missing";
const BY_SEQUENCE: &str = "sees the jump in the sequence and fetches what is missing";
const BY_HEARTBEAT: &str = "misses the heartbeats, reconnects and fetches what was missed";

/// All of them, the slowest first so that they overlap.
pub(super) const CASES: &[Case] = &[
    Case::new(
        "binance:silence@0+45",
        Sign::Stale,
        45,
        "asks by REST; stale streams are resubscribed, then the socket is given up",
    )
    .during(During::Stale)
    .allowing(Allowed { reconnects: (1, 3), closes: &[CloseKind::Stale, CloseKind::Silent], ..Allowed::FETCHED }),
    stale("binance:half-open@0+30", 1, "asks by REST, resubscribes in vain, then gives up the socket"),
    stale("binance:stale-stream@0+40:busiest:reconnect", 1, CURED),
    stale("binance:stale-stream@0+30:busiest:resubscribe", 0, "asks by REST, then resubscribes"),
    dead("binance:dead-subscription@0+30:busiest"),
    dead("coinbase:dead-subscription@0+30:busiest"),
    dead_from_the_first("binance:dead-subscription@0+30:busiest"),
    half_open("coinbase:half-open@0+20", 15, 6),
    half_open("kraken:half-open@0+20", 15, 6),
    Case { does: BY_HEARTBEAT, ..half_open("kraken:silence@0+15", 15, 6) }
        .allowing(Allowed { reconnects: (1, 2), ..Allowed::FETCHED }),
    lost("coinbase:silence@0+5", BY_SEQUENCE),
    cut("binance:disconnect@0:close", CloseKind::Closed),
    cut("coinbase:disconnect@0:fin", CloseKind::TcpClosed),
    cut("kraken:disconnect@0:rst", CloseKind::TcpReset),
    rejected("binance:garbage@0:text"),
    rejected("kraken:garbage@0:binary"),
    rejected("coinbase:garbage@0:unknown"),
    cut("binance:garbage@0:utf8", CloseKind::Protocol),
    cut("coinbase:garbage@0:opcode", CloseKind::Protocol),
    cut("kraken:oversized@0:declared", CloseKind::TooLarge),
    cut("coinbase:oversized@0:real", CloseKind::TooLarge),
    calm("binance:fragmented@0+6", Sign::None, "reads the fragments, answers the pings among them"),
    calm("kraken:ping-flood@0+6", Sign::None, "answers, and reads on"),
    calm("binance:duplicated-trades@0+6", Sign::Duplicate, "drops and counts them")
        .allowing(Allowed { duplicates: SOME, ..Allowed::NOTHING }),
    calm("kraken:reordered-trades@0+6", Sign::Gap, "takes the later for a seam, and the earlier fills it")
        .allowing(Allowed { gaps: SOME, duplicates: ANY, backfilled: ANY, revisions: ANY, ..Allowed::NOTHING }),
    lost("binance:lost-trades@0+4", BY_ID),
    lost("kraken:lost-trades@0+4", BY_ID),
    lost("coinbase:lost-trades@0+4", BY_SEQUENCE),
    Case::new(
        "coinbase:slow-drip@0+8:1000",
        Sign::Gap,
        10,
        "falls behind, asks by REST for what is late, and drops it when it comes after all",
    )
    .during(During::Any)
    .allowing(Allowed::FETCHED),
    barred("binance:reset-handshake@0+5:tcp", CloseKind::TlsCut),
    barred("kraken:reset-handshake@0+5:tls", CloseKind::TlsCut),
    barred("coinbase:reset-handshake@0+5:upgrade", CloseKind::TcpReset),
    barred("kraken:refuse-connects@0+5", CloseKind::TcpRefused),
    Case {
        does: "waits as long as the venue wants, then fetches what was missed",
        ..barred("binance:upgrade-429@0+5:3", CloseKind::Upgrade429)
    },
    barred("kraken:upgrade-503@0+5", CloseKind::Upgrade5xx),
    barred("binance:tls@0+5:expired", CloseKind::TlsExpired),
    barred("coinbase:tls@0+5:wrong-host", CloseKind::TlsWrongHost),
    barred("kraken:tls@0+5:unknown-ca", CloseKind::TlsUnknownAuthority),
    barred("binance:tls@0+5:corrupt-record", CloseKind::TlsDamaged),
    lost_while("binance:rest-429@0+6:5", Sign::Refused, "asks nothing for as long as it is told, then repairs"),
    lost_while("binance:rest-503@0+6", Sign::Refused, "asks again with growing waits, then repairs"),
    lost_while("binance:rest-truncated@0+6", Sign::Refused, "asks again with growing waits, then repairs"),
    lost_while("binance:rest-garbage@0+6", Sign::Refused, "asks again with growing waits, then repairs"),
    lost_while("binance:rest-slow@0+8:3000", Sign::Gap, "waits for the answers, then repairs"),
    jumped("binance:clock-jump@0+5:-3600"),
    jumped("binance:clock-jump@0+5:3600"),
    jumped("binance:clock-jump@0+5:30"),
    jumped("coinbase:clock-jump@0+5:3600"),
    jumped("kraken:clock-jump@0+5:-30"),
    jumped("kraken:clock-jump@0+5:-3600"),
];
