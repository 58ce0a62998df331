//! Golden values of TA-Lib and TradingView come out: over the committed rows, and over the full files beside the
//! project where they are.

use std::path::{Path, PathBuf};

use tickplane_model::Candle;

use crate::{indicator, row, synthetic, update};

/// The folders that hold golden files.
fn folders() -> Vec<PathBuf> {
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let full = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/golden");
    if full.is_dir() {
        return vec![committed, full];
    }
    eprintln!("skipped: {} is absent; the committed first 800 rows are tested", full.display());
    vec![committed]
}

/// The named columns of a file; NaN where a cell is empty.
fn columns<const N: usize>(folder: &Path, file: &str, names: [&str; N]) -> Vec<[f64; N]> {
    let path = folder.join(file).with_extension("csv");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().expect("a header").split(',').collect();
    let places = names.map(|name| header.iter().position(|column| *column == name).expect(name));
    lines
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            places.map(|place| if cells[place].is_empty() { f64::NAN } else { cells[place].parse().expect("a number") })
        })
        .collect()
}

fn candles(folder: &Path) -> Vec<Candle> {
    let rows = columns(folder, "input_ibm_1d_3270", ["high", "low", "close"]);
    rows.into_iter().map(|[high, low, close]| row(high, low, close)).collect()
}

/// A median of the absolute values: what "near zero" is measured against.
fn scale(expected: &[f64]) -> f64 {
    let mut sizes: Vec<f64> = expected.iter().filter(|x| x.is_finite()).map(|x| x.abs()).collect();
    sizes.sort_by(f64::total_cmp);
    sizes[sizes.len() / 2]
}

/// Compares a column; `tolerance` is relative to each value, or to the median where `near_zero`.
fn compare(what: &str, ours: &[f64], expected: &[f64], tolerance: f64, near_zero: bool) {
    assert_eq!(ours.len(), expected.len(), "{what}");
    let scale = scale(expected);
    for (n, (ours, expected)) in ours.iter().zip(expected).enumerate() {
        assert_eq!(ours.is_nan(), expected.is_nan(), "{what} row {n}: {ours} for {expected}");
        let size = if near_zero { expected.abs().max(scale) } else { expected.abs() };
        let same = expected.is_nan() || (ours - expected).abs() <= tolerance * size;
        assert!(same, "{what} row {n}: {ours} for {expected}");
    }
}

/// Runs an indicator over rows and compares each of its outputs with a golden column.
fn check<const N: usize>(name: &str, rows: &[Candle], expected: &[[f64; N]], tolerance: f64, near_zero: bool) {
    let mut indicator = indicator(name);
    let ours: Vec<Vec<f64>> = rows.iter().map(|row| update(&mut indicator, row)).collect();
    for output in 0..N {
        let ours: Vec<f64> = ours.iter().map(|values| values[output]).collect();
        let expected: Vec<f64> = expected.iter().map(|values| values[output]).collect();
        compare(&format!("{name} output {output}"), &ours, &expected, tolerance, near_zero);
    }
    let defined = expected.iter().position(|values| values.iter().all(|x| x.is_finite())).expect("a defined row");
    assert_eq!(indicator.spec().defined_rows(), defined + 1, "{name}");
}

#[test]
fn ema_rsi_atr_are_those_of_talib() {
    for folder in folders() {
        let rows = candles(&folder);
        assert!(rows.len() >= 800);
        check("ema_12", &rows, &columns(&folder, "ema_close_12", ["ema"]), 1e-12, false);
        check("rsi_14", &rows, &columns(&folder, "rsi_close_14", ["rsi"]), 1e-12, false);
        check("atr_14", &rows, &columns(&folder, "atr_14_talib", ["atr"]), 1e-12, false);
    }
}

#[test]
fn macd_is_that_of_talib() {
    for folder in folders() {
        let expected = columns(&folder, "macd_12_26_9_talib", ["macd", "signal", "hist"]);
        check("macd_12_26_9", &candles(&folder), &expected, 1e-9, true);
    }
}

#[test]
fn macdv_is_that_of_tradingview() {
    for folder in folders() {
        let expected = columns(&folder, "macdv_12_26_26_9_tv", ["macdv", "signal", "hist"]);
        check("macdv_12_26_26_9", &candles(&folder), &expected, 1e-9, true);
    }
}

/// The informative ATR: true ranges of traded rows only, however many rows without trades lie between.
#[test]
fn macdv_over_synthetic_rows_keeps_to_the_informative_atr() {
    let file = "macdv_sparse_standard_vs_informative_12_26_26_9";
    for folder in folders() {
        let input = columns(&folder, "input_sparse_derived_ibm_1d", ["high", "low", "close", "synthetic"]);
        let rows: Vec<Candle> = input
            .into_iter()
            .map(|[high, low, close, flag]| if flag == 1.0 { synthetic(close) } else { row(high, low, close) })
            .collect();
        let expected = columns(&folder, file, ["macdv_informative", "signal_informative"]);
        check("macdv_12_26_26_9", &rows, &expected, 1e-9, true);
        let standard = columns(&folder, file, ["macdv_standard"]);
        let apart = standard.iter().zip(&expected).filter(|(a, b)| (a[0] - b[0]).abs() > 1.0).count();
        assert!(apart > 100, "the two ATRs differ over these rows, so the test tells them apart");
    }
}
