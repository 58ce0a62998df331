//! Readers leave no trace: they map read-only, register nothing and change no byte, so nothing they do reaches the writer.

use tickplane_segments::Plane;

use crate::damage::{FILES, make, read_everything};
use crate::fixture::*;

#[test]
fn a_reader_maps_read_only() {
    let scratch = Scratch::new("read-only");
    make(&scratch);
    let plane = Plane::open(&scratch.instance).unwrap();
    let _series = plane.series(&candles_key()).unwrap();
    // This process's own writer is gone: what is mapped now is the reader's.
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let folder = scratch.instance.directory().to_str().unwrap();
    let rights: Vec<&str> = maps
        .lines()
        .filter(|line| line.contains(folder))
        .filter_map(|line| line.split_ascii_whitespace().nth(1))
        .collect();
    assert_eq!(rights, ["r--s"; FILES.len()], "{maps}");
}

#[test]
fn reading_everything_changes_nothing() {
    let scratch = Scratch::new("no-trace");
    make(&scratch);
    let folder = || {
        let files = std::fs::read_dir(scratch.instance.directory()).unwrap();
        let mut names: Vec<_> = files.map(|file| file.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let bytes = || FILES.map(|name| std::fs::read(scratch.path(name)).unwrap());
    let (before, names) = (bytes(), folder());
    read_everything(&scratch);
    assert!(bytes() == before, "a reader changed a byte");
    assert_eq!(folder(), names, "a reader left a file");
}
