//! The handle: start, endpoints, tally, stop.
#![allow(clippy::disallowed_methods, reason = "this file opens the ports, starts the thread and writes the CA")]

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use mio::net::TcpListener;
use mio::{Poll, Waker};
use tickplane_model::{ExchangeId, NS_PER_DAY, Symbol, Timeframe};

use crate::market::{self, Listing, Market, SYMBOLS_MAX, TallyRow};
use crate::server::clock::Clock;
use crate::server::counts::{Counters, Counts};
use crate::server::reactor::{Command, Reactor, Shared, WAKE};
use crate::server::tls;
use crate::venue;

/// Weeks open on Mondays: the calendar's origin is 1970-01-05.
const MONDAY_NS: i64 = 4 * NS_PER_DAY;

/// What to simulate.
#[derive(Clone, PartialEq, Debug)]
pub struct SimulationConfig {
    /// The venues, each on its own port, in this order.
    pub venues: Vec<ExchangeId>,
    /// Symbols per venue, 1 to 1,000, busiest first.
    pub symbols: usize,
    /// The same seed gives the same market, as a function of the time since its origin.
    pub seed: u64,
    /// Without TLS: `ws://` and `http://`.
    pub plain: bool,
    /// The first of consecutive ports, one per venue; any free ones if absent.
    pub port: Option<u16>,
    /// Where to write the CA certificate (PEM) that clients must trust.
    pub ca_path: Option<PathBuf>,
    /// Multiplies the number of trades: 1 is about 100 a second per venue with 20 symbols, 32 of them of the busiest.
    pub rate: f64,
}

impl Default for SimulationConfig {
    fn default() -> Self {
        Self {
            venues: vec![ExchangeId::Binance, ExchangeId::Coinbase, ExchangeId::Kraken],
            symbols: 20,
            seed: 1,
            plain: false,
            port: None,
            ca_path: None,
            rate: 1.0,
        }
    }
}

/// Why a simulation did not start. Nothing is left behind.
#[derive(Debug, thiserror::Error)]
pub enum SimulationError {
    /// The port is taken.
    #[error(
        "port {port} for simulated {exchange} is in use; end the process that holds it, choose another with --port, or leave --port out to get a free one"
    )]
    PortInUse {
        /// The venue.
        exchange: ExchangeId,
        /// The port.
        port: u16,
    },
    /// The port cannot be listened on.
    #[error("cannot listen on 127.0.0.1:{port} for simulated {exchange}: {source}; choose another port with --port")]
    Listen {
        /// The venue.
        exchange: ExchangeId,
        /// The port, 0 for any.
        port: u16,
        /// What the system says.
        source: io::Error,
    },
    /// There is no simulation of this exchange.
    #[error("there is no simulated {0} yet; simulated are: binance coinbase kraken")]
    NoSuchVenue(ExchangeId),
    /// A value of the configuration is out of range.
    #[error("simulation {name} is {value}; it must be {range}")]
    OutOfRange {
        /// Which value.
        name: &'static str,
        /// What it is.
        value: String,
        /// What it may be.
        range: String,
    },
    /// The CA certificate cannot be written.
    #[error("cannot write the CA certificate to {}: {source}; choose a path that can be written", path.display())]
    CaFile {
        /// Where.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The certificate authority cannot be made.
    #[error("cannot make the TLS certificate: {0}; start with --plain to do without TLS")]
    Certificate(String),
    /// The server thread cannot be started.
    #[error("cannot start the simulator's server thread: {0}")]
    Thread(#[from] io::Error),
}

/// Where one simulated venue listens, in the form the plane's host settings take.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VenueEndpoint {
    /// The venue.
    pub exchange: ExchangeId,
    /// WebSocket base: `wss://localhost:PORT`, for Kraken with `/v2`; Binance clients add `/ws` or `/stream`.
    pub websocket: String,
    /// REST base: `https://localhost:PORT`.
    pub rest: String,
}

/// Simulated exchanges, served by one thread until stopped or dropped.
#[derive(Debug)]
pub struct Simulation {
    endpoints: Vec<VenueEndpoint>,
    ca_pem: Option<String>,
    shared: Arc<Shared>,
    waker: Waker,
    thread: Option<JoinHandle<()>>,
}

impl Simulation {
    /// Opens the ports, makes the markets with some minutes of past, and serves.
    ///
    /// # Errors
    /// When a port is taken, the configuration is out of range, or the CA certificate cannot be made or written.
    pub fn start(config: SimulationConfig) -> Result<Self, SimulationError> {
        let clock = Clock::start();
        let listings = listings(&config)?;
        let sockets = listen(&config)?;
        let authority = match config.plain {
            true => None,
            false => Some(tls::authority().map_err(|error| SimulationError::Certificate(error.to_string()))?),
        };
        let markets = markets(&config, listings, clock.now_ns());
        let venues = markets
            .iter()
            .map(|market| venue::venue(market.exchange, market).ok_or(SimulationError::NoSuchVenue(market.exchange)))
            .collect::<Result<Vec<_>, _>>()?;
        let endpoints = endpoints(&config, &sockets);
        let shared = Arc::new(Shared {
            markets: Mutex::new(markets),
            commands: Mutex::default(),
            counters: Counters::default(),
        });
        let poll = Poll::new()?;
        let waker = Waker::new(poll.registry(), WAKE)?;
        let (ca_pem, tls) = authority.map(|authority| (authority.pem, authority.config)).unzip();
        let reactor = Reactor::new(poll, sockets, venues, Arc::clone(&shared), tls, clock)?;
        write_ca(&config, ca_pem.as_deref())?;
        let thread = std::thread::Builder::new().name("simulator".to_owned()).spawn(move || reactor.run())?;
        Ok(Self { endpoints, ca_pem, shared, waker, thread: Some(thread) })
    }

    /// Where the venues listen, in the order of the configuration.
    #[must_use]
    pub fn endpoints(&self) -> &[VenueEndpoint] {
        &self.endpoints
    }

    /// The CA certificate clients must trust; absent without TLS.
    #[must_use]
    pub fn ca_pem(&self) -> Option<&str> {
        self.ca_pem.as_deref()
    }

    /// The market's own account of a symbol: the intervals in which it traded since the market began, oldest first,
    /// the last of them perhaps still open. Intervals without trades are absent, and so is one that had opened
    /// before the market began. Empty for a symbol that is not listed.
    #[must_use]
    pub fn tally(&self, exchange: ExchangeId, symbol: &Symbol, timeframe: Timeframe) -> Vec<TallyRow> {
        let offset_ns = if timeframe == Timeframe::W1 { MONDAY_NS } else { 0 };
        self.with(exchange, |market| {
            market.index_of(symbol).map(|index| market.tally(index, timeframe.length_ns(), offset_ns))
        })
        .flatten()
        .unwrap_or_default()
    }

    /// Trades of a symbol since the market began; 0 for one that is not listed.
    #[must_use]
    pub fn trades_made(&self, exchange: ExchangeId, symbol: &Symbol) -> u64 {
        self.with(exchange, |market| market.index_of(symbol).map_or(0, |index| market.trades_of(index)))
            .unwrap_or_default()
    }

    /// The symbols of a venue, busiest first.
    #[must_use]
    pub fn symbols(&self, exchange: ExchangeId) -> Vec<Symbol> {
        self.with(exchange, |market| {
            market.instruments().iter().map(|instrument| instrument.listing.symbol.clone()).collect()
        })
        .unwrap_or_default()
    }

    /// What was counted since the start.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let Counters { connections, websockets, frames, messages, requests, refusals, slow } = &self.shared.counters;
        Counts {
            connections: connections.load(Relaxed),
            websockets_opened: websockets.load(Relaxed),
            trades_made: self.shared.markets().iter().map(Market::trades).sum(),
            frames_sent: frames.load(Relaxed),
            messages_received: messages.load(Relaxed),
            requests: requests.load(Relaxed),
            refusals: refusals.load(Relaxed),
            dropped_slow: slow.load(Relaxed),
        }
    }

    /// Drops every WebSocket of a venue without a word, as a failing network does. The market goes on.
    pub fn disconnect_all(&self, exchange: ExchangeId) {
        self.command(Command::Disconnect(exchange));
    }

    /// Ends the server; its sockets close.
    pub fn stop(mut self) {
        self.end();
    }

    fn command(&self, command: Command) {
        self.shared.commands().push(command);
        // A waker that fails has no reactor behind it any more.
        let _ = self.waker.wake();
    }

    fn end(&mut self) {
        self.command(Command::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }

    fn with<T>(&self, exchange: ExchangeId, look: impl FnOnce(&Market) -> T) -> Option<T> {
        self.shared.markets().iter().find(|market| market.exchange == exchange).map(look)
    }
}

impl Drop for Simulation {
    fn drop(&mut self) {
        self.end();
    }
}

/// The listings of every venue, after checking the configuration.
fn listings(config: &SimulationConfig) -> Result<Vec<Vec<Listing>>, SimulationError> {
    if config.symbols == 0 || config.symbols > SYMBOLS_MAX {
        let (value, range) = (config.symbols.to_string(), format!("1 to {SYMBOLS_MAX}"));
        return Err(SimulationError::OutOfRange { name: "symbols", value, range });
    }
    if !(config.rate > 0.0 && config.rate <= 1_000.0) {
        let (value, range) = (config.rate.to_string(), "above 0 and at most 1000".to_owned());
        return Err(SimulationError::OutOfRange { name: "rate", value, range });
    }
    let of = |exchange: &ExchangeId| match market::listings(*exchange, config.symbols, config.rate) {
        listings if listings.is_empty() => Err(SimulationError::NoSuchVenue(*exchange)),
        listings => Ok(listings),
    };
    config.venues.iter().map(of).collect()
}

fn listen(config: &SimulationConfig) -> Result<Vec<TcpListener>, SimulationError> {
    let bind = |(offset, &exchange): (usize, &ExchangeId)| {
        let port = config.port.map_or(0, |first| first.saturating_add(offset as u16));
        TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).map_err(|source| match source.kind() {
            io::ErrorKind::AddrInUse => SimulationError::PortInUse { exchange, port },
            _ => SimulationError::Listen { exchange, port, source },
        })
    };
    config.venues.iter().enumerate().map(bind).collect()
}

fn markets(config: &SimulationConfig, listings: Vec<Vec<Listing>>, now_ns: i64) -> Vec<Market> {
    let rate = listings.iter().flatten().map(|listing| listing.rate).sum();
    let origin_ns = market::origin_ns(now_ns, rate);
    let venues = config.venues.iter().zip(listings);
    let mut markets: Vec<Market> =
        venues.map(|(exchange, listings)| Market::new(*exchange, listings, config.seed, origin_ns)).collect();
    for market in &mut markets {
        market.advance(now_ns);
        // Nobody was listening yet.
        drop(market.take_events());
    }
    markets
}

fn endpoints(config: &SimulationConfig, sockets: &[TcpListener]) -> Vec<VenueEndpoint> {
    let (websocket, rest) = if config.plain { ("ws", "http") } else { ("wss", "https") };
    let endpoint = |(&exchange, socket): (&ExchangeId, &TcpListener)| {
        let port = socket.local_addr().map_or(0, |address| address.port());
        let path = venue::websocket_path(exchange);
        VenueEndpoint {
            exchange,
            websocket: format!("{websocket}://localhost:{port}{path}"),
            rest: format!("{rest}://localhost:{port}"),
        }
    };
    config.venues.iter().zip(sockets).map(endpoint).collect()
}

fn write_ca(config: &SimulationConfig, pem: Option<&str>) -> Result<(), SimulationError> {
    let (Some(path), Some(pem)) = (&config.ca_path, pem) else { return Ok(()) };
    std::fs::write(path, pem).map_err(|source| SimulationError::CaFile { path: path.clone(), source })
}
