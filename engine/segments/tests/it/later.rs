//! What later minors may do within their rights: fewer or more stages, columns of other types, writers of elsewhere.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;

use tickplane_layout::directory::{ENTRY_BYTES, ENTRY_OFFSET};
use tickplane_layout::header::{HEADER_BYTES, WORD_COUNT, WORD_WRITER};
use tickplane_layout::region::{RegionKind, WORD_CHECKSUM, WORD_SHAPE, checksum};
use tickplane_layout::series::{COLUMN_TYPE, COLUMN_WORDS, WORD_COLUMNS};
use tickplane_model::{ExchangeId, Timeframe};
use tickplane_segments::{ColumnType, Plane, PlaneWriter, ReadError, Stage};

use crate::fixture::*;

/// A segment file, word by word.
struct Words(File);

impl Words {
    fn of(scratch: &Scratch, file: &str) -> Self {
        Self(OpenOptions::new().read(true).write(true).open(scratch.path(file)).unwrap())
    }

    fn get(&self, at: u64) -> u64 {
        let mut bytes = [0; 8];
        self.0.read_exact_at(&mut bytes, at).unwrap();
        u64::from_le_bytes(bytes)
    }

    fn set(&self, at: u64, value: u64) {
        self.0.write_all_at(&value.to_le_bytes(), at).unwrap();
    }

    /// Where the first region of a kind begins.
    fn region(&self, kind: RegionKind) -> u64 {
        let entry = |index: u64| HEADER_BYTES + index * ENTRY_BYTES;
        let mut entries = (0..self.get(WORD_COUNT as u64 * 8)).map(entry);
        let entry = entries.find(|at| self.get(*at) & 0xff == kind as u64).unwrap();
        self.get(entry + ENTRY_OFFSET as u64 * 8)
    }

    /// Replaces a number of a region's shape, and vouches for it.
    fn set_shape(&self, region: u64, number: usize, value: u64) {
        self.set(region + (WORD_SHAPE + number) as u64 * 8, value);
        let head: Vec<u64> = (0..WORD_CHECKSUM as u64).map(|word| self.get(region + word * 8)).collect();
        self.set(region + WORD_CHECKSUM as u64 * 8, checksum(&head));
    }
}

#[test]
fn a_thread_shows_the_stages_that_both_sides_know() {
    let scratch = Scratch::new("stages");
    let mut writer = PlaneWriter::open(&scratch.instance, &PLANE, NOW_NS).unwrap();
    let mut thread = writer.thread("worker-0").unwrap();
    thread.record(Stage::Network, 77);
    let plane = Plane::open(&scratch.instance).unwrap();
    let words = Words::of(&scratch, "plane.seg");
    let region = words.region(RegionKind::Thread);
    let stages = || plane.threads().first().map(|thread| thread.stages.iter().map(|one| one.stage).collect::<Vec<_>>());
    let known = Stage::ALL.len() as u64;
    assert_eq!(stages(), Some(Stage::ALL.to_vec()));
    for older in 0..known {
        words.set_shape(region, 0, older);
        assert_eq!(stages(), Some(Stage::ALL[..older as usize].to_vec()));
    }
    words.set_shape(region, 0, 1);
    assert_eq!(plane.threads()[0].stages[0].sum_ns, 77);
    // More than the region has room for is damage; a later writer makes a longer one.
    words.set_shape(region, 0, known + 1);
    assert_eq!(stages(), None);
}

#[test]
fn columns_of_later_releases_say_what_they_are() {
    let scratch = Scratch::new("types");
    let mut writer = PlaneWriter::open(&scratch.instance, &PLANE, NOW_NS).unwrap();
    let mut exchange = writer.exchange(ExchangeId::Binance, &ARENA).unwrap();
    let mut series = exchange.series(&symbol(), Timeframe::M1, &series_shape(16, &["ema_9", "count", "when"])).unwrap();
    let plane = Plane::open(&scratch.instance).unwrap();
    let own = plane.series(&candles_key()).unwrap();
    let kinds: Vec<_> = own.columns().iter().map(|column| column.kind.unwrap().as_str()).collect();
    let due = ["i64", "f64", "f64", "f64", "f64", "f64", "f64", "f64", "u64", "u64", "f64", "f64", "f64"];
    assert_eq!(kinds, due);

    let words = Words::of(&scratch, "binance.seg");
    let table = words.region(RegionKind::Series) + WORD_COLUMNS as u64 * 8;
    let kind_of = |column: usize| table + (column * COLUMN_WORDS + COLUMN_TYPE) as u64 * 8;
    words.set(kind_of(11), ColumnType::U64 as u64);
    words.set(kind_of(12), ColumnType::I64 as u64);
    series.begin_at(5);
    let cells = [0.5, f64::from_bits(1 << 40), f64::from_bits(-3_i64 as u64)];
    series.append(&candle(5), &cells);
    series.publish_live(6, 0, 0, &candle(6), &cells);
    let reader = plane.series(&candles_key()).unwrap();
    let due = [0.5, (1_u64 << 40) as f64, -3.0];
    for (name, due) in ["ema_9", "count", "when"].iter().zip(due) {
        let mut values = [0.0];
        reader.column(name, &mut values).unwrap();
        assert_eq!(values, [due], "{name}");
        let view = reader.view(1).unwrap();
        assert_eq!(view.values(reader.column_index(name).unwrap()).collect::<Vec<_>>(), [due], "{name}");
    }
    assert_eq!(reader.live().unwrap().indicators, due);

    // A type that nobody knows yet: the column is there, its values are not.
    words.set(kind_of(11), 3);
    let reader = plane.series(&candles_key()).unwrap();
    assert_eq!((reader.columns()[11].kind, reader.column_type(13)), (None, None));
    assert_eq!(reader.column("count", &mut [0.0]), Err(ReadError::NoColumn));
    let live = reader.live().unwrap();
    assert!(live.indicators[0] == 0.5 && live.indicators[1].is_nan() && live.indicators[2] == -3.0);
    assert_eq!(reader.view(1).unwrap().values(11).count(), 0);
    // Its writer takes no column for its own that is not.
    drop(series);
    exchange.series(&symbol(), Timeframe::M1, &series_shape(16, &["ema_9", "count", "when"])).unwrap();
    assert!(reader.is_moved());
}

/// Where the writer's ids mean nothing, neither its process nor, of another boot, its lock says anything.
#[test]
fn a_writer_of_elsewhere_is_judged_by_its_heartbeat() {
    let scratch = Scratch::new("elsewhere");
    let writer = PlaneWriter::open(&scratch.instance, &PLANE, NOW_NS).unwrap();
    let plane = Plane::open(&scratch.instance).unwrap();
    let life = plane.life();
    assert!(life.is_known && life.alive && life.is_alive_at(i64::MAX), "a process that lives, however late it is");

    let words = Words::of(&scratch, "plane.seg");
    // The slot of the first writer: its words follow its sequence.
    let slot = WORD_WRITER as u64 * 8 + 64 + 64;
    let (pid, boot, namespace) = (slot + 8, slot + 32, slot + 48);
    assert_eq!(words.get(pid), u64::from(std::process::id()));
    let judged = || {
        let life = plane.life();
        assert!(!life.is_known);
        [life.is_alive_at(NOW_NS + 3_000_000_000), life.is_alive_at(NOW_NS + 3_000_000_001)]
    };
    let own = [boot, namespace].map(|at| words.get(at));
    for (at, value) in [(boot, own[0] ^ 1), (namespace, own[1] + 1), (namespace, 0)] {
        let before = words.get(at);
        words.set(at, value);
        words.set(pid, u64::from(u32::MAX));
        assert_eq!(judged(), [true, false]);
        words.set(at, before);
        assert!(plane.life().is_known && !plane.life().alive, "no such process");
        words.set(pid, u64::from(std::process::id()));
    }

    // The lock counts where it can be seen: on this machine, whatever the namespace.
    drop(writer);
    words.set(namespace, own[1] + 1);
    assert_eq!(judged(), [false, false]);
    words.set(boot, own[0] ^ 1);
    assert_eq!(judged(), [true, false]);
    assert!(plane.status().release.starts_with("tickplane "), "{}", plane.status().release);
}
