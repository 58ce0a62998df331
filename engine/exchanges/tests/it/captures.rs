//! Real captures that stand beside the project: each says how many messages were read, mapped and left, and why.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use serde_json::Value;
use tickplane_exchanges::{Exchange, Session, all, decoder};
use tickplane_model::{ExchangeId, NS_PER_MS, Product};

use crate::shown;

/// A file or folder of the captures; says so on stderr when it is absent.
fn capture(path: &str) -> Option<PathBuf> {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/captures"));
    let path = root.join(path);
    if !path.exists() {
        eprintln!("skipped: no capture at {}", path.display());
        return None;
    }
    Some(path)
}

fn read_text(path: &Path) -> String {
    let mut text = String::new();
    let file = File::open(path).expect("a capture that exists opens");
    if path.extension().is_some_and(|extension| extension == "gz") {
        MultiGzDecoder::new(file).read_to_string(&mut text).expect("gzip of UTF-8");
        return text;
    }
    fs::read_to_string(path).expect("UTF-8")
}

fn json_lines(path: &Path) -> Vec<Value> {
    read_text(path).lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

/// What became of the messages of one capture.
#[derive(Default)]
struct Tally {
    read: u64,
    mapped: u64,
    /// Messages without any event, by design.
    silent: u64,
    events: BTreeMap<String, u64>,
    left: BTreeMap<String, u64>,
}

impl Tally {
    fn take(&mut self, session: &mut dyn Session, text: &str) -> Vec<Value> {
        let events = shown::read(session, text.as_bytes());
        self.read += 1;
        let mut rejected = false;
        for event in &events {
            let kind = event["type"].as_str().unwrap().to_owned();
            if kind == "reject" {
                rejected = true;
                *self.left.entry(event["reason"].as_str().unwrap().to_owned()).or_default() += 1;
            }
            *self.events.entry(kind).or_default() += 1;
        }
        self.mapped += u64::from(!rejected && !events.is_empty());
        self.silent += u64::from(events.is_empty());
        events
    }

    fn say(&self, capture: &str) {
        eprintln!(
            "{capture}: {} read, {} mapped {:?}, {} without an event, left {:?}",
            self.read, self.mapped, self.events, self.silent, self.left
        );
    }

    fn count(&self, kind: &str) -> u64 {
        self.events.get(kind).copied().unwrap_or(0)
    }
}

fn session(exchange: ExchangeId, product: Product) -> Box<dyn Session> {
    decoder(exchange, product, &[]).expect("a registered exchange")
}

/// A number of a message by the standard library.
fn number(value: &Value) -> f64 {
    value.as_str().map_or_else(|| value.as_f64().unwrap(), |text| text.parse().unwrap())
}

#[test]
fn a_recorded_session_of_binance_reads_as_a_second_reader_reads_it() {
    let mut tally = Tally::default();
    let mut session = session(ExchangeId::Binance, Product::Spot);
    let (mut last_id, mut jumps) = (None, 0);
    for file in ["hftbacktest/spot/btcusdt_20240808.gz", "hftbacktest/spot/btcusdt_20240809.gz"] {
        let Some(path) = capture(file) else { return };
        for line in read_text(&path).lines() {
            let (_, text) = line.split_once(' ').expect("a time and a message");
            let events = tally.take(&mut *session, text);
            let second: Value = serde_json::from_str(text).expect("JSON");
            let data = &second["data"];
            match second["stream"].as_str() {
                Some("btcusdt@trade") => {
                    assert_eq!(events.len(), 1);
                    let (event, id) = (&events[0], data["t"].as_u64().unwrap());
                    assert_eq!(event["price"], number(&data["p"]));
                    assert_eq!(event["quantity"], number(&data["q"]));
                    assert_eq!(event["id"], id.to_string());
                    assert_eq!(event["side"], if data["m"] == true { "sell" } else { "buy" });
                    assert_eq!(event["exchange_ns"], data["T"].as_i64().unwrap() * NS_PER_MS);
                    jumps += u64::from(last_id.is_some_and(|last| id != last + 1));
                    last_id = Some(id);
                }
                Some("btcusdt@bookTicker") => {
                    assert_eq!(events.len(), 1);
                    for (ours, theirs) in
                        [("bid_price", "b"), ("bid_quantity", "B"), ("ask_price", "a"), ("ask_quantity", "A")]
                    {
                        assert_eq!(events[0][ours], number(&data[theirs]));
                    }
                }
                Some(_) => assert_eq!(events[0]["sequence"], data["u"]),
                // The REST snapshot in the stream names no symbol.
                None => assert_eq!(events[0]["reason"], "missing-field"),
            }
        }
    }
    tally.say("hftbacktest spot");
    assert_eq!((tally.count("trade"), tally.count("quote"), jumps), (19_904, 73_174, 0));
}

#[test]
fn the_futures_session_keeps_to_the_tape() {
    let Some(path) = capture("hftbacktest/usdm/btcusdt_20240808.gz") else { return };
    let mut tally = Tally::default();
    let mut session = session(ExchangeId::Binance, Product::Perpetual);
    let mut on_the_tape = 0;
    for line in read_text(&path).lines() {
        let (_, text) = line.split_once(' ').expect("a time and a message");
        tally.take(&mut *session, text);
        let off_book =
            text.contains(r#""X":"INSURANCE_FUND""#) || text.contains(r#""X":"ADL""#) || text.contains(r#""X":"NA""#);
        on_the_tape += u64::from(text.contains(r#""e":"trade""#) && !off_book);
    }
    tally.say("hftbacktest usdm");
    assert_eq!(tally.count("trade"), on_the_tape);
    assert!(tally.left.keys().all(|reason| reason == "missing-field"), "only the snapshot without a symbol is left");
}

#[test]
fn an_independent_client_counts_the_same_events() {
    let Some(path) = capture("cryptofeed/EXPECTED.json") else { return };
    let expected: Value = serde_json::from_str(&read_text(&path)).unwrap();
    for (exchange, file, product) in [
        ("BINANCE", "cryptofeed/BINANCE.ws.1.0.jsonl.gz", Product::Spot),
        ("BINANCE_FUTURES", "cryptofeed/BINANCE_FUTURES.ws.1.0.jsonl.gz", Product::Perpetual),
    ] {
        let Some(path) = capture(file) else { return };
        let mut tally = Tally::default();
        let mut session = session(ExchangeId::Binance, product);
        for line in json_lines(&path).iter().filter(|line| line["dir"] == "in") {
            tally.take(&mut *session, line["raw"].as_str().unwrap());
        }
        tally.say(file);
        let expected = &expected["expected_callbacks"][exchange];
        assert_eq!(tally.count("trade"), expected["trades"], "{exchange}");
        assert_eq!(tally.count("quote"), expected["ticker"], "{exchange}");
        assert_eq!(tally.count("candle"), expected["candles"], "{exchange}");
        // It leaves out changes older than its REST snapshot.
        assert!(tally.count("book") >= expected["l2_book"].as_u64().unwrap(), "{exchange}");
    }
}

#[test]
fn documented_pushes_of_every_venue_are_read() {
    for exchange in all() {
        let id = exchange.meta().id;
        // The source calls one of them by its older name.
        let name = if id == ExchangeId::Gate { "gateio" } else { id.as_str() };
        let file = &format!("jkorf-dotnet/{name}.ws.jsonl");
        let Some(path) = capture(file) else { continue };
        let mut tally = Tally::default();
        for line in json_lines(&path) {
            let case = line["case"].as_str().unwrap();
            let is_contract = CONTRACT_CASES.iter().any(|word| case.contains(word));
            let product = if is_contract { Product::Perpetual } else { Product::Spot };
            if line["dir"] == "client" {
                continue;
            }
            let raw = line["raw"].as_str().unwrap();
            let events = tally.take(&mut *session(id, product), raw);
            let named = PUBLIC_CASES.iter().filter(|(name, _)| case.ends_with(name)).max_by_key(|(name, _)| name.len());
            if let Some((_, kind)) = named.filter(|_| line["dir"] == "server_push" && is_read(*exchange, case)) {
                assert!(events.iter().any(|event| event["type"] == *kind), "{case}: {events:?}");
            }
            assert!(!events.iter().any(|event| event["reason"] == "malformed"), "{case}");
        }
        tally.say(file);
    }
}

/// Words of cases that are about contracts.
const CONTRACT_CASES: &[&str] = &["Futures", "Linear", "Swap", "Perp"];

/// Whether a case is of a channel that every client may hear, and not of contracts that are read elsewhere.
fn is_read(exchange: &dyn Exchange, case: &str) -> bool {
    let has_contracts = exchange.markets().len() > 1;
    let is_contract = CONTRACT_CASES.iter().any(|word| case.contains(word));
    !case.contains("Private") && !case.contains("Option") && (!is_contract || has_contracts)
}

/// How cases of public channels end, and what must come of them; the longest that fits holds.
const PUBLIC_CASES: &[(&str, &str)] = &[
    ("ExchangeData/Trades", "trade"),
    ("ExchangeData/AggregatedTrades", "trade"),
    ("ExchangeData/BookTicker", "quote"),
    ("ExchangeData/Ticker", "quote"),
    ("ExchangeData/Klines", "candle"),
    ("ExchangeData/PartialBook", "book"),
    ("AdvancedTrade/Trades", "trade"),
    ("AdvancedTrade/Ticker", "quote"),
    ("AdvancedTrade/Klines", "candle"),
    ("AdvancedTrade/Heartbeat", "heartbeat"),
    ("AdvancedTrade/OrderBook", "book"),
    ("V5/Spot/Trades", "trade"),
    ("V5/Spot/Ticker", "ticker"),
    ("V5/Linear/Trades", "trade"),
    ("V5/Linear/Ticker", "quote"),
    ("V5/Spot/SystemStatus", "status"),
    ("Spot/Trades", "trade"),
    ("Spot/Ticker", "quote"),
    ("Spot/Kline", "candle"),
    ("Spot/AggBook", "book"),
];

#[test]
fn verbatim_kraken_frames_are_read_or_left_by_name() {
    let Some(path) = capture("kraken-async-rs/v2_frames.jsonl") else { return };
    let mut tally = Tally::default();
    let mut session = session(ExchangeId::Kraken, Product::Spot);
    for line in json_lines(&path).iter().filter(|line| line["dir"] == "server") {
        let events = tally.take(&mut *session, line["raw"].as_str().unwrap());
        let expected = match line["channel"].as_str().unwrap() {
            "trade" => "trade",
            "ticker" => "quote",
            "book" => "book",
            "ohlc" => "candle",
            "status" => "status",
            "heartbeat" | "method:pong" => "heartbeat",
            _ => continue,
        };
        assert!(events.iter().all(|event| event["type"] == expected) && !events.is_empty(), "{line}: {events:?}");
    }
    tally.say("kraken-async-rs");
    assert_eq!(tally.left.keys().map(String::as_str).collect::<Vec<_>>(), ["unknown-message"]);
}

#[test]
fn asserted_fields_of_crypto_msg_parser_agree() {
    let Some(path) = capture("crypto-msg-parser/binance.jsonl") else { return };
    let mut tally = Tally::default();
    for line in json_lines(&path) {
        let spot = line["market_type"] == "Spot";
        let product = if spot { Product::Spot } else { Product::Perpetual };
        let raw = line["raw"].as_str().unwrap();
        let events = tally.take(&mut *session(ExchangeId::Binance, product), raw);
        let expected = &line["expected"];
        let Some(event) = events.iter().find(|event| event["type"] != "reject") else { continue };
        if line["call"] == "parse_trade" {
            let unit = if event.get("unit").is_some() { "[0].quantity_contract" } else { "[0].quantity_base" };
            assert_eq!(event["quantity"], expected[unit], "{raw}");
            let side = expected["[0].side"].as_str().unwrap().to_lowercase();
            assert_eq!(event["side"], side, "{raw}");
        }
        if line["call"] == "parse_candlestick" {
            for (ours, theirs) in
                [("open", "[0].open"), ("high", "[0].high"), ("low", "[0].low"), ("close", "[0].close")]
            {
                assert_eq!(event[ours], expected[theirs], "{raw}");
            }
            assert_eq!(
                event["open_time_ns"].as_i64().unwrap() / 1_000_000_000,
                expected["[0].begin_time"].as_i64().unwrap()
            );
        }
        if line["call"] == "parse_bbo" {
            assert_eq!(event["bid_price"], expected["[0].bid_price"], "{raw}");
            assert_eq!(event["ask_price"], expected["[0].ask_price"], "{raw}");
        }
    }
    tally.say("crypto-msg-parser binance");
}

#[test]
fn normalised_records_of_tardis_agree() {
    let Some(path) = capture("tardis-node/binance.jsonl") else { return };
    let mut tally = Tally::default();
    let mut session = session(ExchangeId::Binance, Product::Spot);
    for line in json_lines(&path) {
        let events = tally.take(&mut *session, line["raw"].as_str().unwrap());
        for record in line["expected"].as_array().unwrap() {
            let event = &events[0];
            match record["type"].as_str().unwrap() {
                "trade" => {
                    assert_eq!(event["id"], record["id"]);
                    assert_eq!(event["side"], record["side"]);
                    assert_eq!(event["price"], number(&record["price"]));
                    assert_eq!(event["quantity"], number(&record["amount"]));
                }
                "book_ticker" => {
                    assert_eq!(event["bid_price"], number(&record["bidPrice"]));
                    assert_eq!(event["ask_quantity"], number(&record["askAmount"]));
                }
                "book_change" => assert_eq!(event["snapshot"], record["isSnapshot"]),
                other => panic!("no check of {other}"),
            }
            assert_eq!(event["venue_symbol"], record["symbol"]);
        }
    }
    tally.say("tardis-node binance");
    let Some(path) = capture("tardis-node/coinbase.jsonl") else { return };
    let mut tally = Tally::default();
    let mut session = self::session(ExchangeId::Coinbase, Product::Spot);
    for line in json_lines(&path) {
        tally.take(&mut *session, line["raw"].as_str().unwrap());
    }
    tally.say("tardis-node coinbase");
    assert_eq!(tally.left.get("superseded"), Some(&tally.read), "the older Exchange protocol, every message");
}

#[test]
fn frames_quoted_in_the_venue_sheets_are_read() {
    for (id, file) in [
        (ExchangeId::Binance, "../venues/frames/binance.ndjson"),
        (ExchangeId::Coinbase, "../venues/frames/coinbase.ndjson"),
        (ExchangeId::Kraken, "../venues/frames/kraken.ndjson"),
    ] {
        let Some(path) = capture(file) else { return };
        let mut tally = Tally::default();
        for text in read_text(&path).lines() {
            let events = tally.take(&mut *session(id, Product::Perpetual), text);
            assert!(!events.iter().any(|event| event["reason"] == "malformed"), "{text}");
        }
        tally.say(file);
    }
}

/// Captures of protocols the venue has replaced: every message of a public channel is left as superseded.
#[test]
fn older_protocols_are_called_superseded() {
    for (id, file, key) in [
        (ExchangeId::Coinbase, "crypto-msg-parser/coinbase_pro.jsonl", None),
        (ExchangeId::Coinbase, "cryptofeed/COINBASE.ws.28.0.jsonl.gz", Some("in")),
        (ExchangeId::Kraken, "crypto-msg-parser/kraken.jsonl", None),
        (ExchangeId::Bybit, "crypto-msg-parser/bybit.jsonl", None),
        (ExchangeId::Kraken, "cryptofeed/KRAKEN.ws.48.0.jsonl.gz", Some("in")),
        (ExchangeId::Kraken, "cryptofeed/KRAKEN.ws.49.0.jsonl.gz", Some("in")),
    ] {
        let Some(path) = capture(file) else { continue };
        let mut tally = Tally::default();
        let mut session = session(id, Product::Spot);
        for line in json_lines(&path).iter().filter(|line| key.is_none_or(|key| line["dir"] == key)) {
            tally.take(&mut *session, line["raw"].as_str().unwrap());
        }
        tally.say(file);
        assert!(tally.count("trade") + tally.count("quote") + tally.count("candle") == 0, "{file}");
        assert!(tally.left.get("superseded").is_some_and(|count| count * 4 > tally.read), "{file}");
    }
}
