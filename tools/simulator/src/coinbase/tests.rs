//! Coinbase's protocol, without sockets and with time as an argument.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tickplane_model::ExchangeId::Coinbase;

use crate::rig::{Rig, keep};

fn open() -> Rig {
    let mut rig = Rig::new(Coinbase, 20);
    rig.open("/").unwrap();
    rig
}

fn ids(event: &Value) -> Vec<i64> {
    event["trades"].as_array().unwrap().iter().map(|t| t["trade_id"].as_str().unwrap().parse().unwrap()).collect()
}

#[test]
fn a_silent_client_is_let_go_after_five_seconds() {
    let mut rig = open();
    rig.pass_ms(4_990);
    assert_eq!(rig.closed(), None);
    rig.pass_ms(20);
    assert!(rig.closed().is_some());

    let mut rig = open();
    rig.say(r#"{"type":"subscribe","channel":"heartbeats"}"#);
    rig.pass_ms(20_000);
    assert_eq!(rig.closed(), None);
}

#[test]
fn snapshot_then_ack_then_batches_in_one_sequence() {
    let mut rig = open();
    rig.say(r#"{"type":"subscribe","product_ids":["BTC-USD","ETH-USD"],"channel":"market_trades"}"#);
    rig.say(r#"{"type":"subscribe","channel":"heartbeats"}"#);
    rig.pass_ms(5_000);
    let frames = rig.texts();
    for (number, frame) in frames.iter().enumerate() {
        assert_eq!(frame["sequence_num"], number, "one sequence over all channels");
    }
    assert_eq!(
        (&frames[0]["events"][0]["type"], &frames[1]["events"][0]["type"]),
        (&json!("snapshot"), &json!("snapshot"))
    );
    let snapshot = ids(&frames[0]["events"][0]);
    assert!(snapshot.len() == 100 && snapshot.windows(2).all(|p| p[0] == p[1] + 1), "newest first");
    assert_eq!(frames[2]["events"][0], json!({"subscriptions": {"market_trades": ["BTC-USD", "ETH-USD"]}}));
    assert_eq!(
        frames[3]["events"][0],
        json!({"subscriptions": {"heartbeats": ["heartbeats"], "market_trades": ["BTC-USD", "ETH-USD"]}})
    );
    let mut last = snapshot[0];
    let mut times: Vec<&str> = Vec::new();
    for frame in &frames[4..] {
        let event = &frame["events"][0];
        if frame["channel"] == "market_trades" && event["trades"][0]["product_id"] == "BTC-USD" {
            assert_eq!(event["type"], "update");
            for id in ids(event) {
                assert_eq!(id, last + 1, "no trade twice, none missing, oldest first");
                last = id;
            }
            times.push(frame["timestamp"].as_str().unwrap());
        }
    }
    let distinct: std::collections::BTreeSet<&&str> = times.iter().collect();
    assert!(times.len() <= 20 && times.len() > 5 && distinct.len() == times.len(), "batches of 250 ms");
    assert_eq!(frames.iter().filter(|frame| frame["channel"] == "heartbeats").count(), 5);
    let newest = rig.market.instrument(0).log.back().unwrap().id as i64;
    assert!(newest >= last);
}

#[test]
fn the_side_is_the_makers() {
    let mut rig = open();
    rig.say(r#"{"type":"subscribe","product_ids":["BTC-USD"],"channel":"market_trades"}"#);
    let frames = rig.texts();
    let newest = *rig.market.instrument(0).log.back().unwrap();
    let side = if newest.buy { "SELL" } else { "BUY" };
    assert_eq!(frames[0]["events"][0]["trades"][0]["side"], side);
}

#[test]
fn usdc_products_are_aliases_of_the_usd_books() {
    let mut rig = open();
    rig.say(r#"{"type":"subscribe","product_ids":["BTC-USDC"],"channel":"ticker"}"#);
    rig.pass_ms(3_000);
    let frames = rig.texts();
    assert_eq!(frames[0]["events"][0]["tickers"][0]["product_id"], "BTC-USD");
    assert_eq!(frames[1]["events"][0], json!({"subscriptions": {"ticker": ["BTC-USD"]}}));
    assert!(frames.len() > 5);
    rig.say(r#"{"type":"unsubscribe","product_ids":["BTC-USDC"],"channel":"ticker"}"#);
    rig.pass_ms(3_000);
    assert_eq!(rig.texts().iter().map(|f| f["events"][0].clone()).collect::<Vec<_>>(), [json!({"subscriptions": {}})]);
}

#[test]
fn refusals_have_the_venues_words() {
    for (text, words) in [
        ("{", "failure to subscribe"),
        (r#"{"type":"subscribe","product_ids":["NO-SUCH"],"channel":"market_trades"}"#, "failure to subscribe"),
        (r#"{"type":"subscribe","product_ids":["BTC-USD"],"channel":"nothing"}"#, "failure to subscribe"),
        (r#"{"type":"subscribe","product_ids":["BTC-USD"],"channel":"user"}"#, "authentication failure"),
    ] {
        let mut rig = open();
        rig.say(text);
        assert_eq!(rig.texts(), [json!({"type": "error", "message": words})], "{text}");
    }
}

#[test]
fn candles_are_of_five_minutes() {
    let mut rig = open();
    rig.say(r#"{"type":"subscribe","product_ids":["BTC-USD"],"channel":"candles"}"#);
    rig.pass_ms(3_000);
    let frames = rig.texts();
    let candles = frames[0]["events"][0]["candles"].as_array().unwrap();
    assert!(
        candles.len() > 90 && candles.iter().all(|c| c["start"].as_str().unwrap().parse::<i64>().unwrap() % 300 == 0)
    );
    let updates = frames.iter().filter(|f| f["channel"] == "candles" && f["events"][0]["type"] == "update").count();
    assert!((2..=3).contains(&updates), "once a second, {updates}");
}

#[test]
fn rest_has_the_documented_form() {
    let mut rig = Rig::new(Coinbase, 20);
    let (_, listed) = rig.get("/api/v3/brokerage/market/products?limit=500");
    let products = listed["products"].as_array().unwrap();
    assert_eq!((products.len(), listed["num_products"].as_u64()), (40, Some(40)), "each USD book has a USDC alias");
    assert_eq!((&products[0]["product_id"], &products[0]["alias_to"][0]), (&json!("BTC-USD"), &json!("BTC-USDC")));
    assert_eq!((&products[20]["product_id"], &products[20]["alias"]), (&json!("BTC-USDC"), &json!("BTC-USD")));
    let (_, ticker) = rig.get("/api/v3/brokerage/market/products/BTC-USD/ticker?limit=1000");
    let ids = ids(&ticker);
    assert!(ids.len() == 1_000 && ids.windows(2).all(|p| p[0] == p[1] + 1));
    let end = rig.now_ns / 1_000_000_000;
    let start = end - 349 * 60;
    let path =
        format!("/api/v3/brokerage/market/products/BTC-USD/candles?granularity=ONE_MINUTE&start={start}&end={end}");
    let (status, candles) = rig.get(&path);
    let starts: Vec<i64> =
        candles["candles"].as_array().unwrap().iter().map(|c| c["start"].as_str().unwrap().parse().unwrap()).collect();
    assert!(status == 200 && starts.len() >= 349 && starts.windows(2).all(|p| p[0] == p[1] + 60), "newest first");
    assert_eq!(rig.get("/api/v3/brokerage/market/products/NO-SUCH").0, 404);
    let start = end - 400 * 60;
    let path =
        format!("/api/v3/brokerage/market/products/BTC-USD/candles?granularity=ONE_MINUTE&start={start}&end={end}");
    assert_eq!(rig.get(&path).0, 400);
    assert!(rig.get("/api/v3/brokerage/time").1["epochSeconds"].is_string());
}

#[test]
fn more_than_ten_requests_a_second_are_refused() {
    let mut rig = Rig::new(Coinbase, 2);
    let statuses: Vec<u16> = (0..12).map(|_| rig.get("/api/v3/brokerage/time").0).collect();
    assert_eq!(statuses[9..], [200, 429, 429]);
    rig.pass_ms(1_000);
    assert_eq!(rig.get("/api/v3/brokerage/time").0, 200);
    for _ in 0..8 {
        rig.open("/").unwrap();
    }
    assert_eq!(rig.open("/").unwrap_err().status, 429);
}

#[test]
fn more_than_eight_messages_a_second_are_refused_whichever_socket_they_come_on() {
    let mut rig = Rig::new(Coinbase, 2);
    let say = |rig: &mut Rig, count| {
        rig.open("/").unwrap();
        (0..count).for_each(|_| rig.say(r#"{"type":"subscribe","channel":"heartbeats"}"#));
        rig.texts().iter().filter(|text| text["type"] == "error").count()
    };
    assert_eq!((say(&mut rig, 5), say(&mut rig, 3), say(&mut rig, 2)), (0, 0, 2));
    rig.pass_ms(1_000);
    assert_eq!(say(&mut rig, 8), 0);
}

#[test]
fn level2_builds_the_book_that_rest_shows() {
    let mut rig = open();
    rig.say(r#"{"type":"subscribe","product_ids":["ETH-USD"],"channel":"level2"}"#);
    rig.pass_ms(4_000);
    let (mut bids, mut offers) = (BTreeMap::new(), BTreeMap::new());
    let frames = rig.texts();
    assert!(frames.len() > 20 && frames[1]["channel"] == "subscriptions");
    assert_eq!(frames[0]["events"][0]["updates"][0]["event_time"], "1970-01-01T00:00:00Z");
    for frame in frames.iter().filter(|frame| frame["channel"] == "l2_data") {
        for update in frame["events"][0]["updates"].as_array().unwrap() {
            let side = if update["side"] == "bid" { &mut bids } else { &mut offers };
            keep(side, &update["price_level"], &update["new_quantity"]);
        }
    }
    let (_, book) = rig.get("/api/v3/brokerage/market/product_book?product_id=ETH-USD");
    for (side, levels) in [(&bids, &book["pricebook"]["bids"]), (&offers, &book["pricebook"]["asks"])] {
        let mut expected = BTreeMap::new();
        levels.as_array().unwrap().iter().for_each(|level| keep(&mut expected, &level["price"], &level["size"]));
        assert_eq!(*side, expected);
    }
}
