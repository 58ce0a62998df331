//! Each trade once, in order, and every loss told.

use tickplane_segments::{ConnectionCounter, StreamCounter, ThreadCounter};
use tickplane_shards::{Clock, CloseReason, FetchError};

use crate::rig::{Rig, ack, frame, rest, texts, trades};

fn connected(ring_events: usize) -> Rig {
    let mut rig = Rig::new(ring_events);
    rig.pass_ms(0);
    rig.accept();
    rig.say(&[ack("BTC-USD"), ack("ETH-USD")]);
    rig
}

fn reconnect(rig: &mut Rig) {
    let now = tickplane_shards::Clock::now(&rig.clock);
    rig.shard.closed(0, CloseReason::Tcp("reset".to_owned()), now);
    rig.pass_ms(500);
    rig.accept();
}

#[test]
fn history_on_resubscribe_closes_the_seam_without_duplicates() {
    let mut rig = connected(128);
    rig.say(&[trades("BTC-USD", "snapshot", 1..51, 0), trades("BTC-USD", "update", 51..54, 100)]);
    reconnect(&mut rig);
    rig.say(&[ack("BTC-USD"), trades("BTC-USD", "snapshot", 10..60, 900), trades("BTC-USD", "update", 60..62, 1_000)]);
    rig.end_turn();
    assert_eq!(rig.published("BTC-USD"), (1..62).collect::<Vec<_>>());
    assert_eq!(rig.status().count(ConnectionCounter::Duplicates), 44);
    assert_eq!(rig.status().count(ConnectionCounter::Gaps), 0);
    assert_eq!(rig.folded("BTC-USD"), 61);
}

#[test]
fn all_trades_of_a_read_carry_the_time_of_the_read() {
    let mut rig = connected(128);
    let stamp = rig.clock.now();
    // The thread is busy between the read and the parsing.
    rig.stall_ms(40);
    let text = [trades("BTC-USD", "update", 1..4, 0), trades("ETH-USD", "update", 1..3, 0)];
    let mut bytes: Vec<u8> = text.iter().flat_map(|text| frame(text)).collect();
    rig.shard.received(0, &mut bytes, stamp, &rig.clock);
    for (symbol, count) in [("BTC-USD", 3), ("ETH-USD", 2)] {
        let records = rig.records(symbol);
        assert_eq!(records.len(), count);
        for record in records {
            assert_eq!(record.trade.receive_ns, stamp.epoch_ns, "{symbol}");
            assert_eq!(record.publish_ns - stamp.epoch_ns, 40_000_000, "{symbol}");
        }
    }
}

#[test]
fn a_loss_of_one_symbol_is_no_concern_of_the_others() {
    let mut rig = connected(128);
    rig.say(&[trades("BTC-USD", "update", 1..3, 1_000), trades("ETH-USD", "update", 1..3, 1_000)]);
    rig.heartbeats(2);
    rig.take_outgoing();
    rig.say(&[trades("BTC-USD", "update", 7..8, 3_000), trades("ETH-USD", "update", 3..4, 3_000)]);
    let (path, ticket) = rig.asked("BTC-USD", 3);
    assert!(path.contains("BTC/USD") && rig.fetches.is_empty(), "{path}");
    rig.end_turn();
    let has_gap = |rig: &Rig, symbol| rig.rows(symbol).iter().any(|(_, quality)| quality.contains("gap="));
    assert_eq!((has_gap(&rig, "BTC-USD"), has_gap(&rig, "ETH-USD")), (true, false));
    rig.answer(ticket, rest("BTC-USD", 2..8, 1_001));
    assert_eq!((rig.published("BTC-USD"), rig.published("ETH-USD")), (vec![1, 2, 7, 3, 4, 5, 6], vec![1, 2, 3]));
    let other = rig.stream("ETH-USD");
    assert_eq!([StreamCounter::Asks, StreamCounter::Resubscribes].map(|of| other.count(of)), [0, 0]);
    assert_eq!(other.seams, 0);
    assert!(rig.is_connected && texts(&rig.take_outgoing()).iter().all(|text| !text.contains("subscribe")));
}

#[test]
fn a_jump_of_contiguous_ids_is_a_counted_gap() {
    let mut rig = connected(64);
    rig.say(&[trades("BTC-USD", "update", 1..3, 0)]);
    reconnect(&mut rig);
    rig.say(&[ack("BTC-USD"), trades("BTC-USD", "update", 10..11, 900)]);
    rig.end_turn();
    assert_eq!(rig.status().count(ConnectionCounter::Gaps), 1);
    assert_eq!(rig.status().count(ConnectionCounter::Lost), 7);
    let series = rig.plane.series(&"candles:kraken:BTC-USD:1s".parse().unwrap()).unwrap();
    assert!(series.live().unwrap().candle.quality.gap_ms() > 0, "the candle says that it lost trades");
}

#[test]
fn a_full_ring_stops_the_reading_and_loses_nothing() {
    let mut rig = connected(8);
    for batch in 0..10 {
        rig.say(&[trades("BTC-USD", "update", batch * 20 + 1..batch * 20 + 21, batch * 10)]);
    }
    rig.shard.end_of_turn(tickplane_shards::Clock::now(&rig.clock));
    assert!(!rig.shard.wants_read(tickplane_shards::Clock::now(&rig.clock)), "the sockets have to wait");
    rig.pass_ms(200);
    assert!(rig.shard.wants_read(tickplane_shards::Clock::now(&rig.clock)), "but not longer than stall_ms_max");
    for _ in 0..50 {
        rig.end_turn();
    }
    assert!(rig.shard.wants_read(tickplane_shards::Clock::now(&rig.clock)));
    assert_eq!(rig.folded("BTC-USD"), 200, "the worker caught up from the shared ring");
    let shard = rig.plane.threads().into_iter().find(|thread| thread.name == "shard-0").unwrap();
    assert_eq!(shard.count(ThreadCounter::RingFull), 1);
}

#[test]
fn what_the_shared_ring_no_longer_holds_is_counted_as_lost() {
    let mut rig = connected(8);
    for batch in 0..40 {
        rig.say(&[trades("BTC-USD", "update", batch * 20 + 1..batch * 20 + 21, batch * 10)]);
    }
    for _ in 0..50 {
        rig.end_turn();
    }
    let worker = rig.plane.threads().into_iter().find(|thread| thread.name == "worker-0").unwrap();
    let lost = worker.count(ThreadCounter::Lost);
    assert!(lost > 0);
    assert_eq!(rig.folded("BTC-USD") + lost, 800);
    let series = rig.plane.series(&"candles:kraken:BTC-USD:1s".parse().unwrap()).unwrap();
    assert!(series.live().unwrap().candle.quality.gap_ms() > 0);
}

#[test]
fn a_message_in_pieces_is_one_message() {
    let mut rig = connected(64);
    let text = trades("ETH-USD", "update", 5..6, 0);
    let mut bytes = vec![0x81, 126];
    bytes.extend_from_slice(&(text.len() as u16).to_be_bytes());
    bytes.extend_from_slice(text.as_bytes());
    for byte in bytes {
        assert_eq!(rig.published("ETH-USD"), []);
        rig.receive(&[byte]);
    }
    assert_eq!(rig.published("ETH-USD"), [5]);
}

/// A rig whose worker slept while 800 trades came, of which the shared ring still holds the newest.
fn overslept() -> Rig {
    let mut rig = connected(8);
    for batch in 0..40 {
        rig.say(&[trades("BTC-USD", "update", batch * 20 + 1..batch * 20 + 21, batch * 10)]);
    }
    for _ in 0..10 {
        rig.end_turn();
    }
    assert!(rig.folded("BTC-USD") < 800);
    assert!(rig.rows("BTC-USD")[0].1.contains("gap="));
    rig
}

#[test]
fn what_a_worker_missed_is_fetched_for_it_alone() {
    let mut rig = overslept();
    let published = rig.published("BTC-USD");
    let missing = 800 - rig.folded("BTC-USD");
    let (path, ticket) = rig.asked("BTC-USD", 3);
    assert!(path.contains("since="), "{path}");
    // The venue answers in two parts, and more than is missing.
    rig.answer(ticket, rest("BTC-USD", 5..300, 0));
    rig.heartbeats(3);
    assert!(rig.fetches.iter().all(|fetch| !fetch.request.path.contains("BTC/USD")), "the worker has no room yet");
    for _ in 0..100 {
        rig.end_turn();
    }
    let (_, ticket) = rig.asked("BTC-USD", 3);
    rig.answer(ticket, rest("BTC-USD", 299..700, 300));
    for _ in 0..200 {
        rig.end_turn();
    }
    assert_eq!(rig.folded("BTC-USD"), 800);
    assert_eq!(rig.published("BTC-USD"), published, "readers have had them");
    assert_eq!(rig.stream("BTC-USD").count(StreamCounter::Refetched), missing);
    rig.heartbeats(2);
    rig.end_turn();
    let rows = rig.rows("BTC-USD");
    assert!(rows.iter().all(|(_, quality)| !quality.contains("gap=")), "{rows:?}");
    assert!(rig.fetches.iter().all(|fetch| !fetch.request.path.contains("BTC/USD")), "nothing else is asked");
}

#[test]
fn until_then_nobody_takes_its_gap_away() {
    let mut rig = overslept();
    // A seam that the stream itself fills: the shard has every trade, and says so.
    rig.say(&[trades("BTC-USD", "update", 803..805, 500), trades("BTC-USD", "update", 801..803, 500)]);
    for _ in 0..10 {
        rig.end_turn();
    }
    assert!(rig.rows("BTC-USD")[0].1.contains("gap="), "{:?}", rig.rows("BTC-USD"));
}

#[test]
fn what_a_worker_missed_and_the_venue_does_not_give_stays_a_gap() {
    let mut rig = overslept();
    let folded = rig.folded("BTC-USD");
    for _ in 0..120 {
        rig.heartbeats(1);
        while let Some(fetch) = rig.fetches.pop() {
            rig.answer(fetch.ticket, Err(FetchError::Failed("status 500".to_owned())));
        }
        rig.end_turn();
    }
    // An interruption that missed nothing is no reason to believe that all is well.
    rig.say(&[trades("BTC-USD", "update", 803..805, 2_000), trades("BTC-USD", "update", 801..803, 2_000)]);
    rig.end_turn();
    assert_eq!(rig.folded("BTC-USD"), folded + 4);
    assert!(rig.rows("BTC-USD")[0].1.contains("gap="), "{:?}", rig.rows("BTC-USD"));
    assert_eq!(rig.stream("BTC-USD").count(StreamCounter::SeamsLost), 1);
}
