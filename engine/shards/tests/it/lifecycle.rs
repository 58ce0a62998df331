//! What happens to streams is told: to followers of events once per change, to people where they want to know.

use tickplane_segments::{EventFollower, EventKind, Next, StreamCounter, StreamState};
use tickplane_shards::{Clock, CloseReason, Happening, StreamChange};

use crate::rig::{Rig, ack, rest, trades};

/// A rig with both symbols subscribed, trade 1 of BTC-USD come, and the follower after that.
fn spoken() -> (Rig, EventFollower) {
    let mut rig = Rig::new(1_024);
    let follower = rig.plane.events();
    rig.pass_ms(0);
    rig.accept();
    rig.say(&[ack("BTC-USD"), ack("ETH-USD")]);
    for id in 5_001..5_006 {
        rig.heartbeats(1);
        rig.say(&[trades("BTC-USD", "update", id..id + 1, rig.now_ms())]);
    }
    (rig, follower)
}

/// What followers were told of BTC-USD: states, and what else happened.
fn events(rig: &Rig, follower: &mut EventFollower) -> Vec<String> {
    let mut told = Vec::new();
    while let Next::Item(announced) = follower.poll() {
        let event = announced.event;
        let symbol = rig.plane.symbol_of(event.exchange, event.entry).unwrap();
        if event.kind != EventKind::Stream || symbol.is_none_or(|symbol| symbol.as_str() != "BTC-USD") {
            continue;
        }
        let what = StreamCounter::ALL.iter().find(|counter| event.row > 0 && **counter as u64 == event.row);
        told.push(what.map_or(StreamState::from_number(event.detail).as_str(), |counter| counter.as_str()).to_owned());
    }
    told
}

/// What people were told of streams.
fn reports(rig: &Rig) -> Vec<StreamChange> {
    let change = |what: &Happening| match what {
        Happening::Stream { symbol, change } => {
            assert_eq!(symbol.as_str(), "BTC-USD");
            Some(*change)
        }
        _ => None,
    };
    rig.reports.iter().filter_map(change).collect()
}

#[test]
fn a_stream_that_dies_and_comes_back_is_told_once_each() {
    let (mut rig, mut follower) = spoken();
    rig.heartbeats(1);
    assert_eq!(events(&rig, &mut follower), ["connecting", "subscribed", "live"]);
    let (mut newest, mut accepted) = (5_005, 1);
    for _ in 0..60 {
        rig.heartbeats(1);
        if rig.attempts.len() > accepted {
            rig.accept();
            accepted += 1;
        }
        // The venue takes every subscription and brings nothing by it.
        if rig.is_connected && !rig.take_outgoing().is_empty() {
            rig.say(&[ack("BTC-USD"), ack("ETH-USD")]);
        }
        while let Some(fetch) = rig.fetches.pop() {
            newest += 1;
            let answer = match fetch.request.path.contains("BTC/USD") {
                true => rest("BTC-USD", 5_001..newest, 5_000),
                false => rest("ETH-USD", 1..2, 0),
            };
            rig.answer(fetch.ticket, answer);
        }
    }
    assert!(accepted > 1, "subscribed anew, then connected anew");
    let dead = events(&rig, &mut follower);
    let cured = ["stale", "closed", "connecting", "subscribed"];
    assert!(dead.windows(4).any(|told| told == cured), "also where a cure follows at once: {dead:?}");
    assert!(dead.windows(2).all(|told| told[0] != told[1]), "not for every look: {dead:?}");
    assert!(dead.iter().filter(|state| *state == "stale").count() >= 2, "{dead:?}");
    assert_eq!(reports(&rig), [StreamChange::Stale], "once for the whole outage");
    rig.say(&[trades("BTC-USD", "update", newest + 1..newest + 2, rig.now_ms())]);
    rig.heartbeats(2);
    assert_eq!(events(&rig, &mut follower), ["live"]);
    assert_eq!(reports(&rig), [StreamChange::Stale, StreamChange::Recovered]);
}

#[test]
fn a_state_that_its_cure_ends_at_once_is_told_too() {
    let (mut rig, mut follower) = spoken();
    let (_, ticket) = rig.asked("BTC-USD", 60);
    rig.answer(ticket, rest("BTC-USD", 5_005..5_008, 5_000));
    rig.heartbeats(3);
    rig.shard.closed(0, CloseReason::Tcp("reset".to_owned()), rig.clock.now());
    rig.pass_ms(300);
    rig.accept();
    rig.say(&[ack("BTC-USD"), ack("ETH-USD")]);
    // What the interruption missed, and then what the stream does not bring.
    for newest in [5_011, 5_014] {
        let (_, ticket) = rig.asked("BTC-USD", 60);
        rig.answer(ticket, rest("BTC-USD", 5_005..newest, 5_000));
    }
    rig.heartbeats(3);
    let told = events(&rig, &mut follower).split_off(3);
    assert_eq!(told[..6], ["stale", "closed", "connecting", "subscribed", "stale", "closed"], "{told:?}");
}

#[test]
fn a_quiet_stream_is_told_to_followers_alone() {
    let (mut rig, mut follower) = spoken();
    for _ in 0..2 {
        let (_, ticket) = rig.asked("BTC-USD", 120);
        rig.answer(ticket, rest("BTC-USD", 5_005..5_006, 5_000));
    }
    rig.heartbeats(1);
    assert_eq!(events(&rig, &mut follower).split_off(2), ["live", "quiet"]);
    assert_eq!(reports(&rig), []);
}

#[test]
fn a_new_numbering_is_told() {
    let (mut rig, mut follower) = spoken();
    for id in 100..180 {
        rig.pass_ms(10);
        rig.say(&[trades("BTC-USD", "update", id..id + 1, 6_000 + id)]);
    }
    rig.heartbeats(2);
    assert_eq!(events(&rig, &mut follower).split_off(2), ["live", "renumbered"]);
    assert_eq!(reports(&rig), [StreamChange::Renumbered]);
}

#[test]
fn times_that_moved_for_good_are_told() {
    let (mut rig, mut follower) = spoken();
    for id in 5_006..5_075 {
        rig.heartbeats(1);
        let text = trades("BTC-USD", "update", id..id + 1, rig.now_ms());
        rig.say(&[text.replace("T17", "T18")]);
    }
    rig.heartbeats(1);
    assert_eq!(events(&rig, &mut follower).split_off(2), ["live", "time-moves"]);
    assert_eq!(reports(&rig), [StreamChange::TimeMoved]);
}
