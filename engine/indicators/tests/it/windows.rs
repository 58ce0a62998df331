//! Means and deviations over years of rows: as good as if computed afresh from the rows of the window.

use tickplane_indicators::IndicatorSet;

use crate::row;

/// A price that walks in cents between 2,000 and 2,000,000, by a linear congruential generator (Knuth, MMIX).
struct Walk {
    random: u64,
    cents: i64,
}

impl Walk {
    fn next(&mut self) -> f64 {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.cents += (self.random >> 33) as i64 % 40_001 - 20_000;
        self.cents = self.cents.clamp(200_000, 200_000_000);
        self.cents as f64 / 100.0
    }
}

/// Mean and standard deviation of whole cents, the sums exact in integers.
fn fresh(window: &[f64]) -> (f64, f64) {
    let cents: Vec<i128> = window.iter().map(|x| (x * 100.0).round() as i128).collect();
    let (n, sum) = (cents.len() as i128, cents.iter().sum::<i128>());
    let squares: i128 = cents.iter().map(|x| x * x).sum();
    let spread = n * squares - sum * sum;
    (sum as f64 / n as f64 / 100.0, (spread as f64).sqrt() / n as f64 / 100.0)
}

/// Runs bands over so many rows, with a print a million times too large in every `spike_rows`, and gives the greatest
/// relative errors of mean and deviation, and of the mean alone as `sma` has it.
fn worst(period: usize, rows: u64, spike_rows: u64) -> (f64, f64) {
    let specs = [format!("bbands_{period}_1"), format!("sma_{period}")].map(|name| name.parse().unwrap());
    let (mut set, mut walk) = (IndicatorSet::new(&specs), Walk { random: 1, cents: 6_183_763 });
    let mut window = vec![0.0; period];
    let (mut values, mut of_mean, mut of_deviation) = ([0.0; 4], 0.0_f64, 0.0_f64);
    for n in 0..rows {
        let price = walk.next() * if n % spike_rows == spike_rows - 1 { 1e6 } else { 1.0 };
        window[(n % period as u64) as usize] = price;
        set.update(n, &row(price, price, price), &mut values);
        // Every window after a spike for a while, and now and then.
        let since_spike = n % spike_rows;
        if n > spike_rows && (since_spike < 3 * period as u64 || n % 997 == 0) {
            let (mean, deviation) = fresh(&window);
            let relative = |ours: f64, theirs: f64| (ours - theirs).abs() / theirs;
            of_mean = of_mean.max(relative(values[1], mean)).max(relative(values[3], mean));
            of_deviation = of_deviation.max(relative((values[0] - values[2]) / 2.0, deviation));
        }
    }
    assert!(of_mean.is_finite() && of_deviation.is_finite());
    (of_mean, of_deviation)
}

/// What the difference of two bands can resolve at the top of the walk: half an ulp of the price against a deviation.
const TOLERANCE: f64 = 1e-9;

#[test]
fn windows_stay_exact_even_after_a_print_a_million_times_too_large() {
    for period in [2, 3, 20, 200] {
        let (mean, deviation) = worst(period, 200_000, 5_003);
        assert!(mean < 1e-14 && deviation < TOLERANCE, "period {period}: mean {mean:e}, deviation {deviation:e}");
    }
}

/// Three years of seconds. Run with `cargo test --release -p tickplane-indicators -- --ignored --nocapture windows`.
#[test]
#[ignore = "minutes in debug, seconds in release"]
fn windows_stay_exact_over_ninety_million_rows() {
    let (mean, deviation) = worst(20, 90_000_000, 1_000_003);
    eprintln!("90,000,000 rows, a spike every 1,000,003: mean off by {mean:e}, deviation by {deviation:e}");
    assert!(mean < 1e-14 && deviation < TOLERANCE, "mean {mean:e}, deviation {deviation:e}");
}
