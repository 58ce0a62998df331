//! Golden values of TA-Lib and TradingView come out: over the committed rows, and over the full files beside the
//! project where they are.

use std::path::{Path, PathBuf};

use tickplane_model::{Candle, NS_PER_SECOND};

use crate::{Alone, bits, row, synthetic};

/// A file of golden values and who must give them.
struct Golden {
    file: &'static str,
    name: &'static str,
    columns: &'static [&'static str],
    /// Relative to each value, or to the median of the column where values come near zero.
    tolerance: f64,
    near_zero: bool,
}

const fn golden(file: &'static str, name: &'static str, columns: &'static [&'static str], tolerance: f64) -> Golden {
    Golden { file, name, columns, tolerance, near_zero: false }
}

const fn near_zero(file: &'static str, name: &'static str, columns: &'static [&'static str]) -> Golden {
    Golden { file, name, columns, tolerance: 1e-9, near_zero: true }
}

/// Tolerances that hold between libraries: 1e-12, for bands 1e-11, near zero 1e-9.
const GOLDEN: [Golden; 20] = [
    golden("sma_close_20", "sma_20", &["sma"], 1e-12),
    golden("ema_close_9", "ema_9", &["ema"], 1e-12),
    golden("ema_close_12", "ema_12", &["ema"], 1e-12),
    golden("ema_close_26", "ema_26", &["ema"], 1e-12),
    golden("ema_close_50", "ema_50", &["ema"], 1e-12),
    golden("ema_close_200", "ema_200", &["ema"], 1e-12),
    golden("rma_close_14", "rma_14", &["rma"], 1e-12),
    golden("rsi_close_14", "rsi_14", &["rsi"], 1e-12),
    golden("atr_14_talib", "atr_14", &["atr"], 1e-12),
    golden("atr_26_talib", "atr_26", &["atr"], 1e-12),
    golden("atr_14_tv", "atr_14_tv", &["atr"], 1e-12),
    golden("atr_26_tv", "atr_26_tv", &["atr"], 1e-12),
    golden("bbands_close_20_2", "bbands_20_2", &["upper", "middle", "lower"], 1e-11),
    golden("vwap_session_month", "vwap_month", &["vwap"], 1e-12),
    golden("vwap_cumulative", "vwap_cumulative", &["vwap"], 1e-12),
    near_zero("macd_12_26_9_talib", "macd_12_26_9", &["macd", "signal", "hist"]),
    near_zero("macd_12_26_9_tv", "macd_12_26_9_tv", &["macd", "signal", "hist"]),
    near_zero("macdv_12_26_26_9_tv", "macdv_12_26_26_9", &["macdv", "signal", "hist"]),
    golden("obv_talib", "obv", &["obv"], 1e-12),
    golden("obv_tv", "obv_tv", &["obv"], 1e-12),
];

/// Rows to compute over, and what is tested by itself below.
const OTHERS: [&str; 3] =
    ["input_ibm_1d_3270", "input_sparse_derived_ibm_1d", "macdv_sparse_standard_vs_informative_12_26_26_9"];

fn committed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// The folders that hold golden files.
fn folders() -> Vec<PathBuf> {
    let full = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/golden");
    if full.is_dir() {
        return vec![committed(), full];
    }
    eprintln!("skipped: {} is absent; the committed first 800 rows are tested", full.display());
    vec![committed()]
}

/// The named columns of a file, each row in one; NaN where a cell is empty.
fn columns(folder: &Path, file: &str, names: &[&str]) -> Vec<Vec<f64>> {
    let path = folder.join(file).with_extension("csv");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().expect("a header").split(',').collect();
    let place = |name: &&str| header.iter().position(|column| column == name).expect(name);
    let places: Vec<usize> = names.iter().map(place).collect();
    let number = |cell: &str| if cell.is_empty() { f64::NAN } else { cell.parse().expect("a number") };
    lines
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            places.iter().map(|place| number(cells[*place])).collect()
        })
        .collect()
}

fn candles(folder: &Path) -> Vec<Candle> {
    let rows = columns(folder, "input_ibm_1d_3270", &["open_time", "high", "low", "close", "volume"]);
    assert!(rows.len() >= 800);
    rows.iter()
        .map(|x| Candle { open_time_ns: x[0] as i64 * NS_PER_SECOND, volume: x[4], ..row(x[1], x[2], x[3]) })
        .collect()
}

/// A median of the absolute values: what "near zero" is measured against.
fn scale(expected: &[f64]) -> f64 {
    let mut sizes: Vec<f64> = expected.iter().filter(|x| x.is_finite()).map(|x| x.abs()).collect();
    sizes.sort_by(f64::total_cmp);
    sizes[sizes.len() / 2]
}

/// Runs an indicator over rows and compares each of its outputs with a golden column, the first defined row included.
fn check(golden: &Golden, rows: &[Candle], expected: &[Vec<f64>]) {
    let mut alone = Alone::new(golden.name);
    let ours: Vec<Vec<f64>> = rows.iter().map(|row| alone.update(row)).collect();
    assert_eq!(ours.len(), expected.len());
    for (output, column) in golden.columns.iter().enumerate() {
        let scale = scale(&expected.iter().map(|row| row[output]).collect::<Vec<_>>());
        for (n, (ours, expected)) in ours.iter().zip(expected).enumerate() {
            let (ours, expected, what) = (ours[output], expected[output], format!("{} {column} row {n}", golden.name));
            assert_eq!(ours.is_nan(), expected.is_nan(), "{what}: {ours} for {expected}");
            let size = if golden.near_zero { expected.abs().max(scale) } else { expected.abs() };
            let same = expected.is_nan() || (ours - expected).abs() <= golden.tolerance * size;
            assert!(same, "{what}: {ours} for {expected}");
        }
        let first = expected.iter().position(|values| values[output].is_finite()).expect("a defined row");
        assert_eq!(alone.set.defined(output), Some(first as u64), "{} {column}", golden.name);
    }
    let defined = expected.iter().position(|values| values.iter().all(|x| x.is_finite())).expect("a defined row");
    assert_eq!(alone.spec.defined_rows(), defined + 1, "{}", golden.name);
}

#[test]
fn golden_values_come_out() {
    for folder in folders() {
        let rows = candles(&folder);
        let here = GOLDEN.iter().filter(|golden| folder.join(golden.file).with_extension("csv").exists());
        let tested = here.map(|golden| check(golden, &rows, &columns(&folder, golden.file, golden.columns))).count();
        let expected = if folder == committed() { 14 } else { GOLDEN.len() };
        assert_eq!(tested, expected, "files in {}", folder.display());
    }
}

/// What of the golden files the set does not have yet is said aloud.
#[test]
fn golden_files_of_other_indicators_are_named() {
    for folder in folders() {
        let files = std::fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry").path());
        let mut left: Vec<String> = files
            .filter(|path| path.extension().is_some_and(|extension| extension == "csv"))
            .map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned())
            .filter(|name| !OTHERS.contains(&name.as_str()) && GOLDEN.iter().all(|golden| golden.file != name))
            .collect();
        left.sort();
        assert!(folder != committed() || left.is_empty(), "every committed file is tested: {left:?}");
        left.iter().for_each(|name| eprintln!("not yet covered: {name}"));
    }
}

/// The informative ATR: true ranges of traded rows only, however many rows without trades lie between.
#[test]
fn macdv_over_synthetic_rows_keeps_to_the_informative_atr() {
    let file = "macdv_sparse_standard_vs_informative_12_26_26_9";
    for folder in folders() {
        let input = columns(&folder, "input_sparse_derived_ibm_1d", &["high", "low", "close", "synthetic"]);
        let rows: Vec<Candle> =
            input.iter().map(|x| if x[3] == 1.0 { synthetic(x[2]) } else { row(x[0], x[1], x[2]) }).collect();
        let expected = columns(&folder, file, &["macdv_informative", "signal_informative"]);
        check(&near_zero(file, "macdv_12_26_26_9", &["macdv", "signal"]), &rows, &expected);
        let mut atr = Alone::new("atr_26_tv");
        let ranges: Vec<f64> = rows.iter().map(|row| atr.update(row)[0]).collect();
        for (ours, expected) in ranges.iter().zip(columns(&folder, file, &["atr_informative"])) {
            assert!(bits(&[*ours]) == bits(&expected) || (ours - expected[0]).abs() <= 1e-12 * expected[0]);
        }
        let standard = columns(&folder, file, &["macdv_standard"]);
        let apart = standard.iter().zip(&expected).filter(|(a, b)| (a[0] - b[0]).abs() > 1.0).count();
        assert!(apart > 100, "the two ATRs differ over these rows, so the test tells them apart");
    }
}
