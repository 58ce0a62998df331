//! The committed segment files of every layout minor, read by the raw header and by the library.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use tickplane_layout::header::{MAJOR, MINOR, version_word};
use tickplane_layout::region::checksum;

use super::rig::{self, Built, SANITIZERS};
use crate::fixture::Scratch;
use crate::library;

const FILES: [&str; 2] = ["plane.seg", "binance.seg"];

fn folder() -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../engine/segments/tests/golden")).to_owned()
}

/// The golden plane of a version as the instance `test`.
fn unpacked(version: &str) -> Scratch {
    let scratch = Scratch::new();
    std::fs::create_dir_all(scratch.root.join("test")).unwrap();
    for name in FILES {
        let mut bytes = Vec::new();
        let packed = File::open(folder().join(version).join(format!("{name}.gz"))).unwrap();
        GzDecoder::new(packed).read_to_end(&mut bytes).unwrap();
        std::fs::write(scratch.file(name), bytes).unwrap();
    }
    scratch
}

fn expected(version: &str) -> String {
    std::fs::read_to_string(folder().join(version).join("expected.txt")).unwrap()
}

fn say(program: &Built, scratch: &Scratch) -> String {
    library::must(program.command().arg(&scratch.root).arg("test"))
}

fn assert_same(said: &str, due: &[&str], who: &str) {
    for (at, (said, due)) in said.lines().zip(due).enumerate() {
        assert_eq!(said, *due, "{who}, line {}", at + 1);
    }
    assert_eq!(said.lines().count(), due.len(), "{who}");
}

#[test]
fn golden_files_of_every_minor_read_the_same_in_c() {
    for entry in std::fs::read_dir(folder()).unwrap() {
        let version = entry.unwrap().file_name().into_string().unwrap();
        let (scratch, expected) = (unpacked(&version), expected(&version));
        let all: Vec<&str> = expected.lines().collect();
        let is_row = |line: &&str| line.starts_with("row ") || line.starts_with("live ");
        let rows: Vec<&str> = all.iter().copied().filter(is_row).collect();
        for compiler in rig::compilers("golden.c") {
            let raw = rig::build(compiler, "tests/raw/golden.c", &SANITIZERS);
            assert_same(&say(&raw, &scratch), &all, "the raw header");
            let through = rig::build(compiler, "tests/raw/golden_library.c", &[]);
            assert_same(&say(&through, &scratch), &rows, "the library");
        }
    }
}

fn set(scratch: &Scratch, at: u64, value: u64) {
    for name in FILES {
        let file = OpenOptions::new().read(true).write(true).open(scratch.file(name)).unwrap();
        file.write_all_at(&value.to_le_bytes(), at).unwrap();
        let mut bytes = [0; 128];
        file.read_exact_at(&mut bytes, 0).unwrap();
        let word = |chunk: &[u8]| u64::from_le_bytes(chunk.try_into().unwrap());
        let mut words: Vec<u64> = bytes.chunks_exact(8).map(word).collect();
        (words[1], words[7]) = (0, 0);
        file.write_all_at(&checksum(&words).to_le_bytes(), 56).unwrap();
    }
}

#[test]
fn the_raw_header_reads_or_refuses_later_releases_as_the_format_promises() {
    let Some(compiler) = rig::compilers("golden.c").into_iter().next() else { return };
    let program = rig::build(compiler, "tests/raw/golden.c", &SANITIZERS);
    let version = format!("{MAJOR}.{MINOR}");
    // A later minor, features that a reader may ignore, a reserved word in use.
    for (at, value) in [(8, version_word(MAJOR, MINOR + 7)), (24, 1 << 40), (32, 1 << 3), (120, 77)] {
        let scratch = unpacked(&version);
        set(&scratch, at, value);
        assert_eq!(say(&program, &scratch), expected(&version), "byte {at}");
    }
    let later = format!("version {}.3", MAJOR + 1);
    for (at, value, words) in [
        (40, 1 << 2, "uses a feature this header does not know"),
        (8, version_word(MAJOR + 1, 3), later.as_str()),
        (8, version_word(MAJOR + 1, 3), "another layout major"),
        (8, 0, "never finished"),
        (0, 7, "not a tickplane segment"),
        (16, 0x0807_0605_0403_0201, "another byte order"),
        (64, 1 << 40, "damaged"),
        (80, 1 << 60, "damaged"),
    ] {
        let scratch = unpacked(&version);
        set(&scratch, at, value);
        let output = library::run(program.command().arg(&scratch.root).arg("test"));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(1) && said.contains(words), "byte {at}: {said}");
    }
}

/// The exchange's file is another one now: what its entries were called before names nothing.
#[test]
fn events_name_nothing_in_a_file_of_another_generation() {
    let Some(compiler) = rig::compilers("golden.c").into_iter().next() else { return };
    let program = rig::build(compiler, "tests/raw/golden.c", &SANITIZERS);
    let version = format!("{MAJOR}.{MINOR}");
    let scratch = unpacked(&version);
    let events = |said: &str| -> Vec<String> {
        said.lines()
            .filter(|line| line.starts_with("event "))
            .map(|line| line.split(' ').nth(7).unwrap().into())
            .collect()
    };
    assert!(events(&say(&program, &scratch)).iter().all(|name| name == "BTC-USDT"));
    set(&scratch, 112, 9);
    assert!(events(&say(&program, &scratch)).iter().all(|name| name == "none"));
}

/// A region longer than its shape needs, as a later minor may make it.
#[test]
fn longer_regions_are_read() {
    let Some(compiler) = rig::compilers("golden.c").into_iter().next() else { return };
    let program = rig::build(compiler, "tests/raw/golden.c", &SANITIZERS);
    let version = format!("{MAJOR}.{MINOR}");
    let scratch = unpacked(&version);
    let file = OpenOptions::new().read(true).write(true).open(scratch.file("binance.seg")).unwrap();
    let words = |at: u64, count: usize| -> Vec<u64> {
        let mut bytes = vec![0; count * 8];
        file.read_exact_at(&mut bytes, at).unwrap();
        bytes.chunks_exact(8).map(|chunk| u64::from_le_bytes(chunk.try_into().unwrap())).collect()
    };
    let store = |at: u64, words: &[u64]| {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        file.write_all_at(&bytes, at).unwrap();
    };
    // Every entry's region is moved apart and a page longer.
    let count = words(448, 1)[0];
    let first = words(96, 1)[0];
    for index in (0..count).rev() {
        let at = 4096 + index * 128;
        let mut entry = words(at, 16);
        let (offset, bytes) = (entry[1], entry[2]);
        let mut region = words(offset, bytes as usize / 8);
        region.extend([u64::MAX; 512]);
        (entry[1], entry[2], region[1]) = (offset + index * 4096, bytes + 4096, bytes + 4096);
        region[6] = 5;
        region[7] = checksum(&region[..7]);
        let (state, successor) = (entry[4], entry[5]);
        (entry[4], entry[5], entry[7]) = (0, 0, 0);
        entry[7] = checksum(&entry);
        (entry[4], entry[5]) = (state, successor);
        assert!(entry[1] >= first);
        store(entry[1], &region);
        store(at, &entry);
    }
    assert_eq!(say(&program, &scratch), expected(&version));
    let raw_rows: Vec<String> =
        expected(&version).lines().filter(|line| line.starts_with("row ")).map(str::to_owned).collect();
    let through = rig::build(compiler, "tests/raw/golden_library.c", &[]);
    let said = say(&through, &scratch);
    assert_eq!(said.lines().filter(|line| line.starts_with("row ")).collect::<Vec<_>>(), raw_rows, "the library");
}
