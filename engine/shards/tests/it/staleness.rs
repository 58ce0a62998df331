//! A dead stream is found and cured; a quiet one is left in peace.

use tickplane_exchanges::TradeIds;
use tickplane_segments::{ConnectionCounter, ConnectionState, StreamCounter, StreamState};
use tickplane_shards::{CloseReason, Happening};

use crate::rig::{Rig, RigShape, ack, rest, texts, trades};
use crate::simulation::small_pages::BACKWARD;
use crate::simulation::venue::PAGE;

fn connected() -> Rig {
    let mut rig = Rig::new(1_024);
    rig.pass_ms(0);
    rig.accept();
    rig.say(&[ack("BTC-USD"), ack("ETH-USD")]);
    rig
}

/// Trades of BTC-USD 1..=5, a second apart, then nothing.
fn spoken() -> Rig {
    let mut rig = connected();
    for id in 1..=5 {
        rig.pass_ms(1_000);
        rig.say(&[trades("BTC-USD", "update", id..id + 1, id * 1_000)]);
    }
    rig.pass_ms(250);
    assert_eq!(rig.stream("BTC-USD").state, StreamState::Live);
    rig.take_outgoing();
    rig
}

/// Lets the suspicion have its time while other signs of life go on.
fn settle(rig: &mut Rig) {
    rig.heartbeats(3);
    rig.end_turn();
}

#[test]
fn a_stream_without_news_is_quiet_and_asked_about_less_and_less() {
    let mut rig = spoken();
    let mut asked_at = Vec::new();
    for _ in 0..7_200 {
        rig.heartbeats(1);
        while let Some(fetch) = rig.fetches.pop() {
            if fetch.request.path.contains("BTC/USD") {
                asked_at.push(rig.now_ms() / 1_000);
            }
            rig.answer(fetch.ticket, rest("BTC-USD", 5..6, 5_000));
        }
    }
    assert!(rig.is_connected, "{:?}", rig.reports);
    assert_eq!(rig.stream("BTC-USD").state, StreamState::Quiet);
    assert!((4..16).contains(&asked_at.len()), "{asked_at:?}");
    assert!(asked_at.windows(3).all(|at| at[2] - at[1] + 1 >= at[1] - at[0]), "{asked_at:?}");
    rig.say(&[trades("BTC-USD", "update", 6..7, 30_000)]);
    rig.pass_ms(250);
    assert_eq!(rig.stream("BTC-USD").state, StreamState::Live);
    assert_eq!(rig.stream("BTC-USD").count(StreamCounter::Stale), 0);
}

#[test]
fn newer_trades_at_the_venue_show_a_stale_stream_which_is_subscribed_anew() {
    let mut rig = spoken();
    let (path, ticket) = rig.asked("BTC-USD", 30);
    assert!(path.contains("since="), "{path}");
    rig.answer(ticket, rest("BTC-USD", 5..9, 5_000));
    assert_eq!(rig.published("BTC-USD").len(), 5, "they may be on their way");
    settle(&mut rig);
    assert_eq!(rig.published("BTC-USD"), (1..=8).collect::<Vec<_>>(), "they were not");
    let stream = rig.stream("BTC-USD");
    assert_eq!((stream.state, stream.count(StreamCounter::Resubscribes)), (StreamState::Stale, 1));
    assert_eq!(rig.status().state, ConnectionState::Stale, "though it may bring other streams");
    let said = texts(&rig.take_outgoing());
    let said: Vec<_> = said.iter().filter(|text| text.contains("BTC/USD")).collect();
    assert!(said[0].contains(r#""unsubscribe""#) && said[1].contains(r#""subscribe""#), "{said:?}");
    let rows = rig.rows("BTC-USD");
    assert!(rows.last().unwrap().1.contains("gap="), "an outage until it speaks again: {rows:?}");
    rig.say(&[ack("BTC-USD"), trades("BTC-USD", "update", 9..10, rig.now_ms())]);
    rig.heartbeats(1);
    assert_eq!((rig.stream("BTC-USD").state, rig.status().state), (StreamState::Live, ConnectionState::Live));
    rig.end_turn();
    let rows = rig.rows("BTC-USD");
    assert!(rows.iter().all(|(_, quality)| !quality.contains("gap=")), "{rows:?}");
    assert_eq!(rows.iter().map(|(count, _)| count).sum::<u64>(), 9);
}

#[test]
fn trades_that_were_on_their_way_are_no_sign_of_death() {
    let mut rig = spoken();
    let (_, ticket) = rig.asked("BTC-USD", 30);
    rig.answer(ticket, rest("BTC-USD", 5..8, 5_000));
    rig.pass_ms(500);
    rig.say(&[trades("BTC-USD", "update", 6..8, 5_001)]);
    settle(&mut rig);
    assert_eq!(rig.stream("BTC-USD").state, StreamState::Live);
    assert_eq!(rig.published("BTC-USD"), (1..=7).collect::<Vec<_>>());
    assert_eq!(rig.status().count(tickplane_segments::ConnectionCounter::Backfilled), 0);
}

#[test]
fn what_stays_dead_costs_the_connection_once_and_then_less_and_less() {
    let mut rig = spoken();
    let (mut newest, mut opened) = (5, 0);
    for _ in 0..3_600 {
        rig.heartbeats(1);
        if !rig.is_connected
            && rig.attempts.len() as u64 > rig.status().count(tickplane_segments::ConnectionCounter::Disconnects)
        {
            rig.accept();
            opened += 1;
            rig.say(&[ack("BTC-USD"), ack("ETH-USD")]);
        }
        rig.take_outgoing();
        while let Some(fetch) = rig.fetches.pop() {
            if fetch.request.path.contains("BTC/USD") {
                newest += 1;
                rig.answer(fetch.ticket, rest("BTC-USD", 1..newest + 1, 5_000));
            } else {
                rig.answer(fetch.ticket, rest("ETH-USD", 1..2, 0));
            }
        }
    }
    let stale = |report: &&Happening| matches!(report, Happening::Closed { reason: CloseReason::Stale { symbol }, .. } if symbol == "BTC-USD");
    let reconnects = rig.reports.iter().filter(stale).count();
    assert!((2..10).contains(&reconnects), "{reconnects} in an hour");
    assert_eq!(opened, reconnects);
    let published = rig.published("BTC-USD");
    assert!(published.len() > 30 && published.is_sorted(), "meanwhile its trades come by REST: {published:?}");
    assert_eq!(rig.stream("ETH-USD").count(StreamCounter::Stale), 0);
}

#[test]
fn a_stream_that_was_dead_from_the_first_is_found_out_by_the_first_answer() {
    let mut rig = connected();
    let up_ms = rig.now_ms();
    let (path, ticket) = rig.asked("BTC-USD", 11);
    assert!(!path.contains("since="), "nothing is known of it: {path}");
    assert!(rig.now_ms() >= 10_000);
    // Three trades from before the confirmation, and two from after it.
    rig.answer(ticket, rest("BTC-USD", 100..105, up_ms - 2));
    assert_eq!(rig.stream("BTC-USD").state, StreamState::Subscribed, "they may be on their way");
    settle(&mut rig);
    let stream = rig.stream("BTC-USD");
    assert_eq!((stream.state, stream.count(StreamCounter::Resubscribes)), (StreamState::Stale, 1));
    assert_eq!(rig.published("BTC-USD"), [103, 104], "what was before us is not ours");
    assert_eq!(rig.status().state, ConnectionState::Stale, "no stream of it ever spoke");
    let (_, ticket) = rig.asked("BTC-USD", 11);
    rig.answer(ticket, rest("BTC-USD", 104..108, up_ms + 2));
    settle(&mut rig);
    assert_eq!(rig.published("BTC-USD"), [103, 104, 105, 106, 107]);
    assert_eq!(rig.stream("BTC-USD").count(StreamCounter::Reconnects), 1);
}

#[test]
fn what_an_answer_does_not_reach_back_to_is_not_called_whole() {
    let mut rig = connected();
    let (_, ticket) = rig.asked("BTC-USD", 11);
    // The newest page there is begins in the middle of a second.
    rig.answer(ticket, rest("BTC-USD", 100..104, 5_300));
    settle(&mut rig);
    assert_eq!(rig.published("BTC-USD"), [100, 101, 102, 103]);
    rig.say(&[ack("BTC-USD"), trades("BTC-USD", "update", 104..105, rig.now_ms())]);
    if let (_, Some(ticket)) = (rig.heartbeats(1), rig.fetches.pop().map(|fetch| fetch.ticket)) {
        rig.answer(ticket, rest("BTC-USD", 103..105, 5_303));
    }
    rig.heartbeats(3);
    assert_eq!(rig.stream("BTC-USD").state, StreamState::Live);
    let rows = rig.rows("BTC-USD");
    assert_eq!(rows[0].0, 4);
    assert!(rows[0].1.contains("partial"), "{rows:?}");
    assert!(rows[1..].iter().all(|(_, quality)| !quality.contains("partial")), "{rows:?}");
}

#[test]
fn a_stream_that_never_spoke_is_quiet_only_when_nothing_new_came_of_it() {
    for (clock_off_s, first) in [(0, rest("BTC-USD", 100..105, 0)), (90, rest("BTC-USD", 100..105, 5_000))] {
        let mut rig = Rig::new(1_024);
        rig.clock.off_ns.set(clock_off_s * 1_000_000_000);
        rig.pass_ms(0);
        rig.accept();
        rig.say(&[ack("BTC-USD"), ack("ETH-USD")]);
        let (_, ticket) = rig.asked("BTC-USD", 11);
        rig.answer(ticket, first);
        settle(&mut rig);
        assert_eq!(rig.stream("BTC-USD").state, StreamState::Subscribed, "one answer tells not enough");
        let (_, ticket) = rig.asked("BTC-USD", 10);
        rig.answer(ticket, rest("BTC-USD", 104..105, 5_000));
        settle(&mut rig);
        assert_eq!(rig.stream("BTC-USD").state, StreamState::Quiet, "those were before us");
        let (path, ticket) = rig.asked("BTC-USD", 11);
        assert!(path.contains("since="), "{path}");
        rig.answer(ticket, rest("BTC-USD", 104..108, 5_000));
        settle(&mut rig);
        assert_eq!(rig.stream("BTC-USD").state, StreamState::Stale);
        assert_eq!(rig.published("BTC-USD"), [105, 106, 107]);
    }
}

#[test]
fn a_market_without_any_trade_is_quiet_until_its_first() {
    let mut rig = connected();
    for state in [StreamState::Subscribed, StreamState::Quiet] {
        let (_, ticket) = rig.asked("BTC-USD", 11);
        rig.answer(ticket, rest("BTC-USD", 1..1, 0));
        settle(&mut rig);
        assert_eq!(rig.stream("BTC-USD").state, state);
    }
    let (_, ticket) = rig.asked("BTC-USD", 11);
    rig.answer(ticket, rest("BTC-USD", 1..3, 30_000));
    settle(&mut rig);
    assert_eq!((rig.stream("BTC-USD").state, rig.published("BTC-USD")), (StreamState::Stale, vec![1, 2]));
}

#[test]
fn a_subscription_that_nobody_confirmed_is_found_out_by_the_first_answer() {
    let mut rig = Rig::new(1_024);
    rig.pass_ms(0);
    rig.accept();
    let opened_ms = rig.now_ms();
    rig.take_outgoing();
    let (_, ticket) = rig.asked("BTC-USD", 16);
    assert_eq!(rig.stream("BTC-USD").state, StreamState::Connecting);
    rig.answer(ticket, rest("BTC-USD", 100..105, opened_ms - 3));
    settle(&mut rig);
    assert_eq!((rig.stream("BTC-USD").state, rig.published("BTC-USD")), (StreamState::Stale, vec![104]));
    let said = texts(&rig.take_outgoing());
    assert!(said.iter().any(|text| text.contains(r#""subscribe""#) && text.contains("BTC/USD")), "{said:?}");
}

#[test]
fn other_symbols_and_heartbeats_do_not_hide_a_dead_stream() {
    let mut rig = spoken();
    let mut asked = 0;
    for id in 1..60 {
        rig.pass_ms(1_000);
        rig.say(&[trades("ETH-USD", "update", id..id + 1, id * 1_000), r#"{"channel":"heartbeat"}"#.to_owned()]);
        asked += rig.fetches.drain(..).filter(|fetch| fetch.request.path.contains("BTC/USD")).count();
    }
    assert!(asked > 0);
    assert_eq!(rig.stream("ETH-USD").count(StreamCounter::Asks), 0);
}

#[test]
fn states_follow_the_connection() {
    let mut rig = Rig::new(64);
    rig.pass_ms(0);
    assert_eq!(rig.stream("BTC-USD").state, StreamState::Connecting);
    rig.accept();
    rig.say(&[ack("BTC-USD")]);
    rig.pass_ms(250);
    assert_eq!(rig.stream("BTC-USD").state, StreamState::Subscribed);
    assert_eq!(rig.stream("ETH-USD").state, StreamState::Connecting, "not confirmed");
    rig.say(&[trades("BTC-USD", "snapshot", 1..5, 0)]);
    rig.pass_ms(250);
    assert_eq!(rig.stream("BTC-USD").state, StreamState::Subscribed, "history is no sign of life");
    rig.say(&[trades("BTC-USD", "update", 5..6, 100)]);
    rig.pass_ms(250);
    assert_eq!(rig.stream("BTC-USD").state, StreamState::Live);
    let now = tickplane_shards::Clock::now(&rig.clock);
    rig.shard.closed(0, CloseReason::Tcp("reset".to_owned()), now);
    assert_eq!(rig.stream("BTC-USD").state, StreamState::Closed);
    assert!(rig.stream("BTC-USD").last_trade_ns > 0);
}

#[test]
fn answers_that_are_always_full_pages_of_the_newest_do_not_hide_a_dead_stream() {
    let mut rig = Rig::of(RigShape { exchange: &BACKWARD, trade_capacity: 1_024, ..RigShape::default() });
    let page = PAGE as u64;
    let (mut newest, mut seen) = (200, Vec::new());
    rig.pass_ms(0);
    rig.accept();
    rig.say(&[ack("BTC-USD"), ack("ETH-USD"), trades("BTC-USD", "update", 100..201, 1_000)]);
    let now = tickplane_shards::Clock::now(&rig.clock);
    rig.shard.closed(0, CloseReason::Tcp("reset".to_owned()), now);
    for _ in 0..120 {
        rig.heartbeats(1);
        if !rig.is_connected {
            rig.accept();
        }
        // The venue takes every subscription and brings nothing by it.
        if texts(&rig.take_outgoing()).iter().any(|text| text.contains(r#""subscribe""#)) {
            rig.say(&[ack("BTC-USD"), ack("ETH-USD")]);
        }
        while let Some(fetch) = rig.fetches.pop() {
            let symbol = if fetch.request.path.contains("BTC/USD") { "BTC-USD" } else { "ETH-USD" };
            newest += u64::from(symbol == "BTC-USD");
            rig.answer(fetch.ticket, rest(symbol, newest + 1 - page..newest + 1, 2_000));
        }
        let stream = rig.stream("BTC-USD");
        let [resubscribes, reconnects] =
            [StreamCounter::Resubscribes, StreamCounter::Reconnects].map(|of| stream.count(of));
        if seen.last() != Some(&(resubscribes, reconnects)) {
            seen.push((resubscribes, reconnects));
        }
    }
    assert!(seen.starts_with(&[(0, 0), (1, 0), (1, 1)]), "subscribed anew, then connected anew: {seen:?}");
    let published = rig.published("BTC-USD");
    assert_eq!(published, (100..100 + published.len() as u64).collect::<Vec<_>>(), "meanwhile REST brings its trades");
    assert!(published.last() >= Some(&(newest - 1)), "the newest may be on its way still");
}

/// A stream whose ids have holes, and which has spoken.
fn holey() -> Rig {
    let mut rig = Rig::of(RigShape { ids: TradeIds::Increasing, ..RigShape::default() });
    rig.pass_ms(0);
    rig.accept();
    rig.say(&[ack("BTC-USD"), ack("ETH-USD"), trades("BTC-USD", "update", 1..4, 1_000)]);
    rig
}

#[test]
fn heartbeats_that_were_missed_are_an_interruption() {
    let mut rig = holey();
    (0..16).for_each(|_| rig.pass_ms(250));
    rig.say(&[trades("BTC-USD", "update", 9..10, 5_000)]);
    assert_eq!(rig.status().count(ConnectionCounter::Gaps), 2, "one interruption, and one seam by it");
    let (_, ticket) = rig.asked("BTC-USD", 3);
    rig.answer(ticket, rest("BTC-USD", 3..10, 2_000));
    assert_eq!(rig.published("BTC-USD"), [1, 2, 3, 9, 4, 5, 6, 7, 8]);
    assert_eq!((rig.attempts.len(), rig.is_connected), (1, true));
}

#[test]
fn a_thread_that_did_not_run_blames_no_venue() {
    let mut rig = holey();
    rig.stall_ms(4_000);
    rig.say(&[trades("BTC-USD", "update", 9..10, 5_000)]);
    assert_eq!(rig.status().count(ConnectionCounter::Gaps), 0);
    for _ in 0..8 {
        rig.pass_ms(250);
    }
    rig.say(&[trades("BTC-USD", "update", 10..11, 7_000)]);
    assert_eq!(rig.status().count(ConnectionCounter::Gaps), 0, "two seconds are no loss");
}

/// The ids of BTC-USD that were published, in their order, and how often something was missing.
fn told(rig: &Rig) -> (Vec<u64>, u64) {
    let mut published = rig.published("BTC-USD");
    published.sort_unstable();
    (published, rig.status().count(ConnectionCounter::Gaps))
}

#[test]
fn a_dead_stream_that_speaks_by_itself_is_asked_what_it_kept() {
    let mut rig = holey();
    let (_, ticket) = rig.asked("BTC-USD", 70);
    rig.answer(ticket, rest("BTC-USD", 3..6, 1_100));
    settle(&mut rig);
    rig.say(&[ack("BTC-USD")]);
    let (_, ticket) = rig.asked("BTC-USD", 4);
    rig.answer(ticket, rest("BTC-USD", 5..7, 60_000));
    rig.heartbeats(9);
    assert_eq!(told(&rig), ((1..7).collect(), 0), "subscribed anew, and what it missed until then is here");
    rig.say(&[trades("BTC-USD", "update", 20..21, rig.now_ms())]);
    let (_, ticket) = rig.asked("BTC-USD", 3);
    assert_eq!(rig.stream("BTC-USD").seams, 1);
    rig.answer(ticket, rest("BTC-USD", 6..21, 60_001));
    assert_eq!(told(&rig), ((1..21).collect(), 1));
    rig.say(&[trades("BTC-USD", "update", 40..41, rig.now_ms())]);
    rig.heartbeats(3);
    assert_eq!(told(&rig).1, 1, "it is asked once");
    assert_eq!(rig.stream("BTC-USD").state, StreamState::Live);
}

#[test]
fn a_silence_beyond_the_rhythm_is_an_interruption_where_ids_have_holes() {
    for (ids, silence_s, gaps) in [
        (TradeIds::Increasing, 8, 0),
        (TradeIds::Increasing, 12, 1),
        (TradeIds::Opaque, 12, 1),
        (TradeIds::Contiguous, 12, 0),
    ] {
        let mut rig = Rig::of(RigShape { ids, ..RigShape::default() });
        rig.pass_ms(0);
        rig.accept();
        rig.say(&[ack("BTC-USD"), ack("ETH-USD")]);
        for id in 1..10 {
            rig.heartbeats(1);
            rig.say(&[trades("BTC-USD", "update", id..id + 1, rig.now_ms())]);
        }
        rig.heartbeats(silence_s);
        rig.say(&[trades("BTC-USD", "update", 10..11, rig.now_ms())]);
        assert_eq!(told(&rig), ((1..11).collect(), gaps), "{ids:?} after {silence_s} s");
    }
}

#[test]
fn a_first_word_soon_after_the_confirmation_is_vouched_for_by_the_answer() {
    for (silence_s, gaps) in [(1, 0), (9, 1)] {
        let mut rig = holey();
        let now = tickplane_shards::Clock::now(&rig.clock);
        rig.shard.closed(0, CloseReason::Tcp("reset".to_owned()), now);
        rig.pass_ms(300);
        rig.accept();
        rig.say(&[ack("BTC-USD"), ack("ETH-USD")]);
        let (_, ticket) = rig.asked("BTC-USD", 3);
        rig.answer(ticket, rest("BTC-USD", 3..4, 1_002));
        rig.heartbeats(silence_s);
        rig.say(&[trades("BTC-USD", "update", 9..10, rig.now_ms())]);
        assert_eq!(told(&rig), (vec![1, 2, 3, 9], gaps), "{silence_s} s after the answer");
    }
}
