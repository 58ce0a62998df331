//! A plane of real connections over TLS that the venues cut, again and again: never more attempts, messages or requests
//! than a venue allows, over a crash too, and nothing left behind.
//!
//! The venues and this test are one process, the plane another. What venues count is what arrived at them; what a plane
//! holds is what the kernel says of its process, compared with what is open at the venues at that moment.

mod cut;
mod hurried;

use std::time::{Duration, Instant};

use tickplane_exchanges::Rate;
use tickplane_model::ExchangeId;
use tickplane_runtimes::Runtime;
use tickplane_segments::{CloseKind, ConnectionState, Plane};
use tickplane_shards::TRIAL_MS;
use tickplane_simulator::{ArrivalKind, Simulation, SimulationConfig, VenueEndpoint};

use self::cut::{Holding, Process};
use self::hurried::{FASTER, limits};
use crate::support::is_refused;

/// Messages that Coinbase takes from one IP (docs.cdp.coinbase.com, websocket-rate-limits: 8 a second unauthenticated).
const MESSAGES: Rate = Rate { count: 8, per_ms: 1_000 };
/// A venue is cut when all its connections stand, or after so long.
const ROUND: Duration = Duration::from_secs(30);
/// Every so many cuts its connections live through their trial first.
const CUTS: u32 = 5;
const TRIAL_NS: i64 = (TRIAL_MS + 500) as i64 * 1_000_000;
/// At a checkpoint every connection comes back, and requests end.
const CALM: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(50);

/// How much is done, and how much a plane may grow with it.
struct Campaign {
    cycles: u64,
    /// Connections of each venue of [`FASTER`].
    connections: [usize; 3],
    /// Of the markets: what trades take in a plane's first minutes hides what cycles do.
    rate: f64,
    checkpoints: u64,
    /// Bytes that a cycle may cost: less than the leak that must be found.
    growth_max: f64,
}

/// What a plane held after so many cycles, every connection standing.
struct Checkpoint {
    cycles: u64,
    holding: Holding,
    /// Connections open at the venues: the other ends of its sockets.
    open: u64,
}

impl Checkpoint {
    /// Files that are no connection to a venue.
    fn own_files(&self) -> i64 {
        self.holding.files as i64 - self.open as i64
    }
}

struct World {
    root: tempfile::TempDir,
    simulation: Simulation,
    venues: Vec<(VenueEndpoint, usize)>,
}

impl World {
    fn new(&Campaign { connections, rate, .. }: &Campaign) -> Self {
        let root = tempfile::tempdir().unwrap();
        let simulation = Simulation::start(SimulationConfig {
            venues: FASTER.map(|(id, _)| id).to_vec(),
            symbols: connections.into_iter().max().unwrap(),
            ca_path: Some(root.path().join("ca.pem")),
            limits_faster: FASTER.to_vec(),
            rate,
            ..SimulationConfig::default()
        })
        .unwrap();
        let venues = simulation.endpoints().iter().cloned().zip(connections).collect();
        Self { root, simulation, venues }
    }

    fn start(&self, runtime: Runtime) -> (Process, Plane) {
        let process = Process::start(self.root.path(), runtime, &self.venues);
        (process, Plane::open(&cut::instance(self.root.path())).unwrap())
    }

    fn opened(&self) -> u64 {
        self.simulation.counts().websockets_opened
    }

    /// Cuts every venue whose connections all stand, until so many were opened in all.
    fn cut_until(&self, plane: &Plane, cycles: u64) {
        // Of each venue: when it was cut last, and how often.
        let mut venues = [(Instant::now(), 0_u32); 3];
        let end = Instant::now() + Duration::from_secs(120 + cycles / 5);
        while self.opened() < cycles {
            assert!(Instant::now() < end, "{} of {cycles} connections were opened", self.opened());
            for ((venue, connections), (last, cuts)) in self.venues.iter().zip(&mut venues) {
                let is_trial = *cuts % CUTS == CUTS - 1;
                let ready = if is_trial { proven(plane, venue.exchange) } else { standing(plane, venue.exchange) };
                if ready == *connections || last.elapsed() > ROUND {
                    self.simulation.disconnect_all(venue.exchange);
                    (*last, *cuts) = (Instant::now(), *cuts + 1);
                }
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// Waits until every connection stands and files and open connections agree with `before`, then measures.
    fn check(&self, process: &Process, plane: &Plane, before: Option<&Checkpoint>) -> Checkpoint {
        let end = Instant::now() + CALM;
        loop {
            let is_up = self.venues.iter().all(|(venue, count)| standing(plane, venue.exchange) == *count);
            let open = self.simulation.counts().connections;
            let now = Checkpoint { cycles: self.opened(), holding: process.holding(), open };
            let is_same = before.is_none_or(|before| {
                (before.own_files(), before.holding.threads) == (now.own_files(), now.holding.threads)
            });
            if is_up && is_same && open == self.simulation.counts().connections {
                return now;
            }
            assert!(Instant::now() < end, "{:?}, {open} open, all up: {is_up}", now.holding);
            std::thread::sleep(PAUSE);
        }
    }

    /// What arrived at a venue, against what it allows; gives both in words.
    fn judge(&self, exchange: ExchangeId) -> String {
        let limits = limits(exchange);
        let mut words = Vec::new();
        let counted = [
            (ArrivalKind::Connect, limits.connects, "attempts"),
            (ArrivalKind::Message, Some(MESSAGES).filter(|_| exchange == ExchangeId::Coinbase), "messages"),
            (ArrivalKind::Request, limits.requests.filter(|_| exchange != ExchangeId::Binance), "requests"),
        ];
        let arrivals = self.simulation.arrivals(exchange);
        for (kind, rate, name) in counted {
            let times: Vec<i64> =
                arrivals.iter().filter(|arrival| arrival.kind == kind).map(|arrival| arrival.time_ns).collect();
            let Some(rate) = rate else {
                words.push(format!("{} {name}", times.len()));
                continue;
            };
            let most = most_within(&times, i64::from(rate.per_ms) * 1_000_000);
            let Rate { count, per_ms } = rate;
            words.push(format!(
                "{} {name}, at most {most} of {count} in {:.1} s",
                times.len(),
                f64::from(per_ms) / 1e3
            ));
            assert!(most <= count as usize, "{exchange}: {words:?}");
        }
        format!("{exchange}: {}", words.join("; "))
    }
}

/// Connections that are open.
fn standing(plane: &Plane, exchange: ExchangeId) -> usize {
    use ConnectionState::{Closed, Connecting, Held, Idle, Waiting};
    let is_down = |state| matches!(state, Idle | Connecting | Waiting | Closed | Held);
    plane
        .connections()
        .iter()
        .filter(|connection| connection.exchange == exchange && !is_down(connection.state))
        .count()
}

/// Connections that had news after their trial: their backoff starts over.
fn proven(plane: &Plane, exchange: ExchangeId) -> usize {
    let connections = plane.connections();
    let of_venue = connections.iter().filter(|connection| connection.exchange == exchange);
    of_venue.filter(|connection| connection.last_data_ns > connection.last_attempt_ns + TRIAL_NS).count()
}

/// The most that came within one period.
fn most_within(times: &[i64], period_ns: i64) -> usize {
    let until = |&start: &i64| times.partition_point(|time| *time < start + period_ns);
    times.iter().enumerate().map(|(at, start)| until(start) - at).max().unwrap_or(0)
}

/// Bytes for each cycle: the median slope between checkpoints (Theil 1950, Sen 1968), which no single measurement moves.
fn growth(checkpoints: &[Checkpoint]) -> f64 {
    let slope = |a: &Checkpoint, b: &Checkpoint| {
        (b.holding.bytes as f64 - a.holding.bytes as f64) / (b.cycles - a.cycles) as f64
    };
    let mut slopes: Vec<f64> = checkpoints
        .iter()
        .enumerate()
        .flat_map(|(at, a)| checkpoints[at + 1..].iter().map(move |b| (a, b)))
        .filter(|(a, b)| a.cycles < b.cycles)
        .map(|(a, b)| slope(a, b))
        .collect();
    slopes.sort_by(f64::total_cmp);
    slopes[slopes.len() / 2]
}

impl Campaign {
    fn run(&self, runtime: Runtime) {
        if is_refused(runtime) {
            return;
        }
        let (world, start) = (World::new(self), Instant::now());
        // A plane that crashes early: what it did counts for the next.
        let (process, plane) = world.start(runtime);
        world.cut_until(&plane, self.cycles / 10);
        drop(plane);
        process.kill();
        let (process, plane) = world.start(runtime);
        let mut checkpoints: Vec<Checkpoint> = Vec::new();
        for step in 1..=self.checkpoints {
            world.cut_until(&plane, self.cycles / 4 + step * (self.cycles * 3 / 4) / self.checkpoints);
            let checkpoint = world.check(&process, &plane, checkpoints.first());
            let Holding { files, threads, bytes } = checkpoint.holding;
            eprintln!(
                "{} cycles in {:.0} s: {files} files, {} at venues, {threads} threads, {} KiB",
                checkpoint.cycles,
                start.elapsed().as_secs_f64(),
                checkpoint.open,
                bytes >> 10
            );
            checkpoints.push(checkpoint);
        }
        let refused: u64 = plane.connections().iter().map(|connection| connection.closed(CloseKind::Upgrade429)).sum();
        assert_eq!((refused, world.simulation.counts().refusals), (0, 0), "a venue refused something");
        let words: Vec<String> = FASTER.iter().map(|(exchange, _)| world.judge(*exchange)).collect();
        process.end();
        let (growth, last) = (growth(&checkpoints), checkpoints.last().unwrap());
        println!(
            "reconnects on {runtime}: {} cycles in {:.0} s; {}; {} files and {} threads besides connections at each of {} checkpoints; {growth:.0} bytes a cycle",
            last.cycles,
            start.elapsed().as_secs_f64(),
            words.join("; "),
            last.own_files(),
            last.holding.threads,
            checkpoints.len(),
        );
        assert!(growth <= self.growth_max, "each cycle costs {growth:.0} bytes");
    }
}

/// A plane's first seconds cost it some KiB a cycle whatever happens, so this finds the loss of a connection's buffers (8
/// KiB of frames, 16 of TLS) and no less; ten thousand cycles find that of a kilobyte.
#[test]
fn cut_connections_stay_within_the_limits_and_leave_nothing() {
    let campaign = Campaign { cycles: 380, connections: [40, 4, 22], rate: 0.02, checkpoints: 4, growth_max: 16_384.0 };
    campaign.run(Runtime::Park);
}

/// `perf/cycles.sh` runs it; about five minutes for each runtime.
#[test]
#[ignore = "takes minutes"]
fn ten_thousand_cycles() {
    let cycles = std::env::var("TICKPLANE_CYCLES").map_or(10_000, |cycles| cycles.parse().unwrap());
    let campaign = Campaign { cycles, connections: [120, 8, 60], rate: 6.0, checkpoints: 12, growth_max: 400.0 };
    let wanted = std::env::var("TICKPLANE_RUNTIME").map_or(Runtime::Park, |runtime| runtime.parse().unwrap());
    campaign.run(wanted);
}
