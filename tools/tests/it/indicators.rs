//! `indicators`: golden values of others come out of the command, and the bits of the live code.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tickplane_indicators::{IndicatorSet, IndicatorSpec, Kind};
use tickplane_model::{Candle, NS_PER_SECOND, Quality};

use crate::support::{tickplane, tickplane_with};

const INPUT: &str = "input_ibm_1d_3270";

/// Files that are named otherwise than the indicator they are of. Plain `macdv` is TradingView's.
const ALIASES: [(&str, &str); 2] = [("macdv_12_26_26_9_tv", "macdv_12_26_26_9"), ("vwap_session_month", "vwap_month")];

/// The folder of golden files: beside the project, or what is committed of it.
fn folder() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let (full, committed) = (root.join("../shared/golden"), root.join("engine/indicators/tests/golden"));
    if full.is_dir() {
        return full;
    }
    eprintln!("skipped: no {} beside the project; the committed first 800 rows are tested", full.display());
    committed
}

fn text(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name).with_extension("csv")).unwrap()
}

/// The indicator whose values a file holds, if it is carried: its name less what only says where the values are from.
fn indicator(file: &str) -> Option<IndicatorSpec> {
    if let Some((_, name)) = ALIASES.iter().find(|(alias, _)| *alias == file) {
        return name.parse().ok();
    }
    let name = file.replacen("_close", "", 1);
    let name = name.strip_suffix("_talib").unwrap_or(&name);
    let spec: IndicatorSpec = name.parse().ok()?;
    (spec.to_string() == name && ALIASES.iter().all(|(_, taken)| *taken != name)).then_some(spec)
}

/// Columns by name; NaN where a cell is empty.
fn columns(csv: &str) -> BTreeMap<String, Vec<f64>> {
    let mut lines = csv.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    let mut columns: BTreeMap<String, Vec<f64>> = names.iter().map(|name| ((*name).to_owned(), vec![])).collect();
    for line in lines {
        for (name, cell) in names.iter().zip(line.split(',')) {
            columns.get_mut(*name).unwrap().push(cell.parse().unwrap_or(f64::NAN));
        }
    }
    columns
}

/// Relative tolerance, and whether it is relative to the column's median where values are less.
fn tolerance(spec: &IndicatorSpec) -> (f64, bool) {
    match spec.kind().as_str() {
        "sma" | "ema" | "rsi" | "atr" | "vwap" => (1e-12, false),
        "bbands" => (1e-11, false),
        _ => (1e-9, true),
    }
}

#[track_caller]
fn compare(what: &str, ours: &[f64], theirs: &[f64], (tolerance, near_zero): (f64, bool)) {
    let mut sizes: Vec<f64> = theirs.iter().filter(|x| x.is_finite()).map(|x| x.abs()).collect();
    sizes.sort_by(f64::total_cmp);
    let median = sizes[sizes.len() / 2];
    assert_eq!(ours.len(), theirs.len(), "{what}");
    for (row, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        assert_eq!(ours.is_nan(), theirs.is_nan(), "{what} row {row}: {ours} for {theirs}");
        let size = if near_zero { theirs.abs().max(median) } else { theirs.abs() };
        assert!(theirs.is_nan() || (ours - theirs).abs() <= tolerance * size, "{what} row {row}: {ours} for {theirs}");
    }
}

#[test]
fn golden_values_come_out() {
    let folder = folder();
    let files = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let mut names: Vec<String> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "csv"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .filter(|name| !name.starts_with("input_"))
        .collect();
    names.sort();
    let (covered, left): (Vec<_>, Vec<_>) = names.iter().partition(|name| indicator(name).is_some());
    left.iter().for_each(|name| eprintln!("not yet covered: {name}"));

    let specs: Vec<IndicatorSpec> = covered.iter().filter_map(|name| indicator(name)).collect();
    let set = specs.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let input = text(&folder, INPUT).replacen("open_time,", "open_time_s,", 1);
    let outcome = tickplane_with(&["indicators", "--set", &set], &input);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let ours = columns(&outcome.stdout);
    for (name, spec) in covered.iter().zip(&specs) {
        let theirs = columns(&text(&folder, name));
        for (output, column) in spec.outputs().iter().zip(spec.columns()) {
            compare(&column, &ours[&column], &theirs[*output], tolerance(spec));
        }
    }
    for kind in Kind::ALL.into_iter().filter(|kind| specs.iter().all(|spec| spec.kind() != *kind)) {
        eprintln!("no golden file of {kind:?} in {}", folder.display());
    }
    assert!(covered.len() >= 10, "{covered:?}");
}

/// Rows of every kind: traded, synthetic, gaps, and an open one at the end.
fn rows() -> Vec<Candle> {
    let (mut random, mut close) = (1_u64, 100.0);
    let mut next = |below: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % below
    };
    let mut rows = Vec::new();
    for row in 0..400 {
        let open_time_ns = 1_763_942_400 * NS_PER_SECOND + row * 60 * NS_PER_SECOND;
        let kind = next(10);
        let quiet = |price: f64, quality: Quality| Candle {
            open_time_ns,
            open: price,
            high: price,
            low: price,
            close: price,
            volume: 0.0,
            quote_volume: 0.0,
            taker_buy_volume: 0.0,
            trade_count: 0,
            quality,
        };
        if row > 20 && kind == 0 {
            rows.push(quiet(f64::NAN, Quality::FINAL.with_gap_ms(60_000)));
            continue;
        }
        if row > 20 && kind < 3 {
            rows.push(quiet(close, Quality::FINAL.with(Quality::SYNTHETIC)));
            continue;
        }
        let open = close;
        close += (next(2_001) as f64 - 1_000.0) / 700.0;
        let (high, low) = (open.max(close) + next(100) as f64 / 99.0, open.min(close) - next(100) as f64 / 99.0);
        let quality = if row == 399 { Quality::default() } else { Quality::FINAL };
        let volume = next(100_000) as f64 / 1_000.0;
        rows.push(Candle { open, high, low, volume, trade_count: 7, ..quiet(close, quality) });
    }
    rows
}

/// Rows as `candles` and `tail` write them.
fn csv(rows: &[Candle]) -> String {
    let plain = |price: f64| if price.is_nan() { String::new() } else { price.to_string() };
    let mut text = "quality,row,trade_count,open_time_ns,open,high,low,close,volume,state\n".to_owned();
    for (number, row) in rows.iter().enumerate() {
        let prices = [row.open, row.high, row.low, row.close, row.volume].map(plain).join(",");
        text += &format!("{},{number},{},{},{prices},closed\n", row.quality, row.trade_count, row.open_time_ns);
    }
    text
}

#[test]
fn every_kind_gives_the_bits_of_the_live_code() {
    let specs: Vec<IndicatorSpec> = Kind::ALL.into_iter().map(|kind| kind.default_spec()).collect();
    let names = specs.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let rows = rows();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("candles.csv");
    std::fs::write(&path, csv(&rows)).unwrap();
    let outcome = tickplane(&["indicators", "--set", &names, path.to_str().unwrap()]);
    let lines = outcome.lines();
    let header: Vec<String> = specs.iter().flat_map(IndicatorSpec::columns).collect();
    assert_eq!(lines[0], format!("open_time_ns,{}", header.join(",")));
    assert_eq!(lines.len(), 1 + rows.len());
    let mut set = IndicatorSet::new(&specs);
    let mut values = vec![0.0; set.outputs()];
    for ((number, row), line) in (0..).zip(&rows).zip(&lines[1..]) {
        set.update(number, row, &mut values);
        let (time, cells) = line.split_once(',').unwrap();
        assert_eq!(time, row.open_time_ns.to_string());
        for ((cell, value), column) in cells.split(',').zip(&values).zip(&header) {
            let bits = if cell.is_empty() { f64::NAN.to_bits() } else { cell.parse::<f64>().unwrap().to_bits() };
            let expected = if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() };
            assert_eq!(bits, expected, "{column} row {number}: {cell} for {value}");
        }
    }
    let defined = lines.last().unwrap().split(',').filter(|cell| !cell.is_empty()).count();
    assert_eq!(defined, 1 + header.len(), "every value is defined in the end");
    assert_eq!(outcome.stderr, format!("400 rows, {} values in each, 0 lines rejected\n", header.len()));
}
