//! What the checking reader tells the demo: one line of words per fact, floats as their bits.

use std::fmt;
use std::str::FromStr;

use tickplane_model::{Candle, Key, Quality};

/// One fact.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Report {
    /// A row as it was read, closed.
    Row {
        /// The series.
        key: Key,
        /// The row.
        row: u64,
        /// Its values.
        candle: Candle,
    },
    /// The reader has read everything and ends.
    Done(Totals),
}

/// What the reader counted.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Totals {
    /// Rows read, each once.
    pub(super) rows: u64,
    /// Rows that were overwritten before they were read.
    pub(super) lost: u64,
    /// Reads that passed validation and contradicted themselves.
    pub(super) torn: u64,
    /// Reads of forming candles.
    pub(super) live_reads: u64,
    /// Views over columns that were validated.
    pub(super) views: u64,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Row { key, row, candle } => {
                write!(f, "row {key} {row} {}", candle.open_time_ns)?;
                for number in numbers(candle) {
                    write!(f, " {:x}", number.to_bits())?;
                }
                write!(f, " {} {}", candle.trade_count, candle.quality.0)
            }
            Self::Done(Totals { rows, lost, torn, live_reads, views }) => {
                write!(f, "done {rows} {lost} {torn} {live_reads} {views}")
            }
        }
    }
}

/// The seven floats of a candle, in the order of its columns.
pub(super) const fn numbers(candle: &Candle) -> [f64; 7] {
    [candle.open, candle.high, candle.low, candle.close, candle.volume, candle.quote_volume, candle.taker_buy_volume]
}

impl FromStr for Report {
    type Err = ();

    fn from_str(line: &str) -> Result<Self, Self::Err> {
        let mut words = line.split(' ');
        let report = match words.next() {
            Some("row") => row(&mut words),
            Some("done") => done(&mut words),
            _ => None,
        };
        report.filter(|_| words.next().is_none()).ok_or(())
    }
}

fn next<'w, T: FromStr>(words: &mut impl Iterator<Item = &'w str>) -> Option<T> {
    words.next()?.parse().ok()
}

fn row<'w>(words: &mut impl Iterator<Item = &'w str>) -> Option<Report> {
    let (key, row, open_time_ns) = (next(words)?, next(words)?, next(words)?);
    let mut float = || Some(f64::from_bits(u64::from_str_radix(words.next()?, 16).ok()?));
    let [open, high, low, close] = [float()?, float()?, float()?, float()?];
    let [volume, quote_volume, taker_buy_volume] = [float()?, float()?, float()?];
    let (trade_count, quality) = (next(words)?, Quality(next(words)?));
    let candle =
        Candle { open_time_ns, open, high, low, close, volume, quote_volume, taker_buy_volume, trade_count, quality };
    Some(Report::Row { key, row, candle })
}

fn done<'w>(words: &mut impl Iterator<Item = &'w str>) -> Option<Report> {
    let (rows, lost, torn) = (next(words)?, next(words)?, next(words)?);
    Some(Report::Done(Totals { rows, lost, torn, live_reads: next(words)?, views: next(words)? }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_round_trip_to_the_bit() {
        let candle = Candle {
            open_time_ns: 1_795_000_000_000_000_000,
            open: 0.1 + 0.2,
            high: f64::MAX,
            low: 5e-324,
            close: -0.0,
            volume: 1.0 / 3.0,
            quote_volume: 0.0,
            taker_buy_volume: 1e-300,
            trade_count: 7,
            quality: Quality::FINAL.with_gap_ms(9),
        };
        let key: Key = "candles:binance:BTC-USDT:1m".parse().unwrap();
        for report in [
            Report::Row { key, row: 29_916_666, candle },
            Report::Done(Totals { rows: 1, lost: 2, torn: 3, live_reads: 4, views: 5 }),
        ] {
            assert_eq!(report.to_string().parse(), Ok(report));
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for line in ["", "row", "done 1 2 3 4", "done 1 2 3 4 5 6", "row x 1 2", "hello"] {
            assert_eq!(line.parse::<Report>(), Err(()), "{line}");
        }
    }
}
