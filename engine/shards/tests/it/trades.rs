//! Each trade once, in order, and every loss told.

use tickplane_segments::{ConnectionCounter, ThreadCounter};
use tickplane_shards::CloseReason;

use crate::rig::{Rig, ack, trades};

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
