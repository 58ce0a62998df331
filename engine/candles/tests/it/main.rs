//! Candles against their rules: a naive oracle, exact decimal sums, single cases, and real captures.
#![allow(clippy::disallowed_methods, reason = "tests have every power")]

mod captures;
mod digits;
mod exact;
mod oracle;
mod resume;
mod rules;
mod seeds;
mod streams;
mod sums;

use tickplane_candles::{Rows, Series, SeriesConfig};
use tickplane_model::{Calendar, Candle, NS_PER_MS, NS_PER_SECOND, Timeframe, Trade, TradeFlags, TradeId};

/// Every call a series made, in order.
#[derive(Default)]
pub(crate) struct Log {
    pub(crate) calls: Vec<Call>,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Call {
    Closed(u64, Candle),
    Revised(u64, Candle),
    Skipped(u64, u64),
}

impl Rows for Log {
    fn closed(&mut self, row: u64, candle: &Candle) {
        self.calls.push(Call::Closed(row, *candle));
    }

    fn revised(&mut self, row: u64, candle: &Candle) {
        self.calls.push(Call::Revised(row, *candle));
    }

    fn skipped(&mut self, from: u64, to: u64) {
        self.calls.push(Call::Skipped(from, to));
    }
}

impl Log {
    /// One line a call: `closed 7 1/2/0.5/1.5 v3 n2 final|gap=1ms`.
    pub(crate) fn take(&mut self) -> Vec<String> {
        self.calls
            .drain(..)
            .map(|call| match call {
                Call::Closed(row, candle) => format!("closed {row} {}", brief(&candle)),
                Call::Revised(row, candle) => format!("revised {row} {}", brief(&candle)),
                Call::Skipped(from, to) => format!("skipped {from}..{to}"),
            })
            .collect()
    }
}

pub(crate) fn brief(candle: &Candle) -> String {
    let Candle { open, high, low, close, volume, trade_count, quality, .. } = candle;
    format!("{open}/{high}/{low}/{close} v{volume} n{trade_count} {quality}")
}

pub(crate) fn config(timeframe: Timeframe) -> SeriesConfig {
    SeriesConfig {
        timeframe,
        calendar: Calendar::AlwaysOpen,
        grace_ns: 500 * NS_PER_MS,
        revise_rows: 120,
        filler_rows_max: 1_000,
    }
}

pub(crate) fn series() -> Series {
    Series::new(config(Timeframe::S1))
}

pub(crate) fn seconds(seconds: f64) -> i64 {
    (seconds * 1e3).round() as i64 * (NS_PER_SECOND / 1_000)
}

/// A trade of quantity 1 at `at` seconds, received when it happened.
pub(crate) fn trade(at: f64, price: f64) -> Trade {
    let exchange_ns = seconds(at);
    let flags = TradeFlags::default();
    Trade { exchange_ns, receive_ns: exchange_ns, price, quantity: 1.0, id: TradeId::NONE, flags }
}
