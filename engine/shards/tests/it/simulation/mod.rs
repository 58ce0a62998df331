//! The seeded simulation: a venue where everything goes wrong at random, then heals. Afterwards every trade stands in
//! the shared ring once, the candles are those of the market, and the states tell the truth.
//!
//! `TICKPLANE_SEED=n cargo test -p tickplane-shards simulation` replays one seed; `TICKPLANE_SEEDS=n` runs so many, from
//! seed 0 or `TICKPLANE_SEEDS_FROM=n` on.

mod market;
mod random;
pub(crate) mod small_pages;
pub(crate) mod venue;

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use tickplane_exchanges::TradeIds;
use tickplane_model::{Candle, NS_PER_SECOND, Quality};
use tickplane_segments::{ConnectionState, StreamCounter, StreamState};
use tickplane_shards::{Clock, CloseReason};

use crate::rig::{Rig, RigShape};
use crate::simulation::market::{Market, ModelRow};
use crate::simulation::random::Random;
use crate::simulation::small_pages::{BACKWARD, FORWARD};
use crate::simulation::venue::{SYMBOLS, Venue};

/// Seeds without a word from the caller; CI runs 10,000.
const SEEDS: u64 = 500;
/// A shard with a worker that lags behind it turns this often: what found no room in a small ring waits no longer.
const TURN_MS: u64 = 10;
/// Things go wrong until then.
const FAULTS_MS: u64 = 20_000;
/// The market trades until then.
const MARKET_MS: u64 = 32_000;
/// Everything is repaired by then.
const REPAIRED_MS: u64 = 400_000;

/// Seeds that go wrong in one run; after so many the rest tells nothing new.
const FAILURES_MAX: usize = 20;
/// Of these, told with all that happened.
const STORIES: usize = 3;

/// Seeds that went wrong once: what they found is always tried again.
const FOUND: [u64; 8] = [244, 4_540, 6_102, 6_949, 7_027, 9_018, 12_297, 18_494];

struct World {
    rig: Rig,
    venue: Venue,
    random: Random,
    ids: TradeIds,
    /// Our clock was set before each stream had spoken.
    is_clock_off_early: bool,
    /// Trades that a shared ring holds.
    trade_capacity: usize,
    /// Of each symbol, the first trade that its worker had for certain, once it had any.
    begun: [Option<u64>; 2],
    /// What happened, for the reader of a failure.
    log: Vec<String>,
}

impl World {
    fn new(seed: u64, root: &Path) -> Self {
        let mut random = Random(seed);
        let ids = if random.below(3) == 0 { TradeIds::Increasing } else { TradeIds::Contiguous };
        let is_contiguous = ids == TradeIds::Contiguous;
        let mut market = || Market::new(&mut random, (0, MARKET_MS), is_contiguous);
        let markets = [market(), market()];
        let mut venue = Venue::new(markets, random.below(2) == 0);
        // From a randomness of its own: the seeds keep the other faults they had.
        if Random(!seed).below(4) == 0 {
            venue.faults.no_quotes = 2_000..2_000 + Random(!seed).below(FAULTS_MS);
        }
        let is_forward = random.below(2) == 0;
        let (ring_events, is_small) = (1 << random.below(8), random.below(2) == 0);
        // Enough for a reader that keeps up, not for a worker that stalls.
        let trade_capacity = if is_small { 256 } else { 1_024 };
        let rig = Rig::of(RigShape {
            ring_events,
            trade_capacity,
            revise_rows: 400,
            ids,
            seed,
            root: Some(root.to_owned()),
            exchange: if is_forward { &FORWARD } else { &BACKWARD },
            ..RigShape::default()
        });
        Self {
            rig,
            venue,
            random,
            ids,
            is_clock_off_early: false,
            trade_capacity: trade_capacity as usize,
            begun: [None; 2],
            log: vec![format!("{ids:?}, pages {}", if is_forward { "forward" } else { "backward" })],
        }
    }

    /// Moves time on.
    fn step(&mut self, ms: u64) {
        let Self { rig, venue, random, begun, trade_capacity, .. } = self;
        let was_connected = rig.is_connected;
        rig.pass_ms(ms);
        let now_ms = rig.now_ms();
        if rig.attempts.pop().is_some() {
            if now_ms < venue.faults.refuses_until {
                rig.shard.closed(0, CloseReason::Tcp("refused".to_owned()), rig.clock.now());
            } else {
                rig.accept();
            }
        }
        if rig.is_connected {
            venue.turn(rig, random);
        } else if was_connected {
            venue.hung_up();
        }
        for fetch in std::mem::take(&mut rig.fetches) {
            venue.ask(&fetch, now_ms, random);
        }
        for (ticket, answer) in venue.answers(now_ms) {
            rig.answer(ticket, answer);
        }
        if now_ms >= venue.faults.worker_stalls_until {
            for (begun, seen) in begun.iter_mut().zip(&rig.seen) {
                *begun = begun.or(seen.get(seen.len().saturating_sub(*trade_capacity)).copied());
            }
        }
        for _ in 0..=ms / TURN_MS {
            rig.shard.end_of_turn(rig.clock.now());
            if now_ms < venue.faults.worker_stalls_until || !rig.worker.turn(&rig.clock) {
                break;
            }
        }
        if was_connected && !rig.is_connected {
            venue.hung_up();
        }
    }

    /// Something goes wrong.
    fn fault(&mut self) {
        let Self { rig, venue, random, log, is_clock_off_early, .. } = self;
        let now_ms = rig.now_ms();
        let faults = &mut venue.faults;
        // Without numbers in a row, a message that TCP cannot lose is one whose loss nobody can tell.
        let kind = match random.below(13) {
            6 | 8 if self.ids == TradeIds::Increasing => 7,
            kind => kind,
        };
        let until_ms = now_ms + 100 + random.below(12_000);
        let count = 1 + random.below(5);
        log.push(format!("{now_ms} ms: fault {kind} until {until_ms} ms or {count} times"));
        match kind {
            0 if rig.is_connected => {
                rig.shard.closed(0, CloseReason::Tcp("reset".to_owned()), rig.clock.now());
                rig.is_connected = false;
                venue.hung_up();
            }
            1 => faults.silent_until = until_ms,
            2 => faults.refuses_until = until_ms,
            3 => faults.rest_fails_until = until_ms,
            4 => faults.rest_slow_until = until_ms,
            // Rows begin with the first trade a worker has.
            5 if rig.seen.iter().all(|seen| !seen.is_empty()) => faults.worker_stalls_until = until_ms,
            5 => {}
            6 => faults.lost_frames += count,
            7 => faults.doubled_frames += count,
            8 => faults.swapped_frames += count,
            // Of a stream that never spoke nobody knows what it missed.
            9 if !rig.seen[count as usize % 2].is_empty() => {
                venue.kill(count as usize % 2, 1 + count / 2);
            }
            9 => {}
            // Nothing tells that the very first time is wrong, and history does not tell what time it is.
            10 if SYMBOLS.iter().all(|symbol| rig.stream(symbol).last_trade_ns > 0) => {
                faults.jump_until = until_ms;
                // Streams that began while our own clock was off may be captures that are played: only great jumps tell.
                let small = if *is_clock_off_early { (300, 3_300) } else { (5, 116) };
                let (least_s, more_s) = [small, (small.0, 10), (3_600, 1), (300, 1)][random.below(4) as usize];
                let jump_s = (least_s + random.below(more_s)).cast_signed();
                faults.jump_s = if count % 2 == 0 { jump_s } else { -jump_s };
                log.push(format!("    by {} s", faults.jump_s));
            }
            10 => {}
            // Longer than heartbeats may be late, shorter than a dead peer.
            11 => faults.mute_until = now_ms + 3_000 + random.below(6_000),
            _ => {
                let off_ns = (random.below(60_000) as i64 - 30_000) * 1_000_000;
                rig.clock.off_ns.set(rig.clock.off_ns.get() + off_ns);
                *is_clock_off_early |= SYMBOLS.iter().any(|symbol| rig.stream(symbol).last_trade_ns == 0);
                log.push(format!("    the clock steps by {} ms", off_ns / 1_000_000));
            }
        }
    }

    /// Runs to the end, where all is well again.
    fn run(&mut self) -> Result<(), String> {
        let mut next_fault_ms = self.random.below(4_000);
        while self.rig.now_ms() < FAULTS_MS {
            if self.rig.now_ms() >= next_fault_ms {
                self.fault();
                next_fault_ms += self.random.below(5_000);
            }
            let ms = 1 + self.random.below(150);
            self.step(ms);
        }
        self.venue.faults.lost_frames = 0;
        while self.rig.now_ms() < MARKET_MS + 3_000 {
            self.step(200);
        }
        let mut state = Err("never looked".to_owned());
        while state.is_err() && self.rig.now_ms() < REPAIRED_MS {
            for _ in 0..20 {
                self.step(500);
            }
            state = self.check();
        }
        self.venue.offence.take().map_or(state, Err)
    }

    fn check(&self) -> Result<(), String> {
        let connection = self.rig.status();
        if !matches!(connection.state, ConnectionState::Live | ConnectionState::Subscribed) {
            return Err(format!("the connection is {}", connection.state.as_str()));
        }
        (0..SYMBOLS.len()).try_for_each(|at| self.check_symbol(at).map_err(|error| format!("{}: {error}", SYMBOLS[at])))
    }

    fn check_symbol(&self, at: usize) -> Result<(), String> {
        let market = &self.venue.markets[at];
        let stream = self.rig.stream(SYMBOLS[at]);
        if stream.count(StreamCounter::SeamsLost) > 0 || stream.seams > 0 {
            return Err(format!("{stream:?}"));
        }
        if stream.count(StreamCounter::StaleQuotes) > 0 && self.venue.faults.no_quotes.is_empty() {
            return Err(format!("its quotes were blamed: {stream:?}"));
        }
        let mut published = self.rig.seen[at].clone();
        let told = published.len();
        published.sort_unstable();
        published.dedup();
        if published.len() < told {
            return Err(format!("{} trades were published twice", told - published.len()));
        }
        let Some(first) = published.first().copied() else {
            // Of a stream that never spoke nobody knows what it missed; the caller counts how many those are.
            return Ok(());
        };
        let due: Vec<u64> = market.trades.iter().map(|trade| trade.id).filter(|id| *id >= first).collect();
        if published != due {
            let missing: Vec<_> = due.iter().filter(|id| !published.contains(id)).collect();
            return Err(format!("{} of {} trades are missing: {missing:?}", missing.len(), due.len()));
        }
        if !matches!(stream.state, StreamState::Live | StreamState::Quiet | StreamState::Subscribed) {
            return Err(format!("the stream is {}", stream.state.as_str()));
        }
        self.check_rows(at, first, self.begun[at].unwrap_or(first))
    }

    /// `first` is the first trade published, `begun` the first that the worker had for certain: a backlog that is longer
    /// than the shared ring may have gone over those before it, and rows begin with the first trade a worker has.
    fn check_rows(&self, at: usize, first: u64, begun: u64) -> Result<(), String> {
        let key = format!("candles:kraken:{}:1s", SYMBOLS[at]).parse().unwrap();
        let series = self.rig.plane.series(&key).unwrap();
        let expected = self.venue.markets[at].rows(first);
        let (from, to) = match (expected.first_key_value(), expected.last_key_value()) {
            (Some((from, _)), Some((to, _))) => (*from, *to),
            _ => return Ok(()),
        };
        // Without a live trade the venue's time is unknown, and the last row stays open.
        let mut candles = series.candles(500).map_or(Vec::new(), |closed| closed.candles);
        candles.extend(series.live().map(|live| live.candle));
        let rows: Vec<(u64, Candle)> =
            candles.into_iter().map(|row| ((row.open_time_ns / NS_PER_SECOND) as u64, row)).collect();
        let latest = *self.venue.markets[at].rows(begun).first_key_value().expect("it traded").0;
        let from = rows.first().map_or(from, |(row, _)| (*row).clamp(from, latest));
        let mut close = f64::NAN;
        for number in from..=to {
            let Some((_, found)) = rows.iter().find(|(of, _)| *of == number) else {
                return Err(format!("row {number} is not there; {from}..={to} are due"));
            };
            let row = expected.get(&number);
            // Of what was before its first trade nobody knows.
            let is_begun_in = number == from && found.quality.contains(Quality::PARTIAL);
            let quality = if is_begun_in { found.quality.with_gap_ms(0) } else { found.quality };
            check_row(&Candle { quality, ..*found }, row, close)
                .map_err(|error| format!("row {} of {from}..={to}: {error}", number - from))?;
            close = found.close;
        }
        Ok(())
    }
}

fn check_row(found: &Candle, expected: Option<&ModelRow>, carry: f64) -> Result<(), String> {
    let price = |cents: u64| cents as f64 / 100.0;
    let prices = match expected {
        Some(row) => [row.open, row.high, row.low, row.close].map(price),
        None => [carry; 4],
    };
    let (count, quantity) = expected.map_or((0, 0), |row| (row.count, row.quantity));
    let is_right = [found.open, found.high, found.low, found.close] == prices
        && found.trade_count == count
        && found.volume == quantity as f64 / 1_000.0
        && found.quality.gap_ms() == 0
        && found.quality.contains(Quality::SYNTHETIC) == expected.is_none();
    if is_right { Ok(()) } else { Err(format!("{found:?} instead of {expected:?}")) }
}

/// A seed that went wrong.
struct Failure {
    seed: u64,
    error: String,
    /// All that happened.
    story: String,
}

/// Runs one seed and gives how many streams never spoke.
fn simulate(seed: u64, root: &Path) -> Result<usize, Failure> {
    let mut world = World::new(seed, root);
    let result = world.run().map_err(|error| {
        let story = format!("{}\n{:#?}", world.log.join("\n"), world.rig.reports);
        Failure { seed, error, story }
    });
    let mute = world.rig.seen.iter().filter(|seen| seen.is_empty()).count();
    world.rig.remove();
    result.map(|()| mute)
}

/// Every seed that went wrong, by a line each; the first few with all that happened.
fn report(mut failures: Vec<Failure>) -> String {
    failures.sort_by_key(|failure| failure.seed);
    let line = |Failure { seed, error, .. }: &Failure| format!("TICKPLANE_SEED={seed}: {error}");
    let lines: Vec<String> = failures.iter().map(line).collect();
    let stories = failures.iter().take(STORIES).map(|failure| format!("{}\n{}", line(failure), failure.story));
    let stories: Vec<String> = stories.collect();
    format!("{} seeds went wrong:\n{}\n\n{}", failures.len(), lines.join("\n"), stories.join("\n\n"))
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}

/// A folder in memory where there is one.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

#[test]
fn whatever_goes_wrong_is_repaired_when_it_is_over() {
    let root = folder();
    let seeds = match number("TICKPLANE_SEED") {
        Some(seed) => seed..seed + 1,
        None => {
            let from = number("TICKPLANE_SEEDS_FROM").unwrap_or(0);
            from..from + number("TICKPLANE_SEEDS").unwrap_or(SEEDS)
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let (next, mute, failures) = (AtomicU64::new(seeds.start), AtomicU64::new(0), Mutex::new(Vec::new()));
    let work = |folder: PathBuf| {
        while failures.lock().unwrap().len() < FAILURES_MAX
            && let seed = next.fetch_add(1, Ordering::Relaxed)
            && seed < seeds.end
        {
            match simulate(seed, &folder) {
                Ok(streams) => drop(mute.fetch_add(streams as u64, Ordering::Relaxed)),
                Err(failure) => failures.lock().unwrap().push(failure),
            }
        }
    };
    std::thread::scope(|scope| {
        let folders = (0..threads).map(|number| root.path().join(number.to_string()));
        folders.for_each(|folder| drop(scope.spawn(|| work(folder))));
    });
    let (failures, mute) = (failures.into_inner().unwrap(), mute.into_inner());
    assert!(failures.is_empty(), "{}", report(failures));
    assert!(mute <= 1 + (seeds.end - seeds.start) / 100, "{mute} streams never spoke");
}

#[test]
fn what_seeds_found_stays_mended() {
    let root = folder();
    let failures: Vec<Failure> = FOUND.into_iter().filter_map(|seed| simulate(seed, root.path()).err()).collect();
    assert!(failures.is_empty(), "{}", report(failures));
}

#[test]
fn a_quiet_market_is_left_in_peace_for_24_hours() {
    const DAY_MS: u64 = 86_400_000;
    let root = folder();
    let mut world = World::new(number("TICKPLANE_SEED").unwrap_or(24), root.path());
    world.venue.markets = [(); 2].map(|()| Market::rare(&mut world.random, DAY_MS));
    // Heartbeats come in every step: the venue is never silent for long.
    while world.rig.now_ms() < DAY_MS + 60_000 {
        world.step(2_000);
    }
    assert_eq!(world.rig.reports.len(), 1, "connected once, and never again: {:?}", world.rig.reports);
    for ((symbol, market), seen) in SYMBOLS.into_iter().zip(&world.venue.markets).zip(&world.rig.seen) {
        let stream = world.rig.stream(symbol);
        let blamed = [StreamCounter::Stale, StreamCounter::StaleQuotes, StreamCounter::Backfilled];
        assert_eq!(blamed.map(|of| stream.count(of)), [0, 0, 0], "{stream:?}");
        let asks = stream.count(StreamCounter::Asks);
        assert!((10..200).contains(&asks), "{asks} questions about {symbol} in a day");
        assert_eq!(seen.len(), market.trades.len());
    }
    world.rig.remove();
}
