//! What venues limit besides the rate of one connection: messages from an IP, the age of a connection, who may come.

use std::sync::LazyLock;

use tickplane_exchanges::{Limits, Meta, Rate, Scope};
use tickplane_segments::{CloseKind, ConnectionCounter, ConnectionState, HoldKind};
use tickplane_shards::{Clock, CloseReason, Happening};

use crate::rig::{Rig, RigShape, START_NS, texts, trades};
use crate::simulation::small_pages::{Altered, kraken};

/// Counts messages by IP, as Coinbase does, and ends connections after a day, as Binance does.
static META: LazyLock<Meta> = LazyLock::new(|| Meta {
    limits: Limits {
        outgoing: Some(Rate { count: 8, per_ms: 1_000 }),
        outgoing_scope: Scope::Ip,
        subscribe_deadline_ms: Some(5_000),
        connection_life_ms: Some(DAY_MS),
        ..kraken().meta().limits
    },
    ..*kraken().meta()
});
static STRICT: Altered = Altered(&META);
const DAY_MS: u64 = 86_400_000;
const HOUR_MS: u64 = 3_600_000;

fn strict() -> Rig {
    Rig::of(RigShape { exchange: &STRICT, ..RigShape::default() })
}

#[test]
fn where_all_connections_share_the_messages_each_is_asked_for_but_the_first() {
    let mut rig = strict();
    rig.pass_ms(0);
    rig.accept();
    assert_eq!(texts(&rig.take_outgoing()).len(), 1, "the first was booked with the attempt: it has a deadline");
    assert_eq!(rig.wishes, [1], "the second is asked for");
    rig.pass_ms(2_000);
    assert_eq!((texts(&rig.take_outgoing()).len(), rig.wishes.len()), (0, 1), "once, and waits for the answer");
    rig.shard.permitted(0, 2, 0, rig.clock.now());
    rig.pass_ms(1);
    assert_eq!(texts(&rig.take_outgoing()).len(), 0, "an answer to another attempt is none");
    rig.shard.permitted(0, 1, 700, rig.clock.now());
    rig.pass_ms(699);
    assert_eq!(texts(&rig.take_outgoing()).len(), 0);
    assert_eq!(rig.shard.next_timeout_ns(), rig.clock.now().monotonic_ns + 1_000_000, "the shard wakes for it");
    rig.pass_ms(1);
    assert_eq!(texts(&rig.take_outgoing()).len(), 1);
    rig.pass_ms(5_000);
    assert_eq!(rig.wishes, [1], "nothing is left to say, so nothing is asked");
}

#[test]
fn an_attempt_at_the_gate_is_held_and_says_until_when() {
    let mut rig = Rig::new(64);
    rig.pass_ms(0);
    assert_eq!((rig.status().state, rig.status().hold), (ConnectionState::Connecting, None));
    for hold in [HoldKind::Limit, HoldKind::Ban] {
        rig.shard.delayed(0, 1, (60_000, hold), rig.clock.now());
        let until_ns = rig.clock.now().epoch_ns + 60_000_000_000;
        let status = rig.status();
        assert_eq!((status.state, status.hold, status.next_attempt_ns), (ConnectionState::Held, Some(hold), until_ns));
    }
    rig.shard.leaves(0);
    assert_eq!(
        (rig.status().state, rig.status().hold, rig.status().next_attempt_ns),
        (ConnectionState::Connecting, None, 0)
    );
}

#[test]
fn a_connection_that_waits_says_for_what() {
    let mut rig = Rig::new(64);
    rig.pass_ms(0);
    rig.shard.closed(0, CloseReason::Tcp("refused".to_owned()), rig.clock.now());
    let status = rig.status();
    assert_eq!((status.state, status.hold), (ConnectionState::Waiting, Some(HoldKind::Backoff)));
    let now_ns = rig.clock.now().epoch_ns;
    assert!((now_ns + 125_000_000..=now_ns + 250_000_000).contains(&status.next_attempt_ns), "{status:?}");
    rig.pass_ms(250);
    assert_eq!(rig.status().next_attempt_ns, 0, "it is under way");
    rig.open_tcp();
    rig.receive(b"HTTP/1.1 418 I'm a teapot\r\nRetry-After: 600\r\n\r\n");
    let status = rig.status();
    assert_eq!((status.state, status.hold), (ConnectionState::Held, Some(HoldKind::Ban)));
    assert_eq!(status.next_attempt_ns, rig.clock.now().epoch_ns + 600_000_000_000);
    assert!(status.next_attempt_ns > START_NS);
}

#[test]
fn a_host_that_refuses_the_region_is_passed_over_and_the_next_one_tried() {
    for status in [451, 403] {
        let addresses = &["ws://first/v2", "ws://second/v2"];
        let mut rig = Rig::of(RigShape { addresses, ..RigShape::default() });
        rig.pass_ms(0);
        rig.open_tcp();
        rig.receive(format!("HTTP/1.1 {status} No\r\n\r\n").as_bytes());
        assert_eq!(rig.status().hold, Some(HoldKind::Backoff));
        rig.pass_ms(250);
        assert_eq!(rig.hosts, ["first:80", "second:80"], "{status}: at once");
        rig.accept();
        rig.say(&[trades("BTC-USD", "update", 1..2, 0)]);
        rig.shard.closed(0, CloseReason::Announced, rig.clock.now());
        rig.pass_ms(30_000);
        rig.shard.closed(0, CloseReason::Tcp("refused".to_owned()), rig.clock.now());
        rig.pass_ms(30_000);
        assert_eq!(rig.hosts[2..], ["second:80", "second:80"], "{status}: the first is left alone");
        // The last attempt never opens, and is given up.
        rig.pass_ms(240_000);
        rig.pass_ms(30_000);
        assert_eq!(rig.hosts.last().unwrap(), "first:80", "{status}: until five minutes are over");
    }
}

/// Lets a served connection grow old; returns its age in milliseconds when it was given up, and why.
fn age_of_end(seed: u64, is_busy: bool) -> (u64, CloseKind) {
    let mut rig = Rig::of(RigShape { exchange: &STRICT, seed, ..RigShape::default() });
    rig.pass_ms(0);
    rig.accept();
    let opened_ms = rig.now_ms();
    let step_ms = if is_busy { 500 } else { 2_000 };
    rig.say(&[trades("BTC-USD", "update", 1..2, 0)]);
    rig.stall_ms(DAY_MS - 3 * HOUR_MS);
    rig.say(&[r#"{"channel":"heartbeat"}"#.to_owned()]);
    while rig.is_connected {
        rig.pass_ms(step_ms);
        if rig.is_connected {
            rig.say(&[r#"{"channel":"heartbeat"}"#.to_owned()]);
        }
    }
    let closed =
        |report: &Happening| matches!(report, Happening::Closed { reason: CloseReason::Renewed, retry_ms: Some(0) });
    assert!(rig.reports.iter().any(closed), "{:?}", rig.reports);
    let (age_ms, status) = (rig.now_ms() - opened_ms, rig.status());
    rig.pass_ms(0);
    assert_eq!(rig.attempts.len(), 2, "the next attempt follows at once");
    assert_eq!(status.count(ConnectionCounter::Disconnects), 0, "nobody ended it but we");
    (age_ms, status.last_close.unwrap())
}

#[test]
fn a_connection_is_renewed_at_a_quiet_moment_before_the_venue_ends_it() {
    let renewal = DAY_MS - 2 * HOUR_MS..DAY_MS - HOUR_MS + 10_000;
    let ends: Vec<(u64, CloseKind)> = [7, 500_000, 3_000_000].map(|seed| age_of_end(seed, false)).to_vec();
    assert!(ends.iter().all(|(age_ms, kind)| renewal.contains(age_ms) && *kind == CloseKind::Renewed), "{ends:?}");
    assert!(ends[0].0 + 60_000 < ends[1].0 && ends[1].0 + 60_000 < ends[2].0, "not all together: {ends:?}");
    let (busy_ms, _) = age_of_end(7, true);
    assert!(
        (ends[0].0 + 60_000..DAY_MS - 600_000).contains(&busy_ms),
        "without a quiet moment it waits a while: {busy_ms}"
    );
}
