//! Limits of a process and rights of a user: a clear error that says what to do, never a signal, and the others go on.
//!
//! Each case runs in a process of its own, this binary again, because it takes away what a process cannot get back.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tickplane_model::{ExchangeId, Key, Timeframe};
use tickplane_segments::{ArenaShape, Instance, InstrumentShape, Plane, PlaneWriter, SegmentError, SeriesWriter};

use crate::fixture::*;
use crate::kill::spawn;

const ROOT: &str = "TICKPLANE_TEST_LIMITS_ROOT";
const SMALL: ArenaShape = ArenaShape { bytes_max: 512 << 10, entries_max: 16 };
/// A user without rights: nobody, on every Linux.
const NOBODY: u32 = 65534;

/// Runs one of the cases below in a process of its own.
fn run(case: &str) {
    let scratch = Scratch::new("limits");
    let output =
        spawn(&format!("limits::{case}"), &[(ROOT, scratch.root.to_str().unwrap())]).wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{case}: {}\n{text}", output.status);
}

/// The instance of a case; `None` in the process that runs all tests.
fn instance() -> Option<Instance> {
    std::env::var(ROOT).ok().map(|root| Instance::new(Some(Path::new(&root)), "limits").unwrap())
}

fn limit(resource: Resource, current: u64) {
    let maximum = getrlimit(resource).maximum;
    setrlimit(resource, Rlimit { current: Some(current), maximum }).unwrap();
}

fn check(error: &dyn std::fmt::Display, parts: &[&str]) {
    let text = error.to_string();
    assert!(parts.iter().all(|part| text.contains(part)), "{text}");
}

/// A plane with an exchange that works, and a reader of it.
struct Running {
    writer: PlaneWriter,
    series: SeriesWriter,
    reader: Plane,
}

impl Running {
    fn new(instance: &Instance) -> Self {
        let mut writer = PlaneWriter::open(instance, &PLANE, NOW_NS).unwrap();
        let mut exchange = writer.exchange(ExchangeId::Binance, &SMALL).unwrap();
        let series = exchange.series(&symbol(), Timeframe::M1, &series_shape(20, &[])).unwrap();
        let reader = Plane::open(instance).unwrap();
        let mut running = Self { writer, series, reader };
        running.goes_on();
        running
    }

    /// What works goes on: the writer writes, the reader reads, and knows the writer alive.
    fn goes_on(&mut self) {
        let row = self.series.rows().end;
        self.series.append(&candle(row), &[]);
        self.writer.heartbeat(NOW_NS + row as i64);
        self.writer.bell().mark();
        let found = self.reader.series(&candles_key()).unwrap().candles(1).unwrap();
        assert_eq!((found.first_row, found.candles), (row, vec![candle(row)]));
        assert!(self.reader.status().alive && self.reader.status().heartbeat_ns == NOW_NS + row as i64);
    }

    fn files(&self) -> Vec<String> {
        let files = std::fs::read_dir(self.writer.instance().directory()).unwrap();
        let mut names: Vec<_> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

#[test]
fn no_more_open_files_is_a_clear_error() {
    run("without_descriptors");
}

#[test]
fn without_descriptors() {
    let Some(instance) = instance() else { return };
    let mut running = Running::new(&instance);
    let before = getrlimit(Resource::Nofile).current.unwrap();
    // The lowest free descriptor is the first that is no longer given.
    let free = std::os::fd::AsRawFd::as_raw_fd(&std::fs::File::open("/dev/null").unwrap()) as u64;
    limit(Resource::Nofile, free);
    let error = running.writer.exchange(ExchangeId::Okx, &SMALL).unwrap_err();
    check(&error, &["okx.seg", "Too many open files", "ulimit -n"]);
    check(&Plane::open(&instance).unwrap_err(), &["plane.seg", "Too many open files", "ulimit -n"]);
    running.goes_on();
    // One is enough for a segment.
    limit(Resource::Nofile, free + 1);
    let okx = running.writer.exchange(ExchangeId::Okx, &SMALL).unwrap();
    assert!(running.writer.exchange(ExchangeId::Kraken, &SMALL).is_err());
    running.goes_on();
    drop(okx);
    limit(Resource::Nofile, before);
    assert_eq!(running.files(), ["binance.seg", "lock", "okx.seg", "plane.seg"], "what failed left nothing");
    running.writer.exchange(ExchangeId::Kraken, &SMALL).unwrap();
}

#[test]
fn a_file_too_large_is_a_clear_error() {
    run("with_small_files");
}

#[test]
fn with_small_files() {
    let Some(instance) = instance() else { return };
    let mut running = Running::new(&instance);
    limit(Resource::Fsize, 1 << 20);
    let error = running.writer.exchange(ExchangeId::Okx, &ARENA).unwrap_err();
    check(&error, &["cannot size", "okx.seg", "File too large", "ulimit -f"]);
    running.goes_on();
    assert_eq!(running.files(), ["binance.seg", "lock", "plane.seg"]);
    running.writer.exchange(ExchangeId::Kraken, &SMALL).unwrap();
}

#[test]
fn too_little_address_space_is_a_clear_error() {
    run("with_little_address_space");
}

#[test]
fn with_little_address_space() {
    let Some(instance) = instance() else { return };
    let mut running = Running::new(&instance);
    limit(Resource::As, 8 << 30);
    let vast = ArenaShape { bytes_max: 16 << 30, entries_max: 16 };
    let error = running.writer.exchange(ExchangeId::Okx, &vast).unwrap_err();
    check(&error, &["cannot map", "okx.seg", "Cannot allocate memory", "ulimit -v"]);
    running.goes_on();
    assert_eq!(running.files(), ["binance.seg", "lock", "plane.seg"]);
}

#[test]
fn no_locked_memory_is_needed() {
    run("without_locked_memory");
}

#[test]
fn without_locked_memory() {
    let Some(instance) = instance() else { return };
    limit(Resource::Memlock, 0);
    Running::new(&instance).goes_on();
}

/// Becomes a user without rights; says aloud where that is not possible.
fn become_nobody() -> bool {
    // SAFETY: plain system calls on this process, which has one thread that matters.
    let done =
        unsafe { libc::setgroups(0, std::ptr::null()) == 0 && libc::setgid(NOBODY) == 0 && libc::setuid(NOBODY) == 0 };
    if !done {
        eprintln!("skipped: becoming another user needs root");
    }
    done
}

#[test]
fn another_users_plane_is_read_and_not_written() {
    run("as_another_user");
}

#[test]
fn as_another_user() {
    let Some(instance) = instance() else { return };
    let mut running = Running::new(&instance);
    let mut okx = running.writer.exchange(ExchangeId::Okx, &SMALL).unwrap();
    let mut ours = okx.instrument(&instrument(), &InstrumentShape { trade_capacity: 8 }).unwrap();
    ours.publish_trade(&trade(1), 0);
    // The owner shuts one exchange off.
    let shut = instance.directory().join("binance.seg");
    std::fs::set_permissions(&shut, PermissionsExt::from_mode(0o600)).unwrap();
    if !become_nobody() {
        return;
    }
    let plane = Plane::open(&instance).unwrap();
    let error = plane.series(&candles_key()).unwrap_err();
    check(&error, &["binance.seg", "Permission denied", "must let you read"]);
    let key = Key::Trades { exchange: ExchangeId::Okx, symbol: symbol() };
    let mut trades = plane.trades(&key).unwrap();
    trades.rewind(1);
    assert!(matches!(trades.poll(), tickplane_segments::Next::Item(record) if record.trade == trade(1)));
    assert_eq!(plane.keys().first(), Some(&key), "the other exchange is listed");

    let error = PlaneWriter::open(&instance, &PLANE, NOW_NS).unwrap_err();
    check(&error, &["open the lock", "Permission denied", "choose a --root you may write, or run as its owner"]);
    let error = std::fs::remove_file(instance.directory().join("plane.seg")).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied, "another user's file was removed");
}

#[test]
fn a_root_without_rights_is_a_clear_error() {
    run("in_a_shut_root");
}

#[test]
fn in_a_shut_root() {
    let Some(instance) = instance() else { return };
    let root = instance.directory().parent().unwrap();
    drop(Running::new(&instance));
    for (mode, reader_too) in [(0o700, true), (0o755, false)] {
        std::fs::set_permissions(root, PermissionsExt::from_mode(mode)).unwrap();
        let other = Instance::new(Some(root), "other").unwrap();
        // SAFETY: the effective user alone, and back.
        if unsafe { libc::seteuid(NOBODY) } != 0 {
            eprintln!("skipped: becoming another user needs root");
            return;
        }
        let error = PlaneWriter::open(&other, &PLANE, NOW_NS).unwrap_err();
        assert!(matches!(error, SegmentError::Io { .. }), "{error}");
        check(&error, &["cannot make", "other", "Permission denied", "choose a --root you may write"]);
        let found = Plane::open(&instance);
        assert_eq!(found.is_err(), reader_too);
        if let Err(error) = found {
            check(&error, &["plane.seg", "Permission denied", "must let you read"]);
        }
        // SAFETY: the real user is still root.
        assert_eq!(unsafe { libc::seteuid(0) }, 0);
    }
}
