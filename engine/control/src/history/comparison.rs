//! Our candles against the venue's: equal or different, and by how much.

use tickplane_exchanges::CandleFacts;
use tickplane_model::Candle;

/// How rows of ours and the venue's agree.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Comparison {
    /// Rows that are equal.
    pub equal: u64,
    /// The venue's candles of the rows that are not.
    pub different: Vec<Candle>,
    /// The greatest relative difference of a price.
    pub price_difference_max: f64,
    /// The greatest relative difference of a volume.
    pub volume_difference_max: f64,
}

impl Comparison {
    /// Rows that were compared.
    #[must_use]
    pub fn compared(&self) -> u64 {
        self.equal + self.different.len() as u64
    }
}

/// Compares rows of ours with the venue's of the same times; both oldest first. A row that the venue does not tell
/// counts only where the venue leaves quiet intervals out: then ours must have had no trade.
///
/// Equal means, in the venue's own precision: the prices are the same; volumes differ by no more than their last place
/// rounds off, quote volumes by that for each trade, since venues add up rounded amounts; the number of trades and the
/// takers' part are the same where the venue tells them.
#[must_use]
pub fn compare(ours: &[Candle], venue: &[Candle], facts: &CandleFacts) -> Comparison {
    let mut comparison = Comparison::default();
    for candle in ours {
        match venue.binary_search_by_key(&candle.open_time_ns, |candle| candle.open_time_ns) {
            Ok(at) => comparison.add(candle, &venue[at], facts),
            Err(_) if facts.leaves_out_empty => {
                let quiet = Candle { volume: 0.0, trade_count: 0, ..*candle };
                comparison.add(candle, &quiet, facts);
            }
            Err(_) => {}
        }
    }
    comparison
}

impl Comparison {
    fn add(&mut self, ours: &Candle, venue: &Candle, facts: &CandleFacts) {
        let prices =
            [(ours.open, venue.open), (ours.high, venue.high), (ours.low, venue.low), (ours.close, venue.close)];
        let price = prices.into_iter().map(|(ours, venue)| difference(ours, venue, 0.0)).fold(0.0, f64::max);
        let place = 0.1_f64.powi(i32::from(facts.volume_places));
        let trades = ours.trade_count.max(1) as f64;
        let volumes = [
            difference(ours.volume, venue.volume, place),
            told(ours.quote_volume, venue.quote_volume, place * (trades + 1.0)),
            told(ours.taker_buy_volume, venue.taker_buy_volume, place),
        ];
        let volume = volumes.into_iter().fold(0.0, f64::max);
        self.price_difference_max = self.price_difference_max.max(price);
        self.volume_difference_max = self.volume_difference_max.max(volume);
        // Venues that do not count trades tell none, also where there was volume.
        let counts = venue.volume == 0.0 || venue.trade_count != 0;
        if price == 0.0 && volume == 0.0 && (!counts || ours.trade_count == venue.trade_count) {
            self.equal += 1;
        } else {
            self.different.push(*venue);
        }
    }
}

/// The same, 0 where the venue does not tell the value.
fn told(ours: f64, venue: f64, slack: f64) -> f64 {
    if venue.is_nan() { 0.0 } else { difference(ours, venue, slack) }
}

/// The relative difference, 0 within `slack` and what reading a decimal rounds off.
fn difference(ours: f64, venue: f64, slack: f64) -> f64 {
    let scale = ours.abs().max(venue.abs());
    let apart = (ours - venue).abs();
    if ours == venue || (slack > 0.0 && apart <= slack + scale * f64::EPSILON) {
        0.0
    } else if scale > 0.0 && scale.is_finite() {
        apart / scale
    } else {
        1.0
    }
}

#[cfg(test)]
mod tests {
    use tickplane_model::Quality;

    use super::*;

    const FACTS: CandleFacts =
        CandleFacts { rows_per_answer: 10, rows_back: None, leaves_out_empty: false, lag_ms: 1, volume_places: 8 };

    fn candle(row: i64) -> Candle {
        Candle {
            open_time_ns: row,
            open: 100.0,
            high: 101.5,
            low: 99.0,
            close: 100.5,
            volume: 12.345_678_91,
            quote_volume: 1_237.654_321_987_654,
            taker_buy_volume: 6.0,
            trade_count: 40,
            quality: Quality::FINAL,
        }
    }

    fn one(venue: Candle) -> Comparison {
        compare(&[candle(1)], &[venue], &FACTS)
    }

    #[test]
    fn equal_is_equal_in_the_venues_precision() {
        for venue in [
            candle(1),
            Candle { volume: 12.345_678_92, ..candle(1) },
            Candle { quote_volume: 1_237.654_321_6, ..candle(1) },
            Candle { quote_volume: f64::NAN, taker_buy_volume: f64::NAN, trade_count: 0, ..candle(1) },
        ] {
            assert_eq!(one(venue).equal, 1, "{venue:?}");
        }
    }

    #[test]
    fn a_difference_is_told_with_its_size() {
        for (venue, price, volume) in [
            (Candle { high: 103.0, ..candle(1) }, 1.5 / 103.0, 0.0),
            (Candle { volume: 13.0, ..candle(1) }, 0.0, (13.0 - 12.345_678_91) / 13.0),
            (Candle { quote_volume: 1_237.654_33, ..candle(1) }, 0.0, 6.5e-9),
            (Candle { taker_buy_volume: 3.0, ..candle(1) }, 0.0, 0.5),
            (Candle { trade_count: 41, ..candle(1) }, 0.0, 0.0),
        ] {
            let found = one(venue);
            assert_eq!((found.equal, found.different.as_slice(), found.compared()), (0, [venue].as_slice(), 1));
            assert!((found.price_difference_max - price).abs() < 1e-12, "{found:?}");
            assert!((found.volume_difference_max - volume).abs() < 1e-9, "{found:?}");
        }
    }

    #[test]
    fn what_the_venue_does_not_tell_counts_only_where_it_leaves_quiet_out() {
        let quiet = Candle { volume: 0.0, quote_volume: 0.0, taker_buy_volume: 0.0, trade_count: 0, ..candle(2) };
        let ours = [candle(1), quiet, candle(3)];
        assert_eq!(compare(&ours, &[candle(1)], &FACTS).compared(), 1);
        let omitting = CandleFacts { leaves_out_empty: true, ..FACTS };
        let found = compare(&ours, &[candle(1)], &omitting);
        assert_eq!((found.equal, found.different.len()), (2, 1), "the third had trades of which the venue knows none");
    }
}
