//! Compilers, and a writer whose every word follows from its number: `tests/raw/relation.h` has the same relations in C.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tickplane_model::{
    Candle, ExchangeId, Instrument, InstrumentStatus, Product, Quality, Quote, Symbol, Timeframe, Trade, TradeFlags,
    TradeId,
};
use tickplane_segments::{
    ArenaShape, Bell, EventKind, EventWriter, Instance, InstrumentShape, InstrumentWriter, PlaneEvent, PlaneShape,
    PlaneWriter, SeriesShape, SeriesWriter,
};

use crate::fixture::{NOW_NS, Scratch};
use crate::library::{self, has};

const WARNINGS: [&str; 6] = ["-Wall", "-Wextra", "-Wconversion", "-Wpedantic", "-Wshadow", "-Werror"];

/// Flags of the build that sees reads out of bounds and undefined behaviour. GCC's analysis of what is initialised does
/// not survive the sanitizers' instructions.
pub(super) const SANITIZERS: [&str; 4] = [
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=all",
    "-fno-omit-frame-pointer",
    "-Wno-maybe-uninitialized",
];

/// The compilers of this machine for a source, by its language.
pub(super) fn compilers(source: &str) -> Vec<&'static str> {
    let known: [&str; 2] = if source.ends_with(".cpp") { ["g++", "clang++"] } else { ["gcc", "clang"] };
    known.into_iter().filter(|name| has(name, &format!("{source} is not compiled with it"))).collect()
}

/// Compiles a program of this crate, every warning an error.
pub(super) fn build(compiler: &str, source: &str, flags: &[&str]) -> Built {
    let stem = Path::new(source).file_stem().expect("a source has a name").to_string_lossy();
    // Tests that compile the same program run side by side.
    static NUMBER: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("raw-{stem}-{}-{number}", std::process::id()));
    let folder = library::folder();
    let mut command = Command::new(compiler);
    command.args(["-g", "-O2"]).args(WARNINGS).args(flags).arg("-I").arg(library::path("include"));
    command.arg(library::path(source)).arg("-o").arg(&program).arg("-pthread");
    command.arg("-L").arg(&folder).arg("-Wl,--as-needed").arg("-l:libtickplane.so");
    command.arg(format!("-Wl,-rpath,{}", folder.display()));
    library::must(&mut command);
    Built(program)
}

/// A compiled program, removed at the end of its test.
pub(super) struct Built(pub(super) PathBuf);

impl Built {
    /// A run of it.
    pub(super) fn command(&self) -> Command {
        self.under(&[])
    }

    /// A run of it under another program.
    pub(super) fn under(&self, host: &[&str]) -> Command {
        let mut line = host.iter().map(std::ffi::OsStr::new).chain([self.0.as_os_str()]);
        let mut command = Command::new(line.next().expect("a line names a program"));
        command.args(line).env_remove("LD_LIBRARY_PATH");
        command
    }
}

impl Drop for Built {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

pub(super) const DEPTH: u64 = 24;

pub(super) fn symbol() -> Symbol {
    Symbol::new("BTC-USDT").expect("a symbol")
}

/// Revision v of a row.
pub(super) fn version(row: u64, v: u64) -> Candle {
    let x = (row * 8 + v) as f64;
    Candle {
        open_time_ns: row as i64 * 60_000_000_000,
        open: x + 1.0,
        high: x + 2.0,
        low: x + 3.0,
        close: x + 4.0,
        volume: x + 5.0,
        quote_volume: x + 6.0,
        taker_buy_volume: x + 7.0,
        trade_count: v,
        quality: Quality(!v),
    }
}

/// The indicator values of that revision.
pub(super) fn values(row: u64, v: u64) -> [f64; 2] {
    let x = (row * 8 + v) as f64;
    [x, -x]
}

fn trade(n: u64) -> Trade {
    Trade {
        exchange_ns: n as i64,
        receive_ns: n as i64 + 1000,
        price: n as f64 + 0.5,
        quantity: n as f64 * 2.0,
        id: TradeId::number(u128::from(n) << 64 | u128::from(!n)),
        flags: if n.is_multiple_of(2) { TradeFlags::default() } else { TradeFlags::SELL },
    }
}

fn quote(n: u64) -> Quote {
    let x = n as f64;
    Quote {
        exchange_ns: n as i64,
        receive_ns: n as i64 + 1,
        bid_price: x,
        bid_quantity: x + 1.0,
        ask_price: x + 2.0,
        ask_quantity: x + 3.0,
    }
}

fn instrument() -> Instrument {
    Instrument {
        exchange: ExchangeId::Binance,
        symbol: symbol(),
        venue_symbol: "BTCUSDT".to_owned(),
        product: Product::Spot,
        tick_size: 0.01,
        lot_size: 0.00001,
        contract_size: 1.0,
        quote_volume_24h: 1.5e9,
        status: InstrumentStatus::Trading,
    }
}

/// A plane named `test` with something in every structure.
pub(super) struct Rig {
    _plane: PlaneWriter,
    pub(super) series: SeriesWriter,
    btc: InstrumentWriter,
    events: EventWriter,
    bell: Bell,
    step: u64,
}

impl Rig {
    pub(super) fn new(scratch: &Scratch) -> Self {
        Self::at(&scratch.root)
    }

    pub(super) fn at(root: &Path) -> Self {
        Self::shaped(root, DEPTH, 64)
    }

    /// With another depth or ring the regions of an earlier one move.
    pub(super) fn shaped(root: &Path, depth: u64, trade_capacity: u64) -> Self {
        let instance = Instance::new(Some(root), "test").expect("a name");
        let shape =
            PlaneShape { event_rings: 1, event_capacity: 64, threads: 1, connections: 1, histories: 1, rest_hosts: 1 };
        let mut plane = PlaneWriter::open(&instance, &shape, NOW_NS).expect("a plane");
        let arena = ArenaShape { bytes_max: 1 << 20, entries_max: 16 };
        let mut exchange = plane.exchange(ExchangeId::Binance, &arena).expect("an exchange");
        let btc = exchange.instrument(&instrument(), &InstrumentShape { trade_capacity }).expect("an instrument");
        let shape = SeriesShape { depth, slack: 8, indicators: vec!["ema_9".into(), "macd_12_26_9.hist".into()] };
        let series = exchange.series(&symbol(), Timeframe::M1, &shape).expect("a series");
        let events = plane.events("worker-0").expect("a ring");
        let bell = plane.bell();
        Self { _plane: plane, series, btc, events, bell, step: 0 }
    }

    /// The next of an endless number of changes: trades and quotes always, every 16th a close, half of the others a
    /// revision.
    pub(super) fn step(&mut self) {
        self.step += 1;
        let n = self.step;
        let seq = self.btc.trade_seq() + 1;
        self.btc.publish_trade(&trade(seq), seq as i64 + 1000 + (seq % 1000) as i64);
        self.btc.publish_quote(&quote(n), n as i64 + 2);
        let row = self.series.rows().end;
        if n.is_multiple_of(16) {
            self.series.append(&version(row, 0), &values(row, 0));
            self.series.publish_live(row + 1, seq, 0, &version(row + 1, 0), &values(row + 1, 0));
            self.announce(row);
        } else {
            self.series.publish_live(row, seq, 0, &version(row, n % 8), &values(row, n % 8));
            if n.is_multiple_of(2) && row > 0 {
                let revised = row - 1 - n % row.min(DEPTH / 2);
                self.series.revise(revised, &version(revised, n % 8), &values(revised, n % 8));
            }
        }
        self.bell.mark();
        if n.is_multiple_of(1024) {
            self.bell.ring();
        }
    }

    fn announce(&mut self, row: u64) {
        let (kind, exchange, entry) = (EventKind::CandleClose, ExchangeId::Binance, self.series.entry());
        self.events.publish(&PlaneEvent { kind, exchange, entry, row, publish_ns: 0, detail: !row });
    }

    /// A close without a revision.
    pub(super) fn close(&mut self) {
        let row = self.series.rows().end;
        self.series.append(&version(row, 0), &values(row, 0));
    }

    /// Writes at full speed while some work is done.
    pub(super) fn beside<T>(mut self, work: impl FnOnce() -> T) -> T {
        struct Stop<'a>(&'a AtomicBool);
        impl Drop for Stop<'_> {
            fn drop(&mut self) {
                self.0.store(true, Ordering::Relaxed);
            }
        }
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let _stop = Stop(&stop);
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    self.steps(64);
                    // Without any pause a reader that shares two cores with it is lapped all the time.
                    std::thread::sleep(Duration::from_micros(20));
                }
            });
            work()
        })
    }

    pub(super) fn steps(&mut self, count: u64) {
        (0..count).for_each(|_| self.step());
    }
}

/// A plane named `test` with one instrument of each of two venues: they publish prices.
pub(super) struct Venues {
    _plane: PlaneWriter,
    instruments: [InstrumentWriter; 2],
    bell: Bell,
}

impl Venues {
    pub(super) fn new(scratch: &Scratch) -> Self {
        let instance = Instance::new(Some(&scratch.root), "test").expect("a name");
        let shape =
            PlaneShape { event_rings: 1, event_capacity: 64, threads: 1, connections: 1, histories: 1, rest_hosts: 1 };
        let mut plane = PlaneWriter::open(&instance, &shape, NOW_NS).expect("a plane");
        let arena = ArenaShape { bytes_max: 1 << 20, entries_max: 16 };
        let instruments = [ExchangeId::Binance, ExchangeId::Kraken].map(|exchange| {
            let facts = Instrument { exchange, ..instrument() };
            let mut writer = plane.exchange(exchange, &arena).expect("an exchange");
            writer.instrument(&facts, &InstrumentShape { trade_capacity: 64 }).expect("an instrument")
        });
        let bell = plane.bell();
        Self { _plane: plane, instruments, bell }
    }

    pub(super) fn publish(&mut self, venue: usize, price: f64) {
        self.instruments[venue].publish_trade(&Trade { price, ..trade(7) }, 0);
        self.bell.mark();
        self.bell.ring();
    }
}
