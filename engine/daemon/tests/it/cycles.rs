//! Connections that the venue accepts, serves and drops, again and again: never more attempts than allowed, over
//! restarts too, and nothing left behind.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command as Process;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustls::{ClientConfig, RootCertStore};
use tickplane_daemon::Ledger;
use tickplane_exchanges::{Rate, TradeIds};
use tickplane_model::{ExchangeId, Instrument, InstrumentStatus, Product, Symbol};
use tickplane_rings::ring;
use tickplane_runtimes::{Booking, Command, Gate, Resolver, Runtime, SystemClock, Thread, ThreadSpec, spawn};
use tickplane_segments::{ArenaShape, HoldKind, Instance, InstrumentShape, PlaneShape, PlaneWriter};
use tickplane_shards::{Address, Clock, ConnectionSpec, OwnedInstrument, Route, Shard, SymbolFeeds, Worker};
use tungstenite::handshake::derive_accept_key;

use crate::support::{is_refused, wait_until};

/// What the venue of these tests allows: so little that it is the limit, and not the backoff, that holds attempts back.
const RATE: Rate = Rate { count: 100, per_ms: 250 };
const CONNECTIONS: u32 = 96;
/// Beyond this the plane grows with every cycle: 200 bytes each, over 10,000.
const GROWTH_BYTES_MAX: u64 = 2 << 20;

/// The venue: takes connections, gives each one trade, and drops it.
struct Venue {
    address: SocketAddr,
    accepted: Arc<Mutex<Vec<Instant>>>,
    served: Arc<AtomicUsize>,
}

impl Venue {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (accepted, served) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicUsize::new(0)));
        for _ in 0..4 {
            let (listener, accepted, served) = (listener.try_clone().unwrap(), accepted.clone(), served.clone());
            std::thread::spawn(move || {
                while let Ok((stream, _)) = listener.accept() {
                    accepted.lock().unwrap().push(Instant::now());
                    // A plane that is being stopped may leave in the middle.
                    if serve(stream).is_ok() {
                        served.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        Self { address, accepted, served }
    }

    fn served(&self) -> usize {
        self.served.load(Ordering::Relaxed)
    }
}

fn serve(mut stream: TcpStream) -> std::io::Result<()> {
    static TRADES: AtomicUsize = AtomicUsize::new(1);
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut request = Vec::new();
    let mut bytes = [0; 2_048];
    while !request.ends_with(b"\r\n\r\n") {
        let count = stream.read(&mut bytes)?;
        request.extend_from_slice(&bytes[..count]);
        if count == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    let request = String::from_utf8_lossy(&request);
    let symbol = request.split(['/', ' ']).nth(2).unwrap_or("");
    let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap_or("").trim();
    let trade = format!(
        r#"{{"channel":"trade","type":"update","data":[{{"symbol":"{symbol}/USD","side":"buy","price":1.5,"qty":2.0,"ord_type":"limit","trade_id":{},"timestamp":"2026-09-25T17:48:00.000000Z"}}]}}"#,
        TRADES.fetch_add(1, Ordering::Relaxed)
    );
    let mut answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {}\r\n\r\n",
        derive_accept_key(key.as_bytes())
    )
    .into_bytes();
    answer.extend([0x81, 126]);
    answer.extend((trade.len() as u16).to_be_bytes());
    answer.extend(trade.as_bytes());
    stream.write_all(&answer)?;
    stream.shutdown(Shutdown::Write)?;
    // What the client says is read before the end, or its kernel would be told of a reset and drop our trade.
    while stream.read(&mut bytes)? > 0 {}
    Ok(())
}

struct Gated(Ledger);

impl Gate for Gated {
    fn book(&self, _host: &str, _port: u16) -> Booking {
        let wait = self.0.book("venue", RATE, SystemClock::new().now().epoch_ns).unwrap();
        Booking { wait, hold: HoldKind::Limit }
    }
}

fn instrument(number: u32) -> Instrument {
    Instrument {
        exchange: ExchangeId::Kraken,
        symbol: Symbol::new(&format!("S{number}-USD")).unwrap(),
        venue_symbol: format!("S{number}/USD"),
        product: Product::Spot,
        tick_size: 0.1,
        lot_size: 0.1,
        contract_size: 1.0,
        quote_volume_24h: 1.0,
        status: InstrumentStatus::Trading,
    }
}

/// A thread with many connections to the venue; it runs until it is stopped.
fn plane(root: &Path, runtime: Runtime, venue: &Venue) -> (Thread, PlaneWriter) {
    let instance = Instance::new(Some(root), "cycles").unwrap();
    let mut writer = PlaneWriter::open(&instance, &PlaneShape::default(), SystemClock::new().now().epoch_ns).unwrap();
    let mut arena = writer.exchange(ExchangeId::Kraken, &ArenaShape::holding(256, 4 << 20)).unwrap();
    let (sender, receiver) = ring(1_024);
    let (events, health) = (writer.events("shard-0").unwrap(), writer.thread("shard-0").unwrap());
    let mut shard = Shard::new(vec![sender], events, health, 200);
    let (events, health) = (writer.events("worker-0").unwrap(), writer.thread("worker-0").unwrap());
    let mut worker = Worker::new(vec![receiver], events, health);
    let mut connections = Vec::new();
    let tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    let tls = Arc::new(tls);
    for number in 0..CONNECTIONS {
        let facts = instrument(number);
        let regions = arena.instrument(&facts, &InstrumentShape { trade_capacity: 64 }).unwrap();
        worker.add_symbol(SymbolFeeds { exchange: ExchangeId::Kraken, trades: regions.trades(), feeds: Vec::new() });
        shard.add_instrument(OwnedInstrument::new(regions, TradeIds::Increasing, Route { ring: 0, slot: number }));
        connections.push(ConnectionSpec {
            exchange: tickplane_exchanges::exchange(ExchangeId::Kraken).unwrap(),
            addresses: vec![Address::parse(&format!("ws://{}/S{number}", venue.address)).unwrap()],
            grant: None,
            has_trades: true,
            route: "",
            headers: Vec::new(),
            tls: tls.clone(),
            instruments: Arc::new([(number, facts)]),
            health: writer.connection(ExchangeId::Kraken, &format!("venue #{number}")).unwrap(),
            trial_ms: 0,
            first_attempt_ms: 0,
            seed: u64::from(number),
        });
    }
    let spec = ThreadSpec {
        name: "shard-0".to_owned(),
        runtime,
        core: None,
        shard: Some(shard),
        worker: Some(worker),
        workers: vec![None],
        resolver: Resolver::start(Some(Arc::new(Gated(Ledger::open(root).unwrap())))).unwrap(),
        fetcher: None,
        bell: writer.bell(),
        ringer: None,
        notices: crossbeam_channel::unbounded().0,
    };
    let thread = spawn(spec).unwrap();
    thread.waking().send(Command::AddConnections(connections, crossbeam_channel::bounded(0).0));
    (thread, writer)
}

fn stop(thread: Thread, writer: PlaneWriter) {
    thread.waking().send(Command::Stop);
    thread.join();
    writer.close(SystemClock::new().now().epoch_ns);
}

fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

fn resident_bytes() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 4_096
}

/// The process that is measured, so that no other test opens files or takes memory in it.
#[test]
#[ignore = "the other tests of this file start it"]
fn a_plane_that_reconnects() {
    let cycles: usize = std::env::var("TICKPLANE_CYCLES").expect("how many").parse().unwrap();
    let runtime: Runtime = std::env::var("TICKPLANE_RUNTIME").expect("the runtime").parse().unwrap();
    let root = tempfile::tempdir().unwrap();
    let venue = Venue::start();
    let limit = Duration::from_secs(60 + cycles as u64 / 20);
    // A plane that dies early: what it did counts for the next.
    let (thread, writer) = plane(root.path(), runtime, &venue);
    wait_until("the first cycles", limit, || venue.served() >= cycles / 5);
    stop(thread, writer);
    let (thread, writer) = plane(root.path(), runtime, &venue);
    wait_until("a warm plane", limit, || venue.served() >= cycles * 2 / 5);
    let (files, bytes) = (open_files(), resident_bytes());
    wait_until("all cycles", limit, || venue.served() >= cycles);
    // A connection is a file at each end, and how many are open at a moment varies.
    let files_now = open_files();
    assert!(files_now <= files + 2 * CONNECTIONS as usize, "{files} files became {files_now}");
    let grown = resident_bytes().saturating_sub(bytes);
    assert!(grown <= GROWTH_BYTES_MAX, "{grown} bytes more than before");
    stop(thread, writer);
    let accepted = venue.accepted.lock().unwrap();
    let (count, period) = (RATE.count as usize, Duration::from_millis(RATE.per_ms.into()));
    let fastest = accepted.windows(count + 1).map(|many| many[count].duration_since(many[0])).min();
    let fastest = fastest.expect("more attempts than the limit");
    assert!(fastest > period, "{} attempts within {fastest:?}", count + 1);
    println!(
        "{} attempts on {runtime}: at best {} in {fastest:?}; files {files} then {files_now}, {grown} bytes grown",
        accepted.len(),
        count + 1
    );
}

fn reconnect(runtime: Runtime, cycles: usize) {
    if is_refused(runtime) {
        return;
    }
    let child = Process::new(std::env::current_exe().unwrap())
        .args(["cycles::a_plane_that_reconnects", "--exact", "--ignored", "--nocapture", "--test-threads", "1"])
        .env("TICKPLANE_CYCLES", cycles.to_string())
        .env("TICKPLANE_RUNTIME", runtime.as_str())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success(), "{text}\n{}", String::from_utf8_lossy(&child.stderr));
    eprintln!("{text}");
}

#[test]
fn cycles_stay_within_the_limit_and_leak_nothing() {
    reconnect(Runtime::Park, 600);
}

/// `cargo test -p tickplane-daemon --test it -- --ignored ten_thousand --nocapture`
#[test]
#[ignore = "takes minutes"]
fn ten_thousand_cycles_stay_within_the_limit_and_leak_nothing() {
    for runtime in [Runtime::Park, Runtime::Glommio] {
        reconnect(runtime, 10_000);
    }
}
