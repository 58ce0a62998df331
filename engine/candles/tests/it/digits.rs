//! Candles of trades written as text: volumes are the `f64` nearest the exact sum of the digits sent.

use num_bigint::BigInt;
use proptest::prelude::*;
use tickplane_candles::{Decimals, Outcome, Series};
use tickplane_model::{Candle, Timeframe, Trade, TradeFlags, TradeId};

use crate::exact::{nearest, product, written};
use crate::{Call, Log, config, seconds};

/// A trade as a venue writes it.
#[derive(Clone, Debug)]
struct Sent {
    price: String,
    quantity: String,
    sell: bool,
}

impl Sent {
    fn new(price: &str, quantity: &str, sell: bool) -> Self {
        Self { price: price.to_owned(), quantity: quantity.to_owned(), sell }
    }

    fn trade(&self, at: f64) -> Trade {
        let exchange_ns = seconds(at);
        let flags = if self.sell { TradeFlags::SELL } else { TradeFlags::default() };
        let [price, quantity] = [&self.price, &self.quantity].map(|text| text.parse().unwrap());
        Trade { exchange_ns, receive_ns: exchange_ns, price, quantity, id: TradeId::NONE, flags }
    }
}

/// `digits` with `places` behind the point, trailing zeros and all.
fn text(digits: u64, places: i32) -> String {
    match usize::try_from(places) {
        Ok(0) => digits.to_string(),
        Ok(places) => {
            let padded = format!("{digits:0>width$}", width = places + 1);
            let (whole, fraction) = padded.split_at(padded.len() - places);
            format!("{whole}.{fraction}")
        }
        Err(_) => format!("{digits}{}", "0".repeat(places.unsigned_abs() as usize)),
    }
}

/// Volume, quote volume and taker-buy volume of the digits.
fn expected<'a>(sent: impl Iterator<Item = &'a Sent>) -> [f64; 3] {
    let mut sums = [const { BigInt::ZERO }; 3];
    for Sent { price, quantity, sell } in sent {
        let quantity = written(quantity);
        sums[1] += product(&written(price), &quantity);
        sums[2] += if *sell { BigInt::ZERO } else { quantity.clone() };
        sums[0] += quantity;
    }
    sums.map(|sum| nearest(&sum))
}

fn volumes(candle: &Candle) -> [f64; 3] {
    [candle.volume, candle.quote_volume, candle.taker_buy_volume]
}

fn live(series: &Series) -> [f64; 3] {
    volumes(&series.live().expect("an open row").1)
}

/// The live candle after trades of one minute.
fn candle_of<'a>(sent: impl Iterator<Item = &'a Sent>) -> [f64; 3] {
    let (mut series, mut log) = (Series::new(config(Timeframe::M1)), Log::default());
    for sent in sent {
        assert_eq!(series.trade(&sent.trade(60.5), &mut log), Outcome::Live);
    }
    live(&series)
}

/// At most 15 significant digits: ticks of 1e-12 to 1e5.
fn price() -> impl Strategy<Value = String> {
    (1_u64..1_000_000_000, 0_u32..3, -5_i32..=12)
        .prop_map(|(digits, shorter, places)| text(digits / 1_000_u64.pow(shorter) + 1, places))
}

/// From 1e-8 to 1e12, at most 15 significant digits, with as many places as leave room for them.
fn quantity() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => (1_u64..10_000_000_000, 0_i32..=8).prop_map(|(digits, places)| text(digits, places)),
        1 => (1_u64..1_000, Just(8)).prop_map(|(digits, places)| text(digits, places)),
        1 => (1_u64..1_000_000_000_000, Just(0)).prop_map(|(digits, places)| text(digits, places)),
        1 => (1_u64..1_000_000_000_000_000, 3_i32..=15).prop_map(|(digits, places)| text(digits, places)),
    ]
}

fn sent() -> impl Strategy<Value = Sent> {
    (price(), quantity(), any::<bool>()).prop_map(|(price, quantity, sell)| Sent { price, quantity, sell })
}

/// A stream as venues send them: one tick and one lot for all, now and then as fine as dust or of 17 digits.
fn stream() -> impl Strategy<Value = Vec<Sent>> {
    (-5_i32..=12, 0_i32..=8, 1_u64..1_000_000).prop_flat_map(|(tick, lot, level)| {
        let usual = (0_u64..1_000, 1_u64..100_000_000, any::<bool>())
            .prop_map(move |(ticks, lots, sell)| Sent::new(&text(level + ticks, tick), &text(lots, lot), sell));
        prop::collection::vec(prop_oneof![200 => usual, 1 => sent()], 1..3_000)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn decimals_of_every_size_sum_exactly_in_any_order(
        (sent, shuffled) in prop::collection::vec(sent(), 1..60)
            .prop_flat_map(|sent| (Just(sent.clone()), Just(sent).prop_shuffle())),
    ) {
        let expected = expected(sent.iter());
        prop_assert_eq!(candle_of(sent.iter()), expected);
        prop_assert_eq!(candle_of(shuffled.iter()), expected);
    }

    /// The sum is published once, then taken up again: nothing is lost but what its rounding lost.
    #[test]
    fn late_trades_revise_exactly(sent in prop::collection::vec(sent(), 2..40), first in 1_usize..40) {
        let (open, late) = sent.split_at(first.min(sent.len() - 1));
        let (mut series, mut log) = (Series::new(config(Timeframe::M1)), Log::default());
        open.iter().for_each(|sent| assert_eq!(series.trade(&sent.trade(60.5), &mut log), Outcome::Live));
        series.trade(&Sent::new("7.7", "0.7", false).trade(125.0), &mut log);
        late.iter().for_each(|sent| assert_eq!(series.trade(&sent.trade(61.5), &mut log), Outcome::Revised));
        let Some(Call::Revised(1, candle)) = log.calls.last() else { panic!("{:?}", log.calls) };
        prop_assert_eq!(volumes(candle), expected(sent.iter()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn streams_sum_exactly_also_when_prepared_for_all_timeframes(sent in stream()) {
        let (mut decimals, mut log) = (Decimals::default(), Log::default());
        let mut series = [Timeframe::M1, Timeframe::D1].map(|timeframe| Series::new(config(timeframe)));
        for sent in &sent {
            let trade = sent.trade(60.5);
            let prepared = decimals.prepare(&trade);
            series.iter_mut().for_each(|series| assert_eq!(series.prepared(&prepared, &mut log), Outcome::Live));
        }
        let expected = expected(sent.iter());
        prop_assert_eq!(series.map(|series| live(&series)), [expected; 2]);
        prop_assert_eq!(candle_of(sent.iter()), expected);
        prop_assert_eq!(candle_of(sent.iter().rev()), expected);
    }
}

#[test]
fn a_candle_prints_what_the_venue_would_write() {
    let sent = [
        Sent::new("110183.2", "0.07", false),
        Sent::new("110183.3", "0.09659", false),
        Sent::new("110183.25", "0.00000001", true),
    ];
    assert_eq!(candle_of(sent.iter()).map(|x| x.to_string()), ["0.16659001", "18355.4300488325", "0.16659"]);
}

/// The nearest to the sum of the two floats is 0.16659000000000002.
#[test]
fn a_resumed_row_goes_on_from_its_digits() {
    let (mut earlier, mut log) = (Series::new(config(Timeframe::M1)), Log::default());
    earlier.trade(&Sent::new("0.1", "0.07", false).trade(60.5), &mut log);
    earlier.trade(&Sent::new("0.1", "1", false).trade(120.5), &mut log);
    let Some(Call::Closed(1, first)) = log.calls.pop() else { panic!("one row closed") };
    let mut series = Series::new(config(Timeframe::M1));
    series.resume(2, &[first]);
    assert_eq!(series.trade(&Sent::new("0.1", "0.09659", false).trade(60.9), &mut log), Outcome::Revised);
    let Some(Call::Revised(1, candle)) = log.calls.pop() else { panic!("one row revised") };
    assert_eq!(volumes(&candle), [0.16659, 0.016659, 0.16659]);
}

/// What an `f64` cannot tell apart no sum can: of 17 digits the shortest decimal that reads the same is summed.
#[test]
fn a_decimal_too_long_for_an_f64_counts_as_the_shortest_that_reads_the_same() {
    let sent = [Sent::new("1", "0.30000000000000004", false), Sent::new("1", "0.70000000000000001", false)];
    assert_eq!(candle_of(sent.iter())[0], 1.000_000_000_000_000_04);
    let sent = [Sent::new("1", "9007199254740993", false), Sent::new("1", "1", false)];
    assert_eq!(candle_of(sent.iter())[0], 9_007_199_254_740_992.0);
}
