//! Binance's protocol, without sockets and with time as an argument.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tickplane_model::ExchangeId::Binance;

use crate::rig::{Rig, keep};
use crate::venue::{Control, Frame};

fn open(target: &str) -> Rig {
    let mut rig = Rig::new(Binance, 20);
    rig.open(target).unwrap();
    rig
}

#[test]
fn every_fill_is_a_trade_frame_and_ids_have_no_holes() {
    let mut rig = open("/ws/btcusdt@trade");
    rig.pass_ms(10_000);
    let trades = rig.texts();
    assert!(trades.len() > 50, "{}", trades.len());
    let mut last: Option<i64> = None;
    for trade in &trades {
        assert_eq!((trade["e"].as_str(), trade["s"].as_str()), (Some("trade"), Some("BTCUSDT")));
        let id = trade["t"].as_i64().unwrap();
        assert!(last.is_none_or(|last| id == last + 1));
        last = Some(id);
        let price = trade["p"].as_str().unwrap();
        assert_eq!(price.split_once('.').unwrap().1.len(), 8, "{price}");
        assert!(trade["E"].as_i64() >= trade["T"].as_i64() && trade["m"].is_boolean());
    }
    let newest = rig.market.instrument(0).log.back().copied().unwrap();
    assert_eq!(trades.last().unwrap()["t"].as_u64(), Some(newest.id));
    assert_eq!(trades.last().unwrap()["m"].as_bool(), Some(!newest.buy));
}

#[test]
fn combined_streams_are_wrapped_and_raw_ones_are_not() {
    let mut rig = open("/stream?streams=btcusdt@trade/ethusdt@bookTicker");
    rig.pass_ms(2_000);
    let frames = rig.texts();
    let names: std::collections::BTreeSet<&str> = frames.iter().filter_map(|f| f["stream"].as_str()).collect();
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["btcusdt@trade", "ethusdt@bookTicker"]);
    let quote = &frames.iter().find(|f| f["stream"] == "ethusdt@bookTicker").unwrap()["data"];
    let keys: Vec<&str> = quote.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["A", "B", "a", "b", "s", "u"]);
}

#[test]
fn requests_are_acknowledged_listed_and_undone() {
    let mut rig = open("/ws");
    rig.say(r#"{"method":"SUBSCRIBE","params":["dogeusdt@trade","nosuch@trade","btcusdt@nothing"],"id":"a1"}"#);
    rig.pass_ms(30);
    let frames = rig.texts();
    assert!(frames.contains(&json!({"result": null, "id": "a1"})), "unknown streams are acked too");
    rig.say(r#"{"method":"LIST_SUBSCRIPTIONS","id":3}"#);
    assert_eq!(rig.texts(), [json!({"result": ["btcusdt@nothing", "dogeusdt@trade", "nosuch@trade"], "id": 3})]);
    rig.say(r#"{"method":"UNSUBSCRIBE","params":["dogeusdt@trade","nosuch@trade","btcusdt@nothing"],"id":4}"#);
    rig.pass_ms(5_000);
    assert_eq!(rig.texts(), [json!({"result": null, "id": 4})]);
}

#[test]
fn data_may_precede_the_ack() {
    let mut rig = open("/ws");
    rig.say(r#"{"method":"SUBSCRIBE","params":["btcusdt@bookTicker"],"id":1}"#);
    rig.pass_ms(1_000);
    let frames = rig.texts();
    let ack = frames.iter().position(|frame| frame["id"] == 1).unwrap();
    assert!(ack <= 1 && frames.len() > 2, "the ack waits for one frame or 20 ms");
}

#[test]
fn errors_carry_the_documented_codes() {
    for (text, code, id) in [
        ("nonsense", 3, Value::Null),
        (r#"{"method":"SUB","id":7}"#, 2, json!(7)),
        (r#"{"method":"SUBSCRIBE","params":"x","id":8}"#, 2, json!(8)),
        (r#"{"method":"GET_PROPERTY","params":["speed"],"id":9}"#, 0, json!(9)),
        (r#"{"method":"SET_PROPERTY","params":["combined",3],"id":10}"#, 1, json!(10)),
    ] {
        let mut rig = open("/ws");
        rig.say(text);
        let frames = rig.texts();
        assert_eq!((&frames[0]["error"]["code"], &frames[0]["id"]), (&json!(code), &id), "{text}");
    }
}

#[test]
fn the_sixth_message_of_a_second_ends_the_connection() {
    let mut rig = open("/ws");
    for _ in 0..3 {
        rig.say(r#"{"method":"LIST_SUBSCRIPTIONS","id":1}"#);
    }
    rig.control(Control::Ping);
    rig.control(Control::Pong(b""));
    assert_eq!(rig.closed(), None);
    rig.say(r#"{"method":"LIST_SUBSCRIPTIONS","id":2}"#);
    assert_eq!(rig.closed(), Some("Too many requests"));

    let mut patient = open("/ws");
    for _ in 0..30 {
        patient.say(r#"{"method":"LIST_SUBSCRIPTIONS","id":1}"#);
        patient.pass_ms(200);
    }
    assert_eq!(patient.closed(), None);
}

#[test]
fn more_than_1024_streams_end_the_connection() {
    let names = |count: usize| (0..count).map(|n| format!("\"s{n}@trade\"")).collect::<Vec<_>>().join(",");
    let mut rig = open("/ws");
    rig.say(&format!(r#"{{"method":"SUBSCRIBE","params":[{}],"id":1}}"#, names(1_024)));
    assert_eq!(rig.closed(), None);
    rig.say(r#"{"method":"SUBSCRIBE","params":["one@more"],"id":2}"#);
    assert_eq!(rig.closed(), Some("Too many streams"));
}

#[test]
fn pings_come_every_20_s_and_must_be_answered_within_60_s() {
    let mut rig = open("/ws");
    rig.pass_ms(19_999);
    assert!(rig.frames().is_empty());
    rig.pass_ms(2);
    let [Frame::Ping(payload)] = &rig.frames()[..] else { panic!("no ping") };
    rig.control(Control::Pong(payload.as_bytes()));
    rig.pass_ms(20_000);
    assert!(matches!(&rig.frames()[..], [Frame::Ping(_)]));
    // An unsolicited pong is allowed and does not count.
    rig.control(Control::Pong(b"hello"));
    rig.pass_ms(59_990);
    assert_eq!(rig.closed(), None);
    rig.pass_ms(20);
    assert_eq!(rig.closed(), Some("Pong timeout"));
}

#[test]
fn klines_close_exactly_once() {
    let mut rig = open("/ws/dogeusdt@kline_1m/btcusdt@kline_1s");
    let mut frames = Vec::new();
    for _ in 0..5 {
        rig.pass_ms(25_002);
        frames.extend(rig.answered());
    }
    let of = |symbol: &str| frames.iter().filter(|f| f["s"] == symbol).map(|f| f["k"].clone()).collect::<Vec<_>>();
    let minutes = of("DOGEUSDT");
    let closed: Vec<&Value> = minutes.iter().filter(|k| k["x"] == true).collect();
    assert_eq!(closed.len(), 2);
    for kline in closed {
        assert_eq!(kline["T"].as_i64().unwrap() - kline["t"].as_i64().unwrap(), 59_999);
        assert_eq!(kline["L"].as_i64().unwrap() - kline["f"].as_i64().unwrap() + 1, kline["n"].as_i64().unwrap());
    }
    let seconds: Vec<i64> = of("BTCUSDT").iter().filter(|k| k["x"] == true).map(|k| k["t"].as_i64().unwrap()).collect();
    assert_eq!(seconds.len(), 125);
    assert!(seconds.windows(2).all(|pair| pair[1] == pair[0] + 1_000));
}

#[test]
fn tickers_come_once_a_second() {
    let mut rig = open("/stream?streams=btcusdt@ticker/!miniTicker@arr");
    rig.pass_ms(5_100);
    let frames = rig.texts();
    let full: Vec<&Value> = frames.iter().filter(|f| f["stream"] == "btcusdt@ticker").map(|f| &f["data"]).collect();
    assert!((4..=6).contains(&full.len()));
    assert_eq!(full[0]["e"], "24hrTicker");
    assert!(frames.iter().any(|f| f["stream"] == "!miniTicker@arr" && f["data"].as_array().unwrap().len() > 3));
}

#[test]
fn microseconds_on_request() {
    let mut rig = open("/ws/btcusdt@trade?timeUnit=MICROSECOND");
    rig.pass_ms(3_000);
    let frames = rig.texts();
    assert!(frames[0]["T"].as_i64().unwrap() > 1_000_000_000_000_000);
}

#[test]
fn rest_has_the_documented_form() {
    let mut rig = Rig::new(Binance, 20);
    let (_, info) = rig.get("/api/v3/exchangeInfo");
    let symbols = info["symbols"].as_array().unwrap();
    assert_eq!((symbols.len(), &symbols[0]["symbol"]), (20, &json!("BTCUSDT")));
    assert_eq!(symbols[0]["filters"][0]["filterType"], "PRICE_FILTER");
    let (_, day) = rig.get("/api/v3/ticker/24hr?type=MINI");
    let volumes: Vec<f64> =
        day.as_array().unwrap().iter().map(|d| d["quoteVolume"].as_str().unwrap().parse().unwrap()).collect();
    assert!(volumes.len() == 20 && volumes[0] > volumes[19]);
    let (_, trades) = rig.get("/api/v3/trades?symbol=BTCUSDT&limit=1000");
    let ids: Vec<i64> = trades.as_array().unwrap().iter().map(|t| t["id"].as_i64().unwrap()).collect();
    assert!(ids.len() == 1_000 && ids.windows(2).all(|pair| pair[1] == pair[0] + 1));
    let (_, aggregates) = rig.get("/api/v3/aggTrades?symbol=BTCUSDT&limit=100");
    let rows = aggregates.as_array().unwrap();
    assert!(rows.len() == 100 && rows.windows(2).all(|p| p[1]["f"].as_i64() == p[0]["l"].as_i64().map(|l| l + 1)));
    assert!(rows.windows(2).all(|p| p[1]["a"].as_i64() == p[0]["a"].as_i64().map(|a| a + 1)));
    for (interval, length_ms) in
        [("1s", 1_000), ("1m", 60_000), ("1h", 3_600_000), ("1d", 86_400_000), ("1w", 604_800_000)]
    {
        let (status, klines) = rig.get(&format!("/api/v3/klines?symbol=ETHUSDT&interval={interval}&limit=90"));
        let rows = klines.as_array().unwrap();
        assert!(status == 200 && rows.len() == 90, "{interval} {}", rows.len());
        assert!(rows.windows(2).all(|p| p[1][0].as_i64().unwrap() - p[0][0].as_i64().unwrap() == length_ms));
        assert_eq!(rows[0].as_array().unwrap().len(), 12);
    }
    assert_eq!(
        rig.get("/api/v3/klines?symbol=BTCUSDT&interval=7m"),
        (400, json!({"code": -1120, "msg": "Invalid interval."}))
    );
    assert_eq!(rig.get("/api/v3/trades?symbol=XBTUSDT"), (400, json!({"code": -1121, "msg": "Invalid symbol."})));
    assert_eq!(rig.get("/api/v3/trades").1["code"], -1102);
}

#[test]
fn too_much_weight_is_refused_then_banned_then_forgotten() {
    let mut rig = Rig::new(Binance, 2);
    for _ in 0..75 {
        assert_eq!(rig.get("/api/v3/ticker/24hr").0, 200);
    }
    assert_eq!(rig.get("/api/v3/ticker/24hr").0, 429);
    for _ in 0..25 {
        rig.get("/api/v3/ticker/24hr");
    }
    assert_eq!(rig.get("/api/v3/ping").0, 418);
    rig.pass_ms(121_000);
    assert_eq!(rig.get("/api/v3/ping").0, 200);
}

#[test]
fn depth_changes_follow_the_snapshot_without_a_gap() {
    // A snapshot in the midst of a message's 100 ms may hold levels that are in neither the book before nor after it.
    (1_000..1_100).step_by(7).for_each(depth_changes_follow_a_snapshot_after);

    let mut top = open("/stream?streams=btcusdt@depth5@100ms");
    top.pass_ms(500);
    let frames = top.texts();
    assert_eq!(frames[0]["data"]["bids"].as_array().unwrap().len(), 5);
    assert!(frames[0]["data"].get("s").is_none(), "no symbol: only the wrapper names it");
}

fn depth_changes_follow_a_snapshot_after(ms: i64) {
    let mut rig = open("/ws/btcusdt@depth@100ms");
    rig.pass_ms(ms);
    let (_, snapshot) = rig.get("/api/v3/depth?symbol=BTCUSDT&limit=1000");
    rig.pass_ms(6_000 - ms);
    let last = snapshot["lastUpdateId"].as_u64().unwrap();
    let mut sides = [BTreeMap::new(), BTreeMap::new()];
    let apply = |sides: &mut [BTreeMap<String, String>; 2], bids: &Value, asks: &Value| {
        for (side, levels) in sides.iter_mut().zip([bids, asks]) {
            levels.as_array().unwrap().iter().for_each(|level| keep(side, &level[0], &level[1]));
        }
    };
    apply(&mut sides, &snapshot["bids"], &snapshot["asks"]);
    let frames = rig.texts();
    assert!(frames.len() > 40 && frames.windows(2).all(|p| p[1]["U"].as_u64() == p[0]["u"].as_u64().map(|u| u + 1)));
    let kept: Vec<&Value> = frames.iter().filter(|frame| frame["u"].as_u64().unwrap() > last).collect();
    assert!(kept[0]["U"].as_u64().unwrap() <= last + 1);
    for frame in &kept {
        apply(&mut sides, &frame["b"], &frame["a"]);
    }
    let mut expected = [BTreeMap::new(), BTreeMap::new()];
    let (_, end) = rig.get("/api/v3/depth?symbol=BTCUSDT&limit=1000");
    apply(&mut expected, &end["bids"], &end["asks"]);
    assert_eq!((&end["lastUpdateId"], &sides), (&kept.last().unwrap()["u"], &expected), "{ms} ms");
}
