//! Where, when and with what it was measured.
#![allow(clippy::disallowed_methods, reason = "asks the system, git and rustc what they are")]

use std::fs::read_to_string;
use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use tickplane_model::format_time;
use tickplane_runtimes::cores;

/// What the harness is built from: a change elsewhere does not change the figures.
const SOURCES: [&str; 5] = [":(glob)engine/*/src/**", "perf/src", "benches", "Cargo.toml", "Cargo.lock"];

/// Where, when and with what it was measured.
#[derive(Clone, Debug)]
pub struct Machine {
    /// When, in UTC.
    pub time: String,
    /// Processor, sizes of caches and hypervisor, as `lscpu` says.
    pub processor: String,
    /// Kernel release.
    pub kernel: String,
    /// Cores this process may use.
    pub cores: Vec<usize>,
    /// Commit of the working tree.
    pub commit: String,
    /// Files of the harness and the engine that differ from that commit.
    pub changed: Vec<String>,
    /// `rustc --version`.
    pub rustc: String,
    /// Whether the harness was built with optimisation.
    pub is_optimised: bool,
    /// The command line.
    pub command: String,
}

impl Machine {
    /// Describes this machine and the working tree at `root`.
    #[must_use]
    pub fn here(root: &Path) -> Self {
        let git = |arguments: &[&str]| output(Command::new("git").arg("-C").arg(root).args(arguments));
        let changes = [&["status", "--porcelain", "--untracked-files=no", "--"][..], &SOURCES].concat();
        Self {
            time: format_time(now_ns()),
            processor: processor(),
            kernel: first_line("/proc/sys/kernel/osrelease"),
            cores: cores(),
            commit: git(&["rev-parse", "--short=10", "HEAD"]),
            changed: git(&changes).lines().map(|line| line.get(3..).unwrap_or(line).to_owned()).collect(),
            rustc: output(Command::new("rustc").arg("--version")),
            is_optimised: !cfg!(debug_assertions),
            command: command(),
        }
    }
}

/// Processes that ran or waited to run, in the mean of the last 1, 5 and 15 minutes.
pub(crate) fn load() -> String {
    first_line("/proc/loadavg").split(' ').take(3).collect::<Vec<_>>().join(" ")
}

/// Now, in nanoseconds since the epoch.
pub(crate) fn now_ns() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| i64::try_from(time.as_nanos()).unwrap_or(i64::MAX))
}

/// Now, as venues write it.
pub(crate) fn now_ms() -> u64 {
    now_ns().unsigned_abs() / 1_000_000
}

fn processor() -> String {
    let told = output(&mut Command::new("lscpu"));
    let wanted =
        ["Model name", "CPU(s)", "Thread(s) per core", "L1d cache", "L2 cache", "L3 cache", "Hypervisor vendor"];
    let of = |name: &&str| {
        let line = told.lines().find(|line| line.trim_start().starts_with(&format!("{name}:")))?;
        Some(format!("{name} {}", line.split_once(':')?.1.trim()))
    };
    wanted.iter().filter_map(of).collect::<Vec<_>>().join(", ")
}

fn command() -> String {
    let arguments: Vec<String> = std::env::args().skip(1).map(|argument| quoted(&argument)).collect();
    format!("cargo run --release -p tickplane-perf -- {}", arguments.join(" "))
}

fn quoted(argument: &str) -> String {
    if argument.contains(char::is_whitespace) { format!("\"{argument}\"") } else { argument.to_owned() }
}

fn first_line(path: &str) -> String {
    read_to_string(path).unwrap_or_default().lines().next().unwrap_or("unknown").to_owned()
}

fn output(command: &mut Command) -> String {
    let output = command.output().map(|output| String::from_utf8_lossy(&output.stdout).trim_end().to_owned());
    output.unwrap_or_else(|_| "unknown".to_owned())
}
