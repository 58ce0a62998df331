//! The Python package, installed as its users install it, against writers of this binary.

use std::io::{BufRead, Write, stderr, stdin};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tickplane_model::{Candle, ExchangeId};
use tickplane_segments::{ConnectionState, EntryId, EventKind, PlaneEvent, StreamState};

use crate::fixture::{DEPTH, NOW_NS, Scratch, Writer, candle, quote};
use crate::library;

/// A Python that has the packages of pyproject.toml's extra `test`, and may have the package itself replaced. Where it is
/// set, as in CI, the test may not skip.
const VARIABLE: &str = "TICKPLANE_FFI_PYTHON";
/// Tells the writer where its plane is, how deep its series are, and that it is asked for.
const ROOT: &str = "TICKPLANE_PYTHON_ROOT";
const DEPTH_VARIABLE: &str = "TICKPLANE_PYTHON_DEPTH";

#[test]
fn the_python_package_keeps_its_promises() {
    let Some(python) = python() else { return };
    install_package(&python);
    let mypy = ["-m", "mypy", "--config-file", "pyproject.toml", "--cache-dir"];
    must(package_command(&python).args(mypy).arg(cache("mypy")));
    let tests = must(package_command(&python).args(["-m", "pytest", "-q", "-p", "no:cacheprovider"]));
    aloud(&tests.lines().filter(|line| line.contains("SKIPPED")).collect::<Vec<_>>().join("\n"));
}

/// Python with what the tests of the package are told.
fn package_command(python: &Path) -> Command {
    let mut command = Command::new(python);
    command
        .current_dir(library::path("python"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("TICKPLANE_LIBRARY", library::folder().join(library::SONAME))
        .env("TICKPLANE_HEADER", library::path("include/tickplane.h"))
        .env("TICKPLANE_TEST_WRITER", std::env::current_exe().expect("a test knows its own path"))
        .env("MPLBACKEND", "agg")
        .env("MPLCONFIGDIR", cache("matplotlib"))
        .stdin(Stdio::null());
    // The `tickplane` of the same build, if somebody built it.
    let tail = std::env::current_exe().ok().and_then(|test| Some(test.parent()?.parent()?.join("tickplane")));
    if let Some(tail) = tail.filter(|tail| tail.exists()) {
        command.env("TICKPLANE_COMMAND", tail);
    }
    command
}

/// The Python to test with: the named one, or one in a virtual environment that is made once. `None`, said aloud, where
/// there is none.
fn python() -> Option<PathBuf> {
    if let Ok(named) = std::env::var(VARIABLE) {
        return Some(named.into());
    }
    let folder = cache("venv");
    let (python, stamp) = (folder.join("bin/python"), folder.join("made-for"));
    let wanted =
        std::fs::read_to_string(library::path("python/pyproject.toml")).expect("the package says what it needs");
    let is_made =
        std::fs::read_to_string(&stamp).is_ok_and(|made| made == wanted) && runs(&python, &["-c", "import numpy"]);
    match if is_made { Ok(()) } else { make(&folder, &python) } {
        Ok(()) => {
            std::fs::write(stamp, wanted).expect("a file can be written");
            Some(python)
        }
        Err(reason) => {
            aloud(&format!(
                "skipped: the Python package was not tested: {reason}; make a virtual environment, `pip install hatchling \
                 'ffi/python[test]'` there, and set {VARIABLE} to its python"
            ));
            None
        }
    }
}

fn make(folder: &Path, python: &Path) -> Result<(), String> {
    said(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder))?;
    let package = format!("{}[test]", library::path("python").display());
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "1", "hatchling"];
    said(Command::new(python).args(install).arg(package))
}

/// Replaces the installed package by what is in the tree. Nothing is fetched.
fn install_package(python: &Path) {
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-index"];
    let more = ["--no-build-isolation", "--force-reinstall"];
    must(Command::new(python).args(install).args(more).arg(library::path("python")));
}

/// A place beside the build that outlives the test.
fn cache(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("python").join(name)
}

fn runs(program: &Path, arguments: &[&str]) -> bool {
    Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
}

/// Runs a command that may fail; then gives the last error of what it said.
fn said(command: &mut Command) -> Result<(), String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let reason = text.lines().rfind(|line| line.contains("ERROR:")).or(text.lines().last());
    Err(reason.unwrap_or("it failed").trim().to_owned())
}

fn must(command: &mut Command) -> String {
    let output = command.output().expect("a command starts");
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success(), "{command:?}: {}\n{text}", output.status);
    text
}

/// Past the test harness, which keeps what a passing test prints to itself.
fn aloud(text: &str) {
    let _ = writeln!(stderr(), "{text}");
}

/// The writer that the package's tests start: does what each line says, and answers it.
#[test]
fn writer() {
    let Some(root) = std::env::var_os(ROOT) else { return };
    let depth = std::env::var(DEPTH_VARIABLE).map_or(DEPTH, |text| text.parse().expect("a number of rows"));
    // Never dropped: the plane's files are the package's.
    let scratch = std::mem::ManuallyDrop::new(Scratch { root: root.into() });
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock that is set");
    let mut writer = Writer::opened_at(now.as_nanos() as i64, &scratch, depth);
    println!("\n> ready {}", std::process::id());
    for line in stdin().lock().lines() {
        let line = line.expect("the package writes text");
        obey(&mut writer, &line.split(' ').collect::<Vec<_>>());
        println!("> done");
    }
}

fn obey(writer: &mut Writer, words: &[&str]) {
    let number = |at: usize| words[at].parse::<u64>().expect("a number");
    match words[0] {
        "fill" => writer.fill(number(1)),
        "shifted" => (0..number(2)).for_each(|row| {
            let open_time_ns = candle(row + number(1), 0.0).open_time_ns;
            writer.series.append(&Candle { open_time_ns, ..candle(row, 0.0) }, &[]);
        }),
        "revise" => {
            let row = number(1);
            let indicators = [row as f64 / 2.0, -(row as f64)];
            assert!(writer.series.revise(row, &candle(row, number(2) as f64), &indicators));
        }
        "trade" => writer.trade(number(1)),
        "quote" => {
            writer.instrument.publish_quote(&quote(number(1)), NOW_NS);
        }
        "closes" => (number(1)..number(2)).for_each(|row| writer.announce(EventKind::CandleClose, row)),
        "revision" => writer.announce(EventKind::CandleRevise, number(1)),
        "lifecycle" => tell(writer, EventKind::Lifecycle, EntryId::NONE, ConnectionState::Live as u64),
        "stream" => tell(writer, EventKind::Stream, writer.instrument.entry(), StreamState::Live as u64),
        "alert" => tell(writer, EventKind::Alert, EntryId::NONE, 7),
        // As a plane goes on: a row every millisecond, until it is killed, or nobody can be there to kill it.
        "run" => {
            for _ in 0..60_000 {
                writer.fill(writer.series.rows().end + 1);
                writer.trade(1);
                writer.announce(EventKind::CandleClose, writer.series.rows().end - 1);
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        unknown => panic!("{unknown} is no command"),
    }
    writer.plane.bell().mark();
    writer.plane.bell().ring();
}

fn tell(writer: &mut Writer, kind: EventKind, entry: EntryId, detail: u64) {
    let event = PlaneEvent { kind, exchange: ExchangeId::Binance, entry, row: 0, publish_ns: NOW_NS, detail };
    writer.events.publish(&event);
}
