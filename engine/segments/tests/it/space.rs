//! A full file system is a clear error, never a signal, and leaves nothing half-made.

use std::path::Path;
use std::process::Command;

use tickplane_model::{ExchangeId, Timeframe};
use tickplane_segments::{ArenaShape, Instance, Plane, PlaneWriter, SegmentError};

use crate::fixture::*;

const ROOM: &str = "TICKPLANE_TEST_TINY_ROOT";

/// Runs [`inside`] in a mount namespace of its own, on a file system of 1 MiB.
#[test]
fn a_full_file_system_is_a_clear_error() {
    let scratch = Scratch::new("tiny");
    std::fs::create_dir_all(&scratch.root).unwrap();
    let script = r#"mount -t tmpfs -o size=1m none "$1" && exec "$2" --exact space::inside --nocapture"#;
    let outcome = Command::new("unshare")
        .args(["-m", "sh", "-c", script, "sh"])
        .arg(&scratch.root)
        .arg(std::env::current_exe().unwrap())
        .env(ROOM, &scratch.root)
        .output();
    let Ok(output) = outcome else {
        eprintln!("skipped: there is no unshare command");
        return;
    };
    let text = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    if text.contains("unshare failed") || text.contains("permission denied") || text.contains("must be superuser") {
        eprintln!("skipped: mounting a small file system needs root: {}", text.trim());
        return;
    }
    assert!(output.status.success() && text.contains("1 passed"), "{}\n{text}", output.status);
}

#[test]
fn inside() {
    let Ok(root) = std::env::var(ROOM) else { return };
    let instance = Instance::new(Some(Path::new(&root)), "tiny").unwrap();
    let arena = ArenaShape { bytes_max: 1 << 30, entries_max: 64 };
    let mut writer = PlaneWriter::open(&instance, &PLANE, NOW_NS).unwrap();
    let mut exchange = writer.exchange(ExchangeId::Binance, &arena).unwrap();
    let mut small = exchange.series(&symbol(), Timeframe::M1, &series_shape(50, &[])).unwrap();

    let free = instance.free_bytes().unwrap();
    let large = series_shape(100_000, &[]);
    let error = exchange.series(&symbol(), Timeframe::S1, &large).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("binance.seg needs 15.3 MiB more") && text.contains("--shm-size"), "{text}");
    let SegmentError::NoSpace { needed, free: told, .. } = error else { panic!("{text}") };
    assert_eq!((needed, told), (large.bytes(), free), "what failed was given back");

    // A file whose directory alone does not fit leaves no trace.
    let vast = ArenaShape { bytes_max: 1 << 30, entries_max: 1 << 16 };
    assert!(matches!(writer.exchange(ExchangeId::Okx, &vast), Err(SegmentError::NoSpace { .. })));
    let mut files: Vec<_> =
        std::fs::read_dir(instance.directory()).unwrap().map(|file| file.unwrap().file_name()).collect();
    files.sort();
    assert_eq!(files, ["binance.seg", "lock", "plane.seg"]);

    // The others go on, also when the file system is filled to the last page.
    std::fs::write(Path::new(&root).join("filler"), vec![1; free as usize]).unwrap();
    let plane = Plane::open(&instance).unwrap();
    let reader = plane.series(&candles_key()).unwrap();
    for row in 0..500 {
        small.append(&candle(row), &[]);
    }
    assert_eq!(reader.candles(1).unwrap().candles, vec![candle(499)]);
}
