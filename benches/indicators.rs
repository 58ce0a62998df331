//! A row into indicators: looking at the open one, taking a closed one, and going back to a checkpoint.
//!
//! `twelve` is a usual set of a series, twelve outputs in all; `words` writes as many words and computes nothing.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use tickplane_benches::market::candles;
use tickplane_benches::{mix, timed};
use tickplane_indicators::{CHECKPOINT_ROWS, IndicatorSet, IndicatorSpec, Kind};
use tickplane_model::Candle;

/// Rows made beforehand; they come again and again.
const ROWS: usize = 1 << 12;
/// Rows after which every output of the default indicators is settled; the next one comes before a checkpoint.
const WARM_UP_ROWS: usize = 1_600;
/// Twelve outputs.
const TWELVE: [Kind; 8] = [Kind::Sma, Kind::Ema, Kind::Rsi, Kind::Atr, Kind::Macd, Kind::Bbands, Kind::Vwap, Kind::Obv];
const OUTPUTS: usize = 12;

fn main() {
    let mut criterion = tickplane_benches::criterion();
    let rows = candles(ROWS);
    for kind in Kind::ALL {
        peek(&mut criterion, &kind.default_spec().to_string(), &[kind], &rows);
    }
    peek(&mut criterion, "twelve", &TWELVE, &rows);
    words(&mut criterion, &rows);
    update(&mut criterion, &rows);
    replay(&mut criterion, &rows);
    criterion.final_summary();
}

/// The answer is that of taking the row into a clone.
fn peek(criterion: &mut Criterion, name: &str, kinds: &[Kind], rows: &[Candle]) {
    let mut group = criterion.benchmark_group("indicators/peek");
    group.throughput(Throughput::Elements(1));
    let set = warm(kinds, rows);
    let taken: Vec<u64> = rows.iter().map(|row| take(&mut set.clone(), WARM_UP_ROWS as u64, row)).collect();
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|count| {
            let (mut sum, mut room) = (0_u64, [0.0; OUTPUTS]);
            let values = &mut room[..set.outputs()];
            let time = timed(|| {
                for n in 0..count as usize {
                    set.peek(&rows[n % ROWS], values);
                    sum = sum.wrapping_add(values.iter().copied().fold(0, mix));
                }
            });
            assert_eq!(sum, (0..count as usize).fold(0_u64, |sum, n| sum.wrapping_add(taken[n % ROWS])));
            time
        });
    });
    group.finish();
}

/// What of a look at twelve outputs is the loop around it.
fn words(criterion: &mut Criterion, rows: &[Candle]) {
    let mut group = criterion.benchmark_group("indicators/peek");
    group.throughput(Throughput::Elements(1));
    group.bench_function("words", |bencher| {
        bencher.iter_custom(|count| {
            let (mut sum, mut values) = (0_u64, [0.0; OUTPUTS]);
            let time = timed(|| {
                for n in 0..count as usize {
                    values.fill(rows[n % ROWS].close);
                    sum = sum.wrapping_add(black_box(&values).iter().copied().fold(0, mix));
                }
            });
            let bare = |n: usize| [rows[n % ROWS].close; OUTPUTS].into_iter().fold(0, mix);
            assert_eq!(sum, (0..count as usize).fold(0_u64, |sum, n| sum.wrapping_add(bare(n))));
            time
        });
    });
    group.finish();
}

/// A closed row, a checkpoint in every 64 included. The answer is that of a series for each indicator.
fn update(criterion: &mut Criterion, rows: &[Candle]) {
    let mut group = criterion.benchmark_group("indicators/update");
    group.throughput(Throughput::Elements(1));
    let (warm_set, warm_alone) = (warm(&TWELVE, rows), TWELVE.map(|kind| warm(&[kind], rows)));
    group.bench_function("twelve", |bencher| {
        bencher.iter_custom(|count| {
            let (mut set, mut checksum, mut values) = (warm_set.clone(), 0_u64, [0.0; OUTPUTS]);
            let time = timed(|| {
                for n in 0..count as usize {
                    set.update((WARM_UP_ROWS + n) as u64, &rows[n % ROWS], &mut values);
                    checksum = checksum.rotate_left(1) ^ values.iter().copied().fold(0, mix);
                }
            });
            let (mut alone, mut expected) = (warm_alone.clone(), 0_u64);
            for n in 0..count as usize {
                let mut rest = &mut values[..];
                for set in &mut alone {
                    let (out, after) = rest.split_at_mut(set.outputs());
                    set.update((WARM_UP_ROWS + n) as u64, &rows[n % ROWS], out);
                    rest = after;
                }
                expected = expected.rotate_left(1) ^ values.iter().copied().fold(0, mix);
            }
            assert_eq!(checksum, expected);
            time
        });
    });
    group.finish();
}

/// A revision 64 rows back: to the checkpoint, and 64 rows given again. The answer is the value there was.
fn replay(criterion: &mut Criterion, rows: &[Candle]) {
    let mut group = criterion.benchmark_group("indicators/rewind");
    group.throughput(Throughput::Elements(1));
    let mut set = warm(&TWELVE, rows);
    let from = WARM_UP_ROWS as u64;
    let again = &rows[WARM_UP_ROWS..WARM_UP_ROWS + CHECKPOINT_ROWS as usize];
    let first = again.iter().zip(from..).fold(0, |_, (row, number)| take(&mut set, number, row));
    group.bench_function("64_rows_again", |bencher| {
        bencher.iter_custom(|count| {
            let mut values = [0.0; OUTPUTS];
            timed(|| {
                for _ in 0..count {
                    assert_eq!(set.rewind(from), Some(from));
                    again.iter().zip(from..).for_each(|(row, number)| set.update(number, row, &mut values));
                    assert_eq!(values.iter().copied().fold(0, mix), first);
                }
            })
        });
    });
    group.finish();
}

fn warm(kinds: &[Kind], rows: &[Candle]) -> IndicatorSet {
    let specs: Vec<IndicatorSpec> = kinds.iter().map(|kind| kind.default_spec()).collect();
    let mut set = IndicatorSet::new(&specs);
    (0..WARM_UP_ROWS).for_each(|n| _ = take(&mut set, n as u64, &rows[n]));
    assert!((0..set.outputs()).all(|output| set.settled(output).is_some()), "{specs:?} are warm");
    set
}

fn take(set: &mut IndicatorSet, number: u64, row: &Candle) -> u64 {
    let mut room = [0.0; OUTPUTS];
    let values = &mut room[..set.outputs()];
    set.update(number, row, values);
    values.iter().copied().fold(0, mix)
}
