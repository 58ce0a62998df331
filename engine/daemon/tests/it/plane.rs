//! Trades travel from the venues to a reader, and the candles equal the venues' own account.

use std::time::Duration;

use tickplane_daemon::Config;
use tickplane_model::{ExchangeId, Key, Quality, Symbol, Timeframe};
use tickplane_segments::{ConnectionCounter, LifeState, Plane};

use crate::support::{VENUES, World, start, wait_until};

const SYMBOLS: usize = 6;

fn key(exchange: ExchangeId, symbol: &Symbol, timeframe: Timeframe) -> Key {
    Key::Candles { exchange, symbol: symbol.clone(), timeframe }
}

/// Compares every closed, whole candle with the simulation's account; returns how many there were.
fn compare(world: &World, plane: &Plane) -> usize {
    let mut compared = 0;
    for exchange in VENUES {
        for symbol in world.simulation.symbols(exchange) {
            for timeframe in [Timeframe::S1, Timeframe::S5] {
                let series = plane.series(&key(exchange, &symbol, timeframe)).expect("a series");
                let rows = series.candles(100).expect("rows").candles;
                let tally = world.simulation.tally(exchange, &symbol, timeframe);
                for candle in rows.iter().filter(|candle| !candle.quality.contains(Quality::PARTIAL)) {
                    let what = format!("{exchange} {symbol} {timeframe} {candle:?}");
                    assert!(candle.quality.contains(Quality::FINAL) && candle.quality.gap_ms() == 0, "{what}");
                    compared += 1;
                    let account = tally.iter().find(|row| row.open_time_ns == candle.open_time_ns);
                    let Some(account) = account else {
                        assert!(candle.quality.contains(Quality::SYNTHETIC) && candle.trade_count == 0, "{what}");
                        continue;
                    };
                    assert_eq!(
                        (candle.open, candle.high, candle.low, candle.close, candle.trade_count),
                        (account.open, account.high, account.low, account.close, account.trade_count),
                        "{what}"
                    );
                    assert_eq!(
                        (candle.volume, candle.quote_volume, candle.taker_buy_volume),
                        (account.volume, account.quote_volume, account.taker_buy_volume),
                        "{what}"
                    );
                }
            }
        }
    }
    compared
}

fn candles_equal_the_tally(change: impl FnOnce(&mut Config)) {
    let world = World::new(SYMBOLS, false);
    let mut config = world.config(SYMBOLS);
    change(&mut config);
    let (daemon, talk) = start(config);
    for exchange in VENUES {
        let started = daemon.start_exchange(exchange).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(started.symbols.len(), SYMBOLS);
    }
    std::thread::sleep(Duration::from_secs(8));
    let plane = world.open();
    let compared = compare(&world, &plane);
    assert!(compared > 3 * SYMBOLS * 5, "only {compared} candles: {:#?}", talk.try_iter().collect::<Vec<_>>());
    for connection in plane.connections() {
        assert_eq!(connection.rejected(), 0, "{connection:?}");
        assert_eq!(connection.count(ConnectionCounter::Gaps), 0, "{connection:?}");
        assert_eq!(connection.count(ConnectionCounter::Refusals), 0, "{connection:?}");
        assert!(connection.count(ConnectionCounter::Quotes) > 0, "{connection:?}");
    }
    daemon.shutdown(false);
    assert_eq!(plane.status().state, LifeState::Closed);
}

#[test]
fn candles_equal_the_tally_with_one_worker() {
    candles_equal_the_tally(|config| config.workers = Some(1));
}

#[test]
fn candles_equal_the_tally_without_workers() {
    candles_equal_the_tally(|config| config.workers = Some(0));
}

#[test]
fn candles_equal_the_tally_with_two_shards_two_workers_and_spinning() {
    candles_equal_the_tally(|config| {
        config.shards = Some(2);
        config.workers = Some(2);
        config.runtime = Some(tickplane_runtimes::Runtime::Poll);
    });
}

#[test]
fn a_lost_connection_is_opened_again_and_the_outage_is_told() {
    let world = World::new(SYMBOLS, true);
    let (daemon, talk) = start(world.config(SYMBOLS));
    daemon.start_exchange(ExchangeId::Kraken).unwrap_or_else(|error| panic!("{error}"));
    let plane = world.open();
    let live = || plane.connections().iter().any(|connection| connection.count(ConnectionCounter::Trades) > 10);
    wait_until("the first trades", Duration::from_secs(10), live);
    world.simulation.disconnect_all(ExchangeId::Kraken);
    let back =
        || plane.connections().iter().any(|connection| connection.attempts >= 2 && connection.connected_at_ns > 0);
    wait_until("a second attempt", Duration::from_secs(10), back);
    std::thread::sleep(Duration::from_secs(3));
    let talk: Vec<String> = talk.try_iter().collect();
    assert!(talk.iter().any(|line| line.contains("connection closed") && line.contains("next attempt")), "{talk:#?}");
    let connected = talk.iter().filter(|line| line.contains("connected to")).count();
    assert_eq!(connected, 2, "{talk:#?}");
    let gaps = world.simulation.symbols(ExchangeId::Kraken).iter().any(|symbol| {
        let series = plane.series(&key(ExchangeId::Kraken, symbol, Timeframe::S1)).expect("a series");
        series.candles(100).expect("rows").candles.iter().any(|candle| candle.quality.gap_ms() > 0)
    });
    assert!(gaps, "an outage looks like a quiet market");
    daemon.shutdown(false);
}

#[test]
fn an_exchange_stops_and_starts_again_in_place() {
    let world = World::new(2, true);
    let (daemon, _talk) = start(world.config(2));
    let id = ExchangeId::Binance;
    daemon.start_exchange(id).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(daemon.start_exchange(id).map(drop), Err("binance runs already".to_owned()));
    let plane = world.open();
    let trades =
        |of: u64| plane.connections().iter().any(|connection| connection.count(ConnectionCounter::Trades) > of);
    wait_until("trades", Duration::from_secs(10), || trades(5));
    daemon.stop_exchange(id).unwrap_or_else(|error| panic!("{error}"));
    let symbol = &world.simulation.symbols(id)[0];
    let before = plane.series(&key(id, symbol, Timeframe::S1)).expect("a series").first_row();
    daemon.start_exchange(id).unwrap_or_else(|error| panic!("{error}"));
    wait_until("trades again", Duration::from_secs(10), || trades(5));
    let after = plane.series(&key(id, symbol, Timeframe::S1)).expect("a series").first_row();
    assert_eq!(before, after, "the series begins where it began");
    daemon.shutdown(true);
    assert!(!world.planes().join("test").exists(), "a removed instance leaves nothing");
}
