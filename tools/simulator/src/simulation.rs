//! The handle: start, endpoints, tally, stop.
#![allow(clippy::disallowed_methods, reason = "this file opens the ports, starts the thread and writes the CA")]

mod error;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Acquire, Relaxed};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use mio::net::TcpListener;
use mio::{Poll, Waker};
use tickplane_model::{ExchangeId, NS_PER_DAY, Symbol, Timeframe};

use crate::capture::{self, Capture, CaptureSummary, Playback, Survey};
use crate::fault::{Fault, FaultKind, FaultScope, Faults};
use crate::market::{self, Listing, Market, SYMBOLS_MAX, TallyRow};
use crate::server::clock::Clock;
use crate::server::counts::{Arrival, Counters, Counts};
use crate::server::reactor::{Command, Reactor, Shared, WAKE};
use crate::server::site::Site;
use crate::server::tls;
use crate::venue::{self, Venue};

pub use error::SimulationError;

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
    /// What goes wrong, and when.
    pub faults: Vec<Fault>,
    /// A recording of one of the venues, played in place of its made market; `symbols`, `seed` and `rate` are for the
    /// others.
    pub capture: Option<Capture>,
    /// Limits on connections and requests hold for times so many times shorter at these venues: for tests of what takes
    /// hours. Those on messages are always the venue's.
    pub limits_faster: Vec<(ExchangeId, u32)>,
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
            faults: Vec::new(),
            capture: None,
            limits_faster: Vec::new(),
        }
    }
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
    summary: Option<CaptureSummary>,
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
        let recording = config.capture.as_ref().map(|capture| capture::prepare(capture, &config.venues)).transpose()?;
        let (survey, playback) = recording.unzip();
        let summary = survey.as_ref().map(|survey| survey.summary.clone());
        let markets = markets(&config, listings, survey, clock.now_ns());
        let faster = |id| config.limits_faster.iter().find(|(of, _)| *of == id).map_or(1, |(_, faster)| *faster);
        let venues = markets
            .iter()
            .map(|market| {
                let profile = venue::profile(market.exchange);
                let profile = profile.ok_or(SimulationError::NoSuchVenue(market.exchange))?;
                let mut venue = (profile.make)(market);
                venue.hurry(faster(market.exchange));
                Ok::<_, SimulationError>(venue)
            })
            .collect::<Result<Vec<_>, _>>()?;
        for fault in &config.faults {
            check_fault(fault.exchange, &fault.kind, &markets, config.plain)?;
        }
        let endpoints = endpoints(&config, &sockets);
        let sites = sites(&config, venues, sockets, playback, clock.now_ns())?;
        let shared = Arc::new(Shared {
            markets: Mutex::new(markets),
            commands: Mutex::default(),
            counters: Counters::default(),
            playback_finished: AtomicBool::new(false),
        });
        let poll = Poll::new()?;
        let waker = Waker::new(poll.registry(), WAKE)?;
        let ca_pem = authority.as_ref().map(|authority| authority.pem.clone());
        let reactor = Reactor::new(poll, sites, Arc::clone(&shared), authority, clock)?;
        write_ca(&config, ca_pem.as_deref())?;
        let thread = std::thread::Builder::new().name("simulator".to_owned()).spawn(move || reactor.run())?;
        Ok(Self { endpoints, ca_pem, summary, shared, waker, thread: Some(thread) })
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

    /// The candles of a symbol as the venue tells them by REST, of intervals that open in [from, to) and had trades, oldest
    /// first: its past before the market began included, and what [`Simulation::misstate_candles`] did to them. Empty for a
    /// symbol that is not listed.
    #[must_use]
    pub fn candles(
        &self,
        exchange: ExchangeId,
        symbol: &Symbol,
        timeframe: Timeframe,
        (from_ns, to_ns): (i64, i64),
    ) -> Vec<TallyRow> {
        let offset_ns = if timeframe == Timeframe::W1 { MONDAY_NS } else { 0 };
        let candles = |market: &Market| {
            let index = market.index_of(symbol)?;
            Some(market.candles(index, timeframe.length_ns(), offset_ns, from_ns, to_ns))
        };
        self.with(exchange, candles).flatten().unwrap_or_default()
    }

    /// Trades of a symbol since the market began; 0 for one that is not listed.
    #[must_use]
    pub fn trades_made(&self, exchange: ExchangeId, symbol: &Symbol) -> u64 {
        self.with(exchange, |market| market.index_of(symbol).map_or(0, |index| market.trades_of(index)))
            .unwrap_or_default()
    }

    /// Changes of a symbol's best bid and ask since the market began; 0 for one that is not listed. Of a recording:
    /// the best bids and asks played so far.
    #[must_use]
    pub fn quotes_made(&self, exchange: ExchangeId, symbol: &Symbol) -> u64 {
        self.with(exchange, |market| market.index_of(symbol).map_or(0, |index| market.quotes_of(index)))
            .unwrap_or_default()
    }

    /// What the recording holds that is played, by a first reading.
    #[must_use]
    pub fn capture(&self) -> Option<&CaptureSummary> {
        self.summary.as_ref()
    }

    /// Whether the recording was played to its end; then its venue is quiet, and heartbeats and pings go on. What was
    /// played last may still be on its way to a slow reader. False without a recording.
    #[must_use]
    pub fn playback_finished(&self) -> bool {
        self.shared.playback_finished.load(Acquire)
    }

    /// The symbols of a venue, busiest first.
    #[must_use]
    pub fn symbols(&self, exchange: ExchangeId) -> Vec<Symbol> {
        self.with(exchange, |market| {
            market.instruments().iter().map(|instrument| instrument.listing.symbol.clone()).collect()
        })
        .unwrap_or_default()
    }

    /// What a venue was asked for by REST, path and query, oldest first; of very many the newest.
    #[must_use]
    pub fn requests(&self, exchange: ExchangeId) -> Vec<String> {
        self.shared.counters.asked_of(exchange)
    }

    /// Who came to a venue when, and what was said: oldest first, of very many the newest.
    #[must_use]
    pub fn arrivals(&self, exchange: ExchangeId) -> Vec<Arrival> {
        self.shared.counters.arrivals_at(exchange)
    }

    /// From now on a venue's candles that hold this time are wrong (a high one percent above, half as much volume
    /// again), in every timeframe, while its trades and [`Simulation::tally`] stay right. No effect for a symbol that is
    /// not listed.
    pub fn misstate_candles(&self, exchange: ExchangeId, symbol: &Symbol, time_ns: i64) {
        let mut markets = self.shared.markets();
        if let Some(market) = markets.iter_mut().find(|market| market.exchange == exchange)
            && let Some(index) = market.index_of(symbol)
        {
            market.misstate(index, time_ns);
        }
    }

    /// What was counted since the start.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let Counters { connections, websockets, frames, messages, requests, refusals, slow, faults, .. } =
            &self.shared.counters;
        Counts {
            connections: connections.load(Relaxed),
            websockets_opened: websockets.load(Relaxed),
            trades_made: self.shared.markets().iter().map(Market::trades).sum(),
            frames_sent: frames.load(Relaxed),
            messages_received: messages.load(Relaxed),
            requests: requests.load(Relaxed),
            refusals: refusals.load(Relaxed),
            dropped_slow: slow.load(Relaxed),
            faults: faults.load(Relaxed),
        }
    }

    /// Drops every WebSocket of a venue without a word, as a failing network does. The market goes on.
    pub fn disconnect_all(&self, exchange: ExchangeId) {
        self.command(Command::Disconnect(exchange));
    }

    /// Lets a fault begin now; it ends after its kind's [`FaultKind::usual_duration`].
    ///
    /// # Errors
    /// When the venue is not simulated here, does not list the fault's symbol, or has no TLS that could fail.
    pub fn inject(&self, exchange: ExchangeId, kind: FaultKind) -> Result<(), SimulationError> {
        let duration = kind.usual_duration();
        self.inject_for(exchange, kind, duration)
    }

    /// Lets a fault begin now, and end after `duration`; zero for what happens once.
    ///
    /// # Errors
    /// As [`Simulation::inject`].
    pub fn inject_for(&self, exchange: ExchangeId, kind: FaultKind, duration: Duration) -> Result<(), SimulationError> {
        check_fault(exchange, &kind, &self.shared.markets(), self.ca_pem.is_none())?;
        self.command(Command::Fault(exchange, kind, ns(duration)));
        Ok(())
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

fn markets(
    config: &SimulationConfig,
    listings: Vec<Vec<Listing>>,
    mut survey: Option<Survey>,
    now_ns: i64,
) -> Vec<Market> {
    let rate = listings.iter().flatten().map(|listing| listing.rate).sum();
    let origin_ns = market::origin_ns(now_ns, rate);
    let venues = config.venues.iter().zip(listings);
    let market = |(&exchange, listings)| match survey.take_if(|survey| survey.summary.exchange == exchange) {
        Some(survey) => Market::recorded(exchange, survey.listings, survey.summary.from_ns),
        None => Market::new(exchange, listings, config.seed, origin_ns),
    };
    let mut markets: Vec<Market> = venues.map(market).collect();
    for market in &mut markets {
        market.advance(now_ns);
        // Nobody was listening yet.
        drop(market.take_events());
    }
    markets
}

/// A venue, its listener and its faults together.
fn sites(
    config: &SimulationConfig,
    venues: Vec<Box<dyn Venue>>,
    sockets: Vec<TcpListener>,
    mut playback: Option<Playback>,
    start_ns: i64,
) -> io::Result<Vec<Site>> {
    let site = |((exchange, venue), socket): ((&ExchangeId, Box<dyn Venue>), TcpListener)| {
        let mut faults = Faults::new(*exchange);
        for fault in config.faults.iter().filter(|fault| fault.exchange == *exchange) {
            faults.order(fault.kind.clone(), start_ns.saturating_add(ns(fault.at)), ns(fault.duration));
        }
        let mut site = Site::new(venue, socket, faults)?;
        site.playback = playback.take_if(|playback| playback.exchange() == *exchange);
        Ok(site)
    };
    config.venues.iter().zip(venues).zip(sockets).map(site).collect()
}

fn ns(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

/// Whether a fault can strike anything here.
fn check_fault(
    exchange: ExchangeId,
    fault: &FaultKind,
    markets: &[Market],
    plain: bool,
) -> Result<(), SimulationError> {
    let fault = || fault.clone();
    let market = markets.iter().find(|market| market.exchange == exchange);
    let market = market.ok_or_else(|| SimulationError::FaultVenue { fault: fault(), exchange })?;
    if plain && fault().needs_tls() {
        return Err(SimulationError::FaultNeedsTls(fault()));
    }
    match fault().scope() {
        Some(FaultScope::Symbol(symbol)) if market.index_of(symbol).is_none() => {
            let first = market.instruments().iter().take(5).map(|instrument| instrument.listing.symbol.to_string());
            let listed = first.collect::<Vec<_>>().join(" ");
            Err(SimulationError::FaultSymbol { fault: fault(), exchange, symbol: symbol.clone(), listed })
        }
        _ => Ok(()),
    }
}

fn endpoints(config: &SimulationConfig, sockets: &[TcpListener]) -> Vec<VenueEndpoint> {
    let (websocket, rest) = if config.plain { ("ws", "http") } else { ("wss", "https") };
    let endpoint = |(&exchange, socket): (&ExchangeId, &TcpListener)| {
        let port = socket.local_addr().map_or(0, |address| address.port());
        let path = venue::profile(exchange).map_or("", |profile| profile.websocket_path);
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
