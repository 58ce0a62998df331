//! Damaged and hostile files: an error, never a panic, a hang or a read outside the mapping.
//!
//! `TICKPLANE_DAMAGES` sets the number of damaged planes (3,000 by default), `TICKPLANE_SEED` which. The fuzz target
//! `reader` does the same guided by coverage; what it found worth keeping is read here too.

use std::fs::File;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tickplane_segments::{OpenError, Plane, PlaneWriter, SegmentError};

use crate::damage::{FILES, Patient, make, read_everything};
use crate::fixture::*;
use crate::kill::number;

struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        // xorshift64*; Vigna 2016.
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16) % limit
    }

    /// What damage is spelled with: few bytes as often as many.
    fn bytes(&mut self) -> Vec<u8> {
        let wounds = 1 + self.below(8);
        (0..wounds * 8).map(|_| self.below(256) as u8).collect()
    }
}

/// Damages the files as spelled, reads all there is, and heals them.
fn survive(scratch: &Scratch, patient: &mut Patient, spelled: &[u8]) {
    patient.damage(spelled);
    read_everything(scratch);
    patient.heal();
}

/// Words of the files are replaced at random; the checksums over them are left wrong or made right again.
#[test]
fn random_damage_is_survived() {
    let scratch = Scratch::new("damage");
    make(&scratch);
    let mut patient = Patient::new(&scratch);
    let (rounds, mut random) = (number("TICKPLANE_DAMAGES", 3000), Random(number("TICKPLANE_SEED", 0x5eed) | 1));
    let begun = Instant::now();
    for _ in 0..rounds {
        survive(&scratch, &mut patient, &random.bytes());
    }
    assert!(begun.elapsed() < Duration::from_millis(20 * rounds), "reads of damaged files are bounded");
    check_whole(&scratch);
}

/// What the fuzzer kept: each reached code that nothing before it had.
#[test]
fn the_fuzzers_corpus_is_survived() {
    let scratch = Scratch::new("corpus");
    make(&scratch);
    let mut patient = Patient::new(&scratch);
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/reader");
    let mut count = 0;
    for file in std::fs::read_dir(corpus).unwrap() {
        survive(&scratch, &mut patient, &std::fs::read(file.unwrap().path()).unwrap());
        count += 1;
    }
    assert!(count > 10, "the corpus is gone");
    check_whole(&scratch);
}

fn check_whole(scratch: &Scratch) {
    let plane = Plane::open(&scratch.instance).unwrap();
    assert!(plane.series(&candles_key()).unwrap().candles(5).is_ok(), "the undamaged file reads");
    assert!(plane.connections().len() == 1 && plane.threads().len() == 1 && plane.histories().len() == 1);
}

/// Every word that steers a reader, one after the other, with every value that might lead it astray and checksums that
/// vouch for it.
#[test]
fn no_single_lie_leads_a_reader_astray() {
    let scratch = Scratch::new("lies");
    make(&scratch);
    let mut patient = Patient::new(&scratch);
    for file in 0..FILES.len() {
        let entries = (0..16).map(|entry| 4096 + entry * 128);
        let used: Vec<u64> = entries.filter(|entry| patient.word(file, *entry) != 0).collect();
        let regions = used.iter().map(|entry| patient.word(file, entry + 8)..patient.word(file, entry + 8) + 256);
        let directory = used.iter().map(|entry| *entry..entry + 64);
        let steering: Vec<u64> = std::iter::once(0..512).chain(directory).chain(regions).flatten().step_by(8).collect();
        for at in steering {
            for value in [0, 1, 24, 4096, 1 << 31, 1 << 63, u64::MAX - 1, u64::MAX] {
                patient.wound(file, at, value, true);
                read_everything(&scratch);
                patient.heal();
            }
        }
    }
    check_whole(&scratch);
}

/// The same while a reader is inside: another thread keeps changing the words of both files under it.
#[test]
fn damage_during_reads_is_survived() {
    let scratch = Scratch::new("during");
    make(&scratch);
    let plane = Plane::open(&scratch.instance).unwrap();
    let (series, quotes) = (plane.series(&candles_key()).unwrap(), plane.quote(&quote_key()).unwrap());
    let (mut trades, mut events) = (plane.trades(&trades_key()).unwrap(), plane.events());
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let _stop = StopOnDrop(&stop);
        scope.spawn(|| {
            let (mut patient, mut random) = (Patient::new(&scratch), Random(7));
            while !stop.load(Ordering::Relaxed) {
                patient.damage(&random.bytes());
                // Damage that stays would soon make every open fail.
                patient.heal();
            }
        });
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(2) {
            read_everything(&scratch);
            let _ = (series.candles(16), series.live(), quotes.read());
            let _ = (plane.connections(), plane.threads(), plane.histories());
            trades.rewind(8);
            events.rewind();
            for _ in 0..20 {
                let _ = (trades.poll(), events.poll());
            }
        }
    });
    check_whole(&scratch);
}

#[test]
fn foreign_files_are_refused_by_reader_and_writer() {
    for (at, value, reason) in [
        (0, 7_u64, "not a tickplane segment"),
        (8, 0, "never finished"),
        (8, 1 << 63 | 9 << 16 | 4, "layout version 9.4, this program reads 1."),
        (16, 0x0807_0605_0403_0201, "another byte order"),
        (40, 2, "features this program does not know (bits 0x2)"),
        (64, 1 << 40, "damaged (checksum)"),
        (56, 1, "damaged (checksum)"),
    ] {
        let scratch = Scratch::new("foreign");
        make(&scratch);
        Patient::new(&scratch).wound(1, at, value, false);
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
        File::options().write(true).open(scratch.path("plane.seg")).unwrap().set_len(length).unwrap();
        let error = Plane::open(&scratch.instance).unwrap_err();
        assert!(matches!(error, OpenError::Refused { .. }), "{length}: {error}");
    }
    std::fs::rename(scratch.path("binance.seg"), scratch.path("plane.seg")).unwrap();
    let error = Plane::open(&scratch.instance).unwrap_err().to_string();
    assert!(error.contains("another kind"), "{error}");
}
