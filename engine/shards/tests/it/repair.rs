//! What is missing is asked for, taken in once, and shows in the candles only as long as it is missing.

use tickplane_exchanges::TradeIds;
use tickplane_segments::{ConnectionCounter, StreamCounter, StreamState};
use tickplane_shards::{CloseReason, FetchError};

use crate::rig::{Rig, RigShape, ack, rest, trades};

fn connected() -> Rig {
    let mut rig = Rig::new(1_024);
    rig.pass_ms(0);
    rig.accept();
    rig.say(&[ack("BTC-USD"), ack("ETH-USD")]);
    rig
}

fn disconnect(rig: &mut Rig) {
    let now = tickplane_shards::Clock::now(&rig.clock);
    rig.shard.closed(0, CloseReason::Tcp("reset".to_owned()), now);
    rig.pass_ms(300);
}

fn reconnect(rig: &mut Rig) {
    disconnect(rig);
    rig.accept();
    rig.say(&[ack("BTC-USD"), ack("ETH-USD")]);
}

/// The rows of BTC-USD after the worker has seen everything and another second has begun.
fn rows(rig: &mut Rig) -> Vec<(u64, String)> {
    for _ in 0..3 {
        rig.end_turn();
    }
    rig.rows("BTC-USD")
}

#[test]
fn a_seam_is_fetched_and_leaves_no_trace_but_the_flag() {
    let mut rig = connected();
    rig.say(&[trades("BTC-USD", "update", 1..4, 1_000)]);
    rig.say(&[trades("BTC-USD", "update", 8..10, 1_800)]);
    assert!(rows(&mut rig)[0].1.contains("gap=800ms"), "{:?}", rig.rows("BTC-USD"));
    assert_eq!((rig.stream("BTC-USD").seams, rig.stream("BTC-USD").missing), (0, 0), "shown at the next look");
    let (path, ticket) = rig.asked("BTC-USD", 3);
    assert!(path.starts_with("/0/public/Trades?pair=BTC/USD") && path.contains("since="), "{path}");
    assert_eq!((rig.stream("BTC-USD").seams, rig.stream("BTC-USD").missing), (1, 4));
    rig.answer(ticket, rest("BTC-USD", 3..12, 1_400));
    assert_eq!(rig.published("BTC-USD"), [1, 2, 3, 8, 9, 4, 5, 6, 7], "10 and 11 come by the stream");
    assert_eq!(rows(&mut rig)[0], (9, "final|partial|backfilled".to_owned()));
    assert_eq!(rig.status().count(ConnectionCounter::Backfilled), 4);
    rig.heartbeats(1);
    assert_eq!((rig.stream("BTC-USD").seams, rig.stream("BTC-USD").missing), (0, 0));
    assert_eq!(rig.stream("BTC-USD").count(StreamCounter::Backfilled), 4);
    rig.heartbeats(4);
    assert!(rig.fetches.iter().all(|fetch| !fetch.request.path.contains("BTC/USD")), "nothing else is asked");
}

#[test]
fn an_interruption_that_missed_nothing_leaves_no_gap() {
    let mut rig = connected();
    rig.say(&[trades("BTC-USD", "update", 1..4, 1_000)]);
    reconnect(&mut rig);
    rig.end_turn();
    let (_, ticket) = rig.asked("BTC-USD", 3);
    rig.end_turn();
    assert!(rig.rows("BTC-USD").iter().any(|(_, quality)| quality.contains("gap=")), "until it is known");
    rig.answer(ticket, rest("BTC-USD", 3..4, 1_000));
    let rows = rows(&mut rig);
    assert!(rows.iter().all(|(_, quality)| !quality.contains("gap=")), "{rows:?}");
    assert_eq!(rig.published("BTC-USD"), [1, 2, 3]);
}

#[test]
fn trades_of_an_interruption_are_fetched_though_the_market_is_quiet_after_it() {
    let mut rig = connected();
    rig.say(&[trades("BTC-USD", "update", 1..4, 1_000)]);
    reconnect(&mut rig);
    let (_, ticket) = rig.asked("BTC-USD", 3);
    rig.answer(ticket, rest("BTC-USD", 3..9, 1_100));
    assert_eq!(rig.published("BTC-USD"), [1, 2, 3, 4, 5, 6, 7, 8]);
    let rows = rows(&mut rig);
    assert!(rows.iter().all(|(_, quality)| !quality.contains("gap=")), "{rows:?}");
    assert_eq!(rig.stream("BTC-USD").state, StreamState::Subscribed, "what was missed is no sign of a dead stream");
}

#[test]
fn an_answer_from_before_the_interruption_settles_nothing() {
    let mut rig = connected();
    rig.say(&[trades("BTC-USD", "update", 1..4, 1_000)]);
    reconnect(&mut rig);
    let (_, ticket) = rig.asked("BTC-USD", 3);
    reconnect(&mut rig);
    rig.answer(ticket, rest("BTC-USD", 3..4, 1_000));
    let rows = rows(&mut rig);
    assert!(rows.iter().any(|(_, quality)| quality.contains("gap=")), "{rows:?}");
    rig.asked("BTC-USD", 3);
}

#[test]
fn what_the_venue_cannot_give_stays_a_gap() {
    let mut rig = connected();
    rig.say(&[trades("BTC-USD", "update", 1..4, 1_000), trades("BTC-USD", "update", 8..10, 1_800)]);
    let mut failures = 0;
    for _ in 0..100 {
        rig.heartbeats(1);
        while let Some(fetch) = rig.fetches.pop() {
            if fetch.request.path.contains("BTC/USD") {
                failures += 1;
                rig.answer(fetch.ticket, Err(FetchError::Failed("status 500".to_owned())));
            }
        }
    }
    assert!((6..=12).contains(&failures), "{failures} questions, those of a silent stream among them");
    let stream = rig.stream("BTC-USD");
    assert_eq!((stream.seams, stream.count(StreamCounter::SeamsLost), stream.count(StreamCounter::Lost)), (0, 1, 4));
    assert!(rows(&mut rig)[0].1.contains("gap=800ms"));
    assert_eq!(rig.published("BTC-USD"), [1, 2, 3, 8, 9]);
}

#[test]
fn a_venue_that_wants_patience_gets_it() {
    let mut rig = connected();
    rig.say(&[trades("BTC-USD", "update", 1..4, 1_000), trades("BTC-USD", "update", 8..10, 1_800)]);
    let (_, ticket) = rig.asked("BTC-USD", 3);
    rig.answer(ticket, Err(FetchError::RetryAfter { seconds: 40 }));
    rig.heartbeats(39);
    assert_eq!(rig.fetches, [], "of no symbol");
    let (_, ticket) = rig.asked("BTC-USD", 3);
    rig.answer(ticket, rest("BTC-USD", 3..10, 1_400));
    assert_eq!(rig.published("BTC-USD").len(), 9);
}

#[test]
fn a_question_without_an_answer_is_asked_again() {
    let mut rig = connected();
    rig.say(&[trades("BTC-USD", "update", 1..4, 1_000), trades("BTC-USD", "update", 8..10, 1_800)]);
    let (_, late) = rig.asked("BTC-USD", 3);
    rig.heartbeats(28);
    assert!(rig.fetches.iter().all(|fetch| !fetch.request.path.contains("BTC/USD")));
    let (_, ticket) = rig.asked("BTC-USD", 6);
    rig.answer(late, rest("BTC-USD", 3..10, 1_400));
    assert_eq!(rig.published("BTC-USD").len(), 5, "too late");
    rig.answer(ticket, rest("BTC-USD", 3..10, 1_400));
    assert_eq!(rig.published("BTC-USD").len(), 9);
}

#[test]
fn long_seams_are_fetched_page_by_page() {
    let mut rig = connected();
    rig.say(&[trades("BTC-USD", "update", 1..2, 1_000), trades("BTC-USD", "update", 200..201, 1_900)]);
    for page in 0..4 {
        let (_, ticket) = rig.asked("BTC-USD", 3);
        rig.answer(ticket, rest("BTC-USD", 1 + page * 50..52 + page * 50, 1_001 + page * 50));
    }
    let mut ids = rig.published("BTC-USD");
    ids.sort_unstable();
    assert_eq!(ids, (1..=200).collect::<Vec<_>>());
}

#[test]
fn an_interruption_is_fetched_page_by_page_too() {
    let mut rig = Rig::of(RigShape { trade_capacity: 4_096, ..RigShape::default() });
    rig.pass_ms(0);
    rig.accept();
    rig.say(&[ack("BTC-USD"), ack("ETH-USD"), trades("BTC-USD", "update", 1..2, 1_000)]);
    reconnect(&mut rig);
    for page in [1..1_001, 1_000..2_000, 1_999..2_100] {
        let (_, ticket) = rig.asked("BTC-USD", 3);
        rig.answer(ticket, rest("BTC-USD", page.clone(), 1_000 + page.start));
    }
    assert_eq!(rig.published("BTC-USD"), (1..2_100).collect::<Vec<_>>());
    rig.heartbeats(4);
    assert!(rig.fetches.iter().all(|fetch| !fetch.request.path.contains("BTC/USD")), "the last page was not full");
}

/// A rig of a venue whose ids grow with holes.
fn increasing() -> Rig {
    let mut rig = Rig::of(RigShape { ids: TradeIds::Increasing, ..RigShape::default() });
    rig.pass_ms(0);
    rig.accept();
    rig.say(&[ack("BTC-USD"), ack("ETH-USD"), trades("BTC-USD", "update", 1..4, 1_000)]);
    rig
}

#[test]
fn an_answer_that_does_not_reach_back_leaves_a_seam() {
    let mut rig = increasing();
    reconnect(&mut rig);
    let (_, ticket) = rig.asked("BTC-USD", 3);
    rig.answer(ticket, rest("BTC-USD", 10..14, 1_300));
    let (_, ticket) = rig.asked("BTC-USD", 3);
    assert_eq!((rig.stream("BTC-USD").seams, rig.stream("BTC-USD").missing), (1, 0), "how many, no id tells");
    rig.answer(ticket, rest("BTC-USD", 3..11, 1_100));
    assert_eq!(rig.published("BTC-USD"), [1, 2, 3, 10, 11, 12, 13, 4, 5, 6, 7, 8, 9]);
    rig.heartbeats(1);
    assert_eq!(rig.stream("BTC-USD").seams, 0);
}

#[test]
fn a_subscription_taken_anew_is_an_interruption_of_its_own() {
    let mut rig = increasing();
    let (_, ticket) = rig.asked("BTC-USD", 70);
    rig.answer(ticket, rest("BTC-USD", 3..6, 1_100));
    rig.heartbeats(3);
    assert_eq!(rig.stream("BTC-USD").state, StreamState::Stale);
    // What the old subscription still had on its way settles the first interruption, and so does its seam.
    rig.say(&[trades("BTC-USD", "update", 5..7, 40_000)]);
    let (_, ticket) = rig.asked("BTC-USD", 3);
    rig.answer(ticket, rest("BTC-USD", 5..7, 40_000));
    rig.say(&[ack("BTC-USD")]);
    let (_, ticket) = rig.asked("BTC-USD", 4);
    rig.answer(ticket, rest("BTC-USD", 6..9, 40_001));
    assert_eq!(rig.published("BTC-USD"), (1..9).collect::<Vec<_>>(), "trades between the two subscriptions");
}

#[test]
fn a_venue_that_numbers_anew_is_followed() {
    for ids in [TradeIds::Contiguous, TradeIds::Increasing] {
        let mut rig = Rig::of(RigShape { ids, ..RigShape::default() });
        rig.pass_ms(0);
        rig.accept();
        rig.say(&[ack("BTC-USD"), ack("ETH-USD"), trades("BTC-USD", "update", 5_001..5_004, 1_000)]);
        for id in 100..180 {
            rig.pass_ms(10);
            rig.say(&[trades("BTC-USD", "update", id..id + 1, 1_000 + id)]);
        }
        let stream = rig.stream("BTC-USD");
        assert_eq!(stream.count(StreamCounter::Renumbered), 1);
        assert_eq!(rig.published("BTC-USD")[3..], (163..180).collect::<Vec<_>>());
        let (_, ticket) = rig.asked("BTC-USD", 3);
        rig.answer(ticket, rest("BTC-USD", 99..180, 1_099));
        let mut published = rig.published("BTC-USD").split_off(3);
        published.sort_unstable();
        assert_eq!(published, (100..180).collect::<Vec<_>>());
        rig.heartbeats(1);
        assert_eq!(rig.stream("BTC-USD").seams, 0);
    }
}

#[test]
fn a_backlog_of_known_trades_is_no_new_numbering() {
    let mut rig = connected();
    rig.say(&[trades("BTC-USD", "update", 1..201, 1_000)]);
    rig.say(&[trades("BTC-USD", "update", 2..201, 1_000)]);
    assert_eq!(rig.stream("BTC-USD").count(StreamCounter::Renumbered), 0);
    assert_eq!(rig.status().count(ConnectionCounter::Duplicates), 199);
}

#[test]
fn without_room_nothing_is_lost_and_only_what_is_as_little_urgent_waits() {
    let mut rig = connected();
    rig.say(&[trades("BTC-USD", "update", 1..4, 1_000), trades("BTC-USD", "update", 8..10, 1_800)]);
    for _ in 0..10 {
        let (_, ticket) = rig.asked("BTC-USD", 22);
        rig.answer(ticket, Err(FetchError::NoRoom { seconds: 20 }));
        rig.fetches.clear();
        rig.heartbeats(19);
        assert_eq!(rig.fetches, [], "there is no room for others either");
    }
    assert_eq!(rig.stream("BTC-USD").count(StreamCounter::SeamsLost), 0, "nothing failed");
    let (_, ticket) = rig.asked("BTC-USD", 3);
    rig.answer(ticket, rest("BTC-USD", 3..10, 1_400));
    let (_, ticket) = rig.asked("ETH-USD", 30);
    rig.answer(ticket, Err(FetchError::NoRoom { seconds: 100 }));
    for fetch in std::mem::take(&mut rig.fetches) {
        rig.answer(fetch.ticket, Err(FetchError::NoRoom { seconds: 100 }));
    }
    rig.say(&[trades("BTC-USD", "update", 12..13, 1_900)]);
    let (path, _) = rig.asked("BTC-USD", 3);
    assert!(path.contains("since="), "a seam does not wait for questions about silence: {path}");
    rig.heartbeats(25);
    assert!(rig.fetches.iter().all(|fetch| fetch.is_urgent), "{:?}", rig.fetches);
}
