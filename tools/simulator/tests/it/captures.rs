//! Recorded sessions reach a plain client exactly.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;
use tickplane_model::ExchangeId::{Binance, Coinbase, Kraken};
use tickplane_model::{ExchangeId, Symbol, Timeframe};
use tickplane_simulator::{Capture, Simulation, SimulationConfig, SimulationError, Speed};
use tungstenite::Message;

use crate::client::{Socket, get, hear, hear_until, open, say};

const SPOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/captures/hftbacktest/spot");

/// A file of this test's own, removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str, text: &str, packed: bool) -> Self {
        let path = std::env::temp_dir().join(format!("tickplane-simulator-{}-{name}", std::process::id()));
        let mut bytes = text.as_bytes().to_vec();
        if packed {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(&bytes).unwrap();
            bytes = encoder.finish().unwrap();
        }
        std::fs::write(&path, bytes).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn play(exchange: ExchangeId, path: &Path, speed: Speed) -> Result<Simulation, SimulationError> {
    let capture = Some(Capture { path: path.to_owned(), speed });
    Simulation::start(SimulationConfig { venues: vec![exchange], plain: true, capture, ..SimulationConfig::default() })
}

fn next_text(socket: &mut Socket) -> String {
    loop {
        if let Message::Text(text) = socket.read().unwrap() {
            return text.as_str().to_owned();
        }
    }
}

fn symbol(text: &str) -> Symbol {
    Symbol::new(text).unwrap()
}

/// The messages of some streams in an hftbacktest file.
fn recorded(path: &Path, streams: &[&str]) -> Vec<String> {
    let lines = BufReader::new(MultiGzDecoder::new(BufReader::new(std::fs::File::open(path).unwrap()))).lines();
    let marks: Vec<String> = streams.iter().map(|stream| format!(r#"{{"stream":"{stream}","#)).collect();
    let texts = lines.map(|line| line.unwrap().split_once(' ').unwrap().1.to_owned());
    texts.filter(|text| marks.iter().any(|mark| text.starts_with(mark))).collect()
}

#[test]
fn two_days_of_binance_arrive_exactly() {
    let (mut trades, mut quotes) = (0, 0);
    for (name, expected) in [("btcusdt_20240808.gz", (9_757, 28_040)), ("btcusdt_20240809.gz", (10_147, 45_134))] {
        let path = Path::new(SPOT).join(name);
        if !path.exists() {
            eprintln!("skipped: no {} beside the project", path.display());
            return;
        }
        let simulation = play(Binance, &path, Speed::Max).unwrap();
        let mut socket = open(&simulation, Binance, "/stream");
        let request = r#"{"method":"SUBSCRIBE","params":["btcusdt@trade","btcusdt@bookTicker"],"id":1}"#;
        say(&mut socket, request);
        // A client that is slow at first holds the recording up and loses nothing.
        wait_for_a_stall(&simulation);
        assert!(!simulation.playback_finished(), "{name}: it waits for its reader");
        let frames = recorded(&path, &["btcusdt@trade", "btcusdt@bookTicker"]);
        let mut acks = 0;
        for (number, frame) in frames.iter().enumerate() {
            let mut text = next_text(&mut socket);
            while text == r#"{"result":null,"id":1}"# {
                acks += 1;
                text = next_text(&mut socket);
            }
            assert_eq!(&text, frame, "{name} {number}");
        }
        assert_eq!(acks, 1);
        let count = |mark: &str| frames.iter().filter(|frame| frame.contains(mark)).count();
        assert_eq!((count("@trade\""), count("@bookTicker\"")), expected, "{name}");
        trades += count("@trade\"");
        quotes += count("@bookTicker\"");
        check_account(&simulation, expected, &frames);
        // Quiet, and alive.
        say(&mut socket, r#"{"method":"LIST_SUBSCRIPTIONS","id":2}"#);
        assert_eq!(hear(&mut socket)["id"], 2);
    }
    assert_eq!((trades, quotes), (19_904, 73_174));
}

#[test]
fn a_session_of_four_symbols_is_listed_by_turnover() {
    let path = Path::new(SPOT).join("../../cryptofeed/BINANCE.ws.1.0.jsonl.gz");
    if !path.exists() {
        eprintln!("skipped: no {} beside the project", path.display());
        return;
    }
    let simulation = play(Binance, &path, Speed::Max).unwrap();
    let mut symbols: Vec<String> = simulation.symbols(Binance).iter().map(ToString::to_string).collect();
    symbols.sort();
    assert_eq!(symbols, ["BLZ-ETH", "LRC-BTC", "NKN-USDT", "RUNE-EUR"]);
    let mut socket = open(&simulation, Binance, "/stream?streams=nknusdt@bookTicker/runeeur@bookTicker");
    let quotes = |symbol: &Symbol| simulation.quotes_made(Binance, symbol);
    let summary = simulation.capture().unwrap().clone();
    while !simulation.playback_finished() {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(simulation.symbols(Binance).iter().map(quotes).sum::<u64>(), summary.quotes);
    for _ in 0..quotes(&symbol("NKN-USDT")) + quotes(&symbol("RUNE-EUR")) {
        let text = next_text(&mut socket);
        assert!(text.contains("@bookTicker"), "{text}");
    }
}

/// Waits until nothing more is played.
fn wait_for_a_stall(simulation: &Simulation) {
    let (mut played, mut since) = (0, Instant::now());
    while played == 0 || since.elapsed() < Duration::from_millis(500) {
        std::thread::sleep(Duration::from_millis(20));
        let now = simulation.quotes_made(Binance, &symbol("BTC-USDT"));
        if now != played {
            (played, since) = (now, Instant::now());
        }
    }
}

/// The account of a played recording against the file itself.
fn check_account(simulation: &Simulation, (trades, quotes): (usize, usize), frames: &[String]) {
    let btc = symbol("BTC-USDT");
    // The last depth messages, which nobody subscribed, may follow the last frame.
    let deadline = Instant::now() + Duration::from_secs(5);
    while !simulation.playback_finished() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(simulation.playback_finished());
    assert_eq!(simulation.trades_made(Binance, &btc), trades as u64);
    assert_eq!(simulation.quotes_made(Binance, &btc), quotes as u64);
    let summary = simulation.capture().unwrap();
    assert_eq!((summary.exchange, summary.trades, summary.quotes), (Binance, trades as u64, quotes as u64));
    assert_eq!(simulation.counts().dropped_slow, 0);
    let minutes = simulation.tally(Binance, &btc, Timeframe::M1);
    assert_eq!(minutes.iter().map(|row| row.trade_count).sum::<u64>(), trades as u64);
    // Sums in whole hundred-millionths, from the digits in the file.
    let lots = |frame: &str| -> u64 {
        let frame: serde_json::Value = serde_json::from_str(frame).unwrap();
        let quantity = frame["data"]["q"].as_str().unwrap_or("0.00000000").replace('.', "");
        quantity.parse().unwrap()
    };
    let lots: u64 = frames.iter().filter(|frame| frame.contains("@trade\"")).map(|frame| lots(frame)).sum();
    let volume: f64 = minutes.iter().map(|row| row.volume).sum();
    assert!((volume - lots as f64 * 1e-8).abs() < 1e-8 * trades as f64, "{volume} {lots}");
    let answers = get(simulation, Binance, &["/api/v3/exchangeInfo", "/api/v3/trades?symbol=BTCUSDT&limit=1000"]);
    let listed = &answers[0].1["symbols"];
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["symbol"]), (1, &"BTCUSDT".into()));
    assert_eq!((&listed[0]["baseAsset"], &listed[0]["quoteAsset"]), (&"BTC".into(), &"USDT".into()));
    let filters = listed[0]["filters"].to_string();
    assert!(
        filters.contains(r#""tickSize":"0.01000000""#) && filters.contains(r#""stepSize":"0.00001000""#),
        "{filters}"
    );
    let rows = answers[1].1.as_array().unwrap().clone();
    let last: serde_json::Value =
        serde_json::from_str(frames.iter().rfind(|frame| frame.contains("@trade\"")).unwrap()).unwrap();
    assert_eq!(rows.len(), 1_000);
    for (row, stream) in [("id", "t"), ("price", "p"), ("qty", "q"), ("time", "T"), ("isBuyerMaker", "m")] {
        assert_eq!(rows[999][row], last["data"][stream], "{row}");
    }
}

/// Binance trades a tenth of a second apart.
fn binance_trade(n: u64) -> String {
    let time = 1_723_161_255_000 + n * 100;
    format!(
        r#"{{"e":"trade","E":{time},"s":"ETHBTC","t":{},"p":"0.0{}","q":"1.250","T":{time},"m":false,"M":true}}"#,
        500 + n,
        5_000 + n
    )
}

#[test]
fn tardis_rows_are_played_by_their_times() {
    let row = |n: u64| format!("2024-08-08T23:54:{:02}.{}00000Z {}\n", 15 + n / 10, n % 10, binance_trade(n));
    let text: String = (0..21).map(row).collect();
    let file = Scratch::new("tardis.gz", &text, true);
    let simulation = play(Binance, &file.0, Speed::Factor(2.0)).unwrap();
    // Raw messages are wrapped where the socket asked for that.
    let mut wrapped = open(&simulation, Binance, "/stream?streams=ethbtc@trade");
    let mut raw = open(&simulation, Binance, "/ws/ethbtc@trade");
    let mut other = open(&simulation, Binance, "/ws/btcusdt@trade");
    let begin = Instant::now();
    for n in 0..21 {
        assert_eq!(next_text(&mut raw), binance_trade(n));
        let expected = format!(r#"{{"stream":"ethbtc@trade","data":{}}}"#, binance_trade(n));
        assert_eq!(next_text(&mut wrapped), expected);
    }
    // 300 ms to subscribe all one wants, and two seconds at double speed.
    let taken = begin.elapsed();
    assert!((Duration::from_millis(1_200)..Duration::from_millis(2_500)).contains(&taken), "{taken:?}");
    assert!(simulation.playback_finished());
    say(&mut other, r#"{"method":"LIST_SUBSCRIPTIONS","id":2}"#);
    assert_eq!(hear(&mut other)["id"], 2, "nothing else was sent to who subscribed something else");
    let rows = simulation.tally(Binance, &symbol("ETH-BTC"), Timeframe::S1);
    let counts: Vec<u64> = rows.iter().map(|row| row.trade_count).collect();
    assert_eq!(counts, [10, 10, 1]);
    assert_eq!((rows[0].open, rows[0].close, rows[0].volume), (0.05, 0.05009, 12.5));
    assert_eq!(rows[0].open_time_ns, 1_723_161_255_000_000_000);
    // REST lives in the recording's time, and makes nothing up.
    let answers = get(&simulation, Binance, &["/api/v3/klines?symbol=ETHBTC&interval=1s&limit=10"]);
    assert_eq!(answers[0].1.as_array().unwrap().iter().filter(|row| row[8] != 0).count(), 3, "{}", answers[0].1);
}

#[test]
fn cryptofeed_rows_of_other_directions_are_passed_over() {
    let quote = |raw: &str| serde_json::Value::from(raw).to_string();
    let mut text = String::from(r#"{"t":"1723161254.1","dir":"open","url":"wss://ws.kraken.com/v2"}"#);
    text.push('\n');
    let trade = |id: u64, price: &str| {
        format!(
            r#"{{"channel":"trade","type":"update","data":[{{"symbol":"BTC/USD","side":"sell","price":{price},"qty":0.00044780,"ord_type":"limit","trade_id":{id},"timestamp":"2024-08-08T23:54:15.844359Z"}}]}}"#
        )
    };
    let frames =
        [trade(7, "61837.6"), r#"{"channel":"heartbeat"}"#.to_owned(), trade(8, "61838.0"), trade(8, "61838.0")];
    text += "{\"t\":\"1723161254.2\",\"dir\":\"out\",\"raw\":\"{\\\"method\\\":\\\"subscribe\\\"}\"}\n";
    for frame in &frames {
        text += &format!("{{\"t\":\"1723161255.5\",\"dir\":\"in\",\"raw\":{}}}\n", quote(frame));
    }
    text += "{\"dir\":\"config\",\"raw\":\"{}\"}\n";
    let file = Scratch::new("session.jsonl", &text, false);
    let simulation = play(Kraken, &file.0, Speed::Max).unwrap();
    let mut socket = open(&simulation, Kraken, "");
    say(&mut socket, r#"{"method":"subscribe","params":{"channel":"trade","symbol":["BTC/USD"]}}"#);
    let mut played = Vec::new();
    while played.len() < 3 {
        let text = next_text(&mut socket);
        played.extend(text.starts_with(r#"{"channel":"trade""#).then_some(text));
    }
    assert_eq!(played, [frames[0].as_str(), &frames[2], &frames[3]]);
    // Heartbeats go on after the end.
    hear_until(&mut socket, |message| message["channel"] == "heartbeat");
    assert!(simulation.playback_finished());
    assert_eq!(simulation.trades_made(Kraken, &symbol("BTC-USD")), 2, "a repetition is no trade");
    let row = simulation.tally(Kraken, &symbol("BTC-USD"), Timeframe::S1)[0];
    assert_eq!((row.open, row.close, row.volume, row.taker_buy_volume), (61_837.6, 61_838.0, 0.0008956, 0.0));
    let pairs = get(&simulation, Kraken, &["/0/public/AssetPairs"])[0].1["result"]["XXBTZUSD"].clone();
    assert_eq!(
        (&pairs["pair_decimals"], &pairs["lot_decimals"], &pairs["wsname"]),
        (&1.into(), &7.into(), &"XBT/USD".into())
    );
}

#[test]
fn coinbase_sequences_are_the_connections_own() {
    let frame = |sequence: u64, id: u64| {
        format!(
            r#"{{"channel":"market_trades","client_id":"","timestamp":"2024-08-08T23:54:15.08Z","sequence_num":{sequence},"events":[{{"type":"update","trades":[{{"product_id":"ETH-USD","trade_id":"{id}","price":"2668.5","size":"0.1","time":"2024-08-08T23:54:15.0{id}Z","side":"SELL"}}]}}]}}"#
        )
    };
    let text: String = (1..6).map(|n| format!("172316125{n}937085768 {}\n", frame(100 + 3 * n, n))).collect();
    let file = Scratch::new("coinbase", &text, false);
    let simulation = play(Coinbase, &file.0, Speed::Max).unwrap();
    let mut socket = open(&simulation, Coinbase, "");
    say(&mut socket, r#"{"type":"subscribe","product_ids":["ETH-USD"],"channel":"market_trades"}"#);
    assert_eq!(hear(&mut socket)["channel"], "subscriptions");
    for n in 1..6 {
        assert_eq!(next_text(&mut socket), frame(n, n));
    }
    let row = simulation.tally(Coinbase, &symbol("ETH-USD"), Timeframe::S1)[0];
    assert_eq!((row.trade_count, row.taker_buy_volume), (5, 0.5));
}

#[test]
fn faults_strike_recordings_too() {
    let text: String = (0..40).map(|n| format!("17231612{}00000000 {}\n", 550 + n, binance_trade(n))).collect();
    let file = Scratch::new("faults", &text, false);
    let capture = Some(Capture { path: file.0.clone(), speed: Speed::Factor(1.0) });
    let faults = vec!["binance:lost-trades@0+60:ETH-BTC:3".parse().unwrap()];
    let config =
        SimulationConfig { venues: vec![Binance], plain: true, capture, faults, ..SimulationConfig::default() };
    let simulation = Simulation::start(config).unwrap();
    let mut socket = open(&simulation, Binance, "/ws/ethbtc@trade");
    assert_eq!(next_text(&mut socket), binance_trade(3), "three are lost");
    let rows = get(&simulation, Binance, &["/api/v3/historicalTrades?symbol=ETHBTC&fromId=500&limit=3"])[0].1.clone();
    assert_eq!((&rows[0]["id"], &rows[2]["id"]), (&500.into(), &502.into()), "REST has them");
}

#[test]
fn other_venues_have_their_made_markets_beside_it() {
    let text: String = (0..3).map(|n| format!("17231612{}00000000 {}\n", 550 + n, binance_trade(n))).collect();
    let file = Scratch::new("beside", &text, false);
    let capture = Some(Capture { path: file.0.clone(), speed: Speed::Max });
    let simulation =
        Simulation::start(SimulationConfig { plain: true, capture, symbols: 2, ..SimulationConfig::default() })
            .unwrap();
    assert_eq!(simulation.symbols(Binance), [symbol("ETH-BTC")]);
    assert_eq!(simulation.symbols(Kraken).len(), 2);
    // Without a reader it waits.
    std::thread::sleep(Duration::from_millis(500));
    assert!(!simulation.playback_finished() && simulation.trades_made(Binance, &symbol("ETH-BTC")) == 0);
    assert!(simulation.trades_made(Kraken, &symbol("BTC-USD")) > 100);
}

#[test]
fn errors_say_what_and_where() {
    let error = |exchange, name: &str, text: &str| {
        let file = Scratch::new(name, text, false);
        play(exchange, &file.0, Speed::Max).unwrap_err().to_string()
    };
    let good = format!("1723161255000000000 {}\n", binance_trade(1));
    let text = play(Binance, Path::new("/nonexistent/capture.gz"), Speed::Max).unwrap_err().to_string();
    assert!(text.contains("/nonexistent/capture.gz"), "{text}");
    let text = error(Binance, "csv", "time,price\n1,2\n");
    assert!(text.contains("csv:1:") && text.contains("`time,price`") && text.contains("local_ns JSON"), "{text}");
    let text = error(Binance, "broken", &format!("{good}{good}oh no\n"));
    assert!(text.contains("broken:3:") && text.contains("`oh no`"), "{text}");
    let text = error(Kraken, "venue", &good);
    assert!(text.contains("is of binance") && text.contains("simulated are: kraken"), "{text}");
    let perpetual = good.replace(r#""M":true"#, r#""X":"MARKET""#);
    let text = error(Binance, "futures", &perpetual);
    assert!(text.contains("Binance futures"), "{text}");
    let text = error(Binance, "nothing", "1723161255000000000 {\"result\":null,\"id\":1}\n");
    assert!(text.contains("no market data") && text.contains("1 rows"), "{text}");
    let text = error(Binance, "digits", &good.replace("1.250", "1e300"));
    assert!(text.contains("digits:1:") && text.contains("`1e300`"), "{text}");
    let file = Scratch::new("cut.gz", &good.repeat(5_000), true);
    let bytes = std::fs::read(&file.0).unwrap();
    std::fs::write(&file.0, &bytes[..bytes.len() / 2]).unwrap();
    let text = play(Binance, &file.0, Speed::Max).unwrap_err().to_string();
    assert!(text.contains("cannot read the capture") && text.contains("cut.gz"), "{text}");
    assert_eq!("max".parse(), Ok(Speed::Max));
    assert_eq!("2.5".parse(), Ok(Speed::Factor(2.5)));
    for bad in ["0", "-1", "NaN", "fast", ""] {
        assert!(bad.parse::<Speed>().unwrap_err().to_string().contains("`max`"), "{bad}");
    }
}
