//! What can go wrong.

use std::time::Duration;

use tickplane_model::Symbol;

/// A kind of fault, with its arguments. [`FaultKind::HELP`] lists them as text.
///
/// Kinds that happen once strike every WebSocket that is open; with a duration also those that open while it lasts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FaultKind {
    /// Every WebSocket of the venue ends. Once.
    Disconnect(Hangup),
    /// WebSockets stay open and nothing is sent on them: no data, acks, heartbeats, pings or pongs. What would have
    /// been sent is lost, and the venue has numbered it: sequences and counters jump afterwards. REST answers.
    Silence,
    /// Subscriptions are acknowledged, and no data of the scope ever comes, snapshots included; REST has it.
    DeadSubscription {
        /// Whose data does not come.
        scope: FaultScope,
        /// Only trades do not come.
        trades_only: bool,
    },
    /// Streams of the scope that are subscribed now stop, others go on; REST shows newer trades.
    StaleStream {
        /// Whose data stops.
        scope: FaultScope,
        /// What starts them again before the fault ends.
        cure: StaleCure,
    },
    /// A frame nobody can read. Once.
    Garbage(Garbage),
    /// A frame that is too large. Once.
    Oversized(Oversize),
    /// Every text comes in four fragments with a ping among them (RFC 6455, 5.4).
    Fragmented,
    /// This many pings a second.
    PingFlood {
        /// 1 to 100,000.
        per_second: u32,
    },
    /// Every trade is sent twice.
    DuplicatedTrades(FaultScope),
    /// Trades are sent in pairs, the later one first.
    ReorderedTrades(FaultScope),
    /// Trades that are never sent, while their market lives on; REST has them. A venue that numbers its messages
    /// (Coinbase) has numbered theirs: its sequence jumps.
    LostTrades {
        /// Whose.
        scope: FaultScope,
        /// How many of each symbol; all while the fault lasts if absent.
        count: Option<u32>,
    },
    /// WebSockets send one byte at a time, each in a segment of its own.
    SlowDrip {
        /// 1 to 100,000.
        bytes_per_second: u32,
    },
    /// WebSockets that are open read nothing and write nothing and stay open; when it ends the peer, having restarted,
    /// knows them no more and resets them.
    HalfOpen,
    /// New connections are reset at this stage.
    ResetHandshake(FaultStage),
    /// New TLS connections fail in this way.
    Tls(TlsFault),
    /// REST answers with this status.
    RestStatus {
        /// 400 to 599.
        status: u16,
        /// Sent as `Retry-After`.
        retry_after_s: Option<u32>,
    },
    /// REST answers this much later.
    RestSlow {
        /// At most an hour.
        delay_ms: u32,
    },
    /// REST answers end in the middle of the body.
    RestTruncated,
    /// REST answers 200 with a page of HTML.
    RestGarbage,
    /// WebSocket upgrades are refused with this status.
    UpgradeStatus {
        /// 400 to 599.
        status: u16,
        /// Sent as `Retry-After`.
        retry_after_s: Option<u32>,
    },
    /// New messages carry times this far from the truth; REST is right.
    ClockJump {
        /// Negative: the clock goes back.
        seconds: i32,
    },
    /// Nobody listens on the port.
    RefuseConnects,
}

/// Which streams a fault strikes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum FaultScope {
    /// Every symbol.
    All,
    /// The venue's first symbol.
    #[default]
    Busiest,
    /// This one.
    Symbol(Symbol),
}

/// How a connection ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Hangup {
    /// A close frame with status 1001, then the end of TLS and TCP.
    #[default]
    Close,
    /// The end of TCP (FIN), without a word.
    Fin,
    /// A reset (RST).
    Reset,
}

/// What starts a stale stream again; the fault's end does in any case.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum StaleCure {
    /// A new subscription on the same socket, or a new socket.
    #[default]
    Resubscribe,
    /// A new socket only.
    Reconnect,
    /// Nothing: new sockets are stale too.
    Time,
}

/// A frame nobody can read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Garbage {
    /// Text that is no JSON.
    #[default]
    Text,
    /// A binary message.
    Binary,
    /// A text frame that is no UTF-8: the client must fail the connection (RFC 6455, 8.1).
    Utf8,
    /// JSON of a message nobody has heard of.
    Unknown,
    /// A frame with reserved bits and an opcode that does not exist.
    Opcode,
}

/// A frame that is too large.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Oversize {
    /// The header announces a tebibyte; a few bytes of it come.
    #[default]
    Declared,
    /// 64 MiB that do come.
    Real,
}

/// Where a new connection is reset.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum FaultStage {
    /// As soon as it is accepted.
    Tcp,
    /// After the client's first bytes: its TLS hello.
    #[default]
    Tls,
    /// After the client asked for the WebSocket.
    Upgrade,
}

/// How a TLS handshake fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TlsFault {
    /// The certificate has expired.
    Expired,
    /// The certificate is not valid yet.
    NotYetValid,
    /// The certificate is for another host.
    WrongHost,
    /// Signed by an authority nobody knows.
    UnknownCa,
    /// Signed by itself.
    SelfSigned,
    /// The intermediate certificate is missing.
    MissingIntermediate,
    /// The intermediate certificate has expired.
    ExpiredIntermediate,
    /// The intermediate may not sign for this host.
    NameConstraint,
    /// The certificate is for clients, not servers.
    WrongPurpose,
    /// The authority's own certificate serves as the server's.
    CaAsServer,
    /// The certificate's signature is wrong.
    BadSignature,
    /// The certificate is no DER.
    BadEncoding,
    /// A critical extension nobody knows.
    UnknownExtension,
    /// The handshake is signed by another key than the certificate's.
    WrongKey,
    /// The server demands a client certificate.
    ClientCertificate,
    /// The server answers with bytes that are no TLS.
    Garbage,
    /// The server answers in plain HTTP.
    Plaintext,
    /// A record longer than allowed.
    OversizedRecord,
    /// A record that does not decrypt, right after the handshake.
    CorruptRecord,
    /// Alert `protocol_version`.
    ProtocolVersion,
    /// Alert `handshake_failure`: no cipher in common.
    NoCipher,
    /// Alert `no_application_protocol`.
    NoProtocol,
    /// Alert `unrecognized_name`.
    UnrecognizedName,
    /// Alert `internal_error`.
    InternalError,
    /// The connection ends after the client's hello.
    Eof,
    /// No answer to the client's hello.
    Stall,
}

impl FaultKind {
    /// Every kind with its arguments, one a line: for the help of commands.
    pub const HELP: &'static str = "\
disconnect[:close|fin|rst]                              every WebSocket ends, once
silence                                                 sockets stay open and nothing is sent, pings neither
dead-subscription[:SYMBOL|all|busiest][:trades]         acknowledged, and no data ever
stale-stream[:SYMBOL|all|busiest][:resubscribe|reconnect|time]  streams stop; the last argument says what cures them
garbage[:text|binary|utf8|unknown|opcode]               a frame nobody can read, once
oversized[:declared|real]                               a frame that is too large, once
fragmented                                              texts in fragments, with pings among them
ping-flood[:PER_SECOND]                                 1000 pings a second
duplicated-trades[:SYMBOL|all|busiest]                  every trade twice
reordered-trades[:SYMBOL|all|busiest]                   trades in pairs, the later first
lost-trades[:SYMBOL|all|busiest][:COUNT]                trades never sent; REST has them
slow-drip[:BYTES_PER_SECOND]                            1000 bytes a second, one at a time
half-open                                               reads nothing, writes nothing, keeps TCP
reset-handshake[:tcp|tls|upgrade]                       new connections are reset
tls:REASON                                              new TLS connections fail: expired not-yet-valid wrong-host
                                                        unknown-ca self-signed missing-intermediate
                                                        expired-intermediate name-constraint wrong-purpose ca-as-server
                                                        bad-signature bad-encoding unknown-extension wrong-key
                                                        client-certificate garbage plaintext oversized-record
                                                        corrupt-record protocol-version no-cipher no-protocol
                                                        unrecognized-name internal-error eof stall
rest-STATUS[:RETRY_AFTER_S]                             REST refuses: rest-429 rest-418 rest-403 rest-500 rest-503 ...
rest-slow[:MS]                                          REST answers 5000 ms later
rest-truncated                                          REST answers end in the middle
rest-garbage                                            REST answers HTML
upgrade-STATUS[:RETRY_AFTER_S]                          WebSockets are refused: upgrade-429 upgrade-403 upgrade-503 ...
clock-jump[:SECONDS]                                    times in new messages are 3600 s off
refuse-connects                                         nobody listens";

    /// How long it lasts when nobody says: nothing for what happens once, ten seconds otherwise.
    #[must_use]
    pub fn usual_duration(&self) -> Duration {
        match self {
            Self::Disconnect(_) | Self::Garbage(_) | Self::Oversized(_) => Duration::ZERO,
            _ => Duration::from_secs(10),
        }
    }

    /// The streams it strikes, where it chooses among them.
    pub(crate) fn scope(&self) -> Option<&FaultScope> {
        match self {
            Self::DeadSubscription { scope, .. }
            | Self::StaleStream { scope, .. }
            | Self::DuplicatedTrades(scope)
            | Self::ReorderedTrades(scope)
            | Self::LostTrades { scope, .. } => Some(scope),
            _ => None,
        }
    }

    /// Whether it needs TLS.
    pub(crate) fn needs_tls(&self) -> bool {
        matches!(self, Self::Tls(_))
    }
}
