//! Stream names: `btcusdt@trade`, `btcusdt@kline_1m`, `!miniTicker@arr`.

use tickplane_model::{NS_PER_DAY, NS_PER_SECOND};

use super::Tickers;
use super::depth::Depth;

const MINUTE_NS: i64 = 60 * NS_PER_SECOND;
/// Weeks open on Mondays.
const MONDAY_NS: i64 = 4 * NS_PER_DAY;

/// A kline interval: its name, length, and the shift of its grid.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Interval {
    pub(super) name: &'static str,
    pub(super) length_ns: i64,
    pub(super) offset_ns: i64,
}

/// Every interval of a fixed length (`1M`, the calendar month, is not simulated).
const INTERVALS: [(&str, i64); 15] = [
    ("1s", NS_PER_SECOND),
    ("1m", MINUTE_NS),
    ("3m", 3 * MINUTE_NS),
    ("5m", 5 * MINUTE_NS),
    ("15m", 15 * MINUTE_NS),
    ("30m", 30 * MINUTE_NS),
    ("1h", 60 * MINUTE_NS),
    ("2h", 120 * MINUTE_NS),
    ("4h", 240 * MINUTE_NS),
    ("6h", 360 * MINUTE_NS),
    ("8h", 480 * MINUTE_NS),
    ("12h", 720 * MINUTE_NS),
    ("1d", NS_PER_DAY),
    ("3d", 3 * NS_PER_DAY),
    ("1w", 7 * NS_PER_DAY),
];

/// The interval of this name.
pub(super) fn interval(name: &str) -> Option<Interval> {
    let (name, length_ns) = INTERVALS.into_iter().find(|(known, _)| *known == name)?;
    Some(Interval { name, length_ns, offset_ns: if name == "1w" { MONDAY_NS } else { 0 } })
}

/// What a stream carries. Names that are none of these are accepted and stay silent, as at the venue.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stream {
    Trade(u32),
    AggTrade(u32),
    BookTicker(u32),
    Kline(u32, Interval),
    Depth(u32, Depth),
    Ticker(u32),
    MiniTicker(u32),
    /// All symbols that changed, once a second.
    MiniTickers,
    /// Accepted, never sends.
    Silent,
}

impl Stream {
    /// Reads a name; tickers are lower-case here and upper-case everywhere else.
    pub(super) fn parse(name: &str, tickers: &Tickers) -> Self {
        if name == "!miniTicker@arr" {
            return Self::MiniTickers;
        }
        let Some((ticker, kind)) = name.split_once('@') else { return Self::Silent };
        if ticker.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Self::Silent;
        }
        let Some(&index) = tickers.get(&ticker.to_ascii_uppercase()) else { return Self::Silent };
        match kind {
            "trade" => Self::Trade(index),
            "aggTrade" => Self::AggTrade(index),
            "bookTicker" => Self::BookTicker(index),
            "ticker" => Self::Ticker(index),
            "miniTicker" => Self::MiniTicker(index),
            _ => {
                let kline = kind.strip_prefix("kline_").and_then(interval).map(|found| Self::Kline(index, found));
                let depth = || Depth::parse(kind).map(|found| Self::Depth(index, found));
                kline.or_else(depth).unwrap_or(Self::Silent)
            }
        }
    }
}
