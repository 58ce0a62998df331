//! What is sent stays within the venue's limits and names every instrument once a channel.

use serde_json::Value;
use tickplane_exchanges::{Endpoint, Exchange, Hosts, Outbox, Outgoing, all};
use tickplane_model::{ExchangeId, Instrument, InstrumentIndex};

use crate::instruments::{made, named};

fn hosts(exchange: &dyn Exchange) -> Hosts {
    Hosts { websocket: exchange.meta().websocket[0].to_owned(), rest: exchange.meta().rest.to_owned() }
}

/// The messages each planned connection sends.
fn sent(exchange: &dyn Exchange, instruments: &[Instrument]) -> Vec<Vec<String>> {
    let plans = exchange.plan(&hosts(exchange), instruments);
    let mut planned: Vec<usize> = plans.iter().flat_map(|plan| plan.instruments.clone()).collect();
    planned.sort_unstable();
    assert_eq!(planned, (0..instruments.len()).collect::<Vec<_>>(), "each instrument on one connection");
    plans
        .iter()
        .map(|plan| {
            let Endpoint::Url(url) = &plan.endpoint else { panic!("an address") };
            assert!(url.starts_with(exchange.meta().websocket[0]), "{url}");
            let carried: Vec<(InstrumentIndex, &Instrument)> =
                plan.instruments.iter().map(|at| (*at as InstrumentIndex, &instruments[*at])).collect();
            let mut outbox = Outbox::default();
            exchange.session(plan.route, &carried).opened(0, &mut outbox);
            let text = |message| match message {
                Outgoing::Text(text) => text,
                Outgoing::Binary(bytes) => panic!("{} sends {bytes:?}", exchange.meta().id),
            };
            outbox.0.into_iter().map(text).collect()
        })
        .collect()
}

/// Names in the lists of a message, whatever the venue calls them.
fn names(message: &Value) -> Vec<String> {
    match message {
        Value::Array(items) => items.iter().map(|item| item.as_str().expect("a name").to_owned()).collect(),
        Value::Object(fields) => fields.values().filter(|v| v.is_array() || v.is_object()).flat_map(names).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn texts_keep_to_the_limits_at_any_size() {
    for exchange in all() {
        let limits = exchange.meta().limits;
        let or_unlimited = |limit: usize| if limit == 0 { usize::MAX } else { limit };
        for count in [1, 50, 1_000] {
            let instruments = made(*exchange, count);
            for connection in sent(*exchange, &instruments) {
                let mut subscriptions = 0;
                for text in &connection {
                    let message: Value = serde_json::from_str(text).expect("JSON");
                    let names = names(&message).len();
                    assert!(names <= or_unlimited(limits.subscriptions_per_message), "{text}");
                    assert!(text.len() <= or_unlimited(limits.message_bytes_max), "{text}");
                    subscriptions += names;
                }
                assert!(subscriptions <= or_unlimited(limits.subscriptions_per_connection));
            }
        }
    }
}

#[test]
fn every_instrument_is_named_in_every_channel_once() {
    for exchange in all() {
        let instruments = made(*exchange, 1_000);
        let texts: Vec<String> = sent(*exchange, &instruments).concat();
        let mut all_names: Vec<String> =
            texts.iter().flat_map(|text| names(&serde_json::from_str(text).expect("JSON"))).collect();
        assert_eq!(all_names.len(), 2_000, "{}: trades and best bid and ask", exchange.meta().id);
        all_names.sort_unstable();
        all_names.dedup();
        // Binance names the channel in the stream, the others beside the list.
        let channels = if exchange.meta().id == ExchangeId::Binance { 2 } else { 1 };
        assert_eq!(all_names.len(), channels * 1_000);
    }
}

#[test]
fn the_words_are_the_venues_own() {
    for exchange in all() {
        let instruments = [named(*exchange, "BTC-USD"), named(*exchange, "ETH-USD")];
        let texts: Vec<String> = sent(*exchange, &instruments).concat();
        let expected: &[&str] = match exchange.meta().id {
            ExchangeId::Binance => &[concat!(
                r#"{"method":"SUBSCRIBE","params":["btcusd@trade","btcusd@bookTicker","#,
                r#""ethusd@trade","ethusd@bookTicker"],"id":1}"#
            )],
            ExchangeId::Coinbase => &[
                r#"{"type":"subscribe","channel":"heartbeats"}"#,
                r#"{"type":"subscribe","product_ids":["BTC-USD","ETH-USD"],"channel":"market_trades"}"#,
                r#"{"type":"subscribe","product_ids":["BTC-USD","ETH-USD"],"channel":"ticker"}"#,
            ],
            ExchangeId::Kraken => &[
                concat!(
                    r#"{"method":"subscribe","params":{"channel":"trade","#,
                    r#""symbol":["BTC/USD","ETH/USD"],"snapshot":true},"req_id":1}"#
                ),
                concat!(
                    r#"{"method":"subscribe","params":{"channel":"ticker","symbol":["BTC/USD","ETH/USD"],"#,
                    r#""event_trigger":"bbo","snapshot":true},"req_id":2}"#
                ),
            ],
            other => panic!("{other}: write down what it sends"),
        };
        assert_eq!(texts, expected);
    }
}

#[test]
fn two_names_of_one_book_are_subscribed_once() {
    for exchange in all() {
        let mut instruments = made(*exchange, 3);
        instruments[2].venue_symbol = instruments[0].venue_symbol.clone();
        let texts: Vec<String> = sent(*exchange, &instruments).concat();
        let count: usize = texts.iter().map(|text| names(&serde_json::from_str(text).unwrap()).len()).sum();
        assert_eq!(count, 4, "two tickers, two channels");
        // They share a connection even where the tickers between them fill it.
        let mut many = made(*exchange, 2_000);
        many[1_999].venue_symbol = many[0].venue_symbol.clone();
        let plans = exchange.plan(&hosts(*exchange), &many);
        assert!(plans[0].instruments.contains(&1_999));
    }
}

#[test]
fn a_dead_stream_is_taken_anew_alone() {
    let expected = |id: ExchangeId| match id {
        ExchangeId::Binance => vec![
            r#"{"method":"UNSUBSCRIBE","params":["ethusd@trade","ethusd@bookTicker"],"id":2}"#,
            r#"{"method":"SUBSCRIBE","params":["ethusd@trade","ethusd@bookTicker"],"id":3}"#,
        ],
        ExchangeId::Coinbase => vec![
            r#"{"type":"unsubscribe","product_ids":["ETH-USD"],"channel":"market_trades"}"#,
            r#"{"type":"subscribe","product_ids":["ETH-USD"],"channel":"market_trades"}"#,
            r#"{"type":"unsubscribe","product_ids":["ETH-USD"],"channel":"ticker"}"#,
            r#"{"type":"subscribe","product_ids":["ETH-USD"],"channel":"ticker"}"#,
        ],
        ExchangeId::Kraken => vec![
            r#"{"method":"unsubscribe","params":{"channel":"trade","symbol":["ETH/USD"]},"req_id":3}"#,
            r#"{"method":"subscribe","params":{"channel":"trade","symbol":["ETH/USD"],"snapshot":true},"req_id":4}"#,
            r#"{"method":"unsubscribe","params":{"channel":"ticker","symbol":["ETH/USD"]},"req_id":5}"#,
            r#"{"method":"subscribe","params":{"channel":"ticker","symbol":["ETH/USD"],"event_trigger":"bbo","snapshot":true},"req_id":6}"#,
        ],
        other => panic!("what does {other} send?"),
    };
    for exchange in all() {
        let (btc, eth) = (named(*exchange, "BTC-USD"), named(*exchange, "ETH-USD"));
        let mut session = exchange.session("", &[(4, &btc), (9, &eth)]);
        session.opened(0, &mut Outbox::default());
        let mut outbox = Outbox::default();
        session.resubscribe(9, &mut outbox);
        session.resubscribe(5, &mut outbox);
        let expected: Vec<_> =
            expected(exchange.meta().id).into_iter().map(|text| Outgoing::Text(text.to_owned())).collect();
        assert_eq!(outbox.0, expected);
    }
}
