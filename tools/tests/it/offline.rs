//! What a plane published, made again by the offline commands from the trades in its ring.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use crate::support::{Beside, root, tickplane, tickplane_with};

/// Long enough for a few whole rows of a second.
const RUN: Duration = Duration::from_millis(5_500);

/// Open time and everything but the quality of each row of CSV, and how it says the row stands.
fn rows(csv: &str) -> BTreeMap<i64, String> {
    let mut lines = csv.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let place = |name: &str| header.iter().position(|column| *column == name).unwrap();
    let places: Vec<usize> =
        ["open", "high", "low", "close", "volume", "quote_volume", "taker_buy_volume", "trade_count"]
            .iter()
            .map(|name| place(name))
            .collect();
    let (time, quality) = (place("open_time_ns"), place("quality"));
    let row = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        let is_open = !cells[quality].contains("final");
        let values: Vec<&str> = places.iter().map(|place| cells[*place]).collect();
        (!is_open).then(|| (cells[time].parse().unwrap(), values.join(",")))
    };
    lines.filter_map(row).collect()
}

#[test]
fn the_trades_of_a_plane_give_its_candles_to_the_bit() {
    let mut simulation = Beside::start(&["simulate", "binance,kraken", "--symbols", "2"]);
    let hint = simulation.hears("tickplane run --config ");
    let config = hint.trim().trim_start_matches("tickplane run --config ").to_owned();
    let root = root();
    let at = root.path().to_str().unwrap();
    // Rows of trades only: the venue's own candles know of trades before the first one here.
    let trades_only = root.path().join("trades-only.toml");
    std::fs::write(&trades_only, format!("history = false\n{}", std::fs::read_to_string(config).unwrap())).unwrap();
    let config = trades_only.to_str().unwrap();
    let mut plane = Beside::start(&["run", "--config", config, "--instance", "default", "--root", at]);
    plane.hears("connected to localhost");
    plane.hears("connected to localhost");
    std::thread::sleep(RUN);
    plane.signal("TERM");
    assert_eq!(plane.ends(), Some(0));
    for instrument in ["binance:BTC-USDT", "kraken:BTC-USD"] {
        let tail = |key: &str| {
            let args = ["tail", key, "--last", "100000", "--format", "csv", "--quiet", "--root", at];
            let outcome = tickplane(&args);
            assert_eq!(outcome.code, Some(0), "{outcome:?}");
            outcome.stdout
        };
        let trades = tail(&format!("trades:{instrument}"));
        let live = rows(&tail(&format!("candles:{instrument}:1s")));
        let offline = tickplane_with(&["candles", "--timeframe", "1s", "--fill"], &trades);
        let offline = rows(&offline.lines().join("\n"));
        let mut traded = 0;
        for (time_ns, row) in &offline {
            // The newest rows may not have closed in the plane, which also waits for stragglers.
            let Some(published) = live.get(time_ns) else { continue };
            assert_eq!(row, published, "{instrument} {time_ns}");
            traded += usize::from(!row.ends_with(",0"));
        }
        assert!(traded >= 3, "{instrument}: {traded} rows with trades of {} and {}", offline.len(), live.len());
    }
}

#[test]
fn candles_and_indicators_make_a_pipe() {
    let mut trades = "time_ms,price,quantity,side\n".to_owned();
    for second in 0..600_u64 {
        trades +=
            &format!("{}000,{}.25,0.{},buy\n", 1_700_000_000 + second * 7, 100 + second * 37 % 11, 1 + second % 9);
    }
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("trades"), &trades).unwrap();
    let set = "ema_3,rsi,macdv_3_5_4_3,bbands";
    let script = format!(
        "set -o pipefail; '{0}' candles --timeframe 15s --fill '{1}' | '{0}' indicators --set {set}",
        env!("CARGO_BIN_EXE_tickplane"),
        path("trades")
    );
    let piped = Command::new("bash").args(["-c", &script]).output().unwrap();
    assert!(piped.status.success(), "{piped:?}");
    let piped = String::from_utf8(piped.stdout).unwrap();

    let candles = tickplane(&["candles", "--timeframe", "15s", "--fill", &path("trades")]);
    std::fs::write(path("candles"), &candles.stdout).unwrap();
    let stepped = tickplane(&["indicators", "--set", set, &path("candles")]);
    assert_eq!(piped, stepped.stdout);
    // The first trade comes 5 s after its row opens.
    assert_eq!(piped.lines().count(), 1 + (5 + 599 * 7) / 15 + 1);
    assert!(!piped.lines().last().unwrap().contains(",,"), "all values are defined in the end");

    let head = script.replace("indicators --set", "indicators --quiet --set").replace("candles --t", "candles -q --t");
    let cut = Command::new("bash").args(["-c", &format!("{head} | head -2")]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&cut.stderr), "", "a closed pipe ends it quietly");
}
