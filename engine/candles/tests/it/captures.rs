//! Candles that independent programs computed from captured trades come out exactly.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;

use flate2::read::GzDecoder;
use serde_json::Value;
use tickplane_candles::{Outcome, Rows, Series};
use tickplane_model::{Candle, NS_PER_MS, Quality, Timeframe, Trade, TradeFlags, TradeId};

use crate::config;

/// The text of a captured file, or `None` after saying that it is absent.
fn capture(name: &str) -> Option<String> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/captures")).join(name);
    let Ok(bytes) = std::fs::read(&path) else {
        eprintln!("skipped: {} is absent", path.display());
        return None;
    };
    let mut text = String::new();
    GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).expect("gzip of text");
    Some(text)
}

/// The traded rows, by open time in milliseconds.
#[derive(Default)]
struct Traded(BTreeMap<i64, Candle>);

impl Rows for Traded {
    fn closed(&mut self, _: u64, candle: &Candle) {
        if !candle.quality.contains(Quality::SYNTHETIC) {
            self.0.insert(candle.open_time_ns / NS_PER_MS, *candle);
        }
    }

    fn revised(&mut self, row: u64, _: &Candle) {
        panic!("row {row} revised by trades that are in order");
    }

    fn skipped(&mut self, _: u64, _: u64) {
        panic!("no hole here is that long");
    }
}

fn candles(timeframe: Timeframe, trades: &[Trade]) -> BTreeMap<i64, Candle> {
    let mut series = Series::new(config(timeframe));
    let mut traded = Traded::default();
    for trade in trades {
        assert_eq!(series.trade(trade, &mut traded), Outcome::Live);
    }
    let (_, open) = series.live().expect("there were trades");
    traded.0.insert(open.open_time_ns / NS_PER_MS, open);
    traded.0
}

fn trade(time_ms: i64, price: f64, quantity: f64, sell: bool) -> Trade {
    let flags = if sell { TradeFlags::SELL } else { TradeFlags::default() };
    let exchange_ns = time_ms * NS_PER_MS;
    Trade { exchange_ns, receive_ns: exchange_ns, price, quantity, id: TradeId::NONE, flags }
}

fn fields(line: &str) -> Vec<f64> {
    line.split(',').map(|field| field.parse().expect("a number")).collect()
}

#[test]
fn a_million_bitmex_trades_make_the_candles_computed_elsewhere() {
    let Some(text) = capture("bitmex-1m-trades/Bitmex_XBTUSD_1M.csv.gz") else { return };
    let trades: Vec<Trade> = text
        .lines()
        .skip(1)
        .map(fields)
        .map(|fields| trade(fields[0] as i64, fields[1], fields[2].abs(), fields[2] < 0.0))
        .collect();
    assert_eq!(trades.len(), 1_000_000);
    for (timeframe, name) in [(Timeframe::M1, "1m"), (Timeframe::M5, "5m"), (Timeframe::H1, "1h")] {
        let Some(expected) = capture(&format!("bitmex-1m-trades/candles_{name}_computed.csv.gz")) else { return };
        let ours = candles(timeframe, &trades);
        let expected: Vec<_> = expected.lines().skip(1).map(fields).collect();
        assert_eq!(ours.len(), expected.len(), "{name}");
        for ((open_ms, candle), expected) in ours.iter().zip(expected) {
            let Candle { open, high, low, close, volume, taker_buy_volume, trade_count, .. } = *candle;
            let ours = [*open_ms as f64, open, high, low, close, volume, trade_count as f64, taker_buy_volume];
            assert_eq!(ours[..], expected[..], "{name} {open_ms}");
        }
    }
}

#[test]
fn binance_aggregate_trades_make_the_candles_of_another_project() {
    let name = "trades-with-candles/binance_XRPETH_2019-10-11_aggtrades_freqtrade_1m_5m.json.gz";
    let Some(text) = capture(name) else { return };
    let capture: Value = serde_json::from_str(&text).expect("JSON");
    let number = |value: &Value| value.as_str().and_then(|text| text.parse().ok()).expect("a decimal");
    let trades: Vec<Trade> = capture["aggTrades"]
        .as_array()
        .expect("trades")
        .iter()
        .map(|t| trade(t["T"].as_i64().expect("ms"), number(&t["p"]), number(&t["q"]), t["m"] == true))
        .collect();
    for (timeframe, name) in [(Timeframe::M1, "1m"), (Timeframe::M5, "5m")] {
        let ours = candles(timeframe, &trades);
        let expected = capture["candles"][name].as_array().expect("candles");
        assert!(expected.len() > 500);
        for expected in expected {
            let expected: Vec<f64> = expected.as_array().expect("a row").iter().filter_map(Value::as_f64).collect();
            let Candle { open, high, low, close, volume, .. } = ours[&(expected[0] as i64)];
            assert_eq!([expected[0], open, high, low, close, volume][..], expected[..], "{name}");
        }
        eprintln!("{name}: {} rows of ours, {} of theirs", ours.len(), expected.len());
    }
}
