//! Health records: one per connection and one per thread, plain counters that only their owner writes.
//!
//! ```text
//! connection region                                  thread region
//! word  0  region header: kind 5                     word  0  region header: kind 4
//! word  8  epoch    9  state    10  connected_at_ns  word  8  epoch   9  1 + ThreadRuntime   10  1 + core
//! word 11  last_heartbeat_ns   12  last_data_ns      word 16  counters, in the order of ThreadCounter
//! word 13  attempts  14 last_attempt_ns              word 32  histograms, one per Stage
//! word 16  counters, in the order of ConnectionCounter
//! word 32  rejects, in the order of the model's RejectReason
//! word 64  closes, in the order of CloseKind
//! word 128 1 + the number of the last close's kind, 0 for none
//! word 129 next_attempt_ns    130  1 + the number of the HoldKind that keeps it back, 0 for none
//! ```
//!
//! Every word stands for itself and is stored relaxed: a reader sees each counter no older than the one before, and
//! claims nothing about two of them together. The epoch is that of the writer who last opened the record: a record of an
//! earlier epoch belongs to nobody any more.

use crate::LINE_WORDS;
use crate::histogram::HISTOGRAM_WORDS;
use crate::region::{HEADER_WORDS, RegionHeader, RegionKind, pages};

macro_rules! counters {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $number:literal $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u8)]
        pub enum $name {
            $($(#[$variant_doc])* $variant = $number,)*
        }

        impl $name {
            /// All of them, in the order of their numbers.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word tables print.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }
    };
}

pub(crate) use counters;

counters! {
    /// What is counted per connection. The number is part of the format: append, never reorder.
    ConnectionCounter {
        /// Messages received.
        Messages = 0 "messages",
        /// Bytes received.
        Bytes = 1 "bytes",
        /// Trades published.
        Trades = 2 "trades",
        /// Quotes published.
        Quotes = 3 "quotes",
        /// Trades dropped because they had been seen.
        Duplicates = 4 "duplicates",
        /// Interruptions after which trades may be missing.
        Gaps = 5 "gaps",
        /// Subscriptions the venue refused.
        Refusals = 6 "refusals",
        /// Times the venue or the network ended the connection.
        Disconnects = 7 "disconnects",
        /// Signs of life that carried no data.
        Heartbeats = 8 "heartbeats",
        /// Trades fetched to close a gap.
        Backfilled = 9 "backfilled",
        /// Messages or trades known to be lost in gaps, where the venue's numbers tell.
        Lost = 10 "lost",
    }
}

counters! {
    /// Why a connection ended. The number is part of the format: append, never reorder.
    CloseKind {
        /// Nobody listens at the address.
        TcpRefused = 0 "tcp-refused",
        /// The peer, or somebody on the way, cut the connection.
        TcpReset = 1 "tcp-reset",
        /// The network gave no answer.
        TcpTimeout = 2 "tcp-timeout",
        /// There is no way to the address.
        TcpUnreachable = 3 "tcp-unreachable",
        /// The peer ended the connection without a word.
        TcpClosed = 4 "tcp-closed",
        /// Any other failure of TCP.
        Tcp = 5 "tcp",
        /// The host name could not be resolved.
        Dns = 6 "dns",
        /// The venue's certificate has expired.
        TlsExpired = 7 "tls-expired",
        /// Its certificate is not valid yet: often the local clock.
        TlsNotYetValid = 8 "tls-not-yet-valid",
        /// Its certificate is for another host.
        TlsWrongHost = 9 "tls-wrong-host",
        /// Nobody we trust signed its certificate.
        TlsUnknownAuthority = 10 "tls-unknown-authority",
        /// Its certificate was revoked.
        TlsRevoked = 11 "tls-revoked",
        /// Its certificate is of no use otherwise.
        TlsCertificate = 12 "tls-certificate",
        /// The venue refused TLS with any other alert.
        TlsAlert = 13 "tls-alert",
        /// Both sides have no version or cipher in common.
        TlsIncompatible = 14 "tls-incompatible",
        /// What came is no TLS.
        TlsGarbage = 15 "tls-garbage",
        /// The peer went away within the handshake.
        TlsCut = 16 "tls-cut",
        /// Any other failure of TLS.
        Tls = 17 "tls",
        /// The upgrade was refused with 403: a firewall.
        Upgrade403 = 18 "upgrade-403",
        /// With 418: banned.
        Upgrade418 = 19 "upgrade-418",
        /// With 429: too often.
        Upgrade429 = 20 "upgrade-429",
        /// With 451: not served in this region.
        Upgrade451 = 21 "upgrade-451",
        /// With any status from 500 on: the venue's own trouble.
        Upgrade5xx = 22 "upgrade-5xx",
        /// With any other answer.
        Upgrade = 23 "upgrade",
        /// The peer broke the WebSocket protocol.
        Protocol = 24 "protocol",
        /// It sent, or made us send, more than the limits allow.
        TooLarge = 25 "too-large",
        /// The venue said goodbye.
        Closed = 26 "closed",
        /// It announced that it would.
        Announced = 27 "announced",
        /// It did not open in time.
        OpeningTimeout = 28 "opening-timeout",
        /// It fell silent.
        Silent = 29 "silent",
        /// One of its streams stayed dead.
        Stale = 30 "stale",
        /// A defect of ours.
        Panicked = 31 "panicked",
        /// The venue's certificate is not one for servers.
        TlsWrongPurpose = 32 "tls-wrong-purpose",
        /// An authority's own certificate serves as the server's.
        TlsCaAsServer = 33 "tls-ca-as-server",
        /// An authority between may not sign for this host.
        TlsNameConstraint = 34 "tls-name-constraint",
        /// The certificate or the handshake is signed with another key.
        TlsBadSignature = 35 "tls-bad-signature",
        /// The certificate cannot be read.
        TlsBadEncoding = 36 "tls-bad-encoding",
        /// The certificate has a critical extension that is not understood.
        TlsUnknownExtension = 37 "tls-unknown-extension",
        /// The venue wants a certificate of ours.
        TlsClientCertificate = 38 "tls-client-certificate",
        /// The venue speaks no version of TLS that we do.
        TlsVersion = 39 "tls-version",
        /// It found nothing in common, a cipher most often (alert `handshake_failure`).
        TlsHandshakeFailure = 40 "tls-handshake-failure",
        /// It speaks no protocol inside TLS that we want.
        TlsNoProtocol = 41 "tls-no-protocol",
        /// It does not know the host name.
        TlsUnknownName = 42 "tls-unknown-name",
        /// It has trouble of its own (alert `internal_error`).
        TlsInternalError = 43 "tls-internal-error",
        /// A record is longer than TLS allows.
        TlsTooLarge = 44 "tls-too-large",
        /// A record does not decrypt: damaged, or forged.
        TlsDamaged = 45 "tls-damaged",
        /// We ended it in time, at a quiet moment, before the venue would have.
        Renewed = 46 "renewed",
    }
}

counters! {
    /// What keeps a connection from its next attempt. The number is part of the format: append, never reorder.
    HoldKind {
        /// Its own backoff after the last one.
        Backoff = 0 "backoff",
        /// The venue's limit on attempts from one IP.
        Limit = 1 "limit",
        /// The venue asked to be left alone, or does not serve this address.
        Ban = 2 "ban",
    }
}

counters! {
    /// What is counted per thread. The number is part of the format: append, never reorder.
    ThreadCounter {
        /// Turns of the loop.
        Turns = 0 "turns",
        /// Turns in which there was something to do.
        BusyTurns = 1 "busy-turns",
        /// Events handled.
        Events = 2 "events",
        /// Candles closed.
        Closes = 3 "closes",
        /// Rows revised.
        Revisions = 4 "revisions",
        /// Times a ring to another thread was full.
        RingFull = 5 "ring-full",
        /// Trades that were overwritten before they were caught up.
        Lost = 6 "lost",
        /// Trades older than every row that may still be revised.
        TooLate = 7 "too-late",
        /// Trades whose numbers or times no candle can hold.
        Refused = 8 "refused",
    }
}

counters! {
    /// A stretch of the way from the venue to the reader. The number is part of the format: append, never reorder.
    Stage {
        /// exchange_ns to receive_ns: the venue, the network, and the difference of the clocks.
        Network = 0 "network",
        /// receive_ns to the trade readable in shared memory.
        ReadToTrade = 1 "read-trade",
        /// receive_ns to the live candle readable in shared memory.
        ReadToCandle = 2 "read-candle",
        /// One turn of the thread's loop.
        Turn = 3 "turn",
    }
}

counters! {
    /// How a thread waits for what it works on. The number is part of the format: append, never reorder.
    ThreadRuntime {
        /// It spins on a core of its own.
        Poll = 0 "poll",
        /// It sleeps in the kernel.
        Park = 1 "park",
        /// It sleeps in an io_uring, and spins a little before if it has a core of its own.
        Glommio = 2 "glommio",
        /// It has no thread of its own: it works in the turn of the shard of its number.
        Inline = 3 "inline",
    }
}

/// State of a connection. The number is part of the format.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u64)]
pub enum ConnectionState {
    /// Never tried.
    Idle = 0,
    /// Looking up, connecting, TLS, upgrade.
    Connecting = 1,
    /// Connected; nothing subscribed yet.
    Connected = 2,
    /// The venue accepted a subscription.
    Subscribed = 3,
    /// Data flows.
    Live = 4,
    /// A stream of it is silent while the venue has newer trades: being cured.
    Stale = 5,
    /// Waiting before the next attempt.
    Waiting = 6,
    /// Closed.
    Closed = 7,
    /// Kept from the next attempt by the venue's limits or at its word.
    Held = 8,
}

impl ConnectionState {
    /// Every state, in the order of their numbers.
    pub const ALL: [Self; 9] = [
        Self::Idle,
        Self::Connecting,
        Self::Connected,
        Self::Subscribed,
        Self::Live,
        Self::Stale,
        Self::Waiting,
        Self::Closed,
        Self::Held,
    ];

    /// The state of a number; unknown ones read as idle.
    #[must_use]
    pub fn from_number(number: u64) -> Self {
        Self::ALL.into_iter().find(|state| *state as u64 == number).unwrap_or(Self::Idle)
    }

    /// The word tables print.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::Subscribed => "subscribed",
            Self::Live => "live",
            Self::Stale => "stale",
            Self::Waiting => "waiting",
            Self::Closed => "closed",
            Self::Held => "held",
        }
    }
}

/// Word of the epoch in which a connection or thread record was opened.
pub const RECORD_EPOCH: usize = HEADER_WORDS;

/// Word of a connection's state.
pub const CONNECTION_STATE: usize = RECORD_EPOCH + 1;
/// Word of the time it connected.
pub const CONNECTION_CONNECTED_AT: usize = CONNECTION_STATE + 1;
/// Word of its last sign of life.
pub const CONNECTION_LAST_HEARTBEAT: usize = CONNECTION_STATE + 2;
/// Word of its last data.
pub const CONNECTION_LAST_DATA: usize = CONNECTION_STATE + 3;
/// Word of the number of attempts to connect.
pub const CONNECTION_ATTEMPTS: usize = CONNECTION_STATE + 4;
/// Word of the time of the last attempt.
pub const CONNECTION_LAST_ATTEMPT: usize = CONNECTION_STATE + 5;
/// First word of its counters.
pub const CONNECTION_COUNTERS: usize = 16;
/// Room for counters.
pub const CONNECTION_COUNTERS_MAX: usize = 16;
/// First word of its rejects.
pub const CONNECTION_REJECTS: usize = CONNECTION_COUNTERS + CONNECTION_COUNTERS_MAX;
/// Room for reject reasons.
pub const CONNECTION_REJECTS_MAX: usize = 32;
/// First word of its closes by kind.
pub const CONNECTION_CLOSES: usize = CONNECTION_REJECTS + CONNECTION_REJECTS_MAX;
/// Room for kinds.
pub const CONNECTION_CLOSES_MAX: usize = 64;
/// Word of the last close: 1 + the number of its kind, 0 for none.
pub const CONNECTION_LAST_CLOSE: usize = CONNECTION_CLOSES + CONNECTION_CLOSES_MAX;
/// Word of the time of the next attempt, 0 where none is to come.
pub const CONNECTION_NEXT_ATTEMPT: usize = CONNECTION_LAST_CLOSE + 1;
/// Word of what keeps it back until then: 1 + the number of its [`HoldKind`], 0 for nothing.
pub const CONNECTION_HOLD: usize = CONNECTION_LAST_CLOSE + 2;
/// Words of a connection region. It grows within its page, where earlier writers left zeros.
pub const CONNECTION_WORDS: usize = CONNECTION_LAST_CLOSE + LINE_WORDS;
const _: () = assert!(CloseKind::ALL.len() <= CONNECTION_CLOSES_MAX && CONNECTION_WORDS <= 512);
const _: () = assert!(ConnectionCounter::ALL.len() <= CONNECTION_COUNTERS_MAX);
const _: () = assert!(CONNECTION_COUNTERS.is_multiple_of(LINE_WORDS));
// The byte offsets as they are published in docs/format.md.
const _: () = assert!(RECORD_EPOCH * 8 == 64 && CONNECTION_STATE * 8 == 72 && CONNECTION_CONNECTED_AT * 8 == 80);
const _: () = assert!(CONNECTION_LAST_HEARTBEAT * 8 == 88 && CONNECTION_LAST_DATA * 8 == 96);
const _: () = assert!(CONNECTION_ATTEMPTS * 8 == 104 && CONNECTION_LAST_ATTEMPT * 8 == 112);
const _: () = assert!(CONNECTION_COUNTERS * 8 == 128 && CONNECTION_REJECTS * 8 == 256 && CONNECTION_CLOSES * 8 == 512);
const _: () = assert!(CONNECTION_LAST_CLOSE * 8 == 1024 && CONNECTION_WORDS * 8 == 1088);
const _: () = assert!(CONNECTION_NEXT_ATTEMPT * 8 == 1032 && CONNECTION_HOLD * 8 == 1040);

/// Word of how a thread waits: 1 + the number of its [`ThreadRuntime`], 0 for unknown.
pub const THREAD_RUNTIME: usize = RECORD_EPOCH + 1;
/// Word of the core it is bound to: 1 + its number, 0 for none.
pub const THREAD_CORE: usize = RECORD_EPOCH + 2;
/// First word of a thread's counters.
pub const THREAD_COUNTERS: usize = HEADER_WORDS + LINE_WORDS;
/// Room for counters.
pub const THREAD_COUNTERS_MAX: usize = 16;
/// First word of a thread's histograms.
pub const THREAD_HISTOGRAMS: usize = THREAD_COUNTERS + THREAD_COUNTERS_MAX;
/// Words of a thread region.
pub const THREAD_WORDS: usize = THREAD_HISTOGRAMS + Stage::ALL.len() * HISTOGRAM_WORDS;
const _: () = assert!(ThreadCounter::ALL.len() <= THREAD_COUNTERS_MAX && THREAD_HISTOGRAMS == 32);
// The byte offsets as they are published in docs/format.md.
const _: () = assert!(THREAD_RUNTIME * 8 == 72 && THREAD_CORE * 8 == 80 && THREAD_COUNTERS * 8 == 128);
const _: () = assert!(THREAD_HISTOGRAMS * 8 == 256 && HISTOGRAM_WORDS * 8 == 30_784);

/// Header of a connection region.
#[must_use]
pub const fn connection_header() -> RegionHeader {
    let bytes = pages(CONNECTION_WORDS as u64 * 8);
    RegionHeader { kind: RegionKind::Connection, bytes, shape: [0; 4] }
}

/// Header of a thread region; its shape is the number of stages.
#[must_use]
pub const fn thread_header() -> RegionHeader {
    let bytes = pages(THREAD_WORDS as u64 * 8);
    RegionHeader { kind: RegionKind::Thread, bytes, shape: [Stage::ALL.len() as u64, 0, 0, 0] }
}

/// What a reader needs of a thread region: all but the histograms.
#[must_use]
pub const fn thread_head() -> RegionHeader {
    RegionHeader { kind: RegionKind::Thread, bytes: pages(THREAD_HISTOGRAMS as u64 * 8), shape: [0; 4] }
}

/// How many of the stages that this code knows a thread region of this shape and length holds; `None` if it cannot be
/// one. A region made by an older writer has fewer, one by a newer writer more.
#[must_use]
pub fn thread_stages(header: &RegionHeader) -> Option<usize> {
    let room = usize::try_from(header.bytes / 8).ok()?.checked_sub(THREAD_HISTOGRAMS)? / HISTOGRAM_WORDS;
    let stages = usize::try_from(header.shape[0]).ok().filter(|stages| *stages <= room)?;
    (header.kind == RegionKind::Thread).then_some(stages.min(Stage::ALL.len()))
}

/// First word of a stage's histogram.
#[must_use]
pub const fn stage_word(stage: Stage) -> usize {
    THREAD_HISTOGRAMS + stage as usize * HISTOGRAM_WORDS
}
