//! `decode`: frames of the venues' documentation in, JSON lines out.

use crate::support::{tickplane, tickplane_with};

/// Binance spot documentation, WebSocket streams: trade, bookTicker; subscribe answer.
const BINANCE: &str = r#"{"e":"trade","E":1672515782136,"s":"BNBBTC","t":12345,"p":"0.001","q":"100","T":1672515782136,"m":true,"M":true}
{"result":null,"id":1}

{"u":400900217,"s":"BNBUSDT","b":"25.35190000","B":"31.21000000","a":"25.36520000","A":"40.66000000"}
"#;

/// Kraken documentation, WebSocket v2: trade and heartbeat.
const KRAKEN: &str = r#"{"channel":"heartbeat"}
{"channel":"trade","type":"update","data":[{"symbol":"MATIC/USD","side":"sell","price":0.5117,"qty":40.0,"ord_type":"market","trade_id":4665906,"timestamp":"2023-09-25T07:49:37.708706Z"}]}
"#;

/// Binance spot documentation, exchangeInfo, shortened to what is read.
const LISTING: &str = r#"{"symbols":[{"symbol":"BNBBTC","status":"TRADING","baseAsset":"BNB","quoteAsset":"BTC","isSpotTradingAllowed":true,"filters":[{"filterType":"PRICE_FILTER","tickSize":"0.00000100"},{"filterType":"LOT_SIZE","stepSize":"0.00100000"}]}]}"#;

#[test]
fn events_are_json_lines_that_name_their_line() {
    let outcome = tickplane_with(&["decode", "binance"], BINANCE);
    assert_eq!(
        outcome.lines(),
        [
            r#"{"line":1,"type":"trade","exchange":"binance","venue_symbol":"BNBBTC","symbol":null,"price":0.001,"quantity":100.0,"side":"sell","id":"12345","exchange_ns":1672515782136000000}"#,
            r#"{"line":2,"type":"ack","exchange":"binance","venue_symbol":null,"symbol":null}"#,
            r#"{"line":4,"type":"quote","exchange":"binance","venue_symbol":"BNBUSDT","symbol":null,"bid_price":25.3519,"bid_quantity":31.21,"ask_price":25.3652,"ask_quantity":40.66}"#,
        ]
    );
    assert_eq!(outcome.stderr, "3 messages, 3 events, 0 rejects\n");
}

#[test]
fn symbols_come_from_the_ticker_or_the_listing() {
    let outcome = tickplane_with(&["decode", "kraken", "--quiet"], KRAKEN);
    assert_eq!(
        outcome.lines(),
        [
            r#"{"line":1,"type":"heartbeat","exchange":"kraken","venue_symbol":null,"symbol":null}"#,
            r#"{"line":2,"type":"trade","exchange":"kraken","venue_symbol":"MATIC/USD","symbol":"MATIC-USD","price":0.5117,"quantity":40.0,"side":"sell","id":"4665906","exchange_ns":1695628177708706000}"#,
        ]
    );
    assert_eq!(outcome.stderr, "");

    let folder = tempfile::tempdir().unwrap();
    let (listing, messages) = (folder.path().join("listing.json"), folder.path().join("messages"));
    std::fs::write(&listing, LISTING).unwrap();
    std::fs::write(&messages, BINANCE).unwrap();
    let args = ["decode", "binance", "--instruments", listing.to_str().unwrap(), messages.to_str().unwrap()];
    let outcome = tickplane(&args);
    assert!(outcome.lines()[0].contains(r#""symbol":"BNB-BTC""#), "{outcome:?}");
    assert!(outcome.lines()[2].contains(r#""symbol":null"#), "{outcome:?}");
}

#[test]
fn rejects_are_lines_and_an_exit_code() {
    let outcome = tickplane_with(&["decode", "binance"], "no json\nhex:00ff\nhex:xyz\n{\"result\":null,\"id\":7}\n");
    assert_eq!(outcome.code, Some(4));
    let reasons: Vec<bool> = outcome.stdout.lines().map(|line| line.contains(r#""type":"reject""#)).collect();
    assert_eq!(reasons, [true, true, true, false]);
    for (line, reason) in [(0, "malformed"), (1, "wrong-payload"), (2, "malformed")] {
        assert!(
            outcome.stdout.lines().nth(line).unwrap().ends_with(&format!("\"reason\":\"{reason}\"}}")),
            "{outcome:?}"
        );
    }
    assert_eq!(outcome.stderr, "4 messages, 4 events, 3 rejects\n");
}

#[test]
fn a_closed_pipe_ends_it_quietly() {
    let program = env!("CARGO_BIN_EXE_tickplane");
    let script = format!(
        "set -o pipefail; for i in $(seq 20000); do echo '{{\"result\":null,\"id\":1}}'; done > $0; '{program}' decode binance $0 | head -1"
    );
    let file = tempfile::NamedTempFile::new().unwrap();
    let output = std::process::Command::new("bash").args(["-c", &script]).arg(file.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn bad_files_are_named() {
    tickplane(&["decode", "binance", "/nonexistent"]).fails(2, "/nonexistent: No such file");
    let listing = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    tickplane(&["decode", "binance", "--instruments", listing]).fails(2, "Cargo.toml: not a listing of binance");
    tickplane(&["decode", "binance", "--format", "csv"]).fails(2, "decode writes JSON lines only");
}
