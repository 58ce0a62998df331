//! One simulated venue and a plane on it, for one fault.

use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, unbounded};
use tempfile::TempDir;
use tickplane_daemon::{Config, Daemon, ExchangeConfig, HistoryRows, Reconcile};
use tickplane_model::{Candle, ExchangeId, Key, Quality, Symbol, Timeframe};
use tickplane_runtimes::Runtime;
use tickplane_segments::{CloseKind, ConnectionState, Instance, Plane, StreamCounter, StreamState};
use tickplane_simulator::{Fault, FaultKind, Hangup, Simulation, SimulationConfig, TallyRow};

use super::account::Account;
use super::cases::{Case, Sign};
use super::seen::Seen;
use crate::support::root;

const SYMBOLS: usize = 3;
/// The plane runs undisturbed for so long, so that streams have a rhythm.
const CALM: Duration = Duration::from_secs(4);
/// A venue takes no connection for so long: longer than anybody waits.
const LASTING: Duration = Duration::from_secs(60);
/// The plane has so long to be well after a fault's end.
const PATIENCE: Duration = Duration::from_secs(45);
/// What a fault does at once is looked at for so long.
const LOOK_MIN: Duration = Duration::from_millis(1_500);
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// A plane that is well stays so for this long.
const SETTLE: Duration = Duration::from_secs(2);

/// A venue and a plane.
pub(super) struct World {
    root: TempDir,
    simulation: Simulation,
    daemon: Option<Daemon>,
    lines: Receiver<String>,
    talk: Vec<String>,
    plane: Plane,
    exchange: ExchangeId,
}

/// What a plane made of a fault while it held.
pub(super) struct Struck {
    /// After how long its sign showed.
    pub(super) noticed: Option<Duration>,
    pub(super) seen: Seen,
    /// How long the fault held.
    pub(super) lasts: Duration,
    /// What the plane had counted before.
    pub(super) before: Account,
}

/// The rows against the venue's account.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Comparison {
    pub(super) rows: usize,
    /// Carry a gap.
    pub(super) gaps: usize,
    /// Hold trades that were fetched.
    pub(super) backfilled: usize,
    /// Were revised after they closed.
    pub(super) revised: usize,
    /// Are not equal and do not say so.
    pub(super) silent: usize,
    pub(super) missing: u64,
    example: Option<(Key, Candle, Option<TallyRow>)>,
}

impl Comparison {
    pub(super) fn is_equal(&self) -> bool {
        self.rows > 0 && self.gaps == 0 && self.silent == 0 && self.missing == 0
    }
}

impl World {
    /// A flowing market of the fault's venue, and a plane that reads it.
    pub(super) fn start(fault: &str) -> Self {
        let mut world = Self::begin(fault, false);
        let flows = |world: &Self| {
            let streams = world.plane.streams(world.exchange).unwrap_or_default();
            streams.len() == SYMBOLS && streams.iter().all(|stream| stream.state == StreamState::Live)
        };
        assert!(world.waits(PATIENCE, flows), "the market does not flow: {:#?}", world.talk);
        world
    }

    /// A market of the fault's venue that has the fault from the first, if it is to, and a plane that begins to read it.
    pub(super) fn begin(fault: &str, is_first: bool) -> Self {
        let fault = fault.parse::<Fault>().unwrap();
        let exchange = fault.exchange;
        let root = root();
        let ca = root.path().join("ca.pem");
        let config = SimulationConfig {
            venues: vec![exchange],
            symbols: SYMBOLS,
            ca_path: Some(ca.clone()),
            faults: if is_first { vec![fault] } else { Vec::new() },
            ..SimulationConfig::default()
        };
        let simulation = Simulation::start(config).unwrap();
        let endpoint = simulation.endpoints()[0].clone();
        let at = ExchangeConfig::at(&endpoint.websocket, &endpoint.rest);
        let own = ExchangeConfig { top: SYMBOLS, ca: Some(ca), ..at };
        let planes = root.path().join("planes");
        let config = Config {
            instance: "fault".to_owned(),
            root: Some(planes.clone()),
            runtime: Some(Runtime::Park),
            shards: Some(1),
            workers: Some(0),
            timeframes: vec![Timeframe::S1, Timeframe::S5],
            depth: 200,
            // What the venue's candles would mend is not what is measured.
            history: HistoryRows::Off,
            reconcile: Reconcile::Off,
            exchanges: [(exchange, own)].into_iter().collect(),
            ..Config::default()
        };
        let (talk, lines) = unbounded();
        let daemon = Daemon::start(config, talk).unwrap();
        daemon.start_exchange(exchange).unwrap();
        let plane = Plane::open(&Instance::new(Some(&planes), "fault").unwrap()).unwrap();
        Self { root, simulation, daemon: Some(daemon), lines, talk: Vec::new(), plane, exchange }
    }

    /// Lets the market flow for a while, then injects the faults and looks until the last one ends; gives the time until
    /// the plane showed that it noticed, and what it showed meanwhile.
    pub(super) fn strike(&mut self, case: &Case) -> Struck {
        std::thread::sleep(if case.is_first { Duration::ZERO } else { CALM });
        let (before, account) = (self.signs(case.sign), Account::of(&self.plane));
        let mut faults = vec![case.fault.parse::<Fault>().unwrap()];
        faults.extend(case.with.iter().map(|with| format!("{}:{with}", self.exchange).parse::<Fault>().unwrap()));
        let (start, mut lasts) = (Instant::now(), Duration::ZERO);
        for Fault { exchange, kind, at, duration } in faults {
            std::thread::sleep(at);
            if !case.is_first {
                self.simulation.inject_for(exchange, kind, duration).unwrap();
            }
            lasts = lasts.max(start.elapsed() + duration);
        }
        let busiest = self.simulation.symbols(self.exchange)[0].clone();
        let (limit, until) = (Duration::from_secs(case.within_s), lasts.max(LOOK_MIN));
        let (mut noticed, mut seen) = (None, Seen::default());
        while start.elapsed() < until || (noticed.is_none() && start.elapsed() < limit) {
            self.talk.extend(self.lines.try_iter());
            seen.look(&self.plane, self.exchange, &busiest, start.elapsed());
            if noticed.is_none() && self.signs(case.sign) > before {
                noticed = Some(start.elapsed()).filter(|after| *after < limit);
            }
            std::thread::sleep(LOOK_EVERY);
        }
        Struck { noticed, seen, lasts, before: account }
    }

    /// Ends the connection while the venue takes no new one, and gives why the next attempt failed, as counted, and after
    /// how long; what was said of it is the last of [`Self::talk`].
    pub(super) fn refuse(&mut self, fault: &str, limit: Duration) -> Option<(CloseKind, Duration)> {
        let Fault { exchange, kind, .. } = fault.parse().unwrap();
        self.simulation.inject_for(exchange, kind, LASTING).unwrap();
        self.simulation.inject(exchange, FaultKind::Disconnect(Hangup::Fin)).unwrap();
        let start = Instant::now();
        let last = |world: &Self| world.plane.connections().first().and_then(|connection| connection.last_close);
        let is_refused = |world: &Self| last(world).is_some_and(|kind| kind != CloseKind::TcpClosed);
        self.waits(limit, is_refused).then(|| (last(self).unwrap_or(CloseKind::Tcp), start.elapsed()))
    }

    /// When the plane says that it will try again, in milliseconds, of the last attempt.
    pub(super) fn next_attempt_ms(&mut self) -> Option<u64> {
        let is_told = |world: &Self| attempts(&world.talk).count() > 1;
        self.waits(Duration::from_secs(2), is_told).then(|| attempts(&self.talk).last()).flatten()
    }

    fn signs(&self, sign: Sign) -> u64 {
        sign.count(&self.plane, &self.talk)
    }

    /// Waits until the plane is well and its rows are equal; gives what is not well, and the rows as they stand.
    pub(super) fn recover(&mut self) -> (Option<String>, Comparison) {
        self.waits(PATIENCE, |world| world.problem().is_none() && world.compare().is_equal());
        std::thread::sleep(SETTLE);
        (self.problem(), self.compare())
    }

    /// What is not as it has to be.
    fn problem(&self) -> Option<String> {
        let connections = self.plane.connections();
        if let Some(down) = connections.iter().find(|connection| connection.state != ConnectionState::Live) {
            return Some(format!("the connection is {}", down.state.as_str()));
        }
        let streams = self.plane.streams(self.exchange).unwrap_or_default();
        let is_well = |state| matches!(state, StreamState::Live | StreamState::Quiet);
        if let Some(down) = streams.iter().find(|stream| !is_well(stream.state)) {
            return Some(format!("{} is {}", down.symbol, down.state.as_str()));
        }
        let open: u64 = streams.iter().map(|stream| stream.seams).sum();
        let lost: u64 = streams.iter().map(|stream| stream.count(StreamCounter::Lost)).sum();
        (open + lost > 0).then(|| format!("{open} seams are open, {lost} trades lost"))
    }

    /// Compares every closed, whole row with the venue's account, which is asked after the rows were read.
    fn compare(&self) -> Comparison {
        let mut comparison = Comparison::default();
        for symbol in self.simulation.symbols(self.exchange) {
            for timeframe in [Timeframe::S1, Timeframe::S5] {
                self.compare_series(&symbol, timeframe, &mut comparison);
            }
        }
        comparison
    }

    fn compare_series(&self, symbol: &Symbol, timeframe: Timeframe, comparison: &mut Comparison) {
        let exchange = self.exchange;
        let key = Key::Candles { exchange, symbol: symbol.clone(), timeframe };
        let Some(rows) = self.plane.series(&key).ok().and_then(|series| series.candles(series.depth()).ok()) else {
            return;
        };
        let tally = self.simulation.tally(exchange, symbol, timeframe);
        let is_partial = |candle: &&Candle| candle.quality.contains(Quality::PARTIAL);
        let mut expected: Option<i64> = None;
        for candle in rows.candles.iter().skip_while(is_partial) {
            let skipped = expected.map_or(0, |expected| (candle.open_time_ns - expected) / timeframe.length_ns());
            comparison.missing += skipped.unsigned_abs();
            expected = Some(candle.open_time_ns + timeframe.length_ns());
            comparison.rows += 1;
            comparison.backfilled += usize::from(candle.quality.contains(Quality::BACKFILLED));
            comparison.revised += usize::from(candle.quality.revisions() > 0);
            let told = tally.iter().find(|row| row.open_time_ns == candle.open_time_ns);
            if candle.quality.gap_ms() > 0 {
                comparison.gaps += 1;
            } else if !is_equal(candle, told) {
                comparison.silent += 1;
                comparison.example.get_or_insert_with(|| (key.clone(), *candle, told.copied()));
            }
        }
    }

    /// What was counted since.
    pub(super) fn account(&self, before: &Account) -> Account {
        Account::of(&self.plane).since(before)
    }

    /// What there is to know about a plane that ended wrong, on stderr.
    pub(super) fn tell(&mut self) {
        self.talk.extend(self.lines.try_iter());
        eprintln!("{:#?}\n{:#?}\n{:#?}", self.talk, self.plane.streams(self.exchange), self.compare().example);
    }

    /// Waits until this holds, at most so long, and hears what the plane says.
    fn waits(&mut self, limit: Duration, mut holds: impl FnMut(&Self) -> bool) -> bool {
        let start = Instant::now();
        loop {
            self.talk.extend(self.lines.try_iter());
            if holds(self) {
                return true;
            }
            if start.elapsed() >= limit {
                return false;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(daemon) = self.daemon.take() {
            daemon.shutdown(true);
        }
        debug_assert!(self.root.path().exists());
    }
}

/// The waits that a plane told of, in order.
fn attempts(talk: &[String]) -> impl Iterator<Item = u64> {
    talk.iter().filter_map(|line| line.rsplit_once("next attempt in ")?.1.strip_suffix(" ms")?.parse().ok())
}

fn is_equal(candle: &Candle, told: Option<&TallyRow>) -> bool {
    let Some(told) = told else {
        return candle.trade_count == 0 && candle.quality.contains(Quality::SYNTHETIC);
    };
    let read = [
        candle.open,
        candle.high,
        candle.low,
        candle.close,
        candle.volume,
        candle.quote_volume,
        candle.taker_buy_volume,
    ];
    let account = [told.open, told.high, told.low, told.close, told.volume, told.quote_volume, told.taker_buy_volume];
    candle.trade_count == told.trade_count && read.map(f64::to_bits) == account.map(f64::to_bits)
}
