//! Each fixture's messages give its events, and nothing else.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use tickplane_exchanges::{Exchange, Session, all, decoder};
use tickplane_model::{ExchangeId, Instrument, Product};

use crate::instruments::named;
use crate::shown;

/// One line of `messages.jsonl`: messages of one connection in order, and the events they mean.
pub(crate) struct Fixture {
    pub(crate) exchange: ExchangeId,
    pub(crate) name: String,
    pub(crate) product: Product,
    pub(crate) messages: Vec<String>,
    /// Those that the session knows, where quantities depend on it.
    instruments: Vec<Instrument>,
    expected: Vec<Value>,
}

impl Fixture {
    pub(crate) fn session(&self) -> Box<dyn Session> {
        let known: Vec<_> = (0..).zip(&self.instruments).collect();
        decoder(self.exchange, self.product, &known).expect("a registered exchange")
    }
}

/// The lines of one of an exchange's fixture files.
pub(crate) fn lines(exchange: ExchangeId, file: &str) -> Vec<Value> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("src").join(exchange.as_str()).join("fixtures").join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

pub(crate) fn fixtures() -> Vec<Fixture> {
    let mut fixtures = Vec::new();
    for exchange in all() {
        let id = exchange.meta().id;
        for line in lines(id, "messages.jsonl") {
            assert!(line["source"].as_str().is_some_and(|source| !source.is_empty()), "a fixture names its source");
            fixtures.push(Fixture {
                exchange: id,
                name: line["name"].as_str().expect("a name").to_owned(),
                product: line["product"].as_str().unwrap_or("spot").parse().expect("a product"),
                messages: strings(&line["raw"]),
                instruments: known(*exchange, &line["instruments"]),
                expected: line["expected"].as_array().expect("events").clone(),
            });
        }
    }
    fixtures
}

/// The instruments of a fixture: `symbol`, `contract_size`.
fn known(exchange: &dyn Exchange, list: &Value) -> Vec<Instrument> {
    let instrument = |of: &Value| Instrument {
        contract_size: of["contract_size"].as_f64().unwrap_or(1.0),
        ..named(exchange, of["symbol"].as_str().expect("a symbol"))
    };
    list.as_array().map_or_else(Vec::new, |list| list.iter().map(instrument).collect())
}

pub(crate) fn strings(list: &Value) -> Vec<String> {
    let strings = list.as_array().expect("a list").iter();
    strings.map(|text| text.as_str().expect("a string").to_owned()).collect()
}

#[test]
fn messages_mean_what_the_fixtures_say() {
    for fixture in fixtures() {
        let mut session = fixture.session();
        let mut events = Vec::new();
        for message in &fixture.messages {
            events.extend(shown::read(&mut *session, message.as_bytes()));
        }
        for (event, expected) in events.iter_mut().zip(&fixture.expected) {
            forget_what_is_not_expected(event, expected);
        }
        assert_eq!(events, fixture.expected, "{} {}", fixture.exchange, fixture.name);
    }
}

/// A venue that gives no trade count, say, is not held to one.
fn forget_what_is_not_expected(event: &mut Value, expected: &Value) {
    if event["type"] == "candle" && expected.get("trade_count").is_none() && event["trade_count"] == 0 {
        event.as_object_mut().expect("an object").remove("trade_count");
    }
}

#[test]
fn every_kind_of_event_has_a_fixture() {
    for exchange in all() {
        let id = exchange.meta().id;
        let seen: Vec<String> = fixtures()
            .iter()
            .filter(|fixture| fixture.exchange == id)
            .flat_map(|fixture| fixture.expected.iter().map(|event| event["type"].as_str().unwrap().to_owned()))
            .collect();
        for kind in ["trade", "quote", "candle", "book", "ack", "refusal", "reject"] {
            assert!(seen.iter().any(|seen| seen == kind), "{id} has no fixture of a {kind}");
        }
    }
}
