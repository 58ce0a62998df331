//! Followers over restarts: what happens to their place, and what they say they lost.

use std::os::unix::fs::FileExt;

use tickplane_model::{ExchangeId, Timeframe};
use tickplane_segments::{
    ArenaShape, EntryId, EventFollower, EventKind, EventWriter, InstrumentShape, InstrumentWriter, Next, Plane,
    PlaneEvent, PlaneShape, PlaneWriter, TradeReader,
};

use crate::fixture::*;

struct Writer {
    plane: PlaneWriter,
    trades: InstrumentWriter,
    /// Tells the trades of one writer from those of another.
    delay_ns: i64,
}

impl Writer {
    fn open(scratch: &Scratch, trade_capacity: u64, arena: &ArenaShape) -> Self {
        let mut plane = PlaneWriter::open(&scratch.instance, &PLANE, NOW_NS).unwrap();
        let mut exchange = plane.exchange(ExchangeId::Binance, arena).unwrap();
        let trades = exchange.instrument(&instrument(), &InstrumentShape { trade_capacity }).unwrap();
        Self { plane, trades, delay_ns: 0 }
    }

    fn publish(&mut self, count: u64) {
        for _ in 0..count {
            let next = self.trades.trade_seq() + 1;
            let trade = trade(next);
            assert_eq!(self.trades.publish_trade(&trade, trade.receive_ns + self.delay_ns), next);
        }
    }
}

/// The sequence numbers of what is new.
fn drain(trades: &mut TradeReader) -> Vec<u64> {
    let mut seqs = Vec::new();
    loop {
        match trades.poll() {
            Next::Item(record) => {
                assert_eq!(record.trade, trade(record.seq), "a record is what was published under its number");
                seqs.push(record.seq);
            }
            Next::Lost(_) => {}
            Next::Empty => return seqs,
        }
    }
}

fn again(plane: &Plane, trades: &mut TradeReader) -> bool {
    plane.reattach().unwrap();
    trades.go_on_in(plane.trades(&trades_key()).unwrap())
}

#[test]
fn trades_go_on_in_a_region_that_moved_and_in_a_file_built_anew() {
    let scratch = Scratch::new("moved");
    let mut writer = Writer::open(&scratch, 8, &ARENA);
    let plane = Plane::open(&scratch.instance).unwrap();
    let mut trades = plane.trades(&trades_key()).unwrap();
    writer.publish(20);
    assert_eq!(drain(&mut trades), [16, 17, 18, 19, 20], "half a ring behind");
    assert_eq!(trades.lost(), 15);
    writer.publish(3);
    assert!(!trades.is_moved());

    // Another capacity: another region of the same file.
    drop(writer);
    let mut writer = Writer::open(&scratch, 16, &ARENA);
    assert!(trades.is_moved());
    writer.publish(2);
    assert!(again(&plane, &mut trades));
    assert_eq!((drain(&mut trades), trades.lost()), (vec![21, 22, 23, 24, 25], 15));

    // A larger arena: another file. The follower was lapped meanwhile.
    drop(writer);
    let mut writer = Writer::open(&scratch, 16, &ArenaShape { bytes_max: 128 << 20, entries_max: 128 });
    assert!(trades.is_moved());
    writer.publish(40);
    assert!(again(&plane, &mut trades), "the generation tells, where the record does not");
    assert_eq!((drain(&mut trades), trades.lost()), ((57..=65).collect(), 15 + 31));
}

#[test]
fn trades_begin_anew_where_the_files_were_made_anew() {
    for read_to_the_end in [true, false] {
        let scratch = Scratch::new("anew");
        let mut writer = Writer::open(&scratch, 8, &ARENA);
        let plane = Plane::open(&scratch.instance).unwrap();
        let mut trades = plane.trades(&trades_key()).unwrap();
        writer.publish(5);
        writer.plane.remove(NOW_NS).unwrap();
        let mut writer = Writer { delay_ns: 7, ..Writer::open(&scratch, 8, &ARENA) };
        writer.publish(6);
        if read_to_the_end {
            assert_eq!(drain(&mut trades), [1, 2, 3, 4, 5], "the old ring is still mapped");
        }
        assert!(!again(&plane, &mut trades), "trade 5 is another one here");
        assert_eq!(drain(&mut trades), [1, 2, 3, 4, 5, 6]);
        assert_eq!(trades.lost(), if read_to_the_end { 0 } else { 5 });
    }
}

#[test]
fn a_shorter_history_begins_anew() {
    let scratch = Scratch::new("shorter");
    let mut writer = Writer::open(&scratch, 8, &ARENA);
    let plane = Plane::open(&scratch.instance).unwrap();
    let mut trades = plane.trades(&trades_key()).unwrap();
    writer.publish(5);
    assert_eq!(drain(&mut trades).len(), 5);
    writer.plane.remove(NOW_NS).unwrap();
    let mut writer = Writer::open(&scratch, 8, &ARENA);
    writer.publish(3);
    assert!(!again(&plane, &mut trades));
    assert_eq!((drain(&mut trades), trades.lost()), (vec![1, 2, 3], 0));
}

fn event(row: u64) -> PlaneEvent {
    let (kind, exchange) = (EventKind::CandleClose, ExchangeId::Binance);
    PlaneEvent { kind, exchange, entry: EntryId::new(1, 1), row, publish_ns: 0, detail: 0 }
}

fn publish(ring: &mut EventWriter, mut rows: impl Iterator<Item = u64>) {
    rows.all(|row| ring.publish(&event(row)) > 0);
}

/// Rows of what is new, in the order of the rings.
fn rows(events: &mut EventFollower) -> Vec<u64> {
    let next = std::iter::from_fn(|| match events.poll() {
        Next::Item(announced) => Some(announced.event.row),
        _ => None,
    });
    next.collect()
}

#[test]
fn events_go_on_over_a_file_built_anew_and_lose_nothing_that_is_held() {
    let scratch = Scratch::new("events");
    let mut writer = PlaneWriter::open(&scratch.instance, &PLANE, NOW_NS).unwrap();
    let (mut one, mut two) = (writer.events("worker-0").unwrap(), writer.events("worker-1").unwrap());
    let plane = Plane::open(&scratch.instance).unwrap();
    let mut events = plane.events();
    one.publish(&event(1));
    two.publish(&event(2));
    assert_eq!(rows(&mut events).len(), 2);
    one.publish(&event(3));
    drop((writer, one, two));

    // More connections: plane.seg is built anew, rings and all.
    let large = PlaneShape { connections: 64, event_rings: 4, ..PLANE };
    let mut writer = PlaneWriter::open(&scratch.instance, &large, NOW_NS).unwrap();
    let mut one = writer.events("worker-0").unwrap();
    one.publish(&event(4));
    assert!(plane.is_taken_over() && plane.changed());
    plane.reattach().unwrap();
    plane.renew_events(&mut events);
    assert_eq!((rows(&mut events), events.lost()), (vec![3, 4], 0), "none twice, none missing");
    plane.renew_events(&mut events);
    assert_eq!(rows(&mut events), [0; 0]);

    // Made anew: what the old ring still holds comes first.
    one.publish(&event(5));
    writer.remove(NOW_NS).unwrap();
    let mut writer = PlaneWriter::open(&scratch.instance, &PLANE, NOW_NS + 1).unwrap();
    let mut one = writer.events("worker-0").unwrap();
    publish(&mut one, 10..15);
    plane.reattach().unwrap();
    plane.renew_events(&mut events);
    let mut all = rows(&mut events);
    all.sort_unstable();
    assert_eq!((all, events.lost()), (vec![5, 10, 11, 12, 13, 14], 0));

    // Back to the oldest: a ring of 64 surely holds 63.
    publish(&mut one, 15..200);
    events.rewind();
    assert_eq!(rows(&mut events), (137..200).collect::<Vec<_>>());
}

#[test]
fn events_of_a_newer_release_are_passed_over() {
    let scratch = Scratch::new("newer");
    let mut writer = PlaneWriter::open(&scratch.instance, &PLANE, NOW_NS).unwrap();
    let mut ring = writer.events("worker-0").unwrap();
    let mut events = Plane::open(&scratch.instance).unwrap().events();
    publish(&mut ring, 1..=3);

    // The first event's kind becomes one that nobody knows.
    let file = std::fs::OpenOptions::new().read(true).write(true).open(scratch.path("plane.seg")).unwrap();
    let mut bytes = vec![0; 1 << 20];
    let count = file.read_at(&mut bytes, 0).unwrap();
    let slot = (0..count).step_by(64).find(|at| {
        let word = |n: usize| u64::from_le_bytes(bytes[at + n * 8..at + n * 8 + 8].try_into().unwrap());
        (word(0), word(2), word(1) & 0xff) == (1, 1, EventKind::CandleClose as u64)
    });
    file.write_all_at(&[99], slot.expect("the slot of the first event") as u64 + 8).unwrap();
    assert_eq!(rows(&mut events), [2, 3]);
}

#[test]
fn a_follower_takes_rows_in_order_and_columns_as_words() {
    let scratch = Scratch::new("rows");
    let mut writer = PlaneWriter::open(&scratch.instance, &PLANE, NOW_NS).unwrap();
    let mut exchange = writer.exchange(ExchangeId::Binance, &ARENA).unwrap();
    let mut series = exchange.series(&symbol(), Timeframe::M1, &series_shape(16, &["ema_9", "rsi_14"])).unwrap();
    series.begin_at(100);
    for n in 100..140 {
        let row = series.append(&candle(n), &[n as f64, -(n as f64)]);
        series.publish_live(row + 1, 7, NOW_NS, &candle(n + 1), &[0.5, 1.5]);
    }
    let reader = Plane::open(&scratch.instance).unwrap().series(&candles_key()).unwrap();
    assert_eq!(reader.row_range(), Ok(124..140));
    let next = |first, n| {
        let mut got = Vec::new();
        let rows = reader.next_into(first, n, |at, candle| got.insert(at, candle));
        rows.inspect(|rows| assert_eq!(got, rows.clone().map(candle).collect::<Vec<_>>()))
    };
    assert_eq!(next(130, 3), Ok(130..133));
    assert_eq!(next(138, 9), Ok(138..140));
    assert_eq!(next(0, 2), Ok(124..126), "begins where the table does");
    assert_eq!(next(140, 2), Err(tickplane_segments::ReadError::Empty));
    assert_eq!(next(u64::MAX, usize::MAX), Err(tickplane_segments::ReadError::Empty));

    let mut values = [0; 20];
    assert_eq!(reader.column_into(11, 20, |at, word| values[at] = word), Ok(124..140));
    assert_eq!((f64::from_bits(values[0]), f64::from_bits(values[15]), values[16]), (-124.0, -139.0, 0));
    assert!(reader.column_into(12, 1, |_, _| panic!("there is no such column")).is_err());
    assert_eq!((reader.seed_row(11), reader.seed_row(99)), (None, None));

    let mut indicators = [9.0; 3];
    let live = reader.live_record(&mut indicators[..1]).unwrap();
    assert_eq!((live.row, live.trade_seq, live.candle, indicators), (140, 7, candle(140), [0.5, 9.0, 9.0]));
    reader.live_record(&mut indicators).unwrap();
    assert_eq!(indicators, [0.5, 1.5, 9.0]);
}
