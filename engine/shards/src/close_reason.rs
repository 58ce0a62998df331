//! Why a connection ended: in words, as a countable kind, and how long to stay away.

use rustls::{AlertDescription, CertificateError, Error as TlsError, InvalidMessage};
use tickplane_frames::FrameError;
use tickplane_segments::CloseKind;

use crate::connection::OPENING_MS_MAX;
use crate::link::LinkError;

/// A venue that bans says for how long, or is left alone for this long at least (Binance: 2 minutes to 3 days).
const BANNED_S: u32 = 120;
/// A firewall or a region that refuses us does not change its mind soon.
const FORBIDDEN_S: u32 = 300;
/// A venue that wants fewer attempts and does not say when the next.
const TOO_OFTEN_S: u32 = 30;
/// The longest that we stay away, whatever is said: Binance bans for three days at most.
const STAY_S_MAX: u32 = 3 * 86_400;

/// Why a connection ended.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum CloseReason {
    /// TCP could not be opened or broke.
    #[error("TCP: {0}")]
    Tcp(String),
    /// The host name could not be resolved.
    #[error("DNS: {0}")]
    Dns(String),
    /// The venue did not hand out the address of the connection.
    #[error("the venue granted no connection: {text}")]
    NotGranted {
        /// Why.
        text: String,
        /// Seconds to stay away, where the venue says.
        retry_after_s: Option<u32>,
    },
    /// TLS or the WebSocket failed.
    #[error("{}{}", .0, advice(.0))]
    Link(#[from] LinkError),
    /// The peer closed the WebSocket.
    #[error("the venue closed the connection with code {0}")]
    Peer(u16),
    /// The venue announced that it will close.
    #[error("the venue announced that it will close the connection")]
    Announced,
    /// It did not open in time.
    #[error("it did not open within {} s", OPENING_MS_MAX / 1_000)]
    OpeningTimeout,
    /// Nothing was heard for longer than the venue is ever silent.
    #[error("nothing heard for {0} ms")]
    Silent(u32),
    /// A stream died, and subscribing it anew did not help.
    #[error("the trades of {symbol} stay away while the venue has newer ones")]
    Stale {
        /// Which.
        symbol: String,
    },
    /// Quotes died, and subscribing them anew did not help.
    #[error("the quotes of {symbol} stand still while its trades move away from them")]
    StaleQuotes {
        /// Which.
        symbol: String,
    },
    /// The venue would have ended it soon for its age.
    #[error("renewed before the venue ends it for its age")]
    Renewed,
    /// The shard met a defect of its own and starts over.
    #[error("a defect in tickplane; please report the panic message above")]
    Panicked,
    /// The user stopped the exchange.
    #[error("stopped")]
    Stopped,
}

impl CloseReason {
    /// The kind under which it is counted.
    #[must_use]
    pub fn kind(&self) -> CloseKind {
        match self {
            Self::Tcp(text) => tcp_kind(text),
            // There is no address to go to either.
            Self::Dns(_) | Self::NotGranted { .. } => CloseKind::Dns,
            Self::Link(LinkError::Tls(error)) => tls_kind(error),
            Self::Link(LinkError::Cut) => CloseKind::TlsCut,
            Self::Link(LinkError::Frame(error)) => frame_kind(error),
            Self::Peer(_) | Self::Stopped => CloseKind::Closed,
            Self::Announced => CloseKind::Announced,
            Self::OpeningTimeout => CloseKind::OpeningTimeout,
            Self::Silent(_) => CloseKind::Silent,
            Self::Stale { .. } | Self::StaleQuotes { .. } => CloseKind::Stale,
            Self::Renewed => CloseKind::Renewed,
            Self::Panicked => CloseKind::Panicked,
        }
    }

    /// How long to stay away at least, whatever the backoff says, and from what.
    #[must_use]
    pub fn stay_away(&self) -> Option<StayAway> {
        let (status, retry_after_s) = match self {
            Self::Link(LinkError::Frame(FrameError::Refused { status, retry_after_s })) => (*status, *retry_after_s),
            Self::NotGranted { retry_after_s, .. } => (0, *retry_after_s),
            _ => return None,
        };
        let said_s = retry_after_s.map(|seconds| seconds.min(STAY_S_MAX));
        let seconds = match status {
            403 | 451 => said_s.unwrap_or(0).max(FORBIDDEN_S),
            418 => said_s.unwrap_or(0).max(BANNED_S),
            429 => said_s.unwrap_or(TOO_OFTEN_S),
            _ => said_s?,
        };
        // A firewall or a region is one host's matter; who counts attempts counts those at every host.
        Some(StayAway { seconds, is_of_host: matches!(status, 403 | 451) })
    }
}

/// From what to stay away, and how long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StayAway {
    /// How long.
    pub seconds: u32,
    /// Whether only this host is meant, and another of the venue's may be tried at once.
    pub is_of_host: bool,
}

/// What the user can do about a refusal.
fn advice(error: &LinkError) -> &'static str {
    let LinkError::Frame(FrameError::Refused { status, .. }) = error else { return "" };
    match status {
        403 => ": its firewall refuses this address; try another network, or wait",
        418 => ": this address is banned for a while; start fewer planes on it",
        429 => ": too many attempts from this address",
        451 => ": it does not serve this region",
        _ => "",
    }
}

/// The system's error number stands in the text, whatever else the runtime says (Linux: errno.h).
fn tcp_kind(text: &str) -> CloseKind {
    let number = text.rsplit_once("(os error ").and_then(|(_, rest)| rest.split(')').next()?.parse().ok());
    match number {
        Some(111) => CloseKind::TcpRefused,
        Some(32 | 103 | 104) => CloseKind::TcpReset,
        Some(110) => CloseKind::TcpTimeout,
        Some(100 | 101 | 112 | 113) => CloseKind::TcpUnreachable,
        None if text.contains("closed") => CloseKind::TcpClosed,
        _ => CloseKind::Tcp,
    }
}

fn tls_kind(error: &TlsError) -> CloseKind {
    match error {
        TlsError::InvalidCertificate(error) => certificate_kind(error),
        TlsError::NoCertificatesPresented | TlsError::UnsupportedNameType => CloseKind::TlsCertificate,
        TlsError::AlertReceived(alert) => alert_kind(*alert),
        TlsError::PeerIncompatible(_) => CloseKind::TlsIncompatible,
        TlsError::InvalidMessage(InvalidMessage::MessageTooLarge) | TlsError::PeerSentOversizedRecord => {
            CloseKind::TlsTooLarge
        }
        TlsError::DecryptError => CloseKind::TlsDamaged,
        TlsError::InvalidMessage(_)
        | TlsError::InappropriateMessage { .. }
        | TlsError::InappropriateHandshakeMessage { .. }
        | TlsError::PeerMisbehaved(_) => CloseKind::TlsGarbage,
        _ => CloseKind::Tls,
    }
}

/// What the venue says of our hello (RFC 8446, 6.2).
fn alert_kind(alert: AlertDescription) -> CloseKind {
    match alert {
        AlertDescription::HandshakeFailure => CloseKind::TlsHandshakeFailure,
        AlertDescription::ProtocolVersion => CloseKind::TlsVersion,
        AlertDescription::InternalError => CloseKind::TlsInternalError,
        AlertDescription::UnrecognisedName => CloseKind::TlsUnknownName,
        AlertDescription::CertificateRequired => CloseKind::TlsClientCertificate,
        AlertDescription::NoApplicationProtocol => CloseKind::TlsNoProtocol,
        _ => CloseKind::TlsAlert,
    }
}

fn certificate_kind(error: &CertificateError) -> CloseKind {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => CloseKind::TlsExpired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => CloseKind::TlsNotYetValid,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => CloseKind::TlsWrongHost,
        CertificateError::UnknownIssuer => CloseKind::TlsUnknownAuthority,
        CertificateError::Revoked => CloseKind::TlsRevoked,
        CertificateError::BadSignature => CloseKind::TlsBadSignature,
        CertificateError::BadEncoding => CloseKind::TlsBadEncoding,
        CertificateError::UnhandledCriticalExtension => CloseKind::TlsUnknownExtension,
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => CloseKind::TlsWrongPurpose,
        CertificateError::Other(error) => unnamed_kind(&error.to_string()),
        _ => CloseKind::TlsCertificate,
    }
}

/// Of what rustls passes on from webpki without a name of its own.
fn unnamed_kind(text: &str) -> CloseKind {
    match text {
        "CaUsedAsEndEntity" => CloseKind::TlsCaAsServer,
        "NameConstraintViolation" => CloseKind::TlsNameConstraint,
        "UnsupportedCriticalExtension" => CloseKind::TlsUnknownExtension,
        _ => CloseKind::TlsCertificate,
    }
}

fn frame_kind(error: &FrameError) -> CloseKind {
    match error {
        FrameError::Refused { status: 403, .. } => CloseKind::Upgrade403,
        FrameError::Refused { status: 418, .. } => CloseKind::Upgrade418,
        FrameError::Refused { status: 429, .. } => CloseKind::Upgrade429,
        FrameError::Refused { status: 451, .. } => CloseKind::Upgrade451,
        FrameError::Refused { status: 500.., .. } => CloseKind::Upgrade5xx,
        FrameError::Refused { .. } | FrameError::Url { .. } => CloseKind::Upgrade,
        FrameError::TooLarge(_) => CloseKind::TooLarge,
        FrameError::Protocol(_) => CloseKind::Protocol,
        FrameError::Closed => CloseKind::Closed,
    }
}
