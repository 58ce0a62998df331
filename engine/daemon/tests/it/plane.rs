//! Trades travel from the venues to a reader, and the candles equal the venues' own account, on every runtime.

use std::time::Duration;

use tickplane_daemon::Config;
use tickplane_model::{Candle, ExchangeId, Key, Quality, Symbol, Timeframe};
use tickplane_runtimes::Runtime;
use tickplane_segments::{ConnectionCounter, LifeState, Plane, SeriesReader};

use crate::support::{VENUES, World, is_refused, start, wait_until};

const SYMBOLS: usize = 6;

/// One test of each scenario on each runtime; one that the machine refuses is skipped aloud.
macro_rules! on_every_runtime {
    ($($scenario:ident),* $(,)?) => {
        on_every_runtime!(@ poll Poll: $($scenario)*);
        on_every_runtime!(@ park Park: $($scenario)*);
        on_every_runtime!(@ glommio Glommio: $($scenario)*);
    };
    (@ $module:ident $runtime:ident: $($scenario:ident)*) => {
        mod $module {
            $(
                #[test]
                fn $scenario() {
                    if !super::is_refused(super::Runtime::$runtime) {
                        super::$scenario(super::Runtime::$runtime);
                    }
                }
            )*
        }
    };
}

on_every_runtime!(
    candles_equal_the_tally_without_workers,
    candles_equal_the_tally_with_shards_and_workers,
    a_lost_connection_is_opened_again_and_the_outage_is_repaired,
    an_exchange_stops_and_starts_again_in_place,
);

fn key(exchange: ExchangeId, symbol: &Symbol, timeframe: Timeframe) -> Key {
    Key::Candles { exchange, symbol: symbol.clone(), timeframe }
}

/// The newest rows; a rare symbol has none as yet.
fn rows(series: &SeriesReader) -> Vec<Candle> {
    series.candles(100).map_or_else(|_| Vec::new(), |rows| rows.candles)
}

/// Compares every closed, whole candle with the simulation's account; returns how many there were.
fn compare(world: &World, plane: &Plane, exchanges: &[ExchangeId]) -> usize {
    let mut compared = 0;
    for &exchange in exchanges {
        for symbol in world.simulation.symbols(exchange) {
            for timeframe in [Timeframe::S1, Timeframe::S5] {
                let series = plane.series(&key(exchange, &symbol, timeframe)).expect("a series");
                let rows = rows(&series);
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
    let wanted = config.runtime.expect("a runtime");
    let (daemon, talk) = start(config);
    assert!(daemon.description().contains(&format!("runtime {wanted},")), "{}", daemon.description());
    for exchange in VENUES {
        let started = daemon.start_exchange(exchange).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(started.symbols.len(), SYMBOLS);
    }
    std::thread::sleep(Duration::from_secs(7));
    let plane = world.open();
    let compared = compare(&world, &plane, &VENUES);
    assert!(compared > 3 * SYMBOLS * 4, "only {compared} candles: {:#?}", talk.try_iter().collect::<Vec<_>>());
    for connection in plane.connections() {
        assert_eq!(connection.rejected(), 0, "{connection:?}");
        assert_eq!(connection.count(ConnectionCounter::Gaps), 0, "{connection:?}");
        assert_eq!(connection.count(ConnectionCounter::Refusals), 0, "{connection:?}");
        assert!(connection.count(ConnectionCounter::Quotes) > 0, "{connection:?}");
    }
    daemon.shutdown(false);
    assert_eq!(plane.status().state, LifeState::Closed);
}

fn candles_equal_the_tally_without_workers(runtime: Runtime) {
    candles_equal_the_tally(|config| {
        config.runtime = Some(runtime);
        config.workers = Some(0);
    });
}

/// Two of each where threads sleep; spinning ones would take each other's cores.
fn candles_equal_the_tally_with_shards_and_workers(runtime: Runtime) {
    candles_equal_the_tally(|config| {
        let threads = if runtime == Runtime::Poll { 1 } else { 2 };
        config.runtime = Some(runtime);
        config.shards = Some(threads);
        config.workers = Some(threads);
    });
}

fn rows_with_gaps(world: &World, plane: &Plane, exchange: ExchangeId) -> usize {
    let gaps = |symbol: &Symbol| {
        let series = plane.series(&key(exchange, symbol, Timeframe::S1)).expect("a series");
        let rows = rows(&series);
        rows.iter().filter(|candle| candle.quality.gap_ms() > 0).count()
    };
    world.simulation.symbols(exchange).iter().map(gaps).sum()
}

fn a_lost_connection_is_opened_again_and_the_outage_is_repaired(runtime: Runtime) {
    let world = World::new(SYMBOLS, true);
    let (daemon, talk) = start(Config { runtime: Some(runtime), ..world.config(SYMBOLS) });
    let id = ExchangeId::Kraken;
    daemon.start_exchange(id).unwrap_or_else(|error| panic!("{error}"));
    let plane = world.open();
    let count = |counter| plane.connections().iter().map(|connection| connection.count(counter)).sum::<u64>();
    wait_until("the first trades", Duration::from_secs(10), || count(ConnectionCounter::Trades) > 10);
    world.simulation.disconnect_all(id);
    let back =
        || plane.connections().iter().any(|connection| connection.attempts >= 2 && connection.connected_at_ns > 0);
    wait_until("a second attempt", Duration::from_secs(10), back);
    std::thread::sleep(Duration::from_secs(3));
    wait_until("the repair", Duration::from_secs(20), || rows_with_gaps(&world, &plane, id) == 0);
    assert!(compare(&world, &plane, &[id]) > SYMBOLS);
    let talk: Vec<String> = talk.try_iter().collect();
    assert!(talk.iter().any(|line| line.contains("connection closed") && line.contains("next attempt")), "{talk:#?}");
    let connected = talk.iter().filter(|line| line.contains("connected to")).count();
    assert_eq!(connected, 2, "{talk:#?}");
    daemon.shutdown(false);
}

fn an_exchange_stops_and_starts_again_in_place(runtime: Runtime) {
    let world = World::new(2, true);
    let (daemon, _talk) = start(Config { runtime: Some(runtime), ..world.config(2) });
    let id = ExchangeId::Binance;
    daemon.start_exchange(id).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(daemon.start_exchange(id).map(drop), Err("binance runs already".to_owned()));
    let plane = world.open();
    let trades =
        |of: u64| plane.connections().iter().any(|connection| connection.count(ConnectionCounter::Trades) > of);
    wait_until("trades", Duration::from_secs(10), || trades(5));
    let symbol = &world.simulation.symbols(id)[0];
    let first_row = || plane.series(&key(id, symbol, Timeframe::S1)).expect("a series").first_row();
    wait_until("a row", Duration::from_secs(10), || first_row().is_ok_and(|row| row > 0));
    daemon.stop_exchange(id).unwrap_or_else(|error| panic!("{error}"));
    let before = first_row();
    daemon.start_exchange(id).unwrap_or_else(|error| panic!("{error}"));
    wait_until("trades again", Duration::from_secs(10), || trades(5));
    assert_eq!(before, first_row(), "the series begins where it began");
    daemon.shutdown(true);
    assert!(!world.planes().join("test").exists(), "a removed instance leaves nothing");
}
