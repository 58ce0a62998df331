//! A shard with one Kraken connection, a peer that speaks WebSocket in memory, and a clock moved by hand.

use std::cell::Cell;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use rustls::{ClientConfig, RootCertStore};
use tickplane_candles::SeriesConfig;
use tickplane_exchanges::{Exchange, Request, TradeIds};
use tickplane_model::{Calendar, ExchangeId, Instrument, InstrumentStatus, Key, Product, Symbol, Timeframe};
use tickplane_rings::ring;
use tickplane_segments::{
    ArenaShape, ConnectionStatus, Instance, InstrumentShape, Plane, PlaneShape, PlaneWriter, SeriesShape, StreamStatus,
    TradeReader, TradeRecord,
};
use tickplane_shards::{
    Action, Address, Clock, ConnectionSpec, Feed, Fetch, FetchError, Happening, Now, OwnedInstrument, Route, Shard,
    SymbolFeeds, TRIAL_MS, Worker,
};
use tungstenite::handshake::derive_accept_key;

/// 2026-09-25 17:48:00 UTC, where the captured Kraken messages are from.
pub(crate) const START_NS: i64 = 1_790_358_480_000_000_000;

pub(crate) struct ManualClock {
    monotonic_ns: Cell<u64>,
    /// How far somebody set the wall clock off.
    pub(crate) off_ns: Cell<i64>,
}

impl Clock for ManualClock {
    fn now(&self) -> Now {
        let monotonic_ns = self.monotonic_ns.get();
        Now { monotonic_ns, epoch_ns: START_NS + monotonic_ns as i64 + self.off_ns.get() }
    }
}

/// What a rig is made of.
pub(crate) struct RigShape {
    /// Events between shard and worker.
    pub(crate) ring_events: usize,
    /// Trades the shared ring of a symbol holds.
    pub(crate) trade_capacity: u64,
    /// Rows that can be revised.
    pub(crate) revise_rows: u32,
    /// What ids say.
    pub(crate) ids: TradeIds,
    /// Tells the jitter of its connection.
    pub(crate) seed: u64,
    /// The venue: Kraken, or what passes for it.
    pub(crate) exchange: &'static dyn Exchange,
    /// The venue's ticker of a symbol.
    pub(crate) ticker: fn(&str) -> String,
    /// The venue's hosts.
    pub(crate) addresses: &'static [&'static str],
    /// What it is asked for the address of each attempt.
    pub(crate) grant: Option<Request>,
    /// Where its segments lie; a folder of its own that is emptied at the end, if none is given.
    pub(crate) root: Option<PathBuf>,
}

impl Default for RigShape {
    fn default() -> Self {
        let (ids, root, grant) = (TradeIds::Contiguous, None, None);
        let exchange = tickplane_exchanges::exchange(ExchangeId::Kraken).unwrap();
        Self {
            ring_events: 1_024,
            trade_capacity: 256,
            revise_rows: 120,
            ids,
            seed: 7,
            exchange,
            ticker: |symbol| symbol.replace('-', "/"),
            addresses: &["ws://localhost:1/v2"],
            grant,
            root,
        }
    }
}

/// Trusts nobody: connections here are plain.
static TLS: LazyLock<Arc<ClientConfig>> = LazyLock::new(|| {
    let tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    Arc::new(tls)
});

pub(crate) struct Rig {
    pub(crate) shard: Shard,
    pub(crate) worker: Worker,
    pub(crate) clock: ManualClock,
    pub(crate) plane: Plane,
    /// What the shard told people.
    pub(crate) reports: Vec<Happening>,
    /// Attempts the shard asked for, with their time in milliseconds.
    pub(crate) attempts: Vec<u64>,
    /// Where those attempts went.
    pub(crate) hosts: Vec<String>,
    /// The attempts for which it asked whether it may speak.
    pub(crate) wishes: Vec<u64>,
    /// What it asked by REST and was not answered yet.
    pub(crate) fetches: Vec<Fetch>,
    /// The ids that a reader of each symbol's trades has seen, who keeps up.
    pub(crate) seen: [Vec<u64>; 2],
    readers: [TradeReader; 2],
    /// Whether the shard holds a TCP connection.
    pub(crate) is_connected: bool,
    writer: PlaneWriter,
    _root: Option<tempfile::TempDir>,
}

fn instrument(symbol: &str) -> Instrument {
    Instrument {
        exchange: ExchangeId::Kraken,
        symbol: Symbol::new(symbol).unwrap(),
        venue_symbol: symbol.replace('-', "/"),
        product: Product::Spot,
        tick_size: 0.1,
        lot_size: 1e-8,
        contract_size: 1.0,
        quote_volume_24h: 1e8,
        status: InstrumentStatus::Trading,
    }
}

fn reader(plane: &Plane, symbol: &str) -> TradeReader {
    let key = Key::Trades { exchange: ExchangeId::Kraken, symbol: Symbol::new(symbol).unwrap() };
    plane.trades(&key).unwrap()
}

impl Rig {
    /// Two symbols, a ring of so many events.
    pub(crate) fn new(ring_events: usize) -> Self {
        Self::of(RigShape { ring_events, ..RigShape::default() })
    }

    /// Two symbols of this shape.
    pub(crate) fn of(shape: RigShape) -> Self {
        let root = shape.root.is_none().then(|| tempfile::tempdir().unwrap());
        let path = shape.root.as_deref().or(root.as_ref().map(tempfile::TempDir::path)).unwrap();
        let instance = Instance::new(Some(path), "rig").unwrap();
        let mut writer = PlaneWriter::open(&instance, &PlaneShape::default(), START_NS).unwrap();
        let mut arena = writer.exchange(ExchangeId::Kraken, &ArenaShape::holding(16, 1 << 20)).unwrap();
        let (sender, receiver) = ring(shape.ring_events);
        let mut shard =
            Shard::new(vec![sender], writer.events("shard-0").unwrap(), writer.thread("shard-0").unwrap(), 200);
        let mut worker =
            Worker::new(vec![receiver], writer.events("worker-0").unwrap(), writer.thread("worker-0").unwrap());
        let mut carried = Vec::new();
        for (index, symbol) in ["BTC-USD", "ETH-USD"].into_iter().enumerate() {
            let facts = instrument(symbol);
            let regions = arena.instrument(&facts, &InstrumentShape { trade_capacity: shape.trade_capacity }).unwrap();
            let series = arena.series(&facts.symbol, Timeframe::S1, &SeriesShape::default()).unwrap();
            let config = SeriesConfig {
                timeframe: Timeframe::S1,
                calendar: Calendar::AlwaysOpen,
                grace_ns: 500_000_000,
                revise_rows: shape.revise_rows,
                filler_rows_max: 500,
            };
            let feeds = vec![Feed::new(config, &[], series)];
            worker.add_symbol(SymbolFeeds { exchange: ExchangeId::Kraken, trades: regions.trades(), feeds });
            let route = Route { ring: 0, slot: index as u32 };
            shard.add_instrument(OwnedInstrument::new(regions, shape.ids, route));
            carried.push((index as u32, Instrument { venue_symbol: (shape.ticker)(symbol), ..facts }));
        }
        let clock = ManualClock { monotonic_ns: Cell::new(1_000_000_000), off_ns: Cell::new(0) };
        let health = writer.connection(ExchangeId::Kraken, "kraken #1").unwrap();
        let spec = ConnectionSpec {
            exchange: shape.exchange,
            addresses: shape.addresses.iter().map(|url| Address::parse(url).unwrap()).collect(),
            grant: shape.grant,
            has_trades: true,
            route: "",
            headers: Vec::new(),
            tls: TLS.clone(),
            instruments: carried.into(),
            health,
            trial_ms: TRIAL_MS,
            first_attempt_ms: 0,
            seed: shape.seed,
        };
        shard.add_connection(spec, clock.now());
        let plane = Plane::open(&instance).unwrap();
        let readers = ["BTC-USD", "ETH-USD"].map(|symbol| reader(&plane, symbol));
        Self {
            readers,
            seen: [Vec::new(), Vec::new()],
            shard,
            worker,
            clock,
            plane,
            reports: Vec::new(),
            attempts: Vec::new(),
            wishes: Vec::new(),
            fetches: Vec::new(),
            hosts: Vec::new(),
            is_connected: false,
            writer,
            _root: root,
        }
    }

    /// Ends the rig and removes its segments.
    pub(crate) fn remove(self) {
        self.writer.remove(START_NS).unwrap();
    }

    /// Moves time on and lets the shard do what is due.
    pub(crate) fn pass_ms(&mut self, ms: u64) {
        let clock = &self.clock.monotonic_ns;
        clock.set(clock.get() + ms * 1_000_000);
        self.shard.timeout(self.clock.now());
        self.act();
    }

    /// Moves time on while the shard's thread does not run.
    pub(crate) fn stall_ms(&mut self, ms: u64) {
        let clock = &self.clock.monotonic_ns;
        clock.set(clock.get() + ms * 1_000_000);
    }

    pub(crate) fn now_ms(&self) -> u64 {
        self.clock.now().monotonic_ns / 1_000_000
    }

    fn act(&mut self) {
        for (reader, seen) in self.readers.iter_mut().zip(&mut self.seen) {
            while let tickplane_segments::Next::Item(TradeRecord { trade, .. }) = reader.poll() {
                seen.push(trade.id.low);
            }
        }
        while let Some(action) = self.shard.next_action() {
            match action {
                Action::Connect { connection, attempt, host, port } => {
                    assert_eq!(connection, 0);
                    self.hosts.push(format!("{host}:{port}"));
                    assert!(self.shard.expects(0, attempt) && !self.shard.expects(0, attempt + 1));
                    self.attempts.push(self.now_ms());
                }
                Action::AskToSpeak { connection, attempt, .. } => {
                    assert_eq!(connection, 0);
                    self.wishes.push(attempt);
                }
                Action::Close { connection } => {
                    assert_eq!(connection, 0);
                    self.is_connected = false;
                }
                Action::Fetch(fetch) => self.fetches.push(fetch),
                Action::Report(report) => self.reports.push(report.what),
            }
        }
    }

    /// TCP opens and the peer answers the upgrade; the shard's subscriptions are in the outgoing bytes.
    pub(crate) fn accept(&mut self) {
        self.open_tcp();
        let request = String::from_utf8(self.take_outgoing()).unwrap();
        let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap().trim();
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {}\r\n\r\n",
            derive_accept_key(key.as_bytes())
        );
        self.receive(answer.as_bytes());
    }

    /// TCP opens, and the peer says nothing yet.
    pub(crate) fn open_tcp(&mut self) {
        self.is_connected = true;
        self.shard.connected(0, self.clock.now());
    }

    pub(crate) fn take_outgoing(&mut self) -> Vec<u8> {
        self.shard.outgoing(0).map(std::mem::take).unwrap_or_default()
    }

    pub(crate) fn receive(&mut self, bytes: &[u8]) {
        self.shard.received(0, &mut bytes.to_vec(), self.clock.now(), &self.clock);
        self.act();
    }

    /// The peer sends text messages, all in one read.
    pub(crate) fn say(&mut self, messages: &[String]) {
        let bytes: Vec<u8> = messages.iter().flat_map(|text| frame(text)).collect();
        self.receive(&bytes);
    }

    /// Lets time pass second by second until the shard asks about a symbol; gives the path and the ticket.
    pub(crate) fn asked(&mut self, symbol: &str, within_s: u64) -> (String, u64) {
        let pair = symbol.replace('-', "/");
        for _ in 0..=within_s {
            if let Some(at) = self.fetches.iter().position(|fetch| fetch.request.path.contains(&pair)) {
                let fetch = self.fetches.remove(at);
                return (fetch.request.path, fetch.ticket);
            }
            self.pass_ms(1_000);
            if self.is_connected {
                self.say(&[r#"{"channel":"heartbeat"}"#.to_owned()]);
            }
        }
        panic!("nothing was asked about {symbol} in {within_s} s");
    }

    /// Passes seconds in which the venue only says that it lives.
    pub(crate) fn heartbeats(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.pass_ms(1_000);
            if self.is_connected {
                self.say(&[r#"{"channel":"heartbeat"}"#.to_owned()]);
            }
        }
    }

    /// The venue answers a question.
    pub(crate) fn answer(&mut self, ticket: u64, answer: Result<Vec<u8>, FetchError>) {
        self.shard.fetched(ticket, answer, self.clock.now(), &self.clock);
        self.act();
    }

    /// The health of a symbol's stream.
    pub(crate) fn stream(&self, symbol: &str) -> StreamStatus {
        let streams = self.plane.streams(ExchangeId::Kraken).unwrap();
        streams.into_iter().find(|stream| stream.symbol.as_str() == symbol).unwrap()
    }

    /// The rows of a symbol, closed and open: trades and quality.
    pub(crate) fn rows(&self, symbol: &str) -> Vec<(u64, String)> {
        let series = self.plane.series(&format!("candles:kraken:{symbol}:1s").parse().unwrap()).unwrap();
        let closed = series.candles(500).map_or(Vec::new(), |rows| rows.candles);
        let open = series.live().map(|live| live.candle);
        closed.into_iter().chain(open).map(|row| (row.trade_count, row.quality.to_string())).collect()
    }

    /// The runtime's end of a turn: what waits for room in the ring, then the worker.
    pub(crate) fn end_turn(&mut self) {
        self.shard.end_of_turn(self.clock.now());
        self.worker.turn(&self.clock);
    }

    pub(crate) fn status(&self) -> ConnectionStatus {
        self.plane.connections().remove(0)
    }

    /// The ids of the trades in a symbol's shared ring.
    pub(crate) fn published(&self, symbol: &str) -> Vec<u64> {
        self.records(symbol).iter().map(|record| record.trade.id.low).collect()
    }

    /// The trades in a symbol's shared ring.
    pub(crate) fn records(&self, symbol: &str) -> Vec<TradeRecord> {
        let mut reader = reader(&self.plane, symbol);
        reader.rewind(u64::MAX);
        let mut records = Vec::new();
        while let tickplane_segments::Next::Item(record) = reader.poll() {
            records.push(record);
        }
        records
    }

    /// Trades counted by the candles of a symbol, closed and open.
    pub(crate) fn folded(&self, symbol: &str) -> u64 {
        let key = format!("candles:kraken:{symbol}:1s").parse().unwrap();
        let series = self.plane.series(&key).unwrap();
        let closed: u64 = series.candles(500).map_or(0, |rows| rows.candles.iter().map(|row| row.trade_count).sum());
        closed + series.live().map_or(0, |live| live.candle.trade_count)
    }
}

pub(crate) fn frame(text: &str) -> Vec<u8> {
    let mut bytes = vec![0x81];
    match text.len() {
        length @ 0..126 => bytes.push(length as u8),
        length => {
            bytes.push(126);
            bytes.extend_from_slice(&u16::try_from(length).unwrap().to_be_bytes());
        }
    }
    bytes.extend_from_slice(text.as_bytes());
    bytes
}

/// The text messages in bytes a client sent, unmasked.
pub(crate) fn texts(mut bytes: &[u8]) -> Vec<String> {
    let mut texts = Vec::new();
    while bytes.len() >= 6 {
        let (length, head) = match bytes[1] & 0x7f {
            126 => (usize::from(u16::from_be_bytes([bytes[2], bytes[3]])), 4),
            length => (usize::from(length), 2),
        };
        let mask = &bytes[head..head + 4];
        let payload = bytes[head + 4..head + 4 + length].iter().zip(mask.iter().cycle()).map(|(b, m)| b ^ m).collect();
        if bytes[0] == 0x81 {
            texts.push(String::from_utf8(payload).unwrap());
        }
        bytes = &bytes[head + 4 + length..];
    }
    texts
}

/// A Kraken trade message: symbol, kind, and ids one second's fraction apart.
pub(crate) fn trades(symbol: &str, kind: &str, ids: std::ops::Range<u64>, at_ms: u64) -> String {
    let symbol = symbol.replace('-', "/");
    let data: Vec<String> = ids
        .map(|id| {
            let (minute, second) = (48 + at_ms / 60_000, (at_ms / 1_000) % 60);
            format!(
                r#"{{"symbol":"{symbol}","side":"buy","price":83744.3,"qty":0.00044780,"ord_type":"limit","trade_id":{id},"timestamp":"2026-09-25T17:{minute}:{second:02}.{:03}000Z"}}"#,
                at_ms % 1_000
            )
        })
        .collect();
    format!(r#"{{"channel":"trade","type":"{kind}","data":[{}]}}"#, data.join(","))
}

/// A Kraken ticker message: bid and ask in cents.
pub(crate) fn quote(symbol: &str, bid: u64, ask: u64) -> String {
    let (symbol, price) = (symbol.replace('-', "/"), |cents: u64| format!("{}.{:02}", cents / 100, cents % 100));
    let (bid, ask) = (price(bid), price(ask));
    format!(
        r#"{{"channel":"ticker","type":"update","data":[{{"symbol":"{symbol}","bid":{bid},"bid_qty":0.56,"ask":{ask},"ask_qty":0.04,"last":{ask},"volume":3156.8,"vwap":{ask},"low":{bid},"high":{ask},"change":-429.3,"change_pct":-0.51,"trades":135262,"timestamp":"2026-09-25T17:48:26.844359Z"}}]}}"#
    )
}

pub(crate) fn ack(symbol: &str) -> String {
    let symbol = symbol.replace('-', "/");
    format!(
        r#"{{"method":"subscribe","result":{{"channel":"trade","snapshot":true,"symbol":"{symbol}"}},"success":true,"time_in":"2026-09-25T17:48:24.745996Z","time_out":"2026-09-25T17:48:24.746032Z"}}"#
    )
}

/// Kraken's REST answer with these trades.
pub(crate) fn rest(symbol: &str, ids: std::ops::Range<u64>, at_ms: u64) -> Result<Vec<u8>, FetchError> {
    let at = |id: u64| START_NS / 1_000_000 + at_ms as i64 + (id - ids.start) as i64;
    let row = |id: u64| {
        let ms = at(id);
        format!(r#"["83744.3","0.00044780",{}.{:03},"b","l","",{id}]"#, ms / 1_000, ms % 1_000)
    };
    let rows: Vec<String> = ids.clone().map(row).collect();
    let pair = symbol.replace('-', "/");
    Ok(format!(r#"{{"error":[],"result":{{"{pair}":[{}],"last":"1"}}}}"#, rows.join(",")).into_bytes())
}
