//! A killed plane loses no closed row, and the next one fetches only the hole.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use tickplane_model::{Candle, ExchangeId, Key, Quality, Timeframe};
use tickplane_segments::{Instance, Plane};
use tickplane_simulator::{Simulation, SimulationConfig};

use crate::support::{Beside, root, tickplane};

const EXCHANGE: ExchangeId = ExchangeId::Binance;
const TIMEFRAMES: [Timeframe; 3] = [Timeframe::S1, Timeframe::M1, Timeframe::H4];

/// A config for a simulated exchange, as a file.
fn config(folder: &Path, simulation: &Simulation, settings: &str) -> String {
    let (endpoint, root) = (&simulation.endpoints()[0], folder.display());
    let (websocket, rest) = (&endpoint.websocket, &endpoint.rest);
    let text = format!(
        "root = \"{root}\"\nheal_ms = 1000\n{settings}\n\
         exchanges.binance = {{ autostart = true, top = 1, websocket = \"{websocket}\", rest = \"{rest}\" }}\n"
    );
    let path = folder.join("plane.toml");
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Runs the command until its history is complete, and kills it; gives the whole rows it leaves behind.
fn run_and_kill(folder: &Path, simulation: &Simulation, settings: &str) -> Vec<Vec<Candle>> {
    let mut plane = Beside::start(&["run", "--config", &config(folder, simulation, settings)]);
    plane.hears("history complete");
    // Some rows of trades follow those of the history.
    std::thread::sleep(Duration::from_secs(2));
    let status = tickplane(&["status", "--root", folder.to_str().unwrap(), "--format", "json"]);
    let records = status.lines().into_iter().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let history = records.into_iter().find(|record| record["type"] == "history").expect("a history record");
    assert_eq!((&history["name"], &history["filled"]), (&Value::from("binance"), &history["series"]), "{history}");
    assert!(history["rows-fetched"].is_u64() && history["failures"] == 0, "{history}");
    plane.signal("KILL");
    plane.ends();
    let reader = Plane::open(&Instance::new(Some(folder), "default").unwrap()).unwrap();
    let symbol = &simulation.symbols(EXCHANGE)[0];
    let rows = |timeframe| {
        let series = reader.series(&Key::Candles { exchange: EXCHANGE, symbol: symbol.clone(), timeframe }).unwrap();
        let rows = series.candles(series.depth()).unwrap().candles;
        let is_whole = |row: &Candle| row.quality.gap_ms() == 0 && !row.quality.contains(Quality::PARTIAL);
        rows.into_iter().filter(is_whole).collect()
    };
    TIMEFRAMES.map(rows).to_vec()
}

/// How many rows of a timeframe the venue was asked for from its request number `before` on.
fn asked(simulation: &Simulation, before: usize, timeframe: Timeframe) -> i64 {
    let number = |target: &str, name: &str| -> i64 {
        target.split(['?', '&']).find_map(|part| part.strip_prefix(name)).unwrap().parse().unwrap()
    };
    let requests = simulation.requests(EXCHANGE);
    let same = format!("&interval={timeframe}&");
    let klines = requests[before..].iter().filter(|target| target.contains(&same));
    let rows =
        |target: &String| (number(target, "endTime=") - number(target, "startTime=")) / timeframe.seconds() / 1_000;
    klines.map(|target| rows(target) + 1).sum()
}

#[test]
fn a_killed_plane_loses_no_closed_row_and_the_next_fetches_the_hole_only() {
    let folder = root();
    let config = SimulationConfig { venues: vec![EXCHANGE], symbols: 1, plain: true, ..SimulationConfig::default() };
    let simulation = Simulation::start(config).unwrap();
    let same = "timeframes = [\"1s\", \"1m\", \"4h\"]\ndepth = 300";
    let mut before = run_and_kill(folder.path(), &simulation, same);
    assert!(before.iter().all(|rows| rows.len() >= 298), "{:?}", before.iter().map(Vec::len).collect::<Vec<_>>());
    let other = "timeframes = [\"1s\", \"1m\", \"15m\", \"4h\"]\ndepth = 320\nindicators = [\"sma_7\"]";
    // The other config wants twenty more rows of each series.
    for (settings, deeper, what) in [(same, 0, "the same config"), (other, 20, "another config")] {
        let requests = simulation.requests(EXCHANGE).len();
        let after = run_and_kill(folder.path(), &simulation, settings);
        for ((before, after), timeframe) in before.iter().zip(&after).zip(TIMEFRAMES) {
            let oldest_ns = after[0].open_time_ns;
            let bare = |row: &Candle| (row.open_time_ns, row.close, row.volume, row.trade_count);
            let kept: Vec<_> = after.iter().map(bare).collect();
            let lost = before.iter().filter(|row| row.open_time_ns >= oldest_ns && !kept.contains(&bare(row)));
            assert_eq!(lost.collect::<Vec<_>>(), Vec::<&Candle>::new(), "{what}: {timeframe}");
            // The seconds between the two runs are new to both.
            let asked = asked(&simulation, requests, timeframe);
            let hole = deeper + if timeframe == Timeframe::S1 { 60 } else { 10 };
            assert!(asked <= hole, "{what}: {asked} rows of {timeframe} were fetched");
        }
        before = after;
    }
}
