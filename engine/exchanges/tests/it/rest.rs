//! REST requests within the venue's limits, and their answers.

use serde_json::{Map, Value, json};
use tickplane_exchanges::{AnswerError, Exchange, Method, TradeMark, WantedTrades, all, exchange};
use tickplane_model::{ExchangeId, Instrument, InstrumentStatus, Quality, Timeframe, TradeFlags, TradeId};

use crate::fixtures::{lines, strings};
use crate::instruments::named;
use crate::shown::{candle_json, rest_trade_json};

fn answer(exchange: &dyn Exchange, call: &str, answers: &[Vec<u8>]) -> Result<Vec<Value>, AnswerError> {
    let instrument = named(exchange, "BTC-USD");
    Ok(match call {
        "instruments" => exchange.instruments(answers)?.iter().map(instrument_json).collect(),
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
    assert_eq!(instrument.contract_size, 1.0);
    json!({
        "symbol": instrument.symbol.as_str(), "venue_symbol": instrument.venue_symbol,
        "tick_size": instrument.tick_size, "lot_size": instrument.lot_size,
        "quote_volume_24h": instrument.quote_volume_24h,
        "status": match instrument.status {
            InstrumentStatus::Trading => "trading",
            InstrumentStatus::Restricted => "restricted",
            InstrumentStatus::Closed => "closed",
        },
    })
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
            match answer(*exchange, call, &answers) {
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
            let call = line["call"].as_str().unwrap();
            let answers: Vec<Vec<u8>> = strings(&line["answers"]).into_iter().map(String::into_bytes).collect();
            for at in 0..answers[0].len() {
                let mut damaged = answers.clone();
                damaged[0].truncate(at);
                assert!(answer(*exchange, call, &damaged).is_err(), "{}", String::from_utf8_lossy(&damaged[0]));
                for byte in *b"\"{}[],:-09e\xff" {
                    let mut damaged = answers.clone();
                    damaged[0][at] = byte;
                    let _survived = answer(*exchange, call, &damaged);
                }
            }
        }
    }
}

/// 2026-11-20T00:00:00Z.
const DAY_NS: i64 = 1_795_132_800 * 1_000_000_000;

#[test]
fn requests_are_the_venues_own() {
    let path = |id: ExchangeId, timeframe: Timeframe, length: i64| {
        let exchange = exchange(id).unwrap();
        let instrument = named(exchange, "BTC-USD");
        let request = exchange.candles_request(&instrument, timeframe, DAY_NS, DAY_NS + length);
        request.map(|request| {
            assert_eq!(request.method, Method::Get);
            request.path
        })
    };
    let hour = Timeframe::H1.length_ns();
    assert_eq!(
        path(ExchangeId::Binance, Timeframe::S1, hour).unwrap(),
        "/api/v3/klines?symbol=BTCUSD&interval=1s&startTime=1795132800000&endTime=1795136399999&limit=1000"
    );
    assert_eq!(
        path(ExchangeId::Coinbase, Timeframe::M1, hour).unwrap(),
        concat!(
            "/api/v3/brokerage/market/products/BTC-USD/candles",
            "?start=1795132800&end=1795136399&granularity=ONE_MINUTE&limit=350"
        )
    );
    assert_eq!(
        path(ExchangeId::Coinbase, Timeframe::M1, 1_000 * hour).unwrap(),
        concat!(
            "/api/v3/brokerage/market/products/BTC-USD/candles",
            "?start=1795132800&end=1795153740&granularity=ONE_MINUTE&limit=350"
        ),
        "350 candles at most: longer spans are refused"
    );
    assert_eq!(
        path(ExchangeId::Kraken, Timeframe::H4, hour).unwrap(),
        "/0/public/OHLC?pair=BTC/USD&interval=240&since=1795132799"
    );
    for id in [ExchangeId::Coinbase, ExchangeId::Kraken] {
        assert_eq!(path(id, Timeframe::S1, hour), None, "{id} has no candles of a second");
        assert_eq!(path(id, Timeframe::W1, hour), None, "{id} has no weeks from Monday");
    }
}

#[test]
fn requests_exist_for_the_stated_timeframes_and_no_others() {
    for exchange in all() {
        let instrument = named(*exchange, "BTC-USD");
        for timeframe in Timeframe::ALL {
            let request = exchange.candles_request(&instrument, timeframe, DAY_NS, DAY_NS + timeframe.length_ns());
            assert_eq!(request.is_some(), exchange.meta().timeframes.contains(&timeframe), "{timeframe}");
        }
        let request = exchange.trades_request(&instrument, WantedTrades::Newest);
        assert!(request.path.starts_with('/') && request.weight > 0);
        assert!(exchange.instrument_requests().iter().all(|request| request.path.starts_with('/')));
    }
}

#[test]
fn trades_are_asked_for_from_one_that_is_known() {
    let mark = |id: u128, exchange_ns| TradeMark { id: TradeId::number(id), exchange_ns };
    let path = |id: ExchangeId, wanted| {
        let exchange = exchange(id).unwrap();
        exchange.trades_request(&named(exchange, "BTC-USD"), wanted).path
    };
    let known = mark(41, DAY_NS + 1_500_000_000);
    let open = WantedTrades::After { known, before: None };
    let closed = WantedTrades::After { known, before: Some(mark(90, DAY_NS + 7_000_000_001)) };
    assert_eq!(path(ExchangeId::Binance, WantedTrades::Newest), "/api/v3/trades?symbol=BTCUSD&limit=1000");
    for wanted in [open, closed] {
        assert_eq!(path(ExchangeId::Binance, wanted), "/api/v3/historicalTrades?symbol=BTCUSD&fromId=41&limit=1000");
        assert_eq!(
            path(ExchangeId::Kraken, wanted),
            "/0/public/Trades?pair=BTC/USD&count=1000&since=1795132801499999000"
        );
    }
    let newest = "/api/v3/brokerage/market/products/BTC-USD/ticker?limit=500";
    assert_eq!(path(ExchangeId::Coinbase, open), newest);
    assert_eq!(path(ExchangeId::Coinbase, closed), format!("{newest}&start=1795132801&end=1795132808"));
}
