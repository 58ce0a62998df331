//! `simulate`: exchanges on this machine, for anything that speaks their protocols.

use std::fmt::Write as _;
use std::io::{Write as _, stdout};
use std::path::{Path, PathBuf};

use clap::Args;
use tickplane_simulator::{CaptureSummary, Simulation, SimulationConfig, SimulationError, VenueEndpoint};

use super::market::{Market, help};
use crate::arguments::{Global, Venues};
use crate::failure::Failure;
use crate::output::{Cell, Column, Format, Sheet};
use crate::signals::Stop;

const AFTER_HELP: &str = "\
Real servers on loopback: TLS with a certificate authority made for this run, the venue's own WebSocket protocol and its
REST interface for instruments, volumes, recent trades and candles. They play a market that is the same for the same
--seed. Prints a config that leads the plane to them (one line per venue with --format json or csv); everything is
removed when it ends.

Examples:
    tickplane simulate binance,kraken
    tickplane simulate all --symbols 100 --port 9443
    tickplane simulate coinbase --plain --format json
    tickplane simulate binance --fault binance:silence@30+20 --fault binance:stale-stream@60:BTC-USDT
    tickplane simulate binance --capture btcusdt_20240808.gz --speed 10";

/// What to simulate.
#[derive(Args, Debug)]
#[command(after_help = help(AFTER_HELP))]
pub(crate) struct Simulate {
    /// Venues, separated by commas, or all
    #[arg(value_name = "VENUE[,...]")]
    venues: Venues,
    /// The first of consecutive ports, one per venue [default: free ones]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    port: Option<u16>,
    /// Without TLS: ws:// and http://
    #[arg(long)]
    plain: bool,
    /// The same seed gives the same market
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Symbols per venue, busiest first
    #[arg(long, value_name = "N", default_value_t = 20)]
    symbols: usize,
    #[command(flatten)]
    market: Market,
}

impl Simulate {
    pub(crate) fn run(self, global: &Global) -> Result<(), Failure> {
        let stop = Stop::on_signals()?;
        let folder = Folder::make()?;
        let ca_path = (!self.plain).then(|| folder.0.join("ca.pem"));
        let Self { venues: Venues(venues), port, plain, seed, symbols, market } = self;
        let (faults, capture) = (market.faults()?, market.capture());
        let ca = ca_path.clone();
        let config =
            SimulationConfig { venues, symbols, seed, plain, port, ca_path: ca, faults, capture, ..Default::default() };
        let simulation = Simulation::start(config)?;
        let text = plane_config(&simulation, ca_path.as_deref());
        let config_path = folder.0.join("plane.toml");
        std::fs::write(&config_path, &text)
            .map_err(|error| Failure::failed(format!("{}: {error}", config_path.display())))?;
        print(global.format(), simulation.endpoints(), ca_path.as_deref(), &text)?;
        if let Some(capture) = simulation.capture() {
            let CaptureSummary { exchange, trades, quotes, messages, .. } = capture;
            global.talk(format_args!(
                "\nplaying {messages} messages of {exchange} with {trades} trades and {quotes} best bids and asks, once a \
                 client has subscribed"
            ));
        }
        global.talk(format_args!(
            "\nsimulating {symbols} symbols on each; run a plane on them from another terminal:\n\n    tickplane run \
             --config {}\n\nCtrl-C ends.",
            config_path.display()
        ));
        stop.wait();
        let counts = simulation.counts();
        simulation.stop();
        global.talk(format_args!(
            "{} trades made, {} frames sent over {} WebSockets, {} requests, {} refusals, {} faults",
            counts.trades_made,
            counts.frames_sent,
            counts.websockets_opened,
            counts.requests,
            counts.refusals,
            counts.faults
        ));
        Ok(())
    }
}

impl From<SimulationError> for Failure {
    fn from(error: SimulationError) -> Self {
        match error {
            SimulationError::Thread(_) | SimulationError::Certificate(_) => Self::failed(error),
            _ => Self::usage(error),
        }
    }
}

/// A folder of this run, removed with it.
struct Folder(PathBuf);

impl Folder {
    fn make() -> Result<Self, Failure> {
        let path = std::env::temp_dir().join(format!("tickplane-simulate-{}", std::process::id()));
        match std::fs::create_dir(&path) {
            Ok(()) => Ok(Self(path)),
            Err(error) => Err(Failure::failed(format!("cannot make {}: {error}; set TMPDIR", path.display()))),
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is a few kilobytes in a temporary folder.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A plane config for these endpoints.
fn plane_config(simulation: &Simulation, ca: Option<&Path>) -> String {
    let mut text = String::from("# A plane on simulated exchanges.\n");
    for VenueEndpoint { exchange, websocket, rest } in simulation.endpoints() {
        let symbols = simulation.symbols(*exchange).len();
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "\n[exchanges.{exchange}]\nautostart = true\ntop = {symbols}\nwebsocket = \"{websocket}\"\nrest = \"{rest}\"\n"
        );
        if let Some(ca) = ca {
            let _ = writeln!(text, "ca = \"{}\"", ca.display());
        }
    }
    text
}

fn print(format: Format, endpoints: &[VenueEndpoint], ca: Option<&Path>, config: &str) -> Result<(), Failure> {
    if format == Format::Table {
        stdout().write_all(config.as_bytes())?;
        return Ok(stdout().flush()?);
    }
    let columns = ["exchange", "websocket", "rest", "ca"].map(|name| Column::left(name, 0));
    let ca = ca.map_or(Cell::None, |ca| Cell::text(ca.display()));
    let row = |endpoint: &VenueEndpoint| {
        let VenueEndpoint { exchange, websocket, rest } = endpoint;
        vec![Cell::text(exchange), Cell::text(websocket), Cell::text(rest), ca.clone()]
    };
    let rows: Vec<_> = endpoints.iter().map(row).collect();
    Ok(Sheet::new(format, &columns).rows(&rows)?)
}
