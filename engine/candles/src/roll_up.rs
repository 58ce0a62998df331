//! Rows of a coarser timeframe from those of a finer one, as the venue would have told them.

use tickplane_model::{Calendar, Candle, Quality, Timeframe};

use crate::sum::{Sum, is_summable};

/// The rows of `coarse` that `fine` rows make up: those of which every interval is there. Oldest first, as `fine` must be.
///
/// Volumes are the `f64` nearest the exact sum of the decimals that read as the fine ones; one that a fine row does not
/// know is not known of the coarse one. Weeks begin on the calendar's days.
#[must_use]
pub fn roll_up(calendar: Calendar, coarse: Timeframe, fine: Timeframe, candles: &[Candle]) -> Vec<Candle> {
    let row_of = |candle: &Candle| calendar.row(coarse, candle.open_time_ns);
    let buckets = candles.chunk_by(|a, b| row_of(a) == row_of(b));
    buckets.filter_map(|bucket| rolled(calendar, coarse, fine, bucket)).collect()
}

fn rolled(calendar: Calendar, coarse: Timeframe, fine: Timeframe, bucket: &[Candle]) -> Option<Candle> {
    let row = calendar.row(coarse, bucket[0].open_time_ns);
    let open_time_ns = calendar.open_time_ns(coarse, row);
    let rows = calendar.row(fine, open_time_ns)..calendar.row(fine, calendar.end_time_ns(coarse, row));
    let is_whole = rows.clone().count() == bucket.len()
        && rows.zip(bucket).all(|(row, candle)| calendar.open_time_ns(fine, row) == candle.open_time_ns);
    if !is_whole {
        return None;
    }
    // Quiet intervals carry the close on and add no price.
    let traded = || bucket.iter().filter(|candle| candle.volume > 0.0);
    let last = bucket[bucket.len() - 1];
    let extreme = |price: fn(&Candle) -> f64, pick: fn(f64, f64) -> f64| traded().map(price).fold(f64::NAN, pick);
    let (open, high, low, close) = match (traded().next(), traded().next_back()) {
        (Some(first), Some(last)) => {
            (first.open, extreme(|candle| candle.high, f64::max), extreme(|candle| candle.low, f64::min), last.close)
        }
        _ => (last.close, last.close, last.close, last.close),
    };
    Some(Candle {
        open_time_ns,
        open,
        high,
        low,
        close,
        volume: sum(bucket, |candle| candle.volume),
        quote_volume: sum(bucket, |candle| candle.quote_volume),
        taker_buy_volume: sum(bucket, |candle| candle.taker_buy_volume),
        trade_count: bucket.iter().map(|candle| candle.trade_count).sum(),
        quality: Quality::FINAL.with(Quality::VENUE).with(Quality::DERIVED),
    })
}

/// NaN where a number is missing.
fn sum(bucket: &[Candle], amount: fn(&Candle) -> f64) -> f64 {
    let mut sum = Sum::<8>::default();
    for candle in bucket {
        if !is_summable(amount(candle)) {
            return f64::NAN;
        }
        sum.add(crate::Decimal::shortest(amount(candle)));
    }
    sum.nearest()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALWAYS: Calendar = Calendar::AlwaysOpen;

    fn candle(fine: Timeframe, row: u64, hundredths: [u64; 4], volume: u64) -> Candle {
        let [open, high, low, close] = hundredths.map(|price| price as f64 / 100.0);
        Candle {
            open_time_ns: ALWAYS.open_time_ns(fine, row),
            open,
            high,
            low,
            close,
            volume: volume as f64 / 10.0,
            quote_volume: volume as f64 / 1_000.0,
            taker_buy_volume: f64::NAN,
            trade_count: volume,
            quality: Quality::VENUE,
        }
    }

    /// The same by integers, straight from the definition.
    fn oracle(coarse: Timeframe, fine: Timeframe, rows: &[(u64, [u64; 4], u64)]) -> Vec<(u64, [u64; 4], u64)> {
        let ratio = (coarse.seconds() / fine.seconds()) as u64;
        // The first Monday is the fifth day.
        let offset = if coarse == Timeframe::W1 { (4 * 86_400 / fine.seconds()) as u64 } else { 0 };
        let mut buckets: std::collections::BTreeMap<u64, Vec<_>> = std::collections::BTreeMap::new();
        for row in rows.iter().filter(|(row, ..)| *row >= offset) {
            buckets.entry((row.0 - offset) / ratio).or_default().push(*row);
        }
        let whole = buckets.into_iter().filter(|(_, bucket)| bucket.len() as u64 == ratio);
        let rolled = |(row, bucket): (u64, Vec<(u64, [u64; 4], u64)>)| {
            let traded: Vec<[u64; 4]> = bucket.iter().filter(|(.., volume)| *volume > 0).map(|(_, p, _)| *p).collect();
            let last = bucket[bucket.len() - 1].1[3];
            let prices = match traded.as_slice() {
                [] => [last; 4],
                [first, ..] => [
                    first[0],
                    traded.iter().map(|p| p[1]).max().unwrap(),
                    traded.iter().map(|p| p[2]).min().unwrap(),
                    traded[traded.len() - 1][3],
                ],
            };
            (row, prices, bucket.iter().map(|(.., volume)| volume).sum())
        };
        whole.map(rolled).collect()
    }

    #[test]
    fn every_coarser_timeframe_is_what_its_rows_are() {
        let mut chance = 7_u64;
        let mut next = |below: u64| {
            chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (chance >> 33) % below
        };
        for fine in Timeframe::ALL {
            for coarse in Timeframe::ALL.into_iter().filter(|coarse| *coarse > fine) {
                if coarse.seconds() % fine.seconds() != 0 || coarse.seconds() / fine.seconds() > 500 {
                    continue;
                }
                let ratio = (coarse.seconds() / fine.seconds()) as u64;
                let mut rows = Vec::new();
                for row in 20_000 + next(ratio)..20_000 + 5 * ratio {
                    let low = 9_000 + next(1_000);
                    let (open, close, volume) = (low + next(50), low + next(50), next(4) * next(100_000));
                    // A row in some thousand is missing.
                    if next(3_000) > 0 {
                        rows.push((row, [open, open.max(close) + next(9), low, close], volume));
                    }
                }
                let candles: Vec<Candle> =
                    rows.iter().map(|(row, p, volume)| candle(fine, *row, *p, *volume)).collect();
                let expected = oracle(coarse, fine, &rows);
                let rolled = roll_up(ALWAYS, coarse, fine, &candles);
                assert_eq!(rolled.len(), expected.len(), "{coarse} of {fine}");
                for (rolled, (row, prices, volume)) in rolled.iter().zip(expected) {
                    let wanted = candle(coarse, row, prices, volume);
                    let values =
                        |c: &Candle| (c.open_time_ns, c.open, c.high, c.low, c.close, c.volume, c.quote_volume);
                    assert_eq!(values(rolled), values(&wanted), "{coarse} of {fine}");
                    assert_eq!(rolled.trade_count, volume);
                    assert!(rolled.taker_buy_volume.is_nan() && rolled.quality.contains(Quality::DERIVED));
                }
            }
        }
    }
}
