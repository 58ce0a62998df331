//! A hundred thousand streams from seeds agree with the oracle: every timeframe, around the clock and in sessions, with
//! ties, disorder, duplicates, late trades, clocks an hour off, silence, outages and losses.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tickplane_candles::SeriesConfig;
use tickplane_model::{Calendar, NS_PER_DAY, Sessions, Timeframe, days_from_civil};

use crate::oracle::small_sums;
use crate::streams::{Step, run};

/// Streams of each test here; there are four.
const STREAMS: u64 = 25_000;

/// Wednesday 2026-11-18, and all of the week after.
const HOLIDAYS: [i64; 6] = [20_775, 20_780, 20_781, 20_782, 20_783, 20_784];
const SESSIONS: Calendar = Calendar::Sessions(Sessions::NSE.with_holidays(&HOLIDAYS));

/// What goes wrong in a stream.
#[derive(Clone, Copy, Debug)]
enum Trouble {
    /// The stream goes down and up, loses trades and gets some of them back.
    Outages,
    /// Clocks are off by hours, and few rows can be revised.
    Clocks,
}

/// A generator of George Marsaglia (xorshift64*), as in the paper "An experimental exploration of Marsaglia's xorshift
/// generators, scrambled" by Vigna.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self((seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % n
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }

    fn age(&mut self) -> i64 {
        let most = self.pick(&[1, 1, 1, 1, 300, 300, 4_000, 12_000]);
        self.below(most) as i64
    }

    fn step(&mut self, trouble: Trouble, number: u64) -> Step {
        let (age_permille, permille) = (self.age(), 1 + self.below(4_000) as i64);
        match (self.below(30), trouble) {
            (0..7, _) => {
                let most = self.pick(&[200, 200, 1_500, 9_000]);
                Step::Wait { permille: self.below(most) as i64 }
            }
            (7..9, _) => Step::Boundary,
            (9..12, _) => Step::Advance,
            (12..14, _) => Step::Again { back: self.below(3) as usize },
            (14, Trouble::Outages) => Step::Down { age_permille },
            (15, Trouble::Outages) => Step::Up { age_permille },
            (16, Trouble::Outages) => Step::Lost { age_permille },
            (17, Trouble::Outages) => Step::Missing { age_permille, permille },
            (18..20, Trouble::Outages) => Step::Filled { age_permille, permille },
            (14, Trouble::Clocks) => Step::Leap { hours: self.pick(&[-1, -1, 1, 1, 1, 48]) },
            _ => self.trade(age_permille, number),
        }
    }

    fn trade(&mut self, age_permille: i64, number: u64) -> Step {
        let lots = (1 + self.below(1_000_000)) as f64 / 1e5;
        Step::Trade {
            age_permille,
            price: (1 + self.below(1_000_000)) as f64 / 100.0,
            quantity: self.pick(&[lots, lots, lots, 1e-12, 3e5]),
            sell: self.below(2) == 0,
            backfilled: self.below(8) == 0,
            number,
        }
    }

    /// Numbered or not, each number once, now and then out of order.
    fn steps(&mut self, trouble: Trouble) -> Vec<Step> {
        let (count, is_numbered) = (1 + self.below(40), self.below(2) == 0);
        let number = |n: u64, swap: u64| if is_numbered { (8 * n) ^ swap } else { 0 };
        let mut steps = Vec::with_capacity(count as usize);
        for n in 1..=count {
            let swap = self.pick(&[0, 0, 8]);
            steps.push(self.step(trouble, number(n, swap)));
        }
        steps
    }
}

fn stream(seed: u64, calendar: Calendar, trouble: Trouble) {
    let mut random = Random::new(seed);
    let timeframe = random.pick(&Timeframe::ALL);
    let grace_permille = random.pick(&[0, 0, 500, 2_000]);
    let revise_rows = match trouble {
        Trouble::Outages => 40,
        Trouble::Clocks => random.below(8) as u32,
    };
    let grace_ns = grace_permille * (timeframe.length_ns() / 1_000);
    let config = SeriesConfig { timeframe, calendar, grace_ns, revise_rows, filler_rows_max: 1_000_000 };
    // A day or two around the holiday; in sessions near an opening or a close more often than not.
    let midnight_ns = (days_from_civil(2026, 11, 17) + random.below(2) as i64) * NS_PER_DAY;
    let row = calendar.row(timeframe, midnight_ns) + random.below(4);
    let start_ns = match random.below(3) {
        0 => calendar.open_time_ns(timeframe, row),
        1 => calendar.end_time_ns(timeframe, row) - timeframe.length_ns() / 2,
        _ => {
            calendar.open_time_ns(timeframe, calendar.row(timeframe, midnight_ns + NS_PER_DAY))
                - timeframe.length_ns() * 2
        }
    };
    let steps = random.steps(trouble);
    let agreed = catch_unwind(AssertUnwindSafe(|| run(config.clone(), small_sums, start_ns, &steps)));
    assert!(agreed.is_ok(), "seed {seed}: {config:?} from {start_ns}: {steps:?}");
}

fn streams(first_seed: u64, calendar: Calendar, trouble: Trouble) {
    for seed in first_seed..first_seed + STREAMS {
        stream(seed, calendar, trouble);
    }
}

#[test]
fn outages_around_the_clock() {
    streams(0, Calendar::AlwaysOpen, Trouble::Outages);
}

#[test]
fn outages_in_sessions() {
    streams(1_000_000, SESSIONS, Trouble::Outages);
}

#[test]
fn clocks_around_the_clock() {
    streams(2_000_000, Calendar::AlwaysOpen, Trouble::Clocks);
}

#[test]
fn clocks_in_sessions() {
    streams(3_000_000, SESSIONS, Trouble::Clocks);
}
