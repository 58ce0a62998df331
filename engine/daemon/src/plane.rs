//! Where the two planes meet: the cold path's decisions become regions, instruments, series and connections of the
//! data plane. No other file knows both.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crossbeam_channel::{Sender, bounded};
use tickplane_candles::SeriesConfig;
use tickplane_exchanges::{ConnectionPlan, Endpoint, Meta, Request};
use tickplane_model::{ExchangeId, Instrument, InstrumentIndex, Symbol, Trade};
use tickplane_runtimes::{Command, Thread};
use tickplane_segments::{
    Bell, ExchangeWriter, HistoryRecord, Instance, InstrumentWriter, Plane as Reader, PlaneWriter, RestRecord,
};
use tickplane_shards::{Address, ConnectionSpec, Feed, History, OwnedInstrument, Route, SymbolFeeds};

use crate::config::Config;
use crate::error::DaemonError;
use crate::history::Fill;
use crate::memory::arena_shape;
use crate::threads::{Outside, Threads, start_threads, writing_threads};
use crate::venue::{MarketSite, Venue};

/// Where an instrument lives.
#[derive(Clone, Copy)]
struct Place {
    shard: usize,
    index: InstrumentIndex,
    worker: usize,
    /// In its worker.
    slot: u32,
}

/// What one launch hands to the threads.
struct Launch {
    /// Per worker.
    symbols: Vec<Vec<SymbolFeeds>>,
    /// Per shard: those that are new.
    instruments: Vec<Vec<OwnedInstrument>>,
    /// Per shard: all of the launch, with their index.
    carried: Vec<Vec<(InstrumentIndex, Instrument)>>,
}

/// The data plane as the cold path sees it.
pub(crate) struct Plane {
    config: Config,
    instance: Instance,
    writer: PlaneWriter,
    arenas: BTreeMap<ExchangeId, ExchangeWriter>,
    threads: Threads,
    places: HashMap<(ExchangeId, Symbol), Place>,
    instruments_of_shard: Vec<u32>,
    symbols_of_worker: Vec<u32>,
}

impl Plane {
    /// Takes the instance and makes its plane segment. The first thing of all: it makes the root, and tells whether
    /// another plane holds the instance.
    pub(crate) fn take(config: &Config, instance: &Instance, now_ns: i64) -> Result<PlaneWriter, DaemonError> {
        Ok(PlaneWriter::open(instance, &crate::memory::plane_shape(writing_threads(config)), now_ns)?)
    }

    /// Starts the threads, idle.
    pub(crate) fn start(
        config: &Config,
        instance: &Instance,
        mut writer: PlaneWriter,
        outside: &Outside,
    ) -> Result<Self, DaemonError> {
        let threads = start_threads(config, &mut writer, outside)?;
        Ok(Self {
            config: config.clone(),
            instance: instance.clone(),
            instruments_of_shard: vec![0; threads.shards.len()],
            symbols_of_worker: vec![0; threads.workers.len()],
            writer,
            arenas: BTreeMap::new(),
            threads,
            places: HashMap::new(),
        })
    }

    /// How the plane runs, in one line for people.
    pub(crate) fn description(&self) -> &str {
        &self.threads.description
    }

    pub(crate) fn bell(&self) -> Bell {
        self.writer.bell()
    }

    pub(crate) fn heartbeat(&mut self, now_ns: i64) {
        self.writer.heartbeat(now_ns);
    }

    /// Makes regions for instruments that have none, hands them to their threads, and opens the connections.
    pub(crate) fn launch(&mut self, venue: &Venue, instruments: &[Instrument]) -> Result<(), String> {
        self.check_memory(venue.id(), instruments)?;
        let before = (self.places.clone(), self.instruments_of_shard.clone(), self.symbols_of_worker.clone());
        let launch = match self.prepare(venue, instruments) {
            Ok(launch) => launch,
            Err(error) => {
                // No thread has heard of any of it: what was counted for them is taken back.
                (self.places, self.instruments_of_shard, self.symbols_of_worker) = before;
                return Err(error.to_string());
            }
        };
        let Launch { symbols, instruments, carried } = launch;
        // A worker must know its symbols before a shard may send it their trades.
        let workers = self.threads.workers.iter();
        hand_over(workers, symbols, Command::AddSymbols);
        let shards = self.threads.shards.iter();
        hand_over(shards, instruments, Command::AddInstruments);
        let mut connections = Vec::new();
        let mut total = Total::default();
        for carried in &carried {
            connections.push(self.connections(venue, carried, &mut total)?);
        }
        hand_over(self.threads.shards.iter(), connections, Command::AddConnections);
        Ok(())
    }

    /// The record of an exchange's history, and a reader of what the plane publishes.
    pub(crate) fn history(&mut self, exchange: ExchangeId) -> Result<(HistoryRecord, Arc<Reader>), String> {
        let record = self.writer.history(exchange).map_err(|error| error.to_string())?;
        let reader = Reader::open(&self.instance).map_err(|error| error.to_string())?;
        Ok((record, Arc::new(reader)))
    }

    /// The record of what is asked of a host by REST.
    pub(crate) fn rest(&mut self, exchange: ExchangeId, host: &str) -> Result<RestRecord, String> {
        self.writer.rest(exchange, host).map_err(|error| error.to_string())
    }

    /// Hands the venue's candles to the workers of their symbols.
    pub(crate) fn fill(&self, exchange: ExchangeId, fills: Vec<Fill>) {
        for Fill { symbol, timeframe, candles, purpose } in fills {
            if let Some(Place { worker, slot, .. }) = self.places.get(&(exchange, symbol)) {
                let history = History { slot: *slot, timeframe, candles, purpose };
                self.threads.workers[*worker].waking().send(Command::History(vec![history]));
            }
        }
    }

    /// Closes an exchange's connections; what was published stays.
    pub(crate) fn halt(&self, exchange: ExchangeId) {
        for shard in &self.threads.shards {
            tell(shard, |done| Command::RemoveExchange(exchange, done));
        }
    }

    /// Ends the threads, marks every segment closed, and removes the files if asked to.
    pub(crate) fn shutdown(self, is_removing: bool, now_ns: i64) -> Result<(), String> {
        let Self { threads, writer, .. } = self;
        threads.stop();
        if is_removing {
            return writer.remove(now_ns).map_err(|error| error.to_string());
        }
        writer.close(now_ns);
        Ok(())
    }

    fn check_memory(&self, exchange: ExchangeId, instruments: &[Instrument]) -> Result<(), String> {
        let is_new = |instrument: &&Instrument| !self.places.contains_key(&(exchange, instrument.symbol.clone()));
        let new = instruments.iter().filter(is_new).count();
        let arena = if self.arenas.contains_key(&exchange) { 0 } else { arena_shape(&self.config, exchange).bytes() };
        crate::memory::check(&self.config, &self.instance, new, arena)
    }

    fn prepare(
        &mut self,
        venue: &Venue,
        instruments: &[Instrument],
    ) -> Result<Launch, tickplane_segments::SegmentError> {
        let exchange = venue.id();
        let shards = self.threads.shards.len();
        let mut launch = Launch {
            symbols: self.threads.workers.iter().map(|_| Vec::new()).collect(),
            instruments: (0..shards).map(|_| Vec::new()).collect(),
            carried: vec![Vec::new(); shards],
        };
        if !self.arenas.contains_key(&exchange) {
            let mut arena = self.writer.exchange(exchange, &arena_shape(&self.config, exchange))?;
            arena.keep_calendar(venue.exchange.meta().calendar);
            self.arenas.insert(exchange, arena);
        }
        for (rank, instrument) in instruments.iter().enumerate() {
            let key = (exchange, instrument.symbol.clone());
            let place = match self.places.get(&key) {
                Some(place) => *place,
                None => self.place(rank % shards, instrument, venue, &mut launch)?,
            };
            self.places.insert(key, place);
            launch.carried[place.shard].push((place.index, instrument.clone()));
        }
        Ok(launch)
    }

    /// Makes the regions of a new instrument and its series.
    fn place(
        &mut self,
        shard: usize,
        instrument: &Instrument,
        venue: &Venue,
        launch: &mut Launch,
    ) -> Result<Place, tickplane_segments::SegmentError> {
        let index = self.instruments_of_shard[shard];
        let (worker, ring) = self.threads.worker_of(shard, index as usize);
        let Some(arena) = self.arenas.get_mut(&venue.id()) else {
            unreachable!("an exchange has its arena before its instruments");
        };
        let writer = arena.instrument(instrument, &crate::memory::instrument_shape(&self.config))?;
        let mut feeds = feeds(arena, &self.config, venue, instrument)?;
        let kept = kept_trades(&writer);
        feeds.iter_mut().for_each(|feed| feed.refold(&kept));
        let symbol = SymbolFeeds { exchange: venue.id(), trades: writer.trades(), feeds };
        let slot = self.symbols_of_worker[worker];
        let route = Route { ring, slot };
        let ids = venue.exchange.market(instrument.product).trade_ids;
        launch.symbols[worker].push(symbol);
        launch.instruments[shard].push(OwnedInstrument::new(writer, ids, route));
        self.symbols_of_worker[worker] += 1;
        self.instruments_of_shard[shard] += 1;
        Ok(Place { shard, index, worker, slot })
    }

    /// The connections that carry these instruments of one shard, numbered on from `number`.
    fn connections(
        &mut self,
        venue: &Venue,
        carried: &[(InstrumentIndex, Instrument)],
        total: &mut Total,
    ) -> Result<Vec<ConnectionSpec>, String> {
        let mut connections = Vec::new();
        for site in &venue.markets {
            let is_of_site =
                |(_, of): &&(InstrumentIndex, Instrument)| std::ptr::eq(venue.exchange.market(of.product), site.meta);
            let carried: Vec<(InstrumentIndex, Instrument)> = carried.iter().filter(is_of_site).cloned().collect();
            let instruments: Vec<Instrument> = carried.iter().map(|(_, instrument)| instrument.clone()).collect();
            // The same connections at every host.
            let plans: Vec<Vec<ConnectionPlan>> =
                site.hosts().map(|hosts| venue.exchange.plan(&hosts, &instruments)).collect();
            for at in 0..plans[0].len() {
                let plans: Vec<&ConnectionPlan> = plans.iter().filter_map(|plans| plans.get(at)).collect();
                total.add(plans[0], site.meta)?;
                connections.push(self.connection(venue, site, &plans, total.connections, &carried)?);
            }
        }
        Ok(connections)
    }

    /// A connection by its plans, one per host.
    fn connection(
        &mut self,
        venue: &Venue,
        site: &MarketSite,
        plans: &[&ConnectionPlan],
        number: u64,
        carried: &[(InstrumentIndex, Instrument)],
    ) -> Result<ConnectionSpec, String> {
        let plan = plans[0];
        let (addresses, grant) = addresses(site, plans)?;
        let label = format!("{}:{} #{number}", addresses[0].host, addresses[0].port);
        let health = self.writer.connection(venue.id(), &label).map_err(|error| error.to_string())?;
        let rate = site.meta.limits.connects;
        // Half of the venue's allowance at once, the rest of it stays for reconnects.
        let first_attempt_ms =
            rate.map_or(0, |rate| (number - 1) / u64::from((rate.count / 2).max(1)) * u64::from(rate.per_ms));
        Ok(ConnectionSpec {
            exchange: venue.exchange,
            addresses,
            grant,
            has_trades: plan.has_trades,
            route: plan.route,
            headers: plan.headers.clone(),
            tls: venue.trust.tls.clone(),
            instruments: plan.instruments.iter().map(|at| carried[*at].clone()).collect::<Arc<[_]>>(),
            health,
            trial_ms: tickplane_shards::TRIAL_MS,
            first_attempt_ms,
            seed: number ^ u64::from(std::process::id()) << 32,
        })
    }
}

/// What the connections of a launch are together: venues limit it by IP.
#[derive(Default)]
struct Total {
    connections: u64,
    subscriptions: usize,
}

impl Total {
    fn add(&mut self, plan: &ConnectionPlan, meta: &Meta) -> Result<(), String> {
        self.connections += 1;
        self.subscriptions += plan.subscriptions;
        let limits = meta.limits;
        let check = |what: &str, is: usize, limit: usize| {
            if limit == 0 || is <= limit {
                return Ok(());
            }
            Err(format!("more than the {limit} {what} that {} allows from one IP; name fewer symbols", meta.name))
        };
        check("connections", usize::try_from(self.connections).unwrap_or(usize::MAX), limits.connections_per_ip)?;
        check("subscriptions", self.subscriptions, limits.subscriptions_per_ip)
    }
}

/// Where a connection goes, and what is asked first. Where the venue grants the address, the market's own host stands
/// for it until then.
fn addresses(site: &MarketSite, plans: &[&ConnectionPlan]) -> Result<(Vec<Address>, Option<Request>), String> {
    let address = |url: &str| Address::parse(url).map_err(|error| error.to_string());
    if let Endpoint::Request(request) = &plans[0].endpoint {
        return Ok((vec![address(&site.websockets[0])?], Some(request.clone())));
    }
    let urls = plans.iter().filter_map(|plan| match &plan.endpoint {
        Endpoint::Url(url) => Some(address(url)),
        Endpoint::Request(_) => None,
    });
    Ok((urls.collect::<Result<Vec<_>, _>>()?, None))
}

/// The trades that an earlier process left in the shared ring, oldest first.
fn kept_trades(writer: &InstrumentWriter) -> Vec<Trade> {
    let reader = writer.trades();
    let head = reader.head();
    (head.saturating_sub(reader.capacity()) + 1..=head).filter_map(|seq| reader.trade(seq)).collect()
}

fn feeds(
    arena: &mut ExchangeWriter,
    config: &Config,
    venue: &Venue,
    instrument: &Instrument,
) -> Result<Vec<Feed>, tickplane_segments::SegmentError> {
    let shape = crate::memory::series_shape(config);
    let mut timeframes = config.timeframes.clone();
    timeframes.sort();
    timeframes
        .into_iter()
        .map(|timeframe| {
            let series = SeriesConfig {
                timeframe,
                calendar: venue.exchange.market(instrument.product).calendar,
                grace_ns: config.grace_ms as i64 * 1_000_000,
                revise_rows: config.revise_rows,
                filler_rows_max: u32::try_from(config.depth).unwrap_or(u32::MAX),
            };
            let writer = arena.series(&instrument.symbol, timeframe, &shape)?;
            Ok(Feed::new(series, &config.indicators, writer))
        })
        .collect()
}

/// Sends each thread its part and waits until all have taken theirs.
fn hand_over<'a, T>(
    threads: impl Iterator<Item = &'a Thread>,
    parts: Vec<Vec<T>>,
    command: impl Fn(Vec<T>, Sender<()>) -> Command,
) {
    for (thread, part) in threads.zip(parts) {
        if !part.is_empty() {
            tell(thread, |done| command(part, done));
        }
    }
}

/// Sends one command and waits until it is done: the thread drops its end then, or when it ends.
fn tell(thread: &Thread, command: impl FnOnce(Sender<()>) -> Command) {
    let (done, taken) = bounded(0);
    thread.waking().send(command(done));
    let _ = taken.recv();
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests have every power")]
mod tests {
    use std::time::Duration;

    use crossbeam_channel::unbounded;
    use tickplane_model::{InstrumentStatus, Product};
    use tickplane_runtimes::{Booking, Fetcher, Gate, Notice, Ringer, Waking};
    use tickplane_segments::HoldKind;
    use tickplane_shards::Fetch;

    use super::*;
    use crate::ledger::Ledger;
    use crate::talk::Talk;
    use crate::venue::{trusts, venues};

    /// Lets every attempt wait: these tests are about what happens before.
    struct Closed;

    impl Gate for Closed {
        fn book(&self, _host: &str, _port: u16) -> Booking {
            Booking { wait: Duration::from_secs(3_600), hold: HoldKind::Limit }
        }
    }

    impl Fetcher for Closed {
        fn fetch(&self, _fetch: Fetch, _answer: &Waking) {}
    }

    fn instrument(symbol: &str, venue_symbol: String) -> Instrument {
        Instrument {
            exchange: ExchangeId::Kraken,
            symbol: symbol.parse().unwrap(),
            venue_symbol,
            product: Product::Spot,
            tick_size: 0.1,
            lot_size: 0.1,
            contract_size: 1.0,
            quote_volume_24h: 0.0,
            status: InstrumentStatus::Trading,
        }
    }

    #[test]
    fn a_launch_that_fails_half_way_leaves_nothing_behind_for_the_next() {
        let root = tempfile::tempdir().unwrap();
        let config = Config { root: Some(root.path().to_owned()), ..Config::default() };
        let instance = Instance::new(config.root.as_deref(), "launch").unwrap();
        let (notices, heard) = unbounded();
        let outside = Outside { gate: Arc::new(Closed), fetcher: Arc::new(Closed), ringer: Ringer::new().0, notices };
        let writer = Plane::take(&config, &instance, 1).unwrap();
        let mut plane = Plane::start(&config, &instance, writer, &outside).unwrap();
        let (talk, _lines) = unbounded();
        let ledger = Arc::new(Ledger::in_memory().unwrap());
        let all = tickplane_exchanges::all();
        let venues = venues(&config, all, trusts(&config, all).unwrap(), &ledger, &Talk::new(talk));
        let venue = &venues[&ExchangeId::Kraken];

        let good = instrument("BTC-USD", "BTC/USD".to_owned());
        // No region takes a ticker of more than 64 bytes: the launch fails after the first instrument is placed.
        let bad = instrument("ETH-USD", "E".repeat(65));
        let error = plane.launch(venue, &[good.clone(), bad]).unwrap_err();
        assert!(error.contains("ETH-USD"), "{error}");
        assert!(plane.places.is_empty() && plane.instruments_of_shard.iter().all(|count| *count == 0));

        let other = instrument("SOL-USD", "SOL/USD".to_owned());
        plane.launch(venue, &[other, good]).unwrap();
        std::thread::sleep(Duration::from_millis(200));
        let panicked = heard.try_iter().any(|notice| matches!(notice, Notice::Panicked { .. }));
        assert!(!panicked, "a thread met an instrument it does not have");
        plane.shutdown(true, 2).unwrap();
    }
}
