//! A row into the default five indicators: taking a closed row, and peeking with the open one.

use criterion::{Criterion, Throughput};
use tickplane_benches::market::candles;
use tickplane_benches::{mix, timed};
use tickplane_indicators::{Indicator, Kind, OUTPUTS_MAX};
use tickplane_model::Candle;

/// Rows made beforehand; they come again and again.
const ROWS: usize = 1 << 12;
/// Rows after which every output of the default indicators is defined.
const WARM_UP_ROWS: usize = 100;

fn main() {
    let mut criterion = tickplane_benches::criterion();
    let rows = candles(ROWS);
    for kind in Kind::ALL {
        update(&mut criterion, kind.as_str(), &[kind], &rows);
        peek(&mut criterion, kind.as_str(), &[kind], &rows);
    }
    update(&mut criterion, "all_five", &Kind::ALL, &rows);
    peek(&mut criterion, "all_five", &Kind::ALL, &rows);
    criterion.final_summary();
}

/// The answer is that of the same indicators run one after the other instead of row by row.
fn update(criterion: &mut Criterion, name: &str, kinds: &[Kind], rows: &[Candle]) {
    let mut group = criterion.benchmark_group("indicators/update");
    group.throughput(Throughput::Elements(1));
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|count| {
            let mut indicators = warm(kinds, rows);
            let mut checksums = [0; Kind::ALL.len()];
            let time = timed(|| {
                for n in 0..count as usize {
                    for (indicator, checksum) in indicators.iter_mut().zip(&mut checksums) {
                        take(indicator, &rows[n % ROWS], checksum);
                    }
                }
            });
            for (mut indicator, checksum) in warm(kinds, rows).into_iter().zip(checksums) {
                let mut expected = 0;
                (0..count as usize).for_each(|n| take(&mut indicator, &rows[n % ROWS], &mut expected));
                assert_eq!(checksum, expected);
            }
            time
        });
    });
    group.finish();
}

/// The answer is that of taking the row into a clone.
fn peek(criterion: &mut Criterion, name: &str, kinds: &[Kind], rows: &[Candle]) {
    let mut group = criterion.benchmark_group("indicators/peek");
    group.throughput(Throughput::Elements(1));
    let indicators = warm(kinds, rows);
    let taken: Vec<u64> = rows.iter().map(|row| clones_take(&indicators, row)).collect();
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|count| {
            let mut sum = 0_u64;
            let time = timed(|| {
                for n in 0..count as usize {
                    let mut checksum = 0;
                    for indicator in &indicators {
                        let mut values = [0.0; OUTPUTS_MAX];
                        indicator.peek(&rows[n % ROWS], &mut values);
                        checksum = values.into_iter().fold(checksum, mix);
                    }
                    sum = sum.wrapping_add(checksum);
                }
            });
            assert_eq!(sum, (0..count as usize).fold(0_u64, |sum, n| sum.wrapping_add(taken[n % ROWS])));
            time
        });
    });
    group.finish();
}

fn warm(kinds: &[Kind], rows: &[Candle]) -> Vec<Indicator> {
    let mut indicators: Vec<Indicator> = kinds.iter().map(|kind| Indicator::new(&kind.default_spec())).collect();
    for indicator in &mut indicators {
        let mut values = [f64::NAN; OUTPUTS_MAX];
        rows[..WARM_UP_ROWS].iter().for_each(|row| indicator.update(row, &mut values));
        assert!(values[..indicator.outputs()].iter().all(|value| value.is_finite()), "{} is warm", indicator.spec());
    }
    indicators
}

fn take(indicator: &mut Indicator, row: &Candle, checksum: &mut u64) {
    let mut values = [0.0; OUTPUTS_MAX];
    indicator.update(row, &mut values);
    *checksum = values.into_iter().fold(*checksum, mix);
}

fn clones_take(indicators: &[Indicator], row: &Candle) -> u64 {
    let mut checksum = 0;
    for indicator in indicators {
        take(&mut indicator.clone(), row, &mut checksum);
    }
    checksum
}
