//! Kraken's protocol, without sockets and with time as an argument.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tickplane_model::ExchangeId::Kraken;

use crate::rig::Rig;
use crate::venue::Frame;

fn open() -> Rig {
    let mut rig = Rig::new(Kraken, 20);
    rig.open("/v2").unwrap();
    rig
}

/// Without the times.
fn untimed(mut value: Value) -> Value {
    if let Some(fields) = value.as_object_mut() {
        assert!(fields.remove("time_in").is_some() && fields.remove("time_out").is_some(), "{fields:?}");
    }
    value
}

#[test]
fn status_comes_unasked_with_an_id_beyond_floats() {
    let mut rig = open();
    let frames = rig.texts();
    assert_eq!((&frames[0]["channel"], &frames[0]["data"][0]["system"]), (&json!("status"), &json!("online")));
    assert!(frames[0]["data"][0]["connection_id"].as_u64().unwrap() > 1 << 53);
    assert_eq!(Rig::new(Kraken, 1).open("/v1").unwrap_err().status, 404);
}

#[test]
fn one_ack_or_refusal_per_symbol() {
    let mut rig = open();
    rig.texts();
    rig.say(r#"{"method":"subscribe","params":{"channel":"trade","symbol":["BTC/USD","XBT/USD","ETH/USD"],"snapshot":false},"req_id":9}"#);
    let answers: Vec<Value> = rig.texts().into_iter().map(untimed).collect();
    let ack = |symbol: &str| {
        json!({"method": "subscribe", "req_id": 9, "success": true,
            "result": {"channel": "trade", "snapshot": false, "symbol": symbol}})
    };
    let refusal = json!({"error": "Currency pair not supported XBT/USD", "method": "subscribe", "req_id": 9,
        "success": false, "symbol": "XBT/USD"});
    assert_eq!(answers, [ack("BTC/USD"), refusal, ack("ETH/USD")]);
    rig.say(r#"{"method":"subscribe","params":{"channel":"executions"}}"#);
    assert!(rig.texts()[0]["error"].as_str().unwrap().contains("Try ws-auth.kraken.com"));
    rig.say(r#"{"method":"ping","req_id":101}"#);
    assert_eq!(rig.texts().into_iter().map(untimed).collect::<Vec<_>>(), [json!({"method": "pong", "req_id": 101})]);
}

#[test]
fn the_trade_snapshot_is_the_last_fifty_and_updates_go_on_from_there() {
    let mut rig = open();
    rig.texts();
    rig.say(r#"{"method":"subscribe","params":{"channel":"trade","symbol":["BTC/USD"],"snapshot":true}}"#);
    rig.pass_ms(5_000);
    let frames = rig.texts();
    assert_eq!((&frames[0]["success"], &frames[1]["type"]), (&json!(true), &json!("snapshot")));
    assert_eq!(frames[1]["data"].as_array().unwrap().len(), 50);
    let trades: Vec<&Value> =
        frames.iter().filter(|f| f["channel"] == "trade").flat_map(|f| f["data"].as_array().unwrap()).collect();
    let ids: Vec<i64> = trades.iter().map(|t| t["trade_id"].as_i64().unwrap()).collect();
    assert!(ids.len() > 100 && ids.windows(2).all(|p| p[1] == p[0] + 1), "oldest first, none twice");
    let newest = *rig.market.instrument(0).log.back().unwrap();
    assert_eq!(
        (ids.last().copied(), &trades.last().unwrap()["side"]),
        (Some(newest.id as i64), &json!(if newest.buy { "buy" } else { "sell" }))
    );
    assert!(frames.iter().any(|f| f["type"] == "update" && f["data"].as_array().unwrap().len() > 1));
}

#[test]
fn numbers_keep_their_trailing_zeros() {
    let mut rig = open();
    rig.say(r#"{"method":"subscribe","params":{"channel":"trade","symbol":["BTC/USD"],"snapshot":true}}"#);
    let snapshot = rig.frames().into_iter().find_map(|frame| match frame {
        Frame::Text(text) if text.contains("snapshot\",\"data") => Some(text),
        _ => None,
    });
    let snapshot = snapshot.unwrap();
    let quantities = snapshot.split("\"qty\":").skip(1).map(|rest| rest.split(',').next().unwrap());
    let digits: Vec<usize> = quantities.map(|quantity| quantity.split_once('.').unwrap().1.len()).collect();
    assert!(digits.len() == 50 && digits.iter().all(|digits| *digits == 8));
}

#[test]
fn heartbeats_fill_the_silence_after_a_subscription() {
    let mut rig = open();
    rig.texts();
    rig.pass_ms(3_000);
    assert!(rig.texts().is_empty(), "none before a subscription");
    rig.say(r#"{"method":"subscribe","params":{"channel":"instrument"}}"#);
    let frames = rig.texts();
    assert_eq!(frames[1]["data"]["pairs"].as_array().unwrap().len(), 20);
    rig.pass_ms(5_100);
    assert_eq!(rig.texts(), vec![json!({"channel": "heartbeat"}); 5]);

    let mut idle = open();
    idle.pass_ms(61_000);
    assert_eq!(idle.closed(), Some("inactive"));
}

#[test]
fn tickers_follow_trades_or_every_quote() {
    let mut rig = open();
    rig.say(r#"{"method":"subscribe","params":{"channel":"ticker","symbol":["BTC/USD"],"event_trigger":"bbo"}}"#);
    rig.pass_ms(5_000);
    let quotes = rig.texts().iter().filter(|f| f["channel"] == "ticker").count();
    rig.say(r#"{"method":"unsubscribe","params":{"channel":"ticker","symbol":["BTC/USD"]}}"#);
    rig.say(r#"{"method":"subscribe","params":{"channel":"ticker","symbol":["BTC/USD"],"snapshot":false}}"#);
    rig.pass_ms(5_000);
    let trades = rig.texts().iter().filter(|f| f["channel"] == "ticker").count();
    assert!(quotes > trades && trades > 10, "{quotes} {trades}");
}

#[test]
fn bars_begin_with_history_and_follow_trades() {
    let mut rig = open();
    rig.texts();
    rig.say(r#"{"method":"subscribe","params":{"channel":"ohlc","symbol":["BTC/USD"],"interval":1,"snapshot":true}}"#);
    rig.pass_ms(3_000);
    let frames = rig.texts();
    assert_eq!(frames[1]["data"].as_array().unwrap().len(), 720);
    let update = frames.iter().find(|f| f["type"] == "update").unwrap();
    assert_eq!(update["data"][0]["interval"], 1);
    rig.say(r#"{"method":"subscribe","params":{"channel":"ohlc","symbol":["ETH/USD"],"interval":7}}"#);
    assert_eq!(rig.texts()[0]["success"], false);
}

#[test]
fn a_flood_is_refused() {
    let mut rig = open();
    rig.texts();
    for _ in 0..51 {
        rig.say(r#"{"method":"ping"}"#);
    }
    assert_eq!(rig.texts()[50], json!({"Error": "Exceeded msg rate"}));
}

#[test]
fn rest_has_the_documented_form() {
    let mut rig = Rig::new(Kraken, 20);
    let (_, pairs) = rig.get("/0/public/AssetPairs");
    let bitcoin = &pairs["result"]["XXBTZUSD"];
    assert_eq!(
        (&bitcoin["altname"], &bitcoin["wsname"], &bitcoin["base"]),
        (&json!("XBTUSD"), &json!("XBT/USD"), &json!("XXBT"))
    );
    assert_eq!(pairs["result"]["SOLUSD"]["wsname"], "SOL/USD");
    assert_eq!(pairs["result"]["XDGUSD"]["base"], "XXDG");
    let (_, ticker) = rig.get("/0/public/Ticker");
    assert!(ticker["result"].as_object().unwrap().len() == 20);
    assert!(ticker["result"]["XXBTZUSD"]["v"][1].is_string());
    for (name, key) in [("BTC%2FUSD", "BTC/USD"), ("XXBTZUSD", "XXBTZUSD"), ("XBTUSD", "XXBTZUSD")] {
        let (_, bars) = rig.get(&format!("/0/public/OHLC?pair={name}&interval=1"));
        let rows = bars["result"][key].as_array().unwrap();
        assert_eq!((rows.len(), rows[0].as_array().unwrap().len()), (720, 8));
        assert!(rows.windows(2).all(|p| p[1][0].as_i64().unwrap() - p[0][0].as_i64().unwrap() == 60));
        assert_eq!(bars["result"]["last"], rows[718][0], "the last row is still forming");
    }
    let (_, trades) = rig.get("/0/public/Trades?pair=BTC/USD&count=200");
    let rows = trades["result"]["BTC/USD"].as_array().unwrap();
    assert!(rows.len() == 200 && rows.windows(2).all(|p| p[1][6].as_i64() == p[0][6].as_i64().map(|id| id + 1)));
    let last = trades["result"]["last"].as_str().unwrap();
    let (_, later) = rig.get(&format!("/0/public/Trades?pair=BTC/USD&since={last}"));
    assert!(later["result"]["BTC/USD"].as_array().unwrap().is_empty());
    for (path, error) in
        [("/0/public/OHLC?pair=XBT/USD", "EQuery:Unknown asset pair"), ("/0/public/Nothing", "EGeneral:Unknown method")]
    {
        assert_eq!(rig.get(path), (200, json!({"error": [error]})), "errors are HTTP 200");
    }
}

#[test]
fn requests_beyond_one_a_second_are_refused_per_pair() {
    let mut rig = Rig::new(Kraken, 3);
    for _ in 0..15 {
        assert_eq!(rig.get("/0/public/OHLC?pair=BTC/USD").1["error"], json!([]));
    }
    assert_eq!(rig.get("/0/public/OHLC?pair=BTC/USD").1["error"], json!(["EAPI:Rate limit exceeded"]));
    assert_eq!(rig.get("/0/public/OHLC?pair=ETH/USD").1["error"], json!([]));
    rig.pass_ms(15_000);
    assert_eq!(rig.get("/0/public/OHLC?pair=BTC/USD").1["error"], json!([]));
}

/// Applies the levels of raw texts by price and cuts at the depth, so that the digits stay as sent.
fn client_side(side: &mut BTreeMap<i64, (String, String)>, row: &str, sign: i64) {
    for level in row.split("{\"price\":").skip(1) {
        let (price, rest) = level.split_once(",\"qty\":").unwrap();
        let quantity = rest.split('}').next().unwrap();
        let key = sign * (price.parse::<f64>().unwrap() * 10.0).round() as i64;
        if quantity.parse::<f64>().unwrap() == 0.0 {
            side.remove(&key);
        } else {
            side.insert(key, (price.to_owned(), quantity.to_owned()));
        }
    }
    while side.len() > 10 {
        side.pop_last();
    }
}

#[test]
fn every_book_message_carries_the_checksum_of_the_clients_book() {
    let mut rig = open();
    rig.say(r#"{"method":"subscribe","params":{"channel":"book","symbol":["BTC/USD"]}}"#);
    rig.pass_ms(4_000);
    let (mut bids, mut asks) = (BTreeMap::new(), BTreeMap::new());
    let mut checked = 0;
    for frame in rig.frames() {
        let Frame::Text(text) = frame else { continue };
        let Some((_, rest)) = text.split_once("\"bids\":[") else { continue };
        let (bid_rows, rest) = rest.split_once("],\"asks\":[").unwrap();
        let (ask_rows, rest) = rest.split_once("],\"checksum\":").unwrap();
        client_side(&mut bids, bid_rows, -1);
        client_side(&mut asks, ask_rows, 1);
        let levels = asks.values().chain(bids.values());
        let texts: Vec<&str> = levels.flat_map(|(price, quantity)| [price.as_str(), quantity.as_str()]).collect();
        let sent: u32 = rest.split(',').next().unwrap().parse().unwrap();
        assert_eq!(super::checksum::of_texts(texts.into_iter()), sent);
        checked += 1;
    }
    assert!(checked > 20, "{checked}");
    rig.say(r#"{"method":"subscribe","params":{"channel":"book","symbol":["ETH/USD"],"depth":7}}"#);
    assert_eq!(rig.texts()[0]["success"], false);
    assert_eq!(
        rig.get("/0/public/Depth?pair=BTC/USD&count=5").1["result"]["BTC/USD"]["asks"].as_array().unwrap().len(),
        5
    );
}
