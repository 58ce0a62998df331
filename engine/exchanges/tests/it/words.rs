//! What an exchange says, word for word: each line of its `words.jsonl` names symbols, and what is sent for them.
//!
//! | `say` | fields |
//! |---|---|
//! | `subscribe` | `symbols` of one market → `connections`: `route`, `url` (or the `path` that is asked for it), `texts` |
//! | `resubscribe` | `symbols`, `route`, `of`: one of them → `texts` |
//! | `ping` | `every_s`, 0 for never; `text` |
//! | `candles` | `symbol`, `timeframe`, `from_ns`, `to_ns` → `path`, null for a timeframe that the venue lacks; `body` |
//! | `trades` | `symbol`, `wanted`: `{}` or `known` and `before`, each id and time → `path`, `body` |

use serde_json::Value;
use tickplane_exchanges::{
    ConnectionPlan, Endpoint, Exchange, Hosts, Outbox, Outgoing, Request, Session, TradeMark, WantedTrades, all,
};
use tickplane_model::{Instrument, InstrumentIndex, TradeId};

use crate::fixtures::{lines, strings};
use crate::instruments::{market_of, named};
use crate::shown::RECEIVE_NS;

/// The venue's own hosts of a market.
pub(crate) fn hosts(exchange: &dyn Exchange, of: &Instrument) -> Hosts {
    let market = exchange.market(of.product);
    Hosts { websocket: market.websocket[0].to_owned(), rest: market.rest.to_owned() }
}

/// The session of a plan.
pub(crate) fn session(exchange: &dyn Exchange, plan: &ConnectionPlan, instruments: &[Instrument]) -> Box<dyn Session> {
    let carried: Vec<(InstrumentIndex, &Instrument)> =
        plan.instruments.iter().map(|at| (*at as InstrumentIndex, &instruments[*at])).collect();
    exchange.session(plan.route, &carried)
}

/// The texts among what is sent; a binary message is none.
pub(crate) fn texts(outbox: Outbox) -> Vec<String> {
    let text = |message| match message {
        Outgoing::Text(text) => text,
        Outgoing::Binary(bytes) => panic!("a binary message: {bytes:?}"),
    };
    outbox.0.into_iter().map(text).collect()
}

/// What a session sends when its socket opens.
pub(crate) fn opening(session: &mut dyn Session) -> Vec<String> {
    let mut outbox = Outbox::default();
    session.opened(RECEIVE_NS, &mut outbox);
    texts(outbox)
}

fn instruments(exchange: &dyn Exchange, line: &Value) -> Vec<Instrument> {
    strings(&line["symbols"]).iter().map(|symbol| named(exchange, symbol)).collect()
}

fn subscribe(exchange: &dyn Exchange, line: &Value) {
    let instruments = instruments(exchange, line);
    let plans = exchange.plan(&hosts(exchange, &instruments[0]), &instruments);
    let expected = line["connections"].as_array().expect("connections");
    assert_eq!(plans.len(), expected.len(), "{line}");
    for (plan, expected) in plans.iter().zip(expected) {
        match &plan.endpoint {
            Endpoint::Url(url) => assert_eq!(expected["url"], *url),
            Endpoint::Request(request) => assert_eq!(expected["path"], request.path),
        }
        assert_eq!(plan.route, expected["route"].as_str().unwrap_or_default());
        assert_eq!(opening(&mut *session(exchange, plan, &instruments)), strings(&expected["texts"]), "{line}");
    }
}

fn resubscribe(exchange: &dyn Exchange, line: &Value) {
    let instruments = instruments(exchange, line);
    let plans = exchange.plan(&hosts(exchange, &instruments[0]), &instruments);
    let route = line["route"].as_str().unwrap_or_default();
    let plan = plans.iter().find(|plan| plan.route == route).expect("a route that is planned");
    let mut session = session(exchange, plan, &instruments);
    opening(&mut *session);
    let of = instruments.iter().position(|instrument| instrument.symbol.as_str() == line["of"]).expect("one of them");
    let mut outbox = Outbox::default();
    session.resubscribe(of as InstrumentIndex, &mut outbox);
    session.resubscribe(1_000, &mut outbox);
    assert_eq!(texts(outbox), strings(&line["texts"]), "{line}");
}

/// Looks each second for twenty pings' time, as a shard does.
fn ping(exchange: &dyn Exchange, line: &Value) {
    let every_s = line["every_s"].as_i64().expect("a number");
    let mut session = exchange.session(line["route"].as_str().unwrap_or_default().to_owned().leak(), &[]);
    let mut outbox = Outbox::default();
    for second in 0..=every_s.max(30) * 20 {
        session.tick(RECEIVE_NS + second * 1_000_000_000, &mut outbox);
        let due = if every_s == 0 { 0 } else { second / every_s };
        assert_eq!(outbox.0.len() as i64, due, "{}: after {second} s", exchange.meta().id);
    }
    assert!(texts(outbox).iter().all(|text| line["text"] == *text), "{line}");
}

fn asked(request: Option<Request>, line: &Value) {
    let path = request.as_ref().map(|request| request.path.as_str());
    assert_eq!(path, line["path"].as_str(), "{line}");
    if let Some(request) = request {
        assert_eq!(request.body, line["body"].as_str().unwrap_or_default(), "{line}");
        assert!(request.weight > 0, "{line}");
    }
}

fn candles(exchange: &dyn Exchange, line: &Value) {
    let of = named(exchange, line["symbol"].as_str().expect("a symbol"));
    let timeframe = line["timeframe"].as_str().expect("a timeframe").parse().expect("a timeframe");
    let time = |key: &str| line[key].as_i64().expect("a time");
    asked(exchange.candles_request(&of, timeframe, time("from_ns"), time("to_ns")), line);
}

fn mark(value: &Value) -> Option<TradeMark> {
    let [id, time] = value.as_array()?.as_slice() else { return None };
    let id = TradeId::number(id.as_str()?.parse().ok()?);
    Some(TradeMark { id, exchange_ns: time.as_i64()? })
}

fn trades(exchange: &dyn Exchange, line: &Value) {
    let of = named(exchange, line["symbol"].as_str().expect("a symbol"));
    let wanted = match mark(&line["wanted"]["known"]) {
        Some(known) => WantedTrades::After { known, before: mark(&line["wanted"]["before"]) },
        None => WantedTrades::Newest,
    };
    asked(Some(exchange.trades_request(&of, wanted)), line);
}

#[test]
fn every_exchange_says_what_its_words_are() {
    for exchange in all() {
        for line in lines(exchange.meta().id, "words.jsonl") {
            assert!(
                line["source"].as_str().is_some_and(|source| !source.is_empty()),
                "words name their source: {line}"
            );
            match line["say"].as_str().expect("what is said") {
                "subscribe" => subscribe(*exchange, &line),
                "resubscribe" => resubscribe(*exchange, &line),
                "ping" => ping(*exchange, &line),
                "candles" => candles(*exchange, &line),
                "trades" => trades(*exchange, &line),
                other => panic!("{other}: nobody says that"),
            }
        }
    }
}

#[test]
fn every_market_has_its_words() {
    for exchange in all() {
        let id = exchange.meta().id;
        let lines = lines(id, "words.jsonl");
        for market in exchange.markets() {
            let is_of_market = |line: &&Value| {
                let symbol = line["symbol"].as_str().or(line["symbols"][0].as_str());
                symbol.is_none_or(|symbol| std::ptr::eq(market_of(*exchange, symbol), market))
            };
            let said: Vec<&str> = lines.iter().filter(is_of_market).filter_map(|line| line["say"].as_str()).collect();
            for say in ["subscribe", "resubscribe", "ping", "candles", "trades"] {
                assert!(said.contains(&say), "{id} {:?}: no words of {say}", market.products);
            }
        }
    }
}
