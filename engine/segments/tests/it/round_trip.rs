//! What is written is what another mapping reads.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use tickplane_model::{ExchangeId, RejectReason, Timeframe};
use tickplane_segments::{
    CloseKind, ConnectionCounter, ConnectionState, EntryId, EventKind, HistoryCounter, HoldKind, InstrumentShape,
    LifeState, Next, Plane, PlaneEvent, PlaneWriter, ReadError, RestCounter, Stage, ThreadCounter, ThreadRuntime,
};

use crate::fixture::*;

#[test]
fn trades_and_quotes_arrive() {
    let scratch = Scratch::new("trades");
    let mut writer = PlaneWriter::open(&scratch.instance, &PLANE, NOW_NS).unwrap();
    let mut exchange = writer.exchange(ExchangeId::Binance, &ARENA).unwrap();
    let mut btc = exchange.instrument(&instrument(), &InstrumentShape { trade_capacity: 8 }).unwrap();

    let plane = Plane::open(&scratch.instance).unwrap();
    let mut trades = plane.trades(&trades_key()).unwrap();
    let quotes = plane.quote(&quote_key()).unwrap();
    assert_eq!(trades.poll(), Next::Empty);
    assert_eq!(quotes.read(), Err(ReadError::Empty));

    for n in 1..=3 {
        assert_eq!(btc.publish_trade(&trade(n), trade(n).receive_ns + 77), n);
        assert_eq!(btc.publish_quote(&quote(n), 5), n);
    }
    for n in 1..=3 {
        let Next::Item(record) = trades.poll() else { panic!("trade {n} is missing") };
        assert_eq!((record.seq, record.trade, record.publish_ns), (n, trade(n), trade(n).receive_ns + 77));
    }
    assert_eq!(trades.poll(), Next::Empty);
    let read = quotes.read().unwrap();
    assert_eq!((read.seq, read.publish_ns, read.quote), (3, 5, quote(3)));
    assert_eq!(btc.last_trade(), Some(trade(3)));
    assert_eq!(plane.instruments(ExchangeId::Binance).unwrap(), vec![instrument()]);
}

#[test]
fn a_lapped_reader_learns_exactly_what_it_lost() {
    let scratch = Scratch::new("lapped");
    let mut writer = PlaneWriter::open(&scratch.instance, &PLANE, NOW_NS).unwrap();
    let mut exchange = writer.exchange(ExchangeId::Binance, &ARENA).unwrap();
    let mut btc = exchange.instrument(&instrument(), &InstrumentShape { trade_capacity: 8 }).unwrap();
    let plane = Plane::open(&scratch.instance).unwrap();
    let mut trades = plane.trades(&trades_key()).unwrap();

    let (mut published, mut taken, mut lost) = (0, 0, 0);
    for burst in [3, 8, 9, 1, 100, 0, 16, 7] {
        for _ in 0..burst {
            published += 1;
            btc.publish_trade(&trade(published), 0);
        }
        loop {
            match trades.poll() {
                Next::Item(record) => {
                    taken += 1;
                    assert_eq!(record.seq, taken + lost, "no gap without a loss");
                    assert_eq!(record.trade, trade(record.seq));
                }
                Next::Lost(n) => lost += n,
                Next::Empty => break,
            }
        }
        assert_eq!(taken + lost, published);
        assert_eq!(trades.lost(), lost);
    }
    assert!(lost > 90, "a burst of 100 does not fit 8 slots");
}

#[test]
fn rows_live_candle_and_indicators_arrive() {
    let scratch = Scratch::new("rows");
    let mut writer = PlaneWriter::open(&scratch.instance, &PLANE, NOW_NS).unwrap();
    let mut exchange = writer.exchange(ExchangeId::Binance, &ARENA).unwrap();
    let shape = series_shape(20, &["rsi_14", "macdv_12_26_26_9.hist"]);
    let mut series = exchange.series(&symbol(), Timeframe::M1, &shape).unwrap();
    let plane = Plane::open(&scratch.instance).unwrap();
    let reader = plane.series(&candles_key()).unwrap();

    assert!(series.rows().is_empty());
    assert_eq!(reader.live(), Err(ReadError::Empty));
    assert_eq!(reader.candles(5), Err(ReadError::Empty));

    series.begin_at(1000);
    for row in 1000..1050 {
        assert_eq!(series.append(&candle(row), &[row as f64, -(row as f64)]), row);
        series.publish_live(row + 1, row * 2, 9, &candle(row + 1), &[0.25]);
    }
    assert_eq!(series.rows(), 1030..1050);
    assert_eq!((reader.first_row().unwrap(), reader.head().unwrap()), (1030, 1050));
    let live = reader.live().unwrap();
    assert_eq!((live.row, live.trade_seq, live.publish_ns, live.candle), (1050, 2098, 9, candle(1050)));
    assert_eq!(live.indicators[0], 0.25);
    assert!(live.indicators[1].is_nan(), "a missing value is NaN");

    let last = reader.candles(3).unwrap();
    assert_eq!((last.first_row, last.candles), (1047, vec![candle(1047), candle(1048), candle(1049)]));
    assert_eq!(reader.candles(99).unwrap().candles.len(), 20);
    assert_eq!(reader.rows(1040..1042).unwrap().candles, vec![candle(1040), candle(1041)]);

    let mut closes = [0.0; 4];
    assert_eq!(reader.column("close", &mut closes).unwrap(), 1046..1050);
    assert_eq!(closes, [1050.0, 1051.0, 1052.0, 1053.0]);
    assert_eq!(reader.column("macdv_12_26_26_9.hist", &mut closes[..1]).unwrap(), 1049..1050);
    assert_eq!(closes[0], -1049.0);
    assert_eq!(reader.column("rsi_21", &mut closes), Err(ReadError::NoColumn));
}

#[test]
fn a_close_is_followed_by_its_event_and_the_bell() {
    let scratch = Scratch::new("events");
    let mut writer = PlaneWriter::open(&scratch.instance, &PLANE, NOW_NS).unwrap();
    let mut exchange = writer.exchange(ExchangeId::Binance, &ARENA).unwrap();
    let mut series = exchange.series(&symbol(), Timeframe::M1, &series_shape(20, &[])).unwrap();
    let mut one = writer.events("worker-0").unwrap();
    let plane = Plane::open(&scratch.instance).unwrap();
    let mut events = plane.events();
    // A ring that appears later is followed from its first event.
    let mut two = writer.events("worker-1").unwrap();

    let seen = plane.seen();
    let row = series.append(&candle(0), &[]);
    let event = PlaneEvent {
        kind: EventKind::CandleClose,
        exchange: ExchangeId::Binance,
        entry: series.entry(),
        row,
        publish_ns: 4,
        detail: 0,
    };
    one.publish(&event);
    two.publish(&PlaneEvent { kind: EventKind::Lifecycle, detail: 7, ..event });
    writer.bell().mark();
    assert!(writer.bell().ring());
    assert!(!writer.bell().ring(), "rings once for a mark");
    assert_ne!(plane.wait(seen, Duration::from_secs(30)), seen, "the mark was after `seen`: no sleep");

    let mut found = Vec::new();
    while let Next::Item(announced) = events.poll() {
        found.push(announced.event);
    }
    found.sort_by_key(|event| event.kind as u8);
    assert_eq!(found, vec![event, PlaneEvent { kind: EventKind::Lifecycle, detail: 7, ..event }]);
    assert_eq!(plane.key_of(ExchangeId::Binance, found[0].entry).unwrap(), Some(candles_key()));
}

#[test]
fn health_and_life_signs_arrive() {
    let scratch = Scratch::new("health");
    let mut writer = PlaneWriter::open(&scratch.instance, &PLANE, NOW_NS).unwrap();
    let mut connection = writer.connection(ExchangeId::Kraken, "kraken-0").unwrap();
    let mut thread = writer.thread("shard-0").unwrap();
    connection.attempted(1);
    connection.connected(2);
    connection.set_state(ConnectionState::Live);
    connection.received(100, 3);
    connection.trade(4);
    connection.reject(RejectReason::BadTime);
    connection.closed(CloseKind::TlsDamaged);
    thread.turn(true);
    thread.runs(ThreadRuntime::Glommio, Some(3));
    for n in 1..=1000 {
        thread.record(Stage::ReadToTrade, n * 1000);
    }

    let plane = Plane::open(&scratch.instance).unwrap();
    let [found] = &plane.connections()[..] else { panic!("one connection") };
    assert_eq!((found.exchange, found.label.as_str()), (ExchangeId::Kraken, "kraken-0"));
    assert_eq!((found.state, found.attempts, found.connected_at_ns), (ConnectionState::Live, 1, 2));
    assert_eq!((found.last_heartbeat_ns, found.last_data_ns), (3, 4));
    assert_eq!((found.count(ConnectionCounter::Bytes), found.count(ConnectionCounter::Trades)), (100, 1));
    assert_eq!(found.rejects[RejectReason::BadTime as usize], (RejectReason::BadTime, 1));
    assert_eq!(found.rejected(), 1);
    assert_eq!((found.closed(CloseKind::TlsDamaged), found.last_close), (1, Some(CloseKind::TlsDamaged)));
    assert_eq!(found.closes.iter().map(|(_, count)| count).sum::<u64>(), 1);

    let [shard] = &plane.threads()[..] else { panic!("one thread") };
    assert_eq!((shard.name.as_str(), shard.count(ThreadCounter::BusyTurns)), ("shard-0", 1));
    assert_eq!((shard.runtime, shard.core), (Some(ThreadRuntime::Glommio), Some(3)));
    let stage = &shard.stages[Stage::ReadToTrade as usize];
    assert_eq!((stage.histogram.len(), stage.max_ns), (1000, 1_000_000));
    let p50 = stage.histogram.value_at_quantile(0.5);
    assert!((495_000..=505_000).contains(&p50), "p50 is {p50}");

    let lock = std::fs::metadata(scratch.path("lock")).unwrap();
    assert_eq!(lock.permissions().mode() & 0o777, 0o600);
    let status = plane.status();
    assert_eq!((status.state, status.pid, status.epoch), (LifeState::Live, std::process::id(), 1));
    assert!(status.alive);
    writer.heartbeat(NOW_NS + 5);
    assert_eq!(plane.status().heartbeat_ns, NOW_NS + 5);
    writer.close(NOW_NS + 6);
    assert_eq!((plane.status().state, plane.status().alive), (LifeState::Closed, false));
    drop((connection, thread));
    writer.remove(NOW_NS + 7).unwrap();
    assert!(!scratch.instance.directory().exists(), "nothing is left behind");
}

#[test]
fn a_history_record_keeps_the_worst_and_begins_anew_with_its_writer() {
    let scratch = Scratch::new("history");
    let mut writer = PlaneWriter::open(&scratch.instance, &PLANE, NOW_NS).unwrap();
    let plane = Plane::open(&scratch.instance).unwrap();
    assert_eq!(plane.histories(), []);
    let mut record = writer.history(ExchangeId::Kraken).unwrap();
    record.progress(140, 34, 12, 8_000_000_000);
    record.count(HistoryCounter::Equal, 5);
    record.differed(EntryId::new(3, 7), 0.01, 0.2);
    record.differed(EntryId::new(3, 9), 0.05, 0.1);
    let [read] = plane.histories().try_into().unwrap();
    assert_eq!((read.exchange, read.series, read.filled, read.requests_left), (ExchangeId::Kraken, 140, 34, 12));
    assert_eq!(
        (read.eta_ns, read.count(HistoryCounter::Equal), read.count(HistoryCounter::Different)),
        (8_000_000_000, 5, 0)
    );
    assert_eq!((read.price_difference_max, read.volume_difference_max), (0.05, 0.2));
    assert_eq!(read.worst_entry, Some(EntryId::new(3, 7)), "the greatest of all differences");
    drop(record);
    drop(writer.history(ExchangeId::Kraken).unwrap());
    let [read] = plane.histories().try_into().unwrap();
    assert_eq!((read.series, read.worst_entry, read.price_difference_max), (0, None, 0.0));
}

#[test]
fn a_rest_record_tells_until_when_and_by_which_answers() {
    let scratch = Scratch::new("rest");
    let mut writer = PlaneWriter::open(&scratch.instance, &PLANE, NOW_NS).unwrap();
    let plane = Plane::open(&scratch.instance).unwrap();
    assert_eq!(plane.rests(), []);
    let mut record = writer.rest(ExchangeId::Kraken, "https://api.kraken.com").unwrap();
    for status in [200, 204, 403, 404, 418, 429, 429, 451, 500, 503] {
        record.answered(status, NOW_NS + i64::from(status));
    }
    record.count(RestCounter::NoRoom);
    record.closed(NOW_NS + 30);
    let [read] = plane.rests().try_into().unwrap();
    assert_eq!((read.exchange, read.host.as_str()), (ExchangeId::Kraken, "https://api.kraken.com"));
    assert_eq!((read.closed_until_ns, read.last_answer_ns, read.last_status), (NOW_NS + 30, NOW_NS + 503, 503));
    let counts: Vec<u64> = read.counters.iter().map(|(_, count)| *count).collect();
    assert_eq!(counts, [0, 2, 0, 1, 1, 2, 1, 1, 2, 0, 1]);
    drop(record);
    drop(writer.rest(ExchangeId::Kraken, "https://api.kraken.com").unwrap());
    let [read] = plane.rests().try_into().unwrap();
    assert_eq!((read.closed_until_ns, read.last_status, read.count(RestCounter::Answers)), (0, 0, 0));
}

#[test]
fn a_connection_that_is_held_tells_why_and_until_when() {
    let scratch = Scratch::new("held");
    let mut writer = PlaneWriter::open(&scratch.instance, &PLANE, NOW_NS).unwrap();
    let plane = Plane::open(&scratch.instance).unwrap();
    let mut health = writer.connection(ExchangeId::Kraken, "ws.kraken.com:443 #1").unwrap();
    let read = || plane.connections().remove(0);
    assert_eq!((read().next_attempt_ns, read().hold), (0, None));
    for hold in HoldKind::ALL {
        health.set_state(ConnectionState::Held);
        health.held(NOW_NS + 5, *hold);
        assert_eq!(
            (read().state, read().next_attempt_ns, read().hold),
            (ConnectionState::Held, NOW_NS + 5, Some(*hold))
        );
    }
    health.released();
    assert_eq!((read().next_attempt_ns, read().hold), (0, None));
}
