//! The venue's own words, and its account of itself.

use std::collections::BTreeMap;

use serde_json::Value;
use tickplane_model::{ExchangeId, NS_PER_MS, Symbol, Timeframe};

use crate::rig::{Rig, keep};

fn rig(class: &str) -> Rig {
    let mut rig = Rig::new(ExchangeId::Bybit, 4);
    rig.open(&format!("/v5/public/{class}")).unwrap();
    rig
}

fn say(rig: &mut Rig, op: &str, topics: &[&str]) -> Vec<Value> {
    let request = serde_json::json!({"req_id": "7", "op": op, "args": topics});
    rig.say(&request.to_string());
    rig.texts()
}

#[test]
fn spot_and_contracts_are_listed_by_turns_and_live_on_sockets_of_their_own() {
    let mut rig = rig("linear");
    let names = |answer: &Value| -> Vec<String> {
        let rows = answer["result"]["list"].as_array().unwrap();
        rows.iter().map(|row| row["symbol"].as_str().unwrap().to_owned()).collect()
    };
    let (_, spot) = rig.get("/v5/market/instruments-info?category=spot");
    let (_, linear) = rig.get("/v5/market/instruments-info?category=linear&limit=1");
    assert_eq!((names(&spot), names(&linear)), (vec!["BTCUSDT".into(), "ETHUSDT".into()], vec!["BTCUSDT".to_owned()]));
    let (_, next) = rig.get("/v5/market/instruments-info?category=linear&limit=1&cursor=1");
    assert_eq!((linear["result"]["nextPageCursor"].as_str(), names(&next)), (Some("1"), vec!["ETHUSDT".to_owned()]));
    assert!(next["result"]["nextPageCursor"] == "" && linear["result"]["list"][0]["contractType"] == "LinearPerpetual");
    let ack = &say(&mut rig, "subscribe", &["publicTrade.BTCUSDT"])[0];
    assert!(ack["success"] == true && ack["ret_msg"] == "" && ack["req_id"] == "7");
    rig.pass_ms(3_000);
    let ids: Vec<String> = rig.texts().iter().map(|text| text["data"][0]["i"].as_str().unwrap().to_owned()).collect();
    assert!(!ids.is_empty() && ids.iter().all(|id| id.len() == 36), "{ids:?}");
    assert!(Rig::new(ExchangeId::Bybit, 1).open("/v5/public/inverse").is_err());
}

#[test]
fn one_bad_topic_refuses_the_request_and_nothing_of_it_is_subscribed() {
    let mut rig = rig("spot");
    let refused = say(&mut rig, "subscribe", &["publicTrade.BTCUSDT", "publicTrade.NOPE"]);
    assert!(refused.len() == 1 && refused[0]["success"] == false, "{refused:?}");
    assert!(refused[0]["ret_msg"].as_str().unwrap().contains("NOPE"));
    rig.pass_ms(2_000);
    assert!(rig.texts().is_empty());
    let eleven = ["publicTrade.BTCUSDT"; 11];
    assert_eq!(say(&mut rig, "subscribe", &eleven)[0]["ret_msg"], "args size >10");
    assert_eq!(say(&mut rig, "ping", &[])[0]["ret_msg"], "pong");
}

#[test]
fn trades_add_up_to_the_market_s_account() {
    let mut rig = rig("spot");
    say(&mut rig, "subscribe", &["publicTrade.BTCUSDT"]);
    let begun_ns = rig.now_ns;
    rig.pass_ms(20_000);
    let texts = rig.texts();
    let trades: Vec<&Value> = texts.iter().flat_map(|text| text["data"].as_array().unwrap()).collect();
    let symbol: Symbol = "BTC-USDT".parse().unwrap();
    let index = rig.market.index_of(&symbol).unwrap();
    let tally = rig.market.tally(index, Timeframe::S1.length_ns(), 0);
    let whole = tally.iter().filter(|row| row.open_time_ns >= begun_ns + 1_000 * NS_PER_MS);
    let mut checked = 0;
    for row in whole.filter(|row| row.open_time_ns + 1_000 * NS_PER_MS <= rig.now_ns) {
        let of_row = |trade: &&&Value| {
            trade["T"].as_i64().unwrap() * NS_PER_MS / 1_000_000_000 * 1_000_000_000 == row.open_time_ns
        };
        assert_eq!(trades.iter().filter(of_row).count() as u64, row.trade_count);
        checked += 1;
    }
    assert!(checked > 5);
}

#[test]
fn a_book_kept_from_its_messages_is_the_book_of_rest() {
    let mut rig = rig("linear");
    let mut texts = say(&mut rig, "subscribe", &["orderbook.50.BTCUSDT"]);
    rig.pass_ms(5_000);
    texts.extend(rig.texts());
    let (mut bids, mut number) = (BTreeMap::new(), 0);
    for text in texts.iter().filter(|text| text["topic"] == "orderbook.50.BTCUSDT") {
        number += 1;
        assert_eq!(text["data"]["u"], number);
        assert_eq!(text["type"], if number == 1 { "snapshot" } else { "delta" });
        for level in text["data"]["b"].as_array().unwrap() {
            keep(&mut bids, &level[0], &level[1]);
        }
    }
    assert!(number > 5);
    let (_, rest) = rig.get("/v5/market/orderbook?category=linear&symbol=BTCUSDT&limit=50");
    let levels = rest["result"]["b"].as_array().unwrap();
    let expected: BTreeMap<String, String> = levels
        .iter()
        .map(|level| (level[0].as_str().unwrap().to_owned(), level[1].as_str().unwrap().to_owned()))
        .collect();
    assert_eq!(bids, expected);
}
