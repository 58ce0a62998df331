//! REST requests within the venue's limits, and their answers.

use serde_json::{Map, Value, json};
use tickplane_exchanges::{AnswerError, Exchange, WantedTrades, all};
use tickplane_model::{Instrument, InstrumentStatus, Product, Quality, Timeframe, TradeFlags};

use crate::fixtures::{lines, strings};
use crate::instruments::made;
use crate::shown::{candle_json, rest_trade_json};

/// What an exchange makes of the answers of a fixture's line: `call`, `product` (spot unless said), `contract_size` (1
/// unless said).
fn answer(exchange: &dyn Exchange, line: &Value, answers: &[Vec<u8>]) -> Result<Vec<Value>, AnswerError> {
    let product: Product = line["product"].as_str().unwrap_or("spot").parse().expect("a product");
    let contract_size = line["contract_size"].as_f64().unwrap_or(1.0);
    let instrument = Instrument { contract_size, ..made(exchange, product, 1).remove(0) };
    Ok(match line["call"].as_str().expect("a call") {
        "instruments" => exchange.instruments(product, answers)?.iter().map(instrument_json).collect(),
        "trades" => {
            let trades = exchange.trades(&instrument, &answers[0])?;
            let backfilled = |flags: TradeFlags| flags.contains(TradeFlags::BACKFILLED);
            assert!(trades.iter().all(|trade| backfilled(trade.flags) && trade.receive_ns == 0));
            trades.iter().map(|trade| Value::Object(rest_trade_json(trade))).collect()
        }
        "candles" => exchange.candles(&instrument, Timeframe::M1, &answers[0])?.into_iter().map(final_candle).collect(),
        other => panic!("no call {other}"),
    })
}

fn instrument_json(instrument: &Instrument) -> Value {
    let mut shown = json!({
        "symbol": instrument.symbol.as_str(), "venue_symbol": instrument.venue_symbol,
        "tick_size": instrument.tick_size, "lot_size": instrument.lot_size,
        "quote_volume_24h": instrument.quote_volume_24h,
        "status": match instrument.status {
            InstrumentStatus::Trading => "trading",
            InstrumentStatus::Restricted => "restricted",
            InstrumentStatus::Closed => "closed",
        },
    });
    if instrument.contract_size != 1.0 {
        shown["contract_size"] = instrument.contract_size.into();
    }
    shown
}

fn final_candle(candle: tickplane_model::Candle) -> Value {
    assert!(candle.quality.contains(Quality::VENUE));
    let mut shown: Map<String, Value> = candle_json(candle);
    shown.insert("final".into(), candle.quality.contains(Quality::FINAL).into());
    if candle.trade_count == 0 && !shown.contains_key("quote_volume") {
        shown.remove("trade_count");
    }
    Value::Object(shown)
}

#[test]
fn answers_mean_what_the_fixtures_say() {
    for exchange in all() {
        for line in lines(exchange.meta().id, "rest.jsonl") {
            let call = line["call"].as_str().unwrap();
            let answers: Vec<Vec<u8>> = strings(&line["answers"]).into_iter().map(String::into_bytes).collect();
            match answer(*exchange, &line, &answers) {
                Ok(mut found) => {
                    let mut expected = line["expected"].as_array().expect("an answer, not an error").clone();
                    let unknown = |row: &Value| row.get("quote_volume").is_none() && row["trade_count"] == 0;
                    for row in expected.iter_mut().chain(&mut found).filter(|row| unknown(row)) {
                        row.as_object_mut().expect("an object").remove("trade_count");
                    }
                    assert_eq!(found, expected, "{} {call}", exchange.meta().id);
                }
                Err(error) => assert_eq!(Some(error.to_string().as_str()), line["error"].as_str()),
            }
        }
    }
}

#[test]
fn damaged_answers_are_errors_or_answers_but_never_panics() {
    for exchange in all() {
        for line in lines(exchange.meta().id, "rest.jsonl") {
            let answers: Vec<Vec<u8>> = strings(&line["answers"]).into_iter().map(String::into_bytes).collect();
            for at in 0..answers[0].len() {
                let mut damaged = answers.clone();
                damaged[0].truncate(at);
                assert!(answer(*exchange, &line, &damaged).is_err(), "{}", String::from_utf8_lossy(&damaged[0]));
                for byte in *b"\"{}[],:-09e\xff" {
                    let mut damaged = answers.clone();
                    damaged[0][at] = byte;
                    let _survived = answer(*exchange, &line, &damaged);
                }
            }
        }
    }
}

/// 2026-11-20T00:00:00Z.
const DAY_NS: i64 = 1_795_132_800 * 1_000_000_000;

#[test]
fn requests_exist_for_the_stated_timeframes_and_no_others() {
    for exchange in all() {
        for product in exchange.markets().iter().flat_map(|market| market.products) {
            let (id, instrument) = (exchange.meta().id, &made(*exchange, *product, 1)[0]);
            for timeframe in Timeframe::ALL {
                let request = exchange.candles_request(instrument, timeframe, DAY_NS, DAY_NS + timeframe.length_ns());
                let stated = exchange.market(*product).timeframes.contains(&timeframe);
                assert_eq!(request.is_some(), stated, "{id} {product} {timeframe}");
            }
            let request = exchange.trades_request(instrument, WantedTrades::Newest);
            assert!(request.path.starts_with('/') && request.weight > 0, "{id}");
            let market = |product| std::ptr::from_ref(exchange.market(product));
            let rest = |of: Product| exchange.market(of).rest;
            assert_eq!(rest(request.product), rest(*product), "{id}: asked at the host of its market");
            for request in exchange.instrument_requests(*product) {
                assert!(request.path.starts_with('/'), "{id}");
                assert!(market(request.product) == market(*product) || rest(request.product) == rest(*product), "{id}");
            }
        }
    }
}
