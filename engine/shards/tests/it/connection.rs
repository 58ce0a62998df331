//! When connections open, what they say first, and when they are given up.

use tickplane_model::RejectReason;
use tickplane_segments::{CloseKind, ConnectionCounter, ConnectionState, HoldKind};
use tickplane_shards::{CloseReason, Happening};

use crate::rig::{Rig, RigShape, ack, texts, trades};

#[test]
fn a_connection_subscribes_and_its_states_are_told() {
    let mut rig = Rig::new(64);
    rig.pass_ms(0);
    assert_eq!((rig.attempts.len(), rig.status().state), (1, ConnectionState::Connecting));
    rig.accept();
    assert_eq!(rig.status().state, ConnectionState::Connected);
    let mut said = texts(&rig.take_outgoing());
    for _ in 0..5 {
        rig.pass_ms(1_000);
        said.extend(texts(&rig.take_outgoing()));
    }
    assert!(said.iter().any(|text| text.contains(r#""channel":"trade""#) && text.contains("BTC/USD")), "{said:?}");
    assert!(said.iter().any(|text| text.contains(r#""channel":"ticker""#) && text.contains("ETH/USD")), "{said:?}");
    rig.say(&[ack("BTC-USD")]);
    assert_eq!(rig.status().state, ConnectionState::Subscribed);
    rig.say(&[trades("BTC-USD", "update", 1..2, 5_000)]);
    assert_eq!(rig.status().state, ConnectionState::Live);
}

#[test]
fn a_silent_connection_is_given_up_and_heartbeats_keep_it() {
    let mut rig = Rig::new(64);
    rig.pass_ms(0);
    rig.accept();
    for _ in 0..120 {
        rig.pass_ms(1_000);
        rig.say(&[r#"{"channel":"heartbeat"}"#.to_owned()]);
    }
    assert!(rig.is_connected, "{:?}", rig.reports);
    for _ in 0..120 {
        rig.pass_ms(1_000);
    }
    let silent = |report: &Happening| matches!(report, Happening::Closed { reason: CloseReason::Silent(_), .. });
    assert!(rig.reports.iter().any(silent), "{:?}", rig.reports);
    assert!(rig.attempts.len() > 1, "it is opened again");
}

#[test]
fn an_attempt_that_waits_its_turn_is_not_given_up() {
    let mut rig = Rig::new(64);
    rig.pass_ms(0);
    rig.shard.delayed(0, 1, (60_000, HoldKind::Limit), rig_now(&rig));
    rig.pass_ms(69_000);
    assert_eq!(rig.reports, [], "it may open until ten seconds after its turn");
    rig.pass_ms(2_000);
    let late = |report: &Happening| matches!(report, Happening::Closed { reason: CloseReason::OpeningTimeout, .. });
    assert!(rig.reports.iter().any(late), "{:?}", rig.reports);
    rig.pass_ms(1_000);
    rig.shard.delayed(0, 1, (60_000, HoldKind::Limit), rig_now(&rig));
    rig.pass_ms(11_000);
    assert_eq!(rig.reports.len(), 2, "an answer to an earlier attempt delays nothing: {:?}", rig.reports);
}

#[test]
fn a_venue_that_accepts_and_drops_is_not_hammered() {
    let mut rig = Rig::new(64);
    rig.pass_ms(0);
    for _ in 0..600 {
        if rig.attempts.len() as u64 > rig.status().count(ConnectionCounter::Disconnects) {
            rig.accept();
            rig.say(&[ack("BTC-USD")]);
            rig.shard.closed(0, CloseReason::Tcp("reset".to_owned()), rig_now(&rig));
        }
        rig.pass_ms(1_000);
    }
    // In ten minutes: 250 ms doubling to 30 s, at least half of each.
    assert!((20..60).contains(&rig.attempts.len()), "{} attempts", rig.attempts.len());
}

/// The last wait that was told of, in milliseconds.
fn last_wait_ms(rig: &Rig) -> u64 {
    match rig.reports.last() {
        Some(Happening::Closed { retry_ms: Some(ms), .. }) => *ms,
        other => panic!("{other:?}"),
    }
}

/// A connection after eight outages in a row, waiting for the ninth attempt.
fn unlucky() -> Rig {
    let mut rig = Rig::new(64);
    rig.pass_ms(0);
    for _ in 0..8 {
        rig.shard.closed(0, CloseReason::Tcp("refused".to_owned()), rig_now(&rig));
        rig.pass_ms(31_000);
    }
    rig
}

#[test]
fn only_news_of_a_connection_that_lasts_makes_the_next_wait_short_again() {
    let mut rig = unlucky();
    let history = trades("BTC-USD", "snapshot", 1..5, 0);
    let news = trades("BTC-USD", "update", 5..6, 0);
    let cases: [(&str, u64, &[String], bool); 5] = [
        ("an acknowledgement", 60, &[ack("BTC-USD")], false),
        ("history", 60, &[ack("BTC-USD"), history.clone()], false),
        ("news too soon", 0, &[ack("BTC-USD"), history, news.clone()], false),
        ("what was seen before", 60, &[ack("BTC-USD"), news], false),
        ("news", 60, &[ack("BTC-USD"), trades("BTC-USD", "update", 6..7, 0)], true),
    ];
    for (what, after_s, messages, is_short) in cases {
        rig.accept();
        rig.heartbeats(after_s);
        rig.say(messages);
        rig.shard.closed(0, CloseReason::Tcp("reset".to_owned()), rig_now(&rig));
        rig.pass_ms(0);
        let wait_ms = last_wait_ms(&rig);
        assert!(if is_short { wait_ms <= 250 } else { wait_ms > 10_000 }, "{what}: {wait_ms} ms");
        rig.pass_ms(31_000);
    }
}

#[test]
fn a_venue_that_serves_and_drops_is_not_hammered() {
    let mut rig = Rig::new(64);
    rig.pass_ms(0);
    for id in 1..600 {
        if rig.attempts.len() as u64 > rig.status().count(ConnectionCounter::Disconnects) {
            rig.accept();
            rig.say(&[ack("BTC-USD"), trades("BTC-USD", "update", id..id + 1, 0)]);
            rig.stall_ms(450);
            rig.shard.closed(0, CloseReason::Tcp("reset".to_owned()), rig_now(&rig));
        }
        rig.pass_ms(1_000);
    }
    assert!((20..60).contains(&rig.attempts.len()), "{} attempts in ten minutes", rig.attempts.len());
    assert!(rig.published("BTC-USD").len() > 20, "and each was served");
}

#[test]
fn the_sessions_own_pings_are_sent() {
    let mut rig = Rig::new(64);
    rig.pass_ms(0);
    rig.accept();
    rig.heartbeats(10);
    rig.take_outgoing();
    let mut pings_at_s = Vec::new();
    for second in 10..100 {
        rig.heartbeats(1);
        let said = texts(&rig.take_outgoing());
        pings_at_s.extend(said.iter().filter(|text| *text == r#"{"method":"ping"}"#).map(|_| second));
    }
    assert_eq!(pings_at_s.len(), 3, "one each half minute: {pings_at_s:?}");
}

#[test]
fn an_attempt_that_never_opens_is_given_up() {
    let mut rig = Rig::new(64);
    rig.pass_ms(0);
    rig.pass_ms(9_999);
    assert_eq!(rig.reports, []);
    rig.pass_ms(1);
    assert!(matches!(rig.reports[..], [Happening::Closed { reason: CloseReason::OpeningTimeout, .. }]));
}

#[test]
fn unusable_messages_are_counted_by_reason_and_the_connection_is_kept() {
    let mut rig = Rig::new(64);
    rig.pass_ms(0);
    rig.accept();
    rig.say(&[
        "{\"channel\":\"trade\",".to_owned(),
        "[[[[".to_owned(),
        r#"{"channel":"weather","type":"update","data":[{}]}"#.to_owned(),
        trades("DOGE-USD", "update", 1..2, 0),
        trades("BTC-USD", "update", 1..2, 0).replace("83744.3", "-1"),
        trades("BTC-USD", "update", 2..3, 0),
    ]);
    let rejects = rig.status().rejects;
    for reason in
        [RejectReason::Malformed, RejectReason::UnknownMessage, RejectReason::UnknownSymbol, RejectReason::BadNumber]
    {
        assert!(rejects.iter().any(|(of, count)| *of == reason && *count > 0), "{reason}: {rejects:?}");
    }
    assert_eq!(rig.published("BTC-USD"), [2]);
    assert!(rig.is_connected);
}

#[test]
fn the_venues_refusal_is_told_with_its_symbol() {
    let mut rig = Rig::new(64);
    rig.pass_ms(0);
    rig.accept();
    let refusal = r#"{"error":"Currency pair not supported ETH/USD","method":"subscribe","success":false,"symbol":"ETH/USD","time_in":"2026-09-25T17:48:54.701041Z","time_out":"2026-09-25T17:48:54.701062Z"}"#;
    rig.say(&[refusal.to_owned()]);
    let told = |report: &Happening| matches!(report, Happening::Refused { text } if text.starts_with("ETH/USD: Currency pair"));
    assert!(rig.reports.iter().any(told), "{:?}", rig.reports);
    assert!(rig.is_connected, "one bad symbol never costs the others");
}

#[test]
fn after_a_panic_every_connection_is_opened_anew() {
    let mut rig = Rig::new(64);
    rig.pass_ms(0);
    rig.accept();
    let now = rig_now(&rig);
    rig.shard.recover(now);
    rig.pass_ms(300);
    assert!(!rig.is_connected);
    assert_eq!(rig.attempts.len(), 2);
    rig.accept();
    rig.say(&[trades("BTC-USD", "update", 1..2, 0)]);
    assert_eq!(rig.published("BTC-USD"), [1]);
}

#[test]
fn hosts_are_tried_in_turn_and_one_that_served_is_tried_again_first() {
    let addresses = &["ws://first/v2", "ws://second:81/v2", "ws://third/v2"];
    let mut rig = Rig::of(RigShape { addresses, ..RigShape::default() });
    rig.pass_ms(0);
    for _ in 0..4 {
        rig.shard.closed(0, CloseReason::Tcp("Connection refused (os error 111)".to_owned()), rig_now(&rig));
        rig.pass_ms(31_000);
    }
    assert_eq!(rig.hosts, ["first:80", "second:81", "third:80", "first:80", "second:81"]);
    assert_eq!((rig.status().closed(CloseKind::TcpRefused), rig.status().last_close), (4, Some(CloseKind::TcpRefused)));
    rig.accept();
    rig.say(&[trades("BTC-USD", "update", 1..2, 0)]);
    for _ in 0..2 {
        rig.shard.closed(0, CloseReason::Announced, rig_now(&rig));
        rig.pass_ms(31_000);
    }
    assert_eq!(rig.hosts[5..], ["second:81", "third:80"]);
    assert_eq!(rig.status().closed(CloseKind::Announced), 2);
}

#[test]
fn a_venue_that_bans_is_left_alone_for_minutes() {
    for (status, wait_s) in [(418, 120), (403, 300), (429, 30)] {
        let mut rig = Rig::new(64);
        rig.pass_ms(0);
        rig.open_tcp();
        rig.receive(format!("HTTP/1.1 {status} No\r\n\r\n").as_bytes());
        for _ in 0..wait_s - 1 {
            rig.pass_ms(1_000);
        }
        assert_eq!(rig.attempts.len(), 1, "{status}: {:?}", rig.reports);
        rig.pass_ms(2_000);
        assert_eq!(rig.attempts.len(), 2, "{status}");
    }
}

fn rig_now(rig: &Rig) -> tickplane_shards::Now {
    tickplane_shards::Clock::now(&rig.clock)
}
