//! A stream is subscribed once the venue confirmed that very stream, whatever it confirmed of its neighbours.

use tickplane_exchanges::exchange;
use tickplane_model::ExchangeId;
use tickplane_segments::{ConnectionState, StreamState};
use tickplane_shards::Happening;

use crate::rig::{Rig, RigShape, texts};

/// A rig that has said all it wants to a venue, with what it said.
fn open(id: ExchangeId, ticker: fn(&str) -> String) -> (Rig, Vec<String>) {
    let exchange = exchange(id).expect("registered");
    let mut rig = Rig::of(RigShape { exchange, ticker, ..RigShape::default() });
    rig.pass_ms(0);
    rig.accept();
    let mut said = texts(&rig.take_outgoing());
    for _ in 0..3 {
        rig.pass_ms(1_000);
        said.extend(texts(&rig.take_outgoing()));
    }
    (rig, said)
}

/// What the two streams are said to be, once the shard has looked.
fn states(rig: &mut Rig) -> [StreamState; 2] {
    rig.pass_ms(500);
    ["BTC-USD", "ETH-USD"].map(|symbol| rig.stream(symbol).state)
}

/// So long that a message has room for one.
fn long(symbol: &str) -> String {
    symbol.replace('-', "").repeat(500)
}

#[test]
fn of_two_messages_to_binance_one_is_accepted_and_one_refused() {
    let (mut rig, said) = open(ExchangeId::Binance, long);
    let ids: Vec<bool> = said.iter().map(|text| text.contains(r#""id":1}"#) || text.contains(r#""id":2}"#)).collect();
    assert_eq!(ids, [true, true]);
    assert_eq!(states(&mut rig), [StreamState::Connecting; 2]);
    rig.say(&[r#"{"result":null,"id":1}"#.to_owned()]);
    assert_eq!(states(&mut rig), [StreamState::Subscribed, StreamState::Connecting]);
    rig.say(&[r#"{"error":{"code":2,"msg":"Invalid request"},"id":2}"#.to_owned()]);
    assert_eq!(states(&mut rig), [StreamState::Subscribed, StreamState::Connecting]);
    let told = format!("{}: Invalid request", long("ETH-USD"));
    let is_told = |report: &Happening| matches!(report, Happening::Refused { text } if *text == told);
    assert_eq!(rig.reports.iter().filter(|report| is_told(report)).count(), 1, "and by its symbol");
    assert!(rig.is_connected);
}

#[test]
fn coinbases_heartbeats_and_neighbours_confirm_no_stream() {
    let (mut rig, _) = open(ExchangeId::Coinbase, str::to_owned);
    let mut sequence = 0;
    let mut answer = |rig: &mut Rig, channels: &str| {
        rig.say(&[format!(
            r#"{{"channel":"subscriptions","client_id":"","timestamp":"2026-09-25T17:48:01Z","sequence_num":{sequence},"events":[{{"subscriptions":{{{channels}}}}}]}}"#
        )]);
        sequence += 1;
        states(rig)
    };
    let heartbeats = r#""heartbeats":["heartbeats"]"#;
    assert_eq!(answer(&mut rig, heartbeats), [StreamState::Connecting; 2]);
    assert_eq!(rig.status().state, ConnectionState::Connected);
    let quotes = format!(r#"{heartbeats},"ticker":["BTC-USD","ETH-USD"]"#);
    assert_eq!(answer(&mut rig, &quotes), [StreamState::Connecting; 2], "a stream is its trades");
    let trades = |products: &str| format!(r#"{quotes},"market_trades":[{products}]"#);
    assert_eq!(answer(&mut rig, &trades(r#""BTC-USD""#)), [StreamState::Subscribed, StreamState::Connecting]);
    assert_eq!(rig.status().state, ConnectionState::Subscribed);
    assert_eq!(answer(&mut rig, &trades(r#""BTC-USD","ETH-USD""#)), [StreamState::Subscribed; 2]);
}
