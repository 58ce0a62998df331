//! A simulated market with a plane on it, in a folder of its own.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, unbounded};
use tickplane_daemon::{Config, Daemon, ExchangeConfig, HistoryRows, Reconcile};
use tickplane_model::{ExchangeId, Timeframe};
use tickplane_runtimes::{Runtime, probe};
use tickplane_segments::{Instance, Plane};
use tickplane_simulator::{Simulation, SimulationConfig};

pub(crate) const VENUES: [ExchangeId; 3] = [ExchangeId::Binance, ExchangeId::Coinbase, ExchangeId::Kraken];

/// A temporary root that is removed in the end.
pub(crate) struct World {
    pub(crate) root: tempfile::TempDir,
    pub(crate) simulation: Simulation,
}

impl World {
    pub(crate) fn new(symbols: usize, plain: bool) -> Self {
        Self::of(SimulationConfig { venues: VENUES.to_vec(), symbols, plain, ..SimulationConfig::default() })
    }

    pub(crate) fn of(config: SimulationConfig) -> Self {
        let root = tempfile::tempdir().expect("a temporary folder");
        let config = SimulationConfig { ca_path: Some(root.path().join("ca.pem")), ..config };
        let simulation = Simulation::start(config).expect("a simulation");
        Self { root, simulation }
    }

    /// A config for this world: every venue, in the simulation's hosts.
    pub(crate) fn config(&self, symbols: usize) -> Config {
        let ca = self.simulation.ca_pem().is_some().then(|| self.root.path().join("ca.pem"));
        let exchanges = self
            .simulation
            .endpoints()
            .iter()
            .map(|endpoint| {
                let at = ExchangeConfig::at(&endpoint.websocket, &endpoint.rest);
                let own = ExchangeConfig { top: symbols, ca: ca.clone(), ..at };
                (endpoint.exchange, own)
            })
            .collect();
        Config {
            instance: "test".to_owned(),
            root: Some(self.planes()),
            timeframes: vec![Timeframe::S1, Timeframe::S5, Timeframe::M1],
            depth: 128,
            history: HistoryRows::Off,
            reconcile: Reconcile::Off,
            exchanges,
            ..Config::default()
        }
    }

    pub(crate) fn planes(&self) -> PathBuf {
        self.root.path().join("planes")
    }

    pub(crate) fn instance(&self) -> Instance {
        Instance::new(Some(&self.planes()), "test").expect("an instance")
    }

    pub(crate) fn open(&self) -> Plane {
        Plane::open(&self.instance()).expect("a plane to read")
    }
}

/// Whether this machine refuses a runtime, which is said aloud.
pub(crate) fn is_refused(runtime: Runtime) -> bool {
    let refusal = probe(runtime).err();
    if let Some(reason) = &refusal {
        eprintln!("skipped: {runtime} is refused: {reason}");
    }
    refusal.is_some()
}

/// Starts a plane; its talk is printed when the test fails.
pub(crate) fn start(config: Config) -> (Daemon, Receiver<String>) {
    let (talk, heard) = unbounded();
    (Daemon::start(config, talk).expect("a plane"), heard)
}

/// Waits until `is_true`, at most so long.
pub(crate) fn wait_until(what: &str, limit: Duration, mut is_true: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_true() {
        assert!(start.elapsed() < limit, "{what} did not happen within {limit:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
