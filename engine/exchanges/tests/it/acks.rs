//! Which streams an answer confirms or refuses: those that its request asked for, and no other.

use serde_json::Value;
use tickplane_exchanges::{Exchange, Outbox, Session, exchange};
use tickplane_model::{ExchangeId, Instrument, InstrumentIndex, Product};

use crate::instruments::{made, named};
use crate::shown::read;
use crate::words::{opening, texts};

fn live(exchange: &dyn Exchange, instruments: &[Instrument]) -> Box<dyn Session> {
    let carried: Vec<(InstrumentIndex, &Instrument)> = (0..).zip(instruments).collect();
    exchange.session("", &carried)
}

/// The type and ticker of each event.
fn heard(session: &mut dyn Session, text: &str) -> Vec<(String, Option<String>)> {
    let word = |value: &Value| value.as_str().map(str::to_owned);
    let events = read(session, text.as_bytes());
    events.iter().map(|event| (word(&event["type"]).expect("a type"), word(&event["venue_symbol"]))).collect()
}

fn of<'a>(kind: &str, tickers: impl IntoIterator<Item = &'a str>) -> Vec<(String, Option<String>)> {
    tickers.into_iter().map(|ticker| (kind.to_owned(), Some(ticker.to_owned()))).collect()
}

/// The id of a request to Binance, and the tickers whose trades it asks for.
fn request(text: &str) -> (u64, Vec<String>) {
    let request: Value = serde_json::from_str(text).expect("JSON");
    let streams = request["params"].as_array().expect("streams").iter().filter_map(Value::as_str);
    let tickers = streams.filter_map(|stream| stream.strip_suffix("@trade")).map(str::to_uppercase).collect();
    (request["id"].as_u64().expect("a number"), tickers)
}

fn accepted(id: u64) -> String {
    format!(r#"{{"result":null,"id":{id}}}"#)
}

fn refused(id: u64) -> String {
    format!(r#"{{"error":{{"code":2,"msg":"Invalid request"}},"id":{id}}}"#)
}

fn check_requests(instruments: &[Instrument], requests: usize) {
    let mut session = live(exchange(ExchangeId::Binance).expect("registered"), instruments);
    let texts = opening(&mut *session);
    assert_eq!(texts.len(), requests);
    let mut all = Vec::new();
    for text in texts {
        let (id, tickers) = request(&text);
        let tickers = || tickers.iter().map(String::as_str);
        assert_eq!(heard(&mut *session, &accepted(id)), of("ack", tickers()), "{id}");
        assert_eq!(heard(&mut *session, &refused(id)), of("refusal", tickers()), "{id}");
        all.extend(tickers().map(str::to_owned));
    }
    assert!(all.iter().eq(instruments.iter().map(|instrument| &instrument.venue_symbol)), "each is confirmed once");
}

#[test]
fn binances_answers_are_for_the_tickers_of_their_request() {
    let binance = exchange(ExchangeId::Binance).expect("registered");
    check_requests(&made(binance, Product::Spot, 250), 3);
    // So long that three streams, one ticker and a half, fill a message.
    let mut long = made(binance, Product::Spot, 3);
    for instrument in &mut long {
        instrument.venue_symbol = instrument.venue_symbol.repeat(200);
    }
    check_requests(&long, 2);
}

#[test]
fn what_binance_says_of_other_ids_confirms_nothing() {
    let binance = exchange(ExchangeId::Binance).expect("registered");
    let mut session = live(binance, &[named(binance, "BTC-USDT")]);
    opening(&mut *session);
    for id in ["0", "2", "99999999999999999999", "-1", "null"] {
        assert_eq!(heard(&mut *session, &format!(r#"{{"result":null,"id":{id}}}"#)), [], "{id}");
    }
    assert_eq!(heard(&mut *session, &refused(2)), [("refusal".to_owned(), None)]);
    assert_eq!(heard(&mut *session, r#"{"code":3,"msg":"Invalid JSON"}"#), [("refusal".to_owned(), None)]);
}

#[test]
fn a_stream_taken_anew_at_binance_is_confirmed_by_its_own_answer() {
    let binance = exchange(ExchangeId::Binance).expect("registered");
    let mut session = live(binance, &[named(binance, "BTC-USDT"), named(binance, "ETH-USDT")]);
    opening(&mut *session);
    let again = |session: &mut dyn Session, instrument| {
        let mut outbox = Outbox::default();
        session.resubscribe(instrument, &mut outbox);
        let ids: Vec<u64> = texts(outbox).iter().map(|text| request(text).0).collect();
        <[u64; 2]>::try_from(ids).expect("two requests")
    };
    let eth = again(&mut *session, 1);
    let btc = again(&mut *session, 0);
    assert_eq!(heard(&mut *session, &accepted(eth[0])), [], "cancelled");
    assert_eq!(heard(&mut *session, &accepted(eth[1])), of("ack", ["ETHUSDT"]));
    assert_eq!(heard(&mut *session, &refused(btc[0])), of("refusal", ["BTCUSDT"]));
    assert_eq!(heard(&mut *session, &accepted(btc[1])), of("ack", ["BTCUSDT"]));
    let once_more = again(&mut *session, 1);
    assert_eq!(heard(&mut *session, &accepted(eth[1])), [], "another answer is awaited");
    assert_eq!(heard(&mut *session, &refused(once_more[1])), of("refusal", ["ETHUSDT"]));
}
