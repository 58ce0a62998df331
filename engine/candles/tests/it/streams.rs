//! Generated streams with ties, disorder, late trades, silence, outages and losses agree with the oracle.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use tickplane_candles::{Series, SeriesConfig};
use tickplane_model::{Calendar, Candle, NS_PER_MS, NS_PER_SECOND, Quality, Timeframe, Trade, TradeFlags, TradeId};

use crate::oracle::{Oracle, Sums, big_sums};
use crate::{Call, Log};

/// One step of a stream. Times are in thousandths of the timeframe, so that every timeframe sees the same cases.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    /// Venue time goes on.
    Wait {
        permille: i64,
    },
    /// Venue time goes on to the next exact boundary: a row ends, or a session opens.
    Boundary,
    /// A trade that happened `age` ago.
    Trade {
        age_permille: i64,
        price: f64,
        quantity: f64,
        sell: bool,
        backfilled: bool,
        /// 0 for none.
        number: u64,
    },
    /// A trade with a clock that is off by hours.
    Leap {
        hours: i64,
    },
    /// The trade so many before comes again, with the same number or as another one that has none.
    Again {
        back: usize,
    },
    /// The worker looks at the time.
    Advance,
    Down {
        age_permille: i64,
    },
    Up {
        age_permille: i64,
    },
    Lost {
        age_permille: i64,
    },
    Missing {
        age_permille: i64,
        permille: i64,
    },
    Filled {
        age_permille: i64,
        permille: i64,
    },
}

/// Spans a series remembers for certain; half of it leaves room for those that a fill splits.
const SPANS: usize = 8;

fn age() -> impl Strategy<Value = i64> {
    prop_oneof![5 => Just(0_i64), 3 => 0_i64..300, 3 => 0_i64..4_000, 1 => 0_i64..12_000]
}

fn step() -> impl Strategy<Value = Step> {
    let price = (1_u32..1_000_000).prop_map(|ticks| f64::from(ticks) / 100.0);
    let quantity = prop_oneof![(1_u32..1_000_000).prop_map(|lots| f64::from(lots) / 1e5), Just(1e-12), Just(3e15)];
    let trade = (age(), price, quantity, any::<bool>()).prop_map(|(age_permille, price, quantity, sell)| Step::Trade {
        age_permille,
        price,
        quantity,
        sell,
        backfilled: false,
        number: 0,
    });
    prop_oneof![
        6 => prop_oneof![4 => 0_i64..200, 2 => 200_i64..1_500, 1 => 1_500_i64..9_000].prop_map(|permille| Step::Wait { permille }),
        1 => Just(Step::Boundary),
        12 => trade,
        3 => Just(Step::Advance),
        1 => age().prop_map(|age_permille| Step::Down { age_permille }),
        1 => age().prop_map(|age_permille| Step::Up { age_permille }),
        1 => age().prop_map(|age_permille| Step::Lost { age_permille }),
        1 => (age(), 1_i64..4_000).prop_map(|(age_permille, permille)| Step::Missing { age_permille, permille }),
        2 => (age(), 1_i64..9_000).prop_map(|(age_permille, permille)| Step::Filled { age_permille, permille }),
    ]
}

/// What a table of the rows would hold, with the order of the calls checked.
#[derive(Default)]
struct Table {
    rows: BTreeMap<u64, Candle>,
    next: Option<u64>,
}

impl Table {
    fn take(&mut self, log: &mut Log) {
        for call in log.calls.drain(..) {
            match call {
                Call::Closed(row, candle) => {
                    assert_eq!(self.next.replace(row + 1).unwrap_or(row), row, "rows close in order, each once");
                    assert!(candle.quality.contains(Quality::FINAL));
                    self.rows.insert(row, candle);
                }
                Call::Revised(row, candle) => {
                    let before = self.rows.insert(row, candle).expect("only a closed row is revised");
                    assert_eq!(candle.quality.revisions(), before.quality.revisions() + 1);
                }
                Call::Skipped(..) => panic!("no hole here is that long"),
            }
        }
    }
}

/// NaN-proof text of a candle, without its number of revisions (the oracle rebuilds, it does not revise).
fn text(candle: &Candle) -> String {
    let quality = Quality(candle.quality.0 & !0xffff_0000);
    format!("{:?}", Candle { quality, ..*candle })
}

pub(crate) fn run(config: SeriesConfig, sums: Sums, start_ns: i64, steps: &[Step]) {
    let length_ns = config.timeframe.length_ns();
    let of = |permille: i64| permille * (length_ns / 1_000) / NS_PER_MS * NS_PER_MS;
    let mut now_ns = start_ns;
    // What came, and by number what was seen: a venue's numbers name its trades.
    let (mut came, mut seen) = (Vec::<Trade>::new(), BTreeSet::new());
    let mut series = Series::new(config.clone());
    let mut oracle = Oracle::new(config.clone(), sums);
    let (mut log, mut table) = (Log::default(), Table::default());
    for step in steps {
        match *step {
            Step::Wait { permille } => now_ns += of(permille),
            Step::Boundary => {
                let row = config.calendar.row(config.timeframe, now_ns);
                let opens_ns = config.calendar.open_time_ns(config.timeframe, row);
                now_ns = if now_ns < opens_ns { opens_ns } else { config.calendar.end_time_ns(config.timeframe, row) };
            }
            Step::Trade { .. } | Step::Leap { .. } | Step::Again { .. } => {
                let Some(trade) = trade_of(*step, now_ns, of, &came) else { continue };
                came.push(trade);
                if trade.id == TradeId::NONE || seen.insert(trade.id.low) {
                    assert_eq!(series.trade(&trade, &mut log), oracle.trade(trade), "{trade:?}");
                }
            }
            Step::Advance => {
                let due = series.next_close_ns().is_some_and(|close_ns| now_ns >= close_ns);
                series.advance(now_ns, &mut log);
                oracle.advance(now_ns);
                assert_eq!(due, !log.calls.is_empty(), "next_close_ns tells when there is something to do");
            }
            Step::Down { age_permille } => {
                series.stream_down(now_ns - of(age_permille));
                oracle.down(now_ns - of(age_permille));
            }
            Step::Up { age_permille } => {
                series.stream_up(now_ns - of(age_permille));
                oracle.up(now_ns - of(age_permille));
            }
            Step::Lost { age_permille } => {
                series.lost(now_ns - of(age_permille));
                oracle.lost(now_ns - of(age_permille));
            }
            Step::Missing { age_permille, permille } => {
                let from_ns = now_ns - of(age_permille);
                let to_ns = from_ns + of(permille).max(1);
                series.missing(from_ns, to_ns);
                oracle.missing(from_ns, to_ns);
            }
            Step::Filled { age_permille, permille } if oracle.noted() <= SPANS => {
                let from_ns = now_ns - of(age_permille);
                series.filled(from_ns, from_ns + of(permille));
                oracle.filled(from_ns, from_ns + of(permille));
            }
            Step::Filled { .. } => {}
        }
        table.take(&mut log);
    }
    series.advance(now_ns, &mut log);
    oracle.advance(now_ns);
    table.take(&mut log);
    let mut ours: Vec<_> = table.rows.into_iter().collect();
    ours.extend(series.live());
    let theirs = oracle.rows();
    assert_eq!(ours.len(), theirs.len());
    for ((row, ours), (expected, theirs)) in ours.iter().zip(&theirs) {
        assert_eq!((row, text(ours)), (expected, text(theirs)));
    }
}

fn trade_of(step: Step, now_ns: i64, of: impl Fn(i64) -> i64, came: &[Trade]) -> Option<Trade> {
    let (receive_ns, id) = (now_ns, TradeId::NONE);
    match step {
        Step::Trade { age_permille, price, quantity, sell, backfilled, number } => {
            let side = if sell { TradeFlags::SELL } else { TradeFlags::default() };
            let flags = if backfilled { side.with(TradeFlags::BACKFILLED) } else { side };
            let id = if number > 0 { TradeId::number(number.into()) } else { id };
            Some(Trade { exchange_ns: now_ns - of(age_permille), receive_ns, price, quantity, id, flags })
        }
        Step::Leap { hours } => {
            let exchange_ns = now_ns + hours * 3_600 * NS_PER_SECOND;
            Some(Trade { exchange_ns, receive_ns, price: 7.0, quantity: 1.0, id, flags: TradeFlags::default() })
        }
        Step::Again { back } => {
            let again = came.iter().rev().nth(back)?;
            Some(Trade { receive_ns, ..*again })
        }
        _ => None,
    }
}

/// Any number, with those that break arithmetic more often than chance would have it.
fn any_ns() -> impl Strategy<Value = i64> {
    let hour = 3_600_000_000_000_i64;
    prop_oneof![
        any::<i64>(),
        prop::sample::select(vec![i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX / 2, i64::MAX - 1, i64::MAX]),
        (1_700_000_000_000_000_000 - 3 * hour)..(1_700_000_000_000_000_000 + 3 * hour),
    ]
}

proptest! {
    /// Whatever a venue or a clock says, nothing overflows, loops or panics, and rows stay in order.
    #[test]
    fn nonsense_does_no_harm(
        timeframe in prop::sample::select(Timeframe::ALL.to_vec()),
        calls in prop::collection::vec((0_u8..9, any_ns(), any_ns(), any::<f64>()), 1..60),
    ) {
        let config = SeriesConfig { filler_rows_max: 50, ..crate::config(timeframe) };
        let (mut series, mut log, mut next) = (Series::new(config), Log::default(), None);
        for (kind, at_ns, receive_ns, number) in calls {
            match kind {
                0 => series.advance(at_ns, &mut log),
                1 => series.stream_down(at_ns),
                2 => series.stream_up(at_ns),
                3 => series.lost(at_ns),
                6 => series.missing(at_ns, receive_ns),
                7 => series.filled(at_ns, receive_ns),
                8 => series.lost_for_good(at_ns),
                _ => {
                    let (id, flags) = (TradeId::NONE, TradeFlags::default());
                    let (price, quantity) = if kind == 4 { (number, 1.0) } else { (2.0, number.abs().min(1e20)) };
                    series.trade(&Trade { exchange_ns: at_ns, receive_ns, price, quantity, id, flags }, &mut log);
                }
            }
            for call in log.calls.drain(..) {
                match call {
                    Call::Closed(row, _) => {
                        assert!(next.is_none_or(|next| next == row));
                        next = Some(row + 1);
                    }
                    Call::Skipped(from, to) => {
                        assert!(next == Some(from) && from < to);
                        next = Some(to);
                    }
                    Call::Revised(row, _) => assert!(next.is_some_and(|next| row < next)),
                }
            }
            if let Some((row, candle)) = series.live() {
                assert!(next.is_none_or(|next| next == row));
                assert!(candle.volume.is_finite() && candle.quote_volume.is_finite());
            }
        }
    }

    #[test]
    fn every_stream_agrees_with_the_oracle(
        timeframe in prop::sample::select(Timeframe::ALL.to_vec()),
        grace_permille in prop_oneof![Just(0_i64), 0_i64..2_500],
        steps in prop::collection::vec(step(), 1..80),
    ) {
        let grace_ns = grace_permille * (timeframe.length_ns() / 1_000);
        let calendar = Calendar::AlwaysOpen;
        // Outages are noted as far back as rows can be revised: the ring is longer than the oldest of them.
        let start_ns = calendar.open_time_ns(timeframe, 3_000);
        let config = SeriesConfig { timeframe, calendar, grace_ns, revise_rows: 40, filler_rows_max: 1_000 };
        run(config, big_sums, start_ns, &steps);
    }

    #[test]
    fn late_trades_are_dropped_exactly_where_the_ring_ends(
        revise_rows in 0_u32..8,
        steps in prop::collection::vec(step(), 1..80),
    ) {
        let only_trades: Vec<Step> = steps
            .into_iter()
            .filter(|step| matches!(step, Step::Wait { .. } | Step::Boundary | Step::Trade { .. } | Step::Advance))
            .collect();
        let (timeframe, calendar) = (Timeframe::S1, Calendar::AlwaysOpen);
        let config = SeriesConfig { timeframe, calendar, grace_ns: 0, revise_rows, filler_rows_max: 1_000 };
        run(config, big_sums, calendar.open_time_ns(timeframe, 3_000), &only_trades);
    }
}
