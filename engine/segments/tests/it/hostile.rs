//! Damaged and hostile files: an error, never a panic, a hang or a read outside the mapping.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tickplane_layout::region::checksum;
use tickplane_model::{ExchangeId, Timeframe};
use tickplane_segments::{
    ArenaShape, EventKind, InstrumentShape, LiveCandle, OpenError, Plane, PlaneEvent, PlaneWriter, SegmentError,
};

use crate::fixture::*;

const ARENA: ArenaShape = ArenaShape { bytes_max: 256 << 10, entries_max: 16 };

/// A small plane with something in every structure, whose writer is gone.
fn make(scratch: &Scratch) {
    let mut writer = PlaneWriter::open(&scratch.instance, &PLANE, NOW_NS).unwrap();
    let mut exchange = writer.exchange(ExchangeId::Binance, &ARENA).unwrap();
    let mut btc = exchange.instrument(&instrument(), &InstrumentShape { trade_capacity: 8 }).unwrap();
    let mut series = exchange.series(&symbol(), Timeframe::M1, &series_shape(16, &["ema_9"])).unwrap();
    let mut events = writer.events("worker-0").unwrap();
    writer.thread("worker-0").unwrap().turn(true);
    writer.connection(ExchangeId::Binance, "binance-0").unwrap().message();
    for n in 1..40 {
        btc.publish_trade(&trade(n), 0);
        btc.publish_quote(&quote(n), 0);
        let row = series.append(&candle(n), &[1.0]);
        series.publish_live(row + 1, n, 0, &candle(n), &[1.0]);
        let event = PlaneEvent {
            kind: EventKind::CandleClose,
            exchange: ExchangeId::Binance,
            entry: series.entry(),
            row,
            publish_ns: 0,
            detail: 0,
        };
        events.publish(&event);
    }
    series.revise(30, &candle(30), &[1.0]);
}

/// Everything a reader can do; what it gives does not matter, only that it comes back.
fn read_everything(scratch: &Scratch) {
    let Ok(plane) = Plane::open(&scratch.instance) else { return };
    let _ = (plane.status(), plane.changed(), plane.keys(), plane.connections(), plane.threads());
    let _ = (plane.instruments(ExchangeId::Binance), plane.key_of(ExchangeId::Binance, 1));
    let _ = plane.wait(plane.seen(), Duration::ZERO);
    let mut events = plane.events();
    for _ in 0..200 {
        let _ = events.poll();
    }
    if let Ok(mut trades) = plane.trades(&trades_key()) {
        trades.rewind(5);
        for _ in 0..20 {
            let _ = trades.poll();
        }
        trades.seek(1);
        let _ = (trades.poll(), trades.trade(u64::MAX), trades.lost(), trades.is_moved());
    }
    let _ = plane.quote(&quote_key()).map(|quote| quote.read());
    if let Ok(instrument) = plane.instrument(&trades_key()) {
        let _ = (instrument.facts(), instrument.quotes().read(), instrument.stream(), instrument.is_moved());
        let mut trades = instrument.trades();
        trades.go_on_in(instrument.trades());
    }
    events.rewind();
    plane.renew_events(&mut events);
    if let Ok(series) = plane.series(&candles_key()) {
        let _ = (series.first_row(), series.head(), series.columns(), series.live_into(&mut LiveCandle::default()));
        let _ = (series.candles(9), series.rows(0..u64::MAX), series.column("ema_9", &mut [0.0; 99]));
        let mut places = [None; 16];
        let _ = (series.live_record(&mut [0.0; 3]), series.row_range(), series.seed_row(10), series.is_moved());
        let _ = series.last_into(16, |at, candle| places[at] = Some(candle));
        let _ = series.next_into(3, 16, |at, candle| places[at] = Some(candle));
        if let Ok(view) = series.view(usize::MAX) {
            let _ = (view.values(4).sum::<f64>(), view.column(99), view.column(10), view.validate());
        }
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        // xorshift64*; Vigna 2016.
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16) % limit
    }

    /// A place that holds something, and a value that is likely to hurt.
    fn damage(&mut self, used: u64) -> (u64, u64) {
        let region = self.below(4);
        let limit = if region == 0 {
            512
        } else if region == 1 {
            8192
        } else {
            used
        };
        let at = self.below(limit / 8) * 8;
        let values = [0, 1, u64::MAX, u64::MAX >> 1, 1 << 63, 4096, self.below(4096), self.0, 1 << self.below(64)];
        (at, values[self.below(values.len() as u64) as usize])
    }
}

/// Makes the checksum over a wound right again, half of the time: a liar's file rather than a broken one. Gives the
/// place of the checksum.
fn mend(file: &File, at: u64, regions: u64, random: &mut Random) -> Option<u64> {
    // First byte, length in words, checksum's word and the words it leaves out.
    let (start, words, checksum_word, left_out): (u64, usize, usize, &[usize]) = match at {
        0..128 => (0, 16, 7, &[1]),
        4096.. if at < regions => (at / 128 * 128, 16, 7, &[4, 5]),
        4096.. if at % 4096 < 64 => (at / 4096 * 4096, 7, 7, &[]),
        _ => return None,
    };
    if random.below(2) == 1 {
        return None;
    }
    let mut covered = vec![0; words];
    for (word, value) in covered.iter_mut().enumerate() {
        let mut bytes = [0; 8];
        file.read_exact_at(&mut bytes, start + word as u64 * 8).unwrap();
        *value = if word == checksum_word || left_out.contains(&word) { 0 } else { u64::from_le_bytes(bytes) };
    }
    let place = start + checksum_word as u64 * 8;
    file.write_all_at(&checksum(&covered).to_le_bytes(), place).unwrap();
    Some(place)
}

fn writable(scratch: &Scratch, file: &str) -> File {
    OpenOptions::new().read(true).write(true).open(scratch.path(file)).unwrap()
}

/// Words of the files are replaced at random; the checksums over them are left wrong or made right again.
#[test]
fn random_damage_is_survived() {
    let scratch = Scratch::new("damage");
    make(&scratch);
    let mut random = Random(0x5eed);
    let begun = Instant::now();
    for (name, rounds) in [("binance.seg", 6000), ("plane.seg", 3000)] {
        let file = writable(&scratch, name);
        let mut whole = vec![0; (file.metadata().unwrap().len() as usize).min(128 << 10)];
        file.read_exact_at(&mut whole, 0).unwrap();
        let regions = u64::from_le_bytes(whole[96..104].try_into().unwrap());
        for _ in 0..rounds {
            let wounds: Vec<u64> = (0..=random.below(8))
                .map(|_| {
                    let (at, value) = random.damage(whole.len() as u64);
                    file.write_all_at(&value.to_le_bytes(), at).unwrap();
                    at
                })
                .collect();
            let mended: Vec<u64> = wounds.iter().filter_map(|at| mend(&file, *at, regions, &mut random)).collect();
            read_everything(&scratch);
            for at in wounds.into_iter().chain(mended) {
                file.write_all_at(&whole[at as usize..at as usize + 8], at).unwrap();
            }
        }
    }
    assert!(begun.elapsed() < Duration::from_secs(60), "reads of damaged files are bounded");
    let plane = Plane::open(&scratch.instance).unwrap();
    assert!(plane.series(&candles_key()).unwrap().candles(5).is_ok(), "the undamaged file reads");
}

/// Every word that steers a reader, one after the other, with every value that might lead it astray and checksums that
/// vouch for it.
#[test]
fn no_single_lie_leads_a_reader_astray() {
    let scratch = Scratch::new("lies");
    make(&scratch);
    let mut always = Random(0);
    for name in ["binance.seg", "plane.seg"] {
        let file = writable(&scratch, name);
        let mut whole = vec![0; (file.metadata().unwrap().len() as usize).min(128 << 10)];
        file.read_exact_at(&mut whole, 0).unwrap();
        let regions = u64::from_le_bytes(whole[96..104].try_into().unwrap());
        let steering = |at: &u64| *at < 4096 + 3 * 128 || (*at >= regions && at % 4096 < 256);
        let is_used = |at: &u64| whole[(at / 4096 * 4096) as usize..][..64].iter().any(|byte| *byte != 0);
        for at in (0..whole.len() as u64).step_by(8).filter(steering).filter(is_used) {
            for value in [0, 1, 8, 24, 64, 4096, 1 << 20, 1 << 31, 1 << 63, u64::MAX - 1, u64::MAX] {
                file.write_all_at(&u64::to_le_bytes(value), at).unwrap();
                let mended = mend(&file, at, regions, &mut always);
                read_everything(&scratch);
                for at in mended.into_iter().chain([at]) {
                    file.write_all_at(&whole[at as usize..at as usize + 8], at).unwrap();
                }
            }
        }
    }
}

/// The same while a reader is inside: another thread keeps changing the mutable words under it.
#[test]
fn damage_during_reads_is_survived() {
    let scratch = Scratch::new("during");
    make(&scratch);
    let plane = Plane::open(&scratch.instance).unwrap();
    let (series, quotes) = (plane.series(&candles_key()).unwrap(), plane.quote(&quote_key()).unwrap());
    let mut trades = plane.trades(&trades_key()).unwrap();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let _stop = StopOnDrop(&stop);
        scope.spawn(|| {
            let file = writable(&scratch, "binance.seg");
            let mut random = Random(7);
            while !stop.load(Ordering::Relaxed) {
                let (at, value) = random.damage(64 << 10);
                // The static lines would only make every open fail.
                if at >= 128 {
                    file.write_all_at(&value.to_le_bytes(), at).unwrap();
                }
            }
        });
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(2) {
            read_everything(&scratch);
            let _ = (series.candles(16), series.live(), quotes.read());
            trades.rewind(8);
            for _ in 0..20 {
                let _ = trades.poll();
            }
        }
    });
}

#[test]
fn foreign_files_are_refused_by_reader_and_writer() {
    for (at, value, reason) in [
        (0, 7_u64, "not a tickplane segment"),
        (8, 0, "never finished"),
        (8, 1 << 63 | 9 << 16 | 4, "layout version 9.4, this program reads 0."),
        (16, 0x0807_0605_0403_0201, "another byte order"),
        (40, 2, "features this program does not know (bits 0x2)"),
        (64, 1 << 40, "damaged (checksum)"),
        (56, 1, "damaged (checksum)"),
    ] {
        let scratch = Scratch::new("foreign");
        make(&scratch);
        writable(&scratch, "plane.seg").write_all_at(&value.to_le_bytes(), at).unwrap();
        let error = Plane::open(&scratch.instance).unwrap_err();
        assert!(matches!(error, OpenError::Refused { .. }) && error.to_string().contains(reason), "{error}");
        let error = PlaneWriter::open(&scratch.instance, &PLANE, NOW_NS).unwrap_err();
        assert!(matches!(error, SegmentError::Refused { .. }) && error.to_string().contains(reason), "{error}");
        assert!(error.to_string().contains("plane.seg") && error.to_string().contains("remove the file"), "{error}");
    }
}

#[test]
fn short_files_are_refused() {
    let scratch = Scratch::new("short");
    make(&scratch);
    for length in [0, 8, 4095, 4096, 8192, 100_000] {
        writable(&scratch, "plane.seg").set_len(length).unwrap();
        let error = Plane::open(&scratch.instance).unwrap_err();
        assert!(matches!(error, OpenError::Refused { .. }), "{length}: {error}");
    }
    std::fs::rename(scratch.path("binance.seg"), scratch.path("plane.seg")).unwrap();
    let error = Plane::open(&scratch.instance).unwrap_err().to_string();
    assert!(error.contains("another kind"), "{error}");
}
