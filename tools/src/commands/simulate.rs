//! `simulate`: exchanges on this machine, for anything that speaks their protocols.

use std::fmt::Write as _;
use std::io::{Write as _, stdout};
use std::path::Path;

use clap::Args;
use tickplane_model::{ExchangeId, Product};
use tickplane_simulator::{CaptureSummary, Simulation, SimulationConfig, SimulationError, VenueEndpoint};

use super::market::{Market, help};
use super::scratch::{Purpose, Scratch};
use crate::arguments::{Global, Venues};
use crate::failure::Failure;
use crate::output::{Cell, Column, Format, Sheet};
use crate::signals::Stop;

const AFTER_HELP: &str = "\
Real servers on loopback: TLS with a certificate authority made for this run, the venue's own WebSocket protocol and its
REST interface for instruments, volumes, recent trades and candles. They play a market that is the same for the same
--seed. Prints a config that leads the plane to them, in an instance of their own (one line per venue with --format json
or csv); everything is removed when it ends, and what a killed one left when the next begins.

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
        let scratch = Scratch::new(global, Purpose::Simulate)?;
        let ca_path = (!self.plain).then(|| scratch.ca_path());
        let Self { venues: Venues(venues), port, plain, seed, symbols, market } = self;
        let (faults, capture) = (market.faults()?, market.capture());
        let ca = ca_path.clone();
        let config =
            SimulationConfig { venues, symbols, seed, plain, port, ca_path: ca, faults, capture, ..Default::default() };
        let simulation = Simulation::start(config)?;
        let text = plane_config(&simulation, &scratch, ca_path.as_deref());
        let config_path = scratch.file("plane.toml");
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

/// A plane config for these endpoints. The instance is the simulation's own: what a market of another seed left in one
/// would not fit.
fn plane_config(simulation: &Simulation, scratch: &Scratch, ca: Option<&Path>) -> String {
    let mut text = format!("# A plane on simulated exchanges.\ninstance = \"{}\"\n", scratch.instance.name());
    if let Some(root) = &scratch.root {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "root = \"{}\"", root.display());
    }
    for VenueEndpoint { exchange, websocket, rest } in simulation.endpoints() {
        let symbols = simulation.symbols(*exchange).len();
        let _ = write!(
            text,
            "\n[exchanges.{exchange}]\nautostart = true\ntop = {symbols}\nwebsocket = \"{websocket}\"\nrest = \"{rest}\"\n"
        );
        if let Some(ca) = ca {
            let _ = writeln!(text, "ca = \"{}\"", ca.display());
        }
        if has_perpetuals(*exchange) {
            let _ = write!(
                text,
                "products = [\"spot\", \"perp\"]\nperp = {{ websocket = \"{websocket}\", rest = \"{rest}\" }}\n"
            );
        }
    }
    text
}

fn has_perpetuals(exchange: ExchangeId) -> bool {
    let markets = tickplane_exchanges::exchange(exchange).map_or(&[][..], |exchange| exchange.markets());
    markets.iter().any(|market| market.products.contains(&Product::Perpetual))
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
