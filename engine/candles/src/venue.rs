//! Rows that the venue's own candles make.

use tickplane_model::{Candle, NS_PER_MS, Quality};

/// Whether a venue's candle can be a row: its prices are numbers above 0 in their order, its volume is one.
#[must_use]
pub fn is_usable(candle: &Candle) -> bool {
    let Candle { open, high, low, close, volume, .. } = *candle;
    let prices = [open, high, low, close];
    prices.iter().all(|price| price.is_finite() && *price > 0.0 && (low..=high).contains(price))
        && volume.is_finite()
        && volume >= 0.0
}

/// The row of a venue's closed candle; one without volume is a quiet row at its close.
#[must_use]
pub fn venue_row(candle: &Candle) -> Candle {
    if candle.volume == 0.0 {
        return quiet_row(candle.open_time_ns, candle.close);
    }
    let derived = Quality(candle.quality.0 & Quality::DERIVED.0);
    Candle { quality: Quality::FINAL.with(Quality::VENUE).with(derived), ..*candle }
}

/// The row of an interval in which the venue had no trade: synthetic at the close before it, by the venue's word.
#[must_use]
pub fn quiet_row(open_time_ns: i64, close: f64) -> Candle {
    let quality = Quality::FINAL.with(Quality::VENUE).with(Quality::SYNTHETIC);
    Candle { quality, ..bare_row(open_time_ns, close) }
}

/// The row of an interval of which nothing is known.
#[must_use]
pub fn gap_row(open_time_ns: i64, length_ns: i64) -> Candle {
    let gap_ms = u32::try_from(length_ns / NS_PER_MS).unwrap_or(u32::MAX);
    Candle { quality: Quality::FINAL.with_gap_ms(gap_ms), ..bare_row(open_time_ns, f64::NAN) }
}

fn bare_row(open_time_ns: i64, price: f64) -> Candle {
    Candle {
        open_time_ns,
        open: price,
        high: price,
        low: price,
        close: price,
        volume: 0.0,
        quote_volume: 0.0,
        taker_buy_volume: 0.0,
        trade_count: 0,
        quality: Quality::default(),
    }
}
