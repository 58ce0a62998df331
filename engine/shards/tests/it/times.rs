//! A trade whose time cannot be is not believed, and fetched instead.

use tickplane_segments::{StreamCounter, StreamState};

use crate::rig::{Rig, ack, rest, trades};

/// Trades 1..=3 of BTC-USD in the second second.
fn spoken() -> Rig {
    let mut rig = Rig::new(1_024);
    rig.pass_ms(0);
    rig.accept();
    rig.say(&[ack("BTC-USD"), ack("ETH-USD"), trades("BTC-USD", "update", 1..4, 1_000)]);
    rig
}

/// The same trades told an hour off.
fn off(text: &str, hour: &str) -> String {
    text.replace("T17:48", hour)
}

fn rows(rig: &mut Rig) -> Vec<(u64, String)> {
    for _ in 0..3 {
        rig.end_turn();
    }
    rig.rows("BTC-USD")
}

#[test]
fn jumped_trades_are_fetched_with_their_true_times() {
    for hour in ["T18:48", "T16:48", "T17:49", "T17:47"] {
        let mut rig = spoken();
        rig.say(&[off(&trades("BTC-USD", "update", 4..8, 1_100), hour)]);
        rig.say(&[trades("BTC-USD", "update", 8..9, 1_500)]);
        assert_eq!(rig.published("BTC-USD"), [1, 2, 3, 8], "{hour}");
        assert_eq!(rig.status().rejected(), 4);
        assert_eq!(rig.stream("BTC-USD").count(StreamCounter::Unbelieved), 4);
        assert!(rows(&mut rig)[0].1.contains("gap="), "{:?}", rig.rows("BTC-USD"));
        let (_, ticket) = rig.asked("BTC-USD", 3);
        rig.answer(ticket, rest("BTC-USD", 3..9, 1_100));
        assert_eq!(rig.published("BTC-USD"), [1, 2, 3, 8, 4, 5, 6, 7]);
        let rows = rows(&mut rig);
        assert_eq!(rows.iter().map(|(count, _)| count).sum::<u64>(), 8, "{rows:?}");
        assert!(rows.len() < 10 && rows.iter().all(|(_, quality)| !quality.contains("gap=")), "{rows:?}");
        rig.heartbeats(1);
        assert_eq!((rig.stream("BTC-USD").state, rig.stream("BTC-USD").seams), (StreamState::Live, 0));
    }
}

#[test]
fn jumped_trades_that_rest_was_faster_to_tell_are_no_new_numbering() {
    let mut rig = spoken();
    rig.say(&[trades("BTC-USD", "update", 100..101, 1_500)]);
    let (_, ticket) = rig.asked("BTC-USD", 3);
    rig.answer(ticket, rest("BTC-USD", 3..101, 1_100));
    assert_eq!(rig.published("BTC-USD").len(), 100);
    for id in 4..100 {
        rig.pass_ms(10);
        rig.say(&[off(&trades("BTC-USD", "update", id..id + 1, 1_100 + id), "T18:48")]);
    }
    assert_eq!(rig.stream("BTC-USD").count(StreamCounter::Renumbered), 0);
    assert_eq!(rig.published("BTC-USD").len(), 100);
}

#[test]
fn while_nothing_else_comes_rest_brings_the_trades() {
    let mut rig = spoken();
    for second in 0..20 {
        rig.heartbeats(1);
        rig.say(&[off(&trades("BTC-USD", "update", 4 + second..5 + second, 2_000 + second * 1_000), "T18:48")]);
        while let Some(fetch) = rig.fetches.pop() {
            // REST is a second behind.
            rig.answer(fetch.ticket, rest("BTC-USD", 3..4 + second, 1_000));
        }
    }
    let published = rig.published("BTC-USD");
    assert!(published.len() > 18 && published.is_sorted(), "{published:?}");
    assert_eq!(rig.stream("BTC-USD").count(StreamCounter::Stale), 0, "it speaks");
}

#[test]
fn a_jump_that_lasts_a_minute_is_how_it_is() {
    let mut rig = spoken();
    for second in 0..65 {
        rig.heartbeats(1);
        let text = trades("BTC-USD", "update", 4 + second..5 + second, 2_000 + second * 1_000);
        rig.say(&[text.replace("T17", "T18")]);
    }
    assert_eq!(rig.stream("BTC-USD").count(StreamCounter::TimeMoves), 1);
    assert_eq!(rig.published("BTC-USD")[3..], [64, 65, 66, 67, 68]);
}

#[test]
fn what_rest_too_tells_wrong_stays_a_gap() {
    let mut rig = spoken();
    rig.say(&[trades("BTC-USD", "update", 8..9, 1_500)]);
    for _ in 0..120 {
        rig.heartbeats(1);
        while let Some(fetch) = rig.fetches.pop() {
            let answer = String::from_utf8(rest("BTC-USD", 3..9, 1_100).unwrap()).unwrap();
            rig.answer(fetch.ticket, Ok(answer.replace("1790358481.102", "1790362081.102").into_bytes()));
        }
    }
    assert_eq!(rig.published("BTC-USD"), [1, 2, 3, 8, 4, 6, 7]);
    let stream = rig.stream("BTC-USD");
    assert_eq!((stream.seams, stream.count(StreamCounter::SeamsLost), stream.count(StreamCounter::Lost)), (0, 1, 1));
    assert!(rows(&mut rig)[0].1.contains("gap="), "{:?}", rig.rows("BTC-USD"));
}
