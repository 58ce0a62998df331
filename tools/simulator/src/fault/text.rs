//! Faults as text, both ways.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use tickplane_model::ExchangeId;

use super::Fault;
use super::kind::{FaultKind, FaultScope, FaultStage, Garbage, Hangup, Oversize, StaleCure, TlsFault};

/// Why a text or a script is no fault.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FaultError {
    /// The text has not the form of a fault.
    #[error("fault `{0}` is not VENUE:KIND@SECONDS[+DURATION][:ARGUMENT...], as in binance:silence@10+30")]
    Form(String),
    /// The venue is no exchange.
    #[error("fault `{fault}`: `{venue}` is no exchange; write binance, coinbase or kraken before the first ':'")]
    Venue {
        /// The whole text.
        fault: String,
        /// The part that is wrong.
        venue: String,
    },
    /// There is no such kind.
    #[error("fault `{fault}`: there is no kind `{kind}`; the kinds are\n{kinds}", kinds = FaultKind::HELP)]
    Kind {
        /// The whole text.
        fault: String,
        /// The part that is wrong.
        kind: String,
    },
    /// The start or the duration is no number of seconds.
    #[error("fault `{fault}`: the {part} `{value}` is not a number of seconds from 0 to 31536000")]
    Seconds {
        /// The whole text.
        fault: String,
        /// `start` or `duration`.
        part: &'static str,
        /// The part that is wrong.
        value: String,
    },
    /// An argument is not one of the kind's.
    #[error("fault `{fault}`: `{kind}` does not take the argument `{argument}`; the kinds are\n{kinds}", kinds = FaultKind::HELP)]
    Argument {
        /// The whole text.
        fault: String,
        /// The kind.
        kind: String,
        /// The part that is wrong.
        argument: String,
    },
    /// A line of a script.
    #[error("{}:{line}: {error}", path.display())]
    Script {
        /// The script.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        error: Box<FaultError>,
    },
    /// A script that cannot be read.
    #[error("cannot read the fault script {}: {reason}", path.display())]
    File {
        /// The script.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
}

const SECONDS_MAX: f64 = 31_536_000.0;

const HANGUPS: [(&str, Hangup); 3] = [("close", Hangup::Close), ("fin", Hangup::Fin), ("rst", Hangup::Reset)];
const CURES: [(&str, StaleCure); 3] =
    [("resubscribe", StaleCure::Resubscribe), ("reconnect", StaleCure::Reconnect), ("time", StaleCure::Time)];
const GARBAGE: [(&str, Garbage); 5] = [
    ("text", Garbage::Text),
    ("binary", Garbage::Binary),
    ("utf8", Garbage::Utf8),
    ("unknown", Garbage::Unknown),
    ("opcode", Garbage::Opcode),
];
const OVERSIZES: [(&str, Oversize); 2] = [("declared", Oversize::Declared), ("real", Oversize::Real)];
const STAGES: [(&str, FaultStage); 3] =
    [("tcp", FaultStage::Tcp), ("tls", FaultStage::Tls), ("upgrade", FaultStage::Upgrade)];
const TLS: [(&str, TlsFault); 26] = [
    ("expired", TlsFault::Expired),
    ("not-yet-valid", TlsFault::NotYetValid),
    ("wrong-host", TlsFault::WrongHost),
    ("unknown-ca", TlsFault::UnknownCa),
    ("self-signed", TlsFault::SelfSigned),
    ("missing-intermediate", TlsFault::MissingIntermediate),
    ("expired-intermediate", TlsFault::ExpiredIntermediate),
    ("name-constraint", TlsFault::NameConstraint),
    ("wrong-purpose", TlsFault::WrongPurpose),
    ("ca-as-server", TlsFault::CaAsServer),
    ("bad-signature", TlsFault::BadSignature),
    ("bad-encoding", TlsFault::BadEncoding),
    ("unknown-extension", TlsFault::UnknownExtension),
    ("wrong-key", TlsFault::WrongKey),
    ("client-certificate", TlsFault::ClientCertificate),
    ("garbage", TlsFault::Garbage),
    ("plaintext", TlsFault::Plaintext),
    ("oversized-record", TlsFault::OversizedRecord),
    ("corrupt-record", TlsFault::CorruptRecord),
    ("protocol-version", TlsFault::ProtocolVersion),
    ("no-cipher", TlsFault::NoCipher),
    ("no-protocol", TlsFault::NoProtocol),
    ("unrecognized-name", TlsFault::UnrecognizedName),
    ("internal-error", TlsFault::InternalError),
    ("eof", TlsFault::Eof),
    ("stall", TlsFault::Stall),
];

impl TlsFault {
    /// Every one.
    pub const ALL: [Self; 26] = {
        let mut all = [Self::Expired; 26];
        let mut at = 0;
        while at < all.len() {
            all[at] = TLS[at].1;
            at += 1;
        }
        all
    };

    /// As in the text of a fault.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        word(&TLS, self)
    }
}

fn word<T: PartialEq + Copy>(words: &[(&'static str, T)], value: T) -> &'static str {
    words.iter().find(|(_, known)| *known == value).map_or("", |(word, _)| word)
}

/// The arguments of a fault: each is taken by the first who understands it.
struct Arguments<'a>(Vec<&'a str>);

impl<'a> Arguments<'a> {
    fn take<T>(&mut self, read: impl Fn(&'a str) -> Option<T>) -> Option<T> {
        let (at, value) = self.0.iter().enumerate().find_map(|(at, argument)| Some((at, read(argument)?)))?;
        self.0.remove(at);
        Some(value)
    }

    fn one_of<T: Copy>(&mut self, words: &[(&str, T)]) -> Option<T> {
        self.take(|argument| words.iter().find(|(word, _)| *word == argument).map(|(_, value)| *value))
    }

    fn number(&mut self, range: std::ops::RangeInclusive<u32>) -> Option<u32> {
        self.take(|argument| argument.parse().ok().filter(|number| range.contains(number)))
    }

    fn scope(&mut self) -> Option<FaultScope> {
        self.take(|argument| match argument {
            "all" => Some(FaultScope::All),
            "busiest" => Some(FaultScope::Busiest),
            symbol => symbol.parse().ok().map(FaultScope::Symbol),
        })
    }
}

/// The kind of this name with what it takes of the arguments.
fn kind(name: &str, arguments: &mut Arguments<'_>) -> Option<FaultKind> {
    let status = |name: &str| name.parse().ok().filter(|status| (400..600).contains(status));
    Some(match name {
        "disconnect" => FaultKind::Disconnect(arguments.one_of(&HANGUPS).unwrap_or_default()),
        "silence" => FaultKind::Silence,
        "dead-subscription" => FaultKind::DeadSubscription {
            trades_only: arguments.one_of(&[("trades", true)]).unwrap_or_default(),
            scope: arguments.scope().unwrap_or_default(),
        },
        "stale-stream" => FaultKind::StaleStream {
            cure: arguments.one_of(&CURES).unwrap_or_default(),
            scope: arguments.scope().unwrap_or_default(),
        },
        "garbage" => FaultKind::Garbage(arguments.one_of(&GARBAGE).unwrap_or_default()),
        "oversized" => FaultKind::Oversized(arguments.one_of(&OVERSIZES).unwrap_or_default()),
        "fragmented" => FaultKind::Fragmented,
        "ping-flood" => FaultKind::PingFlood { per_second: arguments.number(1..=100_000).unwrap_or(1_000) },
        "duplicated-trades" => FaultKind::DuplicatedTrades(arguments.scope().unwrap_or(FaultScope::All)),
        "reordered-trades" => FaultKind::ReorderedTrades(arguments.scope().unwrap_or(FaultScope::All)),
        "lost-trades" => FaultKind::LostTrades {
            count: arguments.number(1..=u32::MAX),
            scope: arguments.scope().unwrap_or(FaultScope::All),
        },
        "slow-drip" => FaultKind::SlowDrip { bytes_per_second: arguments.number(1..=100_000).unwrap_or(1_000) },
        "half-open" => FaultKind::HalfOpen,
        "reset-handshake" => FaultKind::ResetHandshake(arguments.one_of(&STAGES).unwrap_or_default()),
        "rest-slow" => FaultKind::RestSlow { delay_ms: arguments.number(0..=3_600_000).unwrap_or(5_000) },
        "rest-truncated" => FaultKind::RestTruncated,
        "rest-garbage" => FaultKind::RestGarbage,
        "clock-jump" => {
            FaultKind::ClockJump { seconds: arguments.take(|argument| argument.parse().ok()).unwrap_or(3_600) }
        }
        "refuse-connects" => FaultKind::RefuseConnects,
        _ => {
            let (family, code) = name.split_once('-')?;
            let (status, retry_after_s) = (status(code)?, arguments.number(0..=u32::MAX));
            match family {
                "rest" => FaultKind::RestStatus { status, retry_after_s },
                "upgrade" => FaultKind::UpgradeStatus { status, retry_after_s },
                _ => return None,
            }
        }
    })
}

fn seconds(text: &str) -> Option<Duration> {
    let seconds: f64 = text.parse().ok()?;
    (0.0..=SECONDS_MAX).contains(&seconds).then(|| Duration::from_secs_f64(seconds))
}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let fault = || text.to_owned();
        let form = || FaultError::Form(fault());
        let (venue, rest) = text.split_once(':').ok_or_else(form)?;
        let (name, rest) = rest.split_once('@').ok_or_else(form)?;
        let exchange = ExchangeId::ALL.into_iter().find(|exchange| exchange.as_str() == venue);
        let exchange = exchange.ok_or_else(|| FaultError::Venue { fault: fault(), venue: venue.to_owned() })?;
        let mut parts = rest.split(':');
        let times = parts.next().unwrap_or_default();
        let mut arguments = Arguments(parts.collect());
        // `tls:expired@5` and `tls@5:expired` are one; the second is how arguments stand everywhere else.
        let (name, early) = name.split_once(':').map_or((name, None), |(name, early)| (name, Some(early)));
        arguments.0.extend(early);
        let unknown = || FaultError::Kind { fault: fault(), kind: name.to_owned() };
        let kind = match name {
            "tls" if arguments.0.is_empty() => return Err(unknown()),
            "tls" => arguments.one_of(&TLS).map(FaultKind::Tls),
            _ => Some(kind(name, &mut arguments).ok_or_else(unknown)?),
        };
        let kind = match (kind, arguments.0.first()) {
            (Some(kind), None) => kind,
            (_, argument) => {
                let argument = argument.copied().unwrap_or_default().to_owned();
                return Err(FaultError::Argument { fault: fault(), kind: name.to_owned(), argument });
            }
        };
        let (start, duration) = times.split_once('+').map_or((times, None), |(start, end)| (start, Some(end)));
        let time = |part, value: &str| {
            seconds(value).ok_or_else(|| FaultError::Seconds { fault: fault(), part, value: value.to_owned() })
        };
        let duration = duration.map_or_else(|| Ok(kind.usual_duration()), |text| time("duration", text))?;
        Ok(Self { exchange, at: time("start", start)?, duration, kind })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind.to_string();
        let (name, arguments) = kind.split_once(':').map_or((kind.as_str(), ""), |(name, rest)| (name, rest));
        let (at, duration) = (self.at.as_secs_f64(), self.duration.as_secs_f64());
        write!(f, "{}:{name}@{at}+{duration}", self.exchange)?;
        if arguments.is_empty() { Ok(()) } else { write!(f, ":{arguments}") }
    }
}

impl fmt::Display for FaultScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Busiest => f.write_str("busiest"),
            Self::Symbol(symbol) => symbol.fmt(f),
        }
    }
}

/// The name, then the arguments, each after a ':'.
impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = |f: &mut fmt::Formatter<'_>, family: &str, status: u16, retry: Option<u32>| {
            write!(f, "{family}-{status}")?;
            retry.map_or(Ok(()), |retry| write!(f, ":{retry}"))
        };
        match self {
            Self::Disconnect(hangup) => write!(f, "disconnect:{}", word(&HANGUPS, *hangup)),
            Self::Silence => f.write_str("silence"),
            Self::DeadSubscription { scope, trades_only } => {
                write!(f, "dead-subscription:{scope}{}", if *trades_only { ":trades" } else { "" })
            }
            Self::StaleStream { scope, cure } => write!(f, "stale-stream:{scope}:{}", word(&CURES, *cure)),
            Self::Garbage(garbage) => write!(f, "garbage:{}", word(&GARBAGE, *garbage)),
            Self::Oversized(oversize) => write!(f, "oversized:{}", word(&OVERSIZES, *oversize)),
            Self::Fragmented => f.write_str("fragmented"),
            Self::PingFlood { per_second } => write!(f, "ping-flood:{per_second}"),
            Self::DuplicatedTrades(scope) => write!(f, "duplicated-trades:{scope}"),
            Self::ReorderedTrades(scope) => write!(f, "reordered-trades:{scope}"),
            Self::LostTrades { scope, count: Some(count) } => write!(f, "lost-trades:{scope}:{count}"),
            Self::LostTrades { scope, count: None } => write!(f, "lost-trades:{scope}"),
            Self::SlowDrip { bytes_per_second } => write!(f, "slow-drip:{bytes_per_second}"),
            Self::HalfOpen => f.write_str("half-open"),
            Self::ResetHandshake(stage) => write!(f, "reset-handshake:{}", word(&STAGES, *stage)),
            Self::Tls(tls) => write!(f, "tls:{}", tls.as_str()),
            Self::RestStatus { status: code, retry_after_s } => status(f, "rest", *code, *retry_after_s),
            Self::RestSlow { delay_ms } => write!(f, "rest-slow:{delay_ms}"),
            Self::RestTruncated => f.write_str("rest-truncated"),
            Self::RestGarbage => f.write_str("rest-garbage"),
            Self::UpgradeStatus { status: code, retry_after_s } => status(f, "upgrade", *code, *retry_after_s),
            Self::ClockJump { seconds } => write!(f, "clock-jump:{seconds}"),
            Self::RefuseConnects => f.write_str("refuse-connects"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Fault {
        text.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn every_kind_is_written_as_it_is_read() {
        for text in [
            "binance:disconnect@1+0:rst",
            "kraken:silence@0.5+30",
            "binance:dead-subscription@1+2:all:trades",
            "coinbase:stale-stream@1+2:BTC-USD:reconnect",
            "binance:garbage@1+0:utf8",
            "binance:oversized@1+0:real",
            "binance:fragmented@1+2",
            "binance:ping-flood@1+2:5000",
            "binance:duplicated-trades@1+2:all",
            "binance:reordered-trades@1+2:busiest",
            "binance:lost-trades@1+2:BTC-USDT:20",
            "binance:lost-trades@1+2:all",
            "binance:slow-drip@1+2:10",
            "binance:half-open@1+2",
            "binance:reset-handshake@1+2:upgrade",
            "binance:tls@1+2:expired",
            "binance:rest-429@1+2:30",
            "binance:rest-503@1+2",
            "binance:rest-slow@1+2:100",
            "binance:rest-truncated@1+2",
            "binance:rest-garbage@1+2",
            "binance:upgrade-403@1+2",
            "binance:clock-jump@1+2:-3600",
            "binance:refuse-connects@1+2",
        ] {
            assert_eq!(parsed(text).to_string(), text);
        }
        for tls in TlsFault::ALL {
            assert_eq!(parsed(&format!("kraken:tls@3:{}", tls.as_str())).kind, FaultKind::Tls(tls));
        }
    }

    #[test]
    fn what_is_left_out_is_usual() {
        let fault = parsed("binance:silence@5");
        assert_eq!((fault.at, fault.duration), (Duration::from_secs(5), Duration::from_secs(10)));
        assert_eq!(parsed("binance:disconnect@5").duration, Duration::ZERO);
        assert_eq!(parsed("binance:tls:expired@5"), parsed("binance:tls@5:expired"));
        assert_eq!(parsed("binance:lost-trades@5:7:BTC-USDT"), parsed("binance:lost-trades@5:BTC-USDT:7"));
        let FaultKind::StaleStream { scope, cure } = parsed("binance:stale-stream@5").kind else { panic!() };
        assert_eq!((scope, cure), (FaultScope::Busiest, StaleCure::Resubscribe));
    }

    #[test]
    fn errors_name_the_part_and_list_the_kinds() {
        for (text, parts) in [
            ("binance", &["VENUE:KIND@SECONDS", "binance"][..]),
            ("binance:silence", &["VENUE:KIND@SECONDS"]),
            ("nasdaq:silence@5", &["`nasdaq`", "kraken"]),
            ("binance:meteor@5", &["`meteor`", "half-open", "clock-jump"]),
            ("binance:rest-200@5", &["`rest-200`", "rest-STATUS"]),
            ("binance:tls@5", &["`tls`", "expired"]),
            ("binance:tls@5:tired", &["`tired`", "expired"]),
            ("binance:silence@soon", &["start `soon`", "seconds"]),
            ("binance:silence@-1", &["start `-1`"]),
            ("binance:silence@5+NaN", &["duration `NaN`"]),
            ("binance:silence@5:loud", &["`silence`", "`loud`"]),
            ("binance:garbage@5:text:BTC-USDT", &["`garbage`", "`BTC-USDT`"]),
            ("binance:ping-flood@5:0", &["`ping-flood`", "`0`"]),
        ] {
            let error = text.parse::<Fault>().unwrap_err().to_string();
            assert!(parts.iter().all(|part| error.contains(part)), "{text}: {error}");
        }
    }
}
