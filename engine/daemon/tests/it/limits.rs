//! The venues' limits per IP, kept by a whole plane and told by it.

use std::time::Duration;

use tickplane_daemon::{Claim, Config, Ledger};
use tickplane_exchanges::Rate;
use tickplane_model::ExchangeId;
use tickplane_runtimes::{Runtime, SystemClock};
use tickplane_segments::{ConnectionState, HoldKind, RestCounter, StreamState};
use tickplane_shards::Clock;
use tickplane_simulator::SimulationConfig;

use crate::support::{World, start, wait_until};

fn now_ns() -> i64 {
    SystemClock::new().now().epoch_ns
}

#[test]
fn connections_of_many_shards_share_the_messages_that_an_ip_may_send() {
    let id = ExchangeId::Coinbase;
    let world = World::of(SimulationConfig { venues: vec![id], symbols: 12, ..SimulationConfig::default() });
    let config = Config { runtime: Some(Runtime::Park), shards: Some(6), workers: Some(0), ..world.config(12) };
    let (daemon, talk) = start(config);
    daemon.start_exchange(id).unwrap_or_else(|error| panic!("{error}"));
    let plane = world.open();
    let is_served = |state| matches!(state, StreamState::Live | StreamState::Quiet);
    wait_until("trades of every symbol", Duration::from_secs(40), || {
        let streams = plane.streams(id).unwrap_or_default();
        streams.len() == 12 && streams.iter().filter(|stream| is_served(stream.state)).count() >= 6
    });
    let said = || world.simulation.counts().messages_received;
    wait_until("three messages of each of six connections", Duration::from_secs(10), || said() >= 18);
    let counts = world.simulation.counts();
    assert_eq!(counts.refusals, 0, "none beyond eight a second: {:#?}", talk.try_iter().collect::<Vec<_>>());
    assert_eq!(counts.websockets_opened, 6, "and none was hung up on for saying nothing in time");
    daemon.shutdown(true);
}

#[test]
fn a_connection_that_waits_for_the_venues_limit_is_held_and_says_until_when() {
    let id = ExchangeId::Kraken;
    let world = World::of(SimulationConfig { venues: vec![id], symbols: 1, ..SimulationConfig::default() });
    let config = world.config(1);
    std::fs::create_dir_all(world.planes()).unwrap();
    let rate: Rate = tickplane_exchanges::exchange(id).unwrap().meta().limits.connects.unwrap();
    let key = format!("kraken {}", world.simulation.endpoints()[0].websocket);
    // An earlier plane flapped for a while.
    let ledger = Ledger::open(&world.planes()).unwrap();
    let begin_ns = now_ns() - 30_000_000_000;
    for number in 0..100 {
        let at_ns = begin_ns + number * 300_000_000;
        ledger.book_all(&[Claim { key: &key, rate, is_spread: false }], at_ns).unwrap();
    }
    let (daemon, talk) = start(config);
    daemon.start_exchange(id).unwrap_or_else(|error| panic!("{error}"));
    let plane = world.open();
    let read = || plane.connections().into_iter().find(|connection| connection.state == ConnectionState::Held);
    wait_until("a held connection", Duration::from_secs(10), || read().is_some());
    let held = read().unwrap();
    let in_ms = (held.next_attempt_ns - now_ns()) / 1_000_000;
    // Ten minutes over the 35 attempts that are left.
    assert_eq!(held.hold, Some(HoldKind::Limit), "{held:?}");
    assert!(
        (0..20_000).contains(&in_ms),
        "never dark for long: {in_ms} ms, {:#?}",
        talk.try_iter().collect::<Vec<_>>()
    );
    daemon.shutdown(true);
}

#[test]
fn a_venue_that_wants_no_requests_is_shown_with_its_status() {
    let id = ExchangeId::Kraken;
    let faults = vec!["kraken:rest-429@0+600:77".parse().unwrap()];
    let world = World::of(SimulationConfig { venues: vec![id], symbols: 1, faults, ..SimulationConfig::default() });
    let (daemon, talk) = start(world.config(1));
    let error = daemon.start_exchange(id).unwrap_err();
    assert!(error.contains("77 s"), "{error}");
    let [rest] = world.open().rests().try_into().unwrap();
    assert_eq!((rest.exchange, rest.last_status, rest.count(RestCounter::Status429)), (id, 429, 1));
    let closed_s = (rest.closed_until_ns - now_ns()) / 1_000_000_000;
    assert!((70..=77).contains(&closed_s), "{rest:?}: {:#?}", talk.try_iter().collect::<Vec<_>>());
    daemon.shutdown(true);
}
