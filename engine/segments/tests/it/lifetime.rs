//! Who may write, what a successor finds, and what readers notice.

use std::sync::Barrier;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tickplane_model::{ExchangeId, Timeframe};
use tickplane_segments::{
    ArenaShape, FindError, InstrumentShape, LifeState, Next, OpenError, Plane, PlaneWriter, ReadError, SegmentError,
};

use crate::fixture::*;

#[test]
fn of_many_writers_one_wins() {
    let scratch = Scratch::new("race");
    for round in 0..50 {
        let barrier = Barrier::new(4);
        let attempt = || {
            barrier.wait();
            let writer = PlaneWriter::open(&scratch.instance, &PLANE, NOW_NS);
            barrier.wait();
            match writer {
                Ok(writer) if round % 2 == 0 => writer.remove(NOW_NS).map(|()| true).unwrap(),
                Ok(_) => true,
                Err(SegmentError::Locked { path, .. }) => {
                    assert_eq!(path, scratch.path("lock"));
                    false
                }
                Err(error) => panic!("round {round}: {error}"),
            }
        };
        let winners = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(attempt)).collect();
            threads.into_iter().map(|thread| usize::from(thread.join().unwrap())).sum::<usize>()
        });
        assert_eq!(winners, 1, "round {round}");
    }
}

/// A holder that removes its instance takes the lock's file away under those who wait for it.
#[test]
fn removal_never_lets_two_writers_in() {
    let scratch = Scratch::new("remove");
    let (holders, begun) = (AtomicU32::new(0), Instant::now());
    let attempt = || {
        let mut wins = 0;
        while begun.elapsed() < Duration::from_secs(1) {
            match PlaneWriter::open(&scratch.instance, &PLANE, NOW_NS) {
                Ok(writer) => {
                    assert_eq!(holders.fetch_add(1, Ordering::SeqCst), 0, "two writers hold the instance");
                    std::thread::sleep(Duration::from_micros(200));
                    holders.fetch_sub(1, Ordering::SeqCst);
                    writer.remove(NOW_NS).unwrap();
                    wins += 1;
                }
                Err(SegmentError::Locked { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
        wins
    };
    let wins: u32 = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(attempt)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert!(wins > 10, "{wins} wins");
}

#[test]
fn a_second_plane_is_told_who_holds_the_instance() {
    let scratch = Scratch::new("second");
    let _first = PlaneWriter::open(&scratch.instance, &PLANE, NOW_NS).unwrap();
    let error = PlaneWriter::open(&scratch.instance, &PLANE, NOW_NS).unwrap_err().to_string();
    assert!(error.contains(&format!("another plane (pid {})", std::process::id())), "{error}");
    assert!(error.contains("--instance"), "{error}");
}

#[test]
fn a_successor_resumes_in_place_and_readers_keep_their_map() {
    let scratch = Scratch::new("resume");
    let mut writer = PlaneWriter::open(&scratch.instance, &PLANE, NOW_NS).unwrap();
    let mut exchange = writer.exchange(ExchangeId::Binance, &ARENA).unwrap();
    let mut btc = exchange.instrument(&instrument(), &InstrumentShape { trade_capacity: 8 }).unwrap();
    let shape = series_shape(20, &["ema_9"]);
    let mut series = exchange.series(&symbol(), Timeframe::M1, &shape).unwrap();
    let plane = Plane::open(&scratch.instance).unwrap();
    let (mut trades, reader) = (plane.trades(&trades_key()).unwrap(), plane.series(&candles_key()).unwrap());
    btc.publish_trade(&trade(1), 0);
    series.begin_at(500);
    series.append(&candle(500), &[1.0]);
    let entry = series.entry();
    // Dropped without a goodbye, as a crash would.
    drop((btc, series, exchange, writer));
    assert!(!plane.status().alive, "the lock is gone with its holder");
    assert!(!plane.changed());

    std::fs::write(scratch.path("okx.seg.tmp"), b"half-made").unwrap();
    let mut writer = PlaneWriter::open(&scratch.instance, &PLANE, NOW_NS + 1).unwrap();
    assert!(!scratch.path("okx.seg.tmp").exists(), "stale files are removed");
    assert!(plane.changed(), "another epoch");
    let mut exchange = writer.exchange(ExchangeId::Binance, &ARENA).unwrap();
    assert_eq!(plane.keys(), vec![], "nothing is served before it is claimed");
    let mut btc = exchange.instrument(&instrument(), &InstrumentShape { trade_capacity: 8 }).unwrap();
    let mut series = exchange.series(&symbol(), Timeframe::M1, &shape).unwrap();
    assert_eq!((btc.last_trade(), btc.publish_trade(&trade(2), 0)), (Some(trade(1)), 2));
    assert_eq!((series.rows(), series.entry(), series.candle(500)), (500..501, entry, Some(candle(500))));
    assert_eq!(series.append(&candle(501), &[2.0]), 501);

    // The old attachments read on.
    for n in 1..=2 {
        let Next::Item(record) = trades.poll() else { panic!("trade {n} is missing") };
        assert_eq!((record.seq, record.trade), (n, trade(n)));
    }
    assert_eq!(reader.candles(9).unwrap().candles, vec![candle(500), candle(501)]);
    plane.reattach().unwrap();
    assert!(!plane.changed());
    assert_eq!(plane.status().epoch, 2);
    let keys: Vec<String> = plane.keys().iter().map(ToString::to_string).collect();
    let due = [
        "trades:binance:BTC-USDT",
        "quote:binance:BTC-USDT",
        "candles:binance:BTC-USDT:1m",
        "indicator:binance:BTC-USDT:1m:ema_9",
    ];
    assert_eq!(keys, due);
}

#[test]
fn one_process_claims_a_thing_once() {
    let scratch = Scratch::new("claims");
    let mut writer = PlaneWriter::open(&scratch.instance, &PLANE, NOW_NS).unwrap();
    let mut exchange = writer.exchange(ExchangeId::Binance, &ARENA).unwrap();
    assert!(matches!(writer.exchange(ExchangeId::Binance, &ARENA), Err(SegmentError::InUse(_))));
    let series = exchange.series(&symbol(), Timeframe::M1, &series_shape(9, &[])).unwrap();
    let again = exchange.series(&symbol(), Timeframe::M1, &series_shape(9, &[]));
    assert!(matches!(again, Err(SegmentError::InUse(name)) if name == "BTC-USDT"));
    drop(series);
    exchange.series(&symbol(), Timeframe::M1, &series_shape(9, &[])).unwrap();
}

#[test]
fn dead_space_comes_back_and_readers_find_the_new_file() {
    let scratch = Scratch::new("compact");
    for (rows, depth) in [(0, 20), (1, 40), (2, 60)] {
        let mut writer = PlaneWriter::open(&scratch.instance, &PLANE, NOW_NS).unwrap();
        let mut exchange = writer.exchange(ExchangeId::Binance, &ARENA).unwrap();
        let mut series = exchange.series(&symbol(), Timeframe::M1, &series_shape(depth, &[])).unwrap();
        assert_eq!(series.rows(), 0..rows);
        series.append(&candle(rows), &[]);
    }
    let plane = Plane::open(&scratch.instance).unwrap();
    let reader = plane.series(&candles_key()).unwrap();
    assert_eq!(reader.candles(9).unwrap().candles.len(), 3);
    let used = exchange_blocks(&scratch);

    // The next start finds two dead regions for a live one and builds the file anew.
    let mut writer = PlaneWriter::open(&scratch.instance, &PLANE, NOW_NS).unwrap();
    let mut exchange = writer.exchange(ExchangeId::Binance, &ARENA).unwrap();
    assert!(exchange_blocks(&scratch) < used, "the file did not shrink");
    assert_eq!(reader.candles(9), Err(ReadError::Moved));
    assert!(plane.changed());
    let fresh = plane.series(&candles_key()).unwrap();
    assert_eq!(fresh.candles(9).unwrap().candles, vec![candle(0), candle(1), candle(2)]);
    let mut series = exchange.series(&symbol(), Timeframe::M1, &series_shape(60, &[])).unwrap();
    series.append(&candle(3), &[]);
    assert_eq!(fresh.head(), Ok(4));

    // A larger arena is built anew as well.
    drop((series, exchange, writer));
    let mut writer = PlaneWriter::open(&scratch.instance, &PLANE, NOW_NS).unwrap();
    let larger = ArenaShape { entries_max: 2 * ARENA.entries_max, ..ARENA };
    writer.exchange(ExchangeId::Binance, &larger).unwrap();
    assert_eq!(plane.series(&candles_key()).unwrap().candles(9).unwrap().candles.len(), 4);
}

fn exchange_blocks(scratch: &Scratch) -> u64 {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(scratch.path("binance.seg")).unwrap().blocks()
}

#[test]
fn a_removed_plane_leaves_readers_what_they_hold() {
    let scratch = Scratch::new("removed");
    let mut writer = PlaneWriter::open(&scratch.instance, &PLANE, NOW_NS).unwrap();
    let mut exchange = writer.exchange(ExchangeId::Binance, &ARENA).unwrap();
    let mut series = exchange.series(&symbol(), Timeframe::M1, &series_shape(9, &[])).unwrap();
    series.append(&candle(0), &[]);
    let plane = Plane::open(&scratch.instance).unwrap();
    let reader = plane.series(&candles_key()).unwrap();
    let view = reader.view(5).unwrap();
    drop((series, exchange));
    writer.remove(NOW_NS + 1).unwrap();
    assert!(plane.changed());
    assert_eq!(plane.status().state, LifeState::Closed);
    assert!(matches!(plane.reattach(), Err(OpenError::NoPlane(_))));
    assert_eq!((view.values(4).collect::<Vec<_>>(), view.validate()), (vec![4.0], true));
    assert_eq!(reader.candles(1).unwrap().candles, vec![candle(0)]);
}

#[test]
fn what_is_not_there_is_named() {
    let scratch = Scratch::new("absent");
    let error = Plane::open(&scratch.instance).unwrap_err().to_string();
    assert!(error.contains("no plane at") && error.contains("tickplane run"), "{error}");
    let mut writer = PlaneWriter::open(&scratch.instance, &PLANE, NOW_NS).unwrap();
    let plane = Plane::open(&scratch.instance).unwrap();
    assert!(matches!(plane.series(&candles_key()), Err(FindError::NoExchange(ExchangeId::Binance))));
    let mut exchange = writer.exchange(ExchangeId::Binance, &ARENA).unwrap();
    let error = plane.series(&candles_key()).unwrap_err().to_string();
    assert!(error.contains("no key \"candles:binance:BTC-USDT:1m\""), "{error}");
    let columns = ["rsi_14", "macd_12_26_9.hist", "bbands_20_2.5.upper"];
    exchange.series(&symbol(), Timeframe::M1, &series_shape(9, &columns)).unwrap();
    for (key, is_there) in [
        ("indicator:binance:BTC-USDT:1m:rsi_14", true),
        ("indicator:binance:BTC-USDT:1m:rsi_21", false),
        ("indicator:binance:BTC-USDT:1m:rsi_14.hist", false),
        ("indicator:binance:BTC-USDT:1m:macd_12_26_9", true),
        ("indicator:binance:BTC-USDT:1m:macd_12_26_9.hist", true),
        ("indicator:binance:BTC-USDT:1m:macd_12_26_9.line", false),
        ("indicator:binance:BTC-USDT:1m:bbands_20_2.5", true),
        ("indicator:binance:BTC-USDT:1m:bbands_20_2.5.upper", true),
        ("indicator:binance:BTC-USDT:1m:bbands_20_2.upper", false),
    ] {
        assert_eq!(plane.series(&key.parse().unwrap()).is_ok(), is_there, "{key}");
    }
    assert!(matches!(plane.series(&trades_key()), Err(FindError::WrongKey { .. })));
}

#[test]
fn a_root_that_is_made_serves_every_user() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::new("root");
    let root = scratch.path("made/by/the/first");
    let instance = tickplane_segments::Instance::new(Some(&root), "shared").unwrap();
    let writer = PlaneWriter::open(&instance, &PLANE, NOW_NS).unwrap();
    assert_eq!(std::fs::metadata(&root).unwrap().permissions().mode() & 0o7777, 0o1777);
    writer.remove(NOW_NS).unwrap();
}
