//! Damage to the files of a small plane, and everything a reader can do with them: what the tests on stable and the fuzz
//! targets (`fuzz/`) share.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::time::Duration;

use tickplane_layout::region::checksum;
use tickplane_model::{ExchangeId, Key, Timeframe};
use tickplane_segments::{
    ArenaShape, ConnectionState, EntryId, EventKind, HistoryCounter, InstrumentShape, LiveCandle, Next, Plane,
    PlaneEvent, PlaneShape, PlaneWriter, Stage,
};

use crate::fixture::*;

/// The files of the plane.
pub(crate) const FILES: [&str; 2] = ["binance.seg", "plane.seg"];
pub(crate) const SHAPE: PlaneShape =
    PlaneShape { event_rings: 1, event_capacity: 16, threads: 1, connections: 1, histories: 1, rest_hosts: 1 };
pub(crate) const ARENA: ArenaShape = ArenaShape { bytes_max: 256 << 10, entries_max: 16 };

/// A small plane with something in every structure, a region that moved among them, whose writer is gone.
pub(crate) fn make(scratch: &Scratch) {
    let mut writer = PlaneWriter::open(&scratch.instance, &SHAPE, NOW_NS).unwrap();
    let mut exchange = writer.exchange(ExchangeId::Binance, &ARENA).unwrap();
    drop(exchange.series(&symbol(), Timeframe::M1, &series_shape(8, &[])).unwrap());
    let mut btc = exchange.instrument(&instrument(), &InstrumentShape { trade_capacity: 8 }).unwrap();
    let mut series = exchange.series(&symbol(), Timeframe::M1, &series_shape(16, &["ema_9"])).unwrap();
    let mut events = writer.events("worker-0").unwrap();
    let mut thread = writer.thread("worker-0").unwrap();
    thread.turn(true);
    (1..50).for_each(|at: usize| thread.record(Stage::ALL[at % Stage::ALL.len()], at as i64 * 1000));
    let mut connection = writer.connection(ExchangeId::Binance, "binance-0").unwrap();
    connection.set_state(ConnectionState::Live);
    connection.message();
    writer.history(ExchangeId::Binance).unwrap().count(HistoryCounter::ALL[0], 3);
    for n in 1..40 {
        btc.publish_trade(&trade(n), 0);
        btc.publish_quote(&quote(n), 0);
        let row = series.append(&candle(n), &[1.0]);
        series.publish_live(row + 1, n, 0, &candle(n), &[1.0]);
        let (kind, exchange, entry) = (EventKind::CandleClose, ExchangeId::Binance, series.entry());
        events.publish(&PlaneEvent { kind, exchange, entry, row, publish_ns: 0, detail: 0 });
    }
    series.revise(30, &candle(30), &[1.0]);
}

/// Everything a reader can do; what it gives does not matter, only that it comes back.
pub(crate) fn read_everything(scratch: &Scratch) {
    let Ok(plane) = Plane::open(&scratch.instance) else { return };
    read_plane(&plane);
    read_events(&plane);
    read_trades(&plane);
    let _ = plane.quote(&quote_key()).map(|quote| quote.read());
    read_series(&plane, &candles_key());
    // Whatever keys a liar's file has, they can be asked for.
    for key in plane.keys().iter().take(16) {
        read_series(&plane, key);
        let _ = plane.instrument(key).map(|instrument| (instrument.facts(), instrument.stream()));
    }
}

/// Directory, health, histograms, histories, life signs.
fn read_plane(plane: &Plane) {
    let _ = (plane.status(), plane.changed(), plane.is_taken_over(), plane.exchanges());
    let _ = (plane.instruments(ExchangeId::Binance), plane.streams(ExchangeId::Binance), plane.histories());
    for entry in [0, 1, 15, 16, u32::MAX].map(|number| EntryId::new(1, number)) {
        let _ = (plane.key_of(ExchangeId::Binance, entry), plane.symbol_of(ExchangeId::Binance, entry));
    }
    let _ = (plane.connections(), plane.threads());
    let _ = (plane.wait(plane.seen(), Duration::ZERO), plane.reattach());
}

fn read_events(plane: &Plane) {
    let mut events = plane.events();
    for _ in 0..2 {
        for _ in 0..40 {
            let _ = events.poll();
        }
        events.rewind();
        plane.renew_events(&mut events);
    }
    let _ = events.lost();
}

fn read_trades(plane: &Plane) {
    let Ok(mut trades) = plane.trades(&trades_key()) else { return };
    trades.rewind(5);
    for _ in 0..20 {
        let _ = trades.poll();
    }
    for seq in [0, 1, u64::MAX] {
        trades.seek(seq);
        let _ = (trades.poll() == Next::Empty, trades.trade(seq), trades.lost(), trades.is_moved());
    }
    let _ = trades.clone().go_on_in(trades.clone());
}

fn read_series(plane: &Plane, key: &Key) {
    let Ok(series) = plane.series(key) else { return };
    let _ = (series.first_row(), series.head(), series.columns(), series.live_into(&mut LiveCandle::default()));
    let _ = (series.candles(9), series.rows(0..u64::MAX), series.column("ema_9", &mut [0.0; 99]));
    let _ = (series.next_into(u64::MAX, 9, |_, _| {}), series.row_range(), series.is_moved(), series.seed_row(99));
    if let Ok(view) = series.view(usize::MAX) {
        let _ = (view.values(4).sum::<f64>(), view.column(99), view.column(10), view.validate());
    }
}

// ---- damage ----

/// Some of the files' words, changed: undone by [`heal`](Self::heal).
pub(crate) struct Patient {
    files: [File; 2],
    whole: [Vec<u8>; 2],
    wounds: Vec<(usize, u64)>,
}

/// Where words are that steer a reader.
const HEADER_BYTES: u64 = 512;
const DIRECTORY: u64 = 4096;
const PAGE: u64 = 4096;

impl Patient {
    /// Opens the files of a plane that [`make`] made.
    pub(crate) fn new(scratch: &Scratch) -> Self {
        let files = FILES.map(|name| writable(scratch, name));
        let whole = [0, 1].map(|at: usize| {
            let mut bytes = vec![0; files[at].metadata().unwrap().len() as usize];
            files[at].read_exact_at(&mut bytes, 0).unwrap();
            let used = bytes.iter().rposition(|byte| *byte != 0).unwrap_or(0);
            bytes.truncate(used.next_multiple_of(PAGE as usize));
            bytes
        });
        Self { files, whole, wounds: Vec::new() }
    }

    /// Bytes of a file up to where its regions end.
    pub(crate) fn used(&self, file: usize) -> u64 {
        self.whole[file].len() as u64
    }

    /// A word as it was.
    pub(crate) fn word(&self, file: usize, at: u64) -> u64 {
        u64::from_le_bytes(self.whole[file][at as usize..][..8].try_into().unwrap())
    }

    /// Where the regions begin.
    pub(crate) fn regions(&self, file: usize) -> u64 {
        self.word(file, 96)
    }

    /// Changes a word, and makes the checksum over it right again if the lie is to be vouched for.
    pub(crate) fn wound(&mut self, file: usize, at: u64, value: u64, vouch: bool) {
        self.put(file, at, value);
        if vouch {
            self.vouch(file, at);
        }
    }

    fn put(&mut self, file: usize, at: u64, value: u64) {
        self.files[file].write_all_at(&value.to_le_bytes(), at).unwrap();
        self.wounds.push((file, at));
    }

    fn vouch(&mut self, file: usize, at: u64) {
        // First byte, length in words, and the words beside the checksum that it leaves out.
        let (start, words, left_out): (u64, usize, &[usize]) = match at {
            0..128 => (0, 16, &[1]),
            DIRECTORY.. if at < self.regions(file) => (at / 128 * 128, 16, &[4, 5]),
            DIRECTORY.. if at % PAGE < 64 => (at / PAGE * PAGE, 7, &[]),
            _ => return,
        };
        let mut bytes = [0; 128];
        let bytes = &mut bytes[..words * 8];
        self.files[file].read_exact_at(bytes, start).unwrap();
        let is_covered = |word: usize| word != 7 && !left_out.contains(&word);
        let covered: Vec<u64> = (0..words)
            .map(
                |word| {
                    if is_covered(word) { u64::from_le_bytes(bytes[word * 8..][..8].try_into().unwrap()) } else { 0 }
                },
            )
            .collect();
        self.put(file, start + 7 * 8, checksum(&covered));
    }

    /// Takes every change back.
    pub(crate) fn heal(&mut self) {
        for (file, at) in std::mem::take(&mut self.wounds) {
            self.files[file].write_all_at(&self.whole[file][at as usize..][..8], at).unwrap();
        }
    }

    /// Makes the whole files anew: also what a writer did to them, or put in their place.
    #[allow(dead_code, reason = "the fuzz target of the writer alone")]
    pub(crate) fn restore(&mut self, scratch: &Scratch) {
        self.wounds.clear();
        for ((name, whole), held) in FILES.iter().zip(&self.whole).zip(&mut self.files) {
            let file = File::create(scratch.path(name)).unwrap();
            file.set_len(held.metadata().unwrap().len()).unwrap();
            file.write_all_at(whole, 0).unwrap();
            *held = writable(scratch, name);
        }
    }

    /// Does the damage that bytes spell, 4 to 12 of them a wound, at most 32 wounds.
    ///
    /// ```text
    /// byte 0    file (1 bit) | vouched for (1) | which part (2): header, directory, a region's beginning, anywhere
    /// byte 1    place in the part (16 bits), modulo its words
    /// byte 3    value: one that is likely to hurt, or (from 16) the eight bytes that follow
    /// ```
    pub(crate) fn damage(&mut self, mut spelled: &[u8]) {
        for _ in 0..32 {
            let Some(([what, low, high, kind], rest)) = spelled.split_first_chunk() else { return };
            let (file, vouched) = (usize::from(what & 1), what & 2 != 0);
            let at = self.place(file, what >> 2 & 3, u64::from(u16::from_le_bytes([*low, *high])));
            let before = self.word(file, at);
            let value;
            (value, spelled) = match rest.split_first_chunk() {
                Some((bytes, rest)) if *kind >= 16 => (u64::from_le_bytes(*bytes), rest),
                _ => (hurtful(*kind, before), rest),
            };
            self.wound(file, at, value, vouched);
        }
    }

    fn place(&self, file: usize, part: u8, number: u64) -> u64 {
        let (used, regions) = (self.used(file), self.regions(file));
        let word = match part {
            0 => number % (HEADER_BYTES / 8),
            1 => DIRECTORY / 8 + number % ((regions - DIRECTORY) / 8),
            2 => {
                let pages = (used - regions) / PAGE;
                (regions + (number >> 8) % pages * PAGE) / 8 + (number & 0xff)
            }
            _ => number % (used / 8),
        };
        word * 8
    }
}

/// A value that may lead a reader astray.
fn hurtful(kind: u8, before: u64) -> u64 {
    let values = [0, 1, 8, 24, 64, 4096, 1 << 20, 1 << 31, 1 << 63, u64::MAX >> 1, u64::MAX - 1, u64::MAX];
    match kind {
        0..12 => values[usize::from(kind)],
        12 => before.wrapping_add(1),
        13 => before.wrapping_sub(1),
        14 => before ^ 1 << 12,
        _ => before << 1,
    }
}

fn writable(scratch: &Scratch, file: &str) -> File {
    OpenOptions::new().read(true).write(true).open(scratch.path(file)).unwrap()
}
