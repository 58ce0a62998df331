//! `demo`: simulated exchanges, the plane and a checking reader, in one command.

mod compare;
mod ending;
mod latency;
mod news;
mod playing;
mod protocol;
mod reader;
mod reading;
mod summary;
mod table;
mod venue;

use std::time::{Duration, Instant};

use clap::Args;
use crossbeam_channel::{Receiver, unbounded};
use tickplane_daemon::{Config, Daemon, ExchangeConfig, THREADS_MAX};
use tickplane_model::Timeframe;
use tickplane_runtimes::Runtime;
use tickplane_segments::Plane;
use tickplane_simulator::{CaptureSummary, Fault, Simulation, SimulationConfig};

pub(crate) use self::reader::DemoReader;

use self::compare::Comparison;
use self::ending::Ending;
use self::latency::Health;
use self::news::News;
use self::playing::{Playing, Published};
use self::reading::Reading;
use self::summary::Summary;
use self::table::Table;
use super::market::{Market, help};
use super::scratch::{Purpose, Scratch};
use crate::arguments::{Global, Venues};
use crate::failure::Failure;
use crate::memory::{check, held_bytes, needed_bytes};
use crate::output::bytes;
use crate::signals::Stop;

const AFTER_HELP: &str = "\
Starts simulated exchanges (real TLS WebSockets on loopback), a plane on an instance of its own, and a second process that
reads every candle from shared memory. Shows live prices and candles until Ctrl-C or --seconds, then compares every whole
candle that was read with the exchanges' own account, and exits with 0 only if all are equal to the bit. The instance is
removed at the end.

With faults it waits at the end until everything is repaired (at most 90 s), and a row that is not equal must say so: it
carries the gap. With a recording (exactly one venue) it ends by itself when all was played and read, and exits with 0 only
if exactly the file's trades and best bids and asks were published.

Examples:
    tickplane demo
    tickplane demo --seconds 30
    tickplane demo --venues binance --symbols 5 --workers 0 --quiet --seconds 10
    tickplane demo --seconds 30 --fault kraken:disconnect@5 --fault binance:stale-stream@8+10
    tickplane demo --venues binance --capture btcusdt_20240808.gz --speed max";

/// Shared memory a demo stays below: Docker's default.
const MEMORY_BYTES_MAX: u64 = 60 << 20;
/// Rows kept per series: as many of these as fit.
const DEPTHS: [usize; 5] = [400, 200, 120, 64, 32];
const TRADES_KEPT: usize = 1_024;
const TICK: Duration = Duration::from_millis(50);

/// What to show.
#[derive(Args, Debug)]
#[command(after_help = help(AFTER_HELP))]
pub(crate) struct Demo {
    /// End after so long [default: Ctrl-C]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    seconds: Option<u64>,
    /// Venues, separated by commas, or all
    #[arg(long, value_name = "A,B", default_value = "all")]
    venues: Venues,
    /// Symbols per venue, busiest first
    #[arg(long, value_name = "N", default_value_t = 20)]
    symbols: usize,
    /// The same seed gives the same market
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Threads that build candles; 0 for none of their own [default: what fits the machine]
    #[arg(long, value_name = "N", value_parser = threads)]
    workers: Option<usize>,
    /// Threads that hold sockets [default: what fits the machine]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    shards: Option<usize>,
    /// How threads wait: poll, park or glommio [default: what fits the machine]
    #[arg(long, value_name = "RUNTIME")]
    runtime: Option<Runtime>,
    #[command(flatten)]
    market: Market,
}

/// What runs while a demo is watched.
struct Running<'a> {
    scratch: &'a Scratch,
    simulation: &'a Simulation,
    daemon: &'a Daemon,
    stop: Stop,
    /// What the plane says.
    lines: Receiver<String>,
}

fn threads(text: &str) -> Result<usize, String> {
    let count: Option<usize> = text.parse().ok();
    count.filter(|count| *count <= THREADS_MAX).ok_or_else(|| format!("must be 0 to {THREADS_MAX}"))
}

fn at_least_one(text: &str) -> Result<usize, String> {
    threads(text).ok().filter(|count| *count > 0).ok_or_else(|| format!("must be 1 to {THREADS_MAX}"))
}

impl Demo {
    pub(crate) fn run(self, global: &Global) -> Result<(), Failure> {
        let faults = self.market.faults()?;
        self.check(&faults)?;
        let stop = Stop::on_signals()?;
        let scratch = Scratch::new(global, Purpose::Demo)?;
        let simulation = self.simulation(&scratch, &faults)?;
        let ending = Ending::new(&self.venues.0, self.seconds, &faults);
        let news = News::new(&faults);
        let (talk, lines) = unbounded();
        let config = self.config(&scratch, &simulation);
        global.talk(self.introduction(&scratch, &simulation));
        check(&scratch.instance, needed_bytes(&config, &self.venues.0))?;
        let daemon = Daemon::start(config, talk)?;
        global.talk(daemon.description());
        let running = Running { scratch: &scratch, simulation: &simulation, daemon: &daemon, stop, lines };
        let outcome = self.watch(global, &running, ending, news);
        daemon.shutdown(true);
        simulation.stop();
        let summary = outcome?;
        summary.print(global.format())?;
        summary.failure().map_or(Ok(()), |reason| Err(Failure::Failed(reason)))
    }

    /// What clap cannot say.
    fn check(&self, faults: &[Fault]) -> Result<(), Failure> {
        if self.market.capture().is_some() && self.venues.0.len() != 1 {
            return Err(Failure::usage("--capture plays one venue; name it, as in --venues binance"));
        }
        let late = faults.iter().find(|fault| self.seconds.is_some_and(|end| fault.at >= Duration::from_secs(end)));
        late.map_or(Ok(()), |fault| {
            Err(Failure::usage(format!("fault `{fault}` begins after the end; give more --seconds")))
        })
    }

    fn introduction(&self, scratch: &Scratch, simulation: &Simulation) -> String {
        let instance = scratch.instance.name();
        match simulation.capture() {
            Some(CaptureSummary { exchange, trades, quotes, messages, .. }) => format!(
                "playing {messages} messages of {exchange} with {trades} trades and {quotes} best bids and asks; \
                 instance {instance}"
            ),
            None => format!(
                "simulating {} symbols on each of {} exchanges; instance {instance}",
                self.symbols,
                self.venues.0.len()
            ),
        }
    }

    fn simulation(&self, scratch: &Scratch, faults: &[Fault]) -> Result<Simulation, Failure> {
        let config = SimulationConfig {
            venues: self.venues.0.clone(),
            symbols: self.symbols,
            seed: self.seed,
            ca_path: Some(scratch.ca_path()),
            faults: faults.to_vec(),
            capture: self.market.capture(),
            ..Default::default()
        };
        Ok(Simulation::start(config)?)
    }

    fn config(&self, scratch: &Scratch, simulation: &Simulation) -> Config {
        let exchange = |endpoint: &tickplane_simulator::VenueEndpoint| {
            let config = ExchangeConfig {
                // A recording has the symbols it has.
                top: simulation.symbols(endpoint.exchange).len(),
                ca: Some(scratch.ca_path()),
                ..ExchangeConfig::at(&endpoint.websocket, &endpoint.rest)
            };
            (endpoint.exchange, config)
        };
        let mut config = Config {
            instance: scratch.instance.name().to_owned(),
            root: scratch.root.clone(),
            runtime: self.runtime,
            shards: self.shards,
            workers: self.workers,
            timeframes: Timeframe::DEMO.to_vec(),
            trades_kept: TRADES_KEPT,
            exchanges: simulation.endpoints().iter().map(exchange).collect(),
            ..Default::default()
        };
        for depth in DEPTHS {
            config.depth = depth;
            config.revise_rows = config.revise_rows.min(depth as u32);
            if needed_bytes(&config, &self.venues.0) <= MEMORY_BYTES_MAX {
                break;
            }
        }
        config
    }

    /// Runs until the end and says how it went.
    fn watch(
        &self,
        global: &Global,
        running: &Running<'_>,
        mut ending: Ending,
        mut news: News,
    ) -> Result<Summary, Failure> {
        let Running { scratch, simulation, daemon, stop, lines } = running;
        let plane = Plane::open(&scratch.instance)?;
        let reading = Reading::start(scratch)?;
        let started = Instant::now();
        let options = Global::instance_options(scratch.root.as_deref(), scratch.instance.name());
        let mut table = Table::new(global.quiet, options);
        for exchange in &self.venues.0 {
            let started = daemon.start_exchange(*exchange).map_err(Failure::Failed)?;
            table.add(&plane, *exchange, &started.symbols, Timeframe::DEMO[0]);
        }
        global.talk(format_args!("{} of shared memory", bytes(held_bytes(&plane))));
        ending.begin(self.seconds);
        table.begin()?;
        while !stop.wait_for(TICK) && reading.is_alive() && !ending.is_over(&plane, simulation) {
            table.update(&plane, ending.waits_for_repair())?;
            table.say(lines.try_iter().chain(news.heard()));
        }
        table.end()?;
        let seconds = started.elapsed().as_secs_f64();
        let (health, published) = (Health::read(&plane), Published::read(&plane));
        let (rows, reader) = reading.finish();
        let is_finished = simulation.playback_finished();
        let faults = simulation.counts().faults;
        Ok(Summary {
            seconds,
            memory_bytes: held_bytes(&plane),
            health,
            faults,
            playing: simulation.capture().cloned().map(|file| Playing { file, published, is_finished }),
            comparison: Comparison::new(&rows, simulation, faults > 0),
            reader,
        })
    }
}
