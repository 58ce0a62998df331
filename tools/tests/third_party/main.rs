//! Clients that others wrote accept the simulated exchanges: ccxt pro watches and fetches, and what it received is
//! compared with the simulators' own account.
#![allow(clippy::disallowed_methods, reason = "tests have every power")]

mod client;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tickplane_model::{ExchangeId, NS_PER_MS, NS_PER_SECOND, Symbol, Timeframe};
use tickplane_simulator::{Simulation, SimulationConfig, TallyRow, VenueEndpoint};

use client::Report;

/// Long enough for some whole seconds, short enough for every trade to be among the thousand that REST tells of.
const WATCH_S: u32 = 5;
const MINUTE_NS: i64 = 60 * NS_PER_SECOND;

#[test]
fn ccxt_pro_accepts_binance() {
    accepts(ExchangeId::Binance, "BTC-USDT", None);
}

#[test]
fn ccxt_pro_accepts_bybit() {
    accepts(ExchangeId::Bybit, "BTC-USDT", None);
    accepts(ExchangeId::Bybit, "BTC-USDT-PERP", None);
}

#[test]
fn ccxt_pro_accepts_coinbase() {
    accepts(ExchangeId::Coinbase, "BTC-USD", Some("market_trades"));
}

#[test]
fn ccxt_pro_accepts_kraken() {
    accepts(ExchangeId::Kraken, "BTC-USD", Some("trade"));
}

/// Runs ccxt on a simulator and compares; the acks of some venues name a channel.
fn accepts(exchange: ExchangeId, symbol: &str, channel: Option<&str>) {
    let Some(python) = client::python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    let config =
        SimulationConfig { venues: vec![exchange], symbols: 5, ca_path: Some(ca.clone()), ..Default::default() };
    let simulation = Simulation::start(config).unwrap();
    let [VenueEndpoint { rest, websocket, .. }] = simulation.endpoints() else { panic!("one venue") };
    let (name, unified) = (exchange.to_string(), unified(symbol));
    let report = Report::of(python, [&name, rest, websocket], &ca, &unified, WATCH_S);

    let symbol: Symbol = symbol.parse().unwrap();
    let mut trades: Vec<Trade> = report.all("watched").map(|line| Trade::of(line, exchange)).collect();
    if exchange == ExchangeId::Coinbase {
        // Its snapshot is newest first, its updates are not; ccxt takes both for newest first.
        trades.sort_by_key(|trade| trade.id);
    }
    has_every_market(&report, &simulation.symbols(exchange));
    has_acks(&report, channel);
    has_every_trade_once(&trades);
    adds_up(&trades, &simulation.tally(exchange, &symbol, Timeframe::S1));
    rest_says_the_same(&trades, &report, exchange);
    let before_ns = trades.last().unwrap().time_ns / MINUTE_NS * MINUTE_NS;
    candles_are_the_market_s(&report, &simulation.tally(exchange, &symbol, Timeframe::M1), before_ns);
    // Bybit's tickers of spot have no quote.
    let has_quote = exchange != ExchangeId::Bybit || symbol.as_str().ends_with("-PERP");
    quotes_make_sense(&report, has_quote);
    checksums_agree(&report, exchange);
    simulation.stop();
}

/// ccxt's word for a symbol: `BTC/USDT`, `BTC/USDT:USDT`.
fn unified(symbol: &str) -> String {
    match symbol.strip_suffix("-PERP").and_then(|pair| pair.split_once('-')) {
        Some((base, quote)) => format!("{base}/{quote}:{quote}"),
        None => symbol.replace('-', "/"),
    }
}

/// The number in an id: all of it, or the end of a UUID, where the simulator has it.
fn number(id: &str) -> u64 {
    match id.rsplit_once('-') {
        Some((_, end)) => u64::from_str_radix(end, 16).unwrap(),
        None => id.parse().unwrap(),
    }
}

/// A trade as ccxt reads it, to the millisecond.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Trade {
    id: u64,
    time_ns: i64,
    price: f64,
    quantity: f64,
    taker_buys: bool,
}

impl Trade {
    fn of(line: &Value, exchange: ExchangeId) -> Self {
        let side = line["side"].as_str().unwrap();
        assert!(["buy", "sell"].contains(&side), "{line}");
        Self {
            id: number(line["id"].as_str().unwrap()),
            time_ns: line["timestamp"].as_i64().unwrap() * NS_PER_MS,
            price: line["price"].as_f64().unwrap(),
            quantity: line["amount"].as_f64().unwrap(),
            // Coinbase names the maker's side, and ccxt hands it on as it came.
            taker_buys: (side == "buy") != (exchange == ExchangeId::Coinbase),
        }
    }
}

fn has_every_market(report: &Report, listed: &[Symbol]) {
    let symbols = report.one("markets")["symbols"].as_array().unwrap();
    let symbols: BTreeSet<&str> = symbols.iter().map(|symbol| symbol.as_str().unwrap()).collect();
    for symbol in listed {
        assert!(symbols.contains(unified(symbol.as_str()).as_str()), "{symbol} is not in {symbols:?}");
    }
}

fn has_acks(report: &Report, channel: Option<&str>) {
    let acks: Vec<&Value> = report.all("ack").collect();
    // Trades, ticker, book.
    assert!(acks.len() >= 3, "{acks:?}");
    assert!(acks.iter().all(|ack| ack["ok"] == true), "{acks:?}");
    if let Some(channel) = channel {
        assert!(acks[0]["channels"][channel][0].is_string(), "{acks:?}");
    }
}

fn has_every_trade_once(trades: &[Trade]) {
    assert!(trades.len() > 20, "only {trades:?}");
    for pair in trades.windows(2) {
        assert_eq!(pair[0].id + 1, pair[1].id, "{pair:?}");
    }
}

/// Every whole second has the trades that the market made in it, with the taker on the right side.
fn adds_up(trades: &[Trade], tally: &[TallyRow]) {
    let mut seconds: BTreeMap<i64, Vec<Trade>> = BTreeMap::new();
    for trade in trades {
        seconds.entry(trade.time_ns / NS_PER_SECOND * NS_PER_SECOND).or_default().push(*trade);
    }
    // The first may have begun before the client came, the last may have gone on.
    seconds.pop_first();
    seconds.pop_last();
    assert!(seconds.len() >= 2, "{seconds:?}");
    for (open_time_ns, trades) in seconds {
        let row = tally.iter().find(|row| row.open_time_ns == open_time_ns).unwrap();
        let (first, last) = (trades[0], trades[trades.len() - 1]);
        let highest = trades.iter().map(|trade| trade.price).fold(f64::MIN, f64::max);
        let lowest = trades.iter().map(|trade| trade.price).fold(f64::MAX, f64::min);
        let seen = (trades.len() as u64, first.price, highest, lowest, last.price);
        assert_eq!(seen, (row.trade_count, row.open, row.high, row.low, row.close), "{trades:?}");
        let volume: f64 = trades.iter().map(|trade| trade.quantity).sum();
        let bought: f64 = trades.iter().filter(|trade| trade.taker_buys).map(|trade| trade.quantity).sum();
        // The tally rounds once, a sum of floats at every step.
        let near = |sum: f64, exact: f64| (sum - exact).abs() <= 1e-12 * volume;
        assert!(near(volume, row.volume) && near(bought, row.taker_buy_volume), "{row:?}: {trades:?}");
    }
}

fn rest_says_the_same(trades: &[Trade], report: &Report, exchange: ExchangeId) {
    let fetched = report.all("fetched").map(|line| Trade::of(line, exchange));
    let fetched: BTreeMap<u64, Trade> = fetched.map(|trade| (trade.id, trade)).collect();
    // Bybit gives the newest sixty of spot, the others a thousand.
    let oldest = *fetched.keys().next().unwrap();
    assert!(oldest <= trades[0].id || fetched.len() == 60, "{} were fetched", fetched.len());
    for trade in trades.iter().filter(|trade| trade.id >= oldest) {
        let same = fetched.get(&trade.id).unwrap_or_else(|| panic!("{} is not among the fetched", trade.id));
        // Times are the same too, but ccxt reads Kraken's from a float.
        assert_eq!(Trade { time_ns: trade.time_ns, ..*same }, *trade);
    }
}

/// One-minute candles that had closed `before_ns`.
fn candles_are_the_market_s(report: &Report, tally: &[TallyRow], before_ns: i64) {
    let rows = report.all("candle").map(|line| line["row"].as_array().unwrap());
    let rows: BTreeMap<i64, Vec<f64>> = rows
        .map(|row| (row[0].as_i64().unwrap() * NS_PER_MS, row[1..].iter().map(|cell| cell.as_f64().unwrap()).collect()))
        .collect();
    let closed: Vec<&TallyRow> = tally.iter().filter(|row| row.open_time_ns < before_ns).collect();
    assert!(closed.len() >= 2, "the market has no past");
    for row in closed {
        let expected = vec![row.open, row.high, row.low, row.close, row.volume];
        assert_eq!(rows.get(&row.open_time_ns), Some(&expected), "at {}", row.open_time_ns);
    }
}

fn quotes_make_sense(report: &Report, has_quote: bool) {
    let ticker = report.one("ticker");
    assert!(ticker["last"].is_f64() && ticker["bid"].is_null() != has_quote, "{ticker}");
    if has_quote {
        let [bid, ask, last] = ["bid", "ask", "last"].map(|name| ticker[name].as_f64().unwrap());
        assert!(0.0 < bid && bid < ask && (last / bid - 1.0).abs() < 0.01, "{ticker}");
    }
    let mut best = BTreeSet::new();
    for book in report.all("book") {
        let side = |name: &str| -> Vec<f64> {
            book[name].as_array().unwrap().iter().map(|level| level[0].as_f64().unwrap()).collect()
        };
        let (bids, asks) = (side("bids"), side("asks"));
        assert!(bids.len() == 10 && bids.is_sorted_by(|a, b| a > b), "{book}");
        assert!(asks.len() == 10 && asks.is_sorted_by(|a, b| a < b) && bids[0] < asks[0], "{book}");
        best.insert(book["bids"][0].to_string() + &book["asks"][0].to_string());
    }
    assert!(best.len() > 5, "the book hardly moves: {best:?}");
}

/// Kraken signs its books: the one that ccxt built has the venue's digits.
fn checksums_agree(report: &Report, exchange: ExchangeId) {
    let signed = report.all("checksum").inspect(|line| assert_eq!(line["ours"], line["venues"], "{line}")).count();
    assert_eq!(signed >= 20, exchange == ExchangeId::Kraken, "{signed} books were signed");
}
