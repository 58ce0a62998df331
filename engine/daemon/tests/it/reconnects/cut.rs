//! The plane whose connections are cut, in a process of its own: nobody else opens files or takes memory in it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use tickplane_daemon::{Config, Daemon, ExchangeConfig, HistoryRows, Reconcile};
use tickplane_model::{ExchangeId, Timeframe};
use tickplane_runtimes::Runtime;
use tickplane_segments::Instance;
use tickplane_simulator::VenueEndpoint;

use super::hurried;

const INSTANCE: &str = "reconnects";
/// What a plane is told, besides its root: by the environment.
const ROOT: &str = "TICKPLANE_RECONNECT_ROOT";
const RUNTIME: &str = "TICKPLANE_RECONNECT_RUNTIME";
const VENUES: &str = "TICKPLANE_RECONNECT_VENUES";
/// Bytes to lose with each connection, to show that this is found.
pub(super) const LEAK: &str = "TICKPLANE_RECONNECT_LEAK";

/// A plane that runs beside the test.
pub(super) struct Process {
    child: Child,
    /// It may say more: nobody reads that, but nobody breaks the pipe either.
    _said: BufReader<ChildStdout>,
}

/// What the kernel says that it holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Holding {
    pub(super) files: usize,
    pub(super) threads: u64,
    /// Anonymous memory: the heap and stacks, not the segments.
    pub(super) bytes: u64,
}

impl Process {
    /// Starts a plane and waits until all its exchanges run, each with so many symbols.
    pub(super) fn start(root: &Path, runtime: Runtime, venues: &[(VenueEndpoint, usize)]) -> Self {
        let venue =
            |(at, symbols): &(VenueEndpoint, usize)| format!("{} {} {} {symbols}", at.exchange, at.websocket, at.rest);
        let venues: Vec<String> = venues.iter().map(venue).collect();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["reconnects::cut::a_plane_that_is_cut", "--exact", "--ignored", "--nocapture"])
            .env(ROOT, root)
            .env(RUNTIME, runtime.as_str())
            .env(VENUES, venues.join(";"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        let is_up = said.by_ref().lines().map_while(Result::ok).any(|line| line.ends_with("every exchange runs"));
        assert!(is_up, "the plane did not start");
        Self { child, _said: said }
    }

    pub(super) fn holding(&self) -> Holding {
        let process = format!("/proc/{}", self.child.id());
        let status = std::fs::read_to_string(format!("{process}/status")).unwrap();
        let number = |name: &str| -> u64 {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.split_whitespace().next().unwrap().parse().unwrap()
        };
        let files = std::fs::read_dir(format!("{process}/fd")).unwrap().count();
        Holding { files, threads: number("Threads:"), bytes: number("RssAnon:") * 1_024 }
    }

    /// Ends it as a crash would.
    pub(super) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Ends it in order, and asserts that it ended well.
    pub(super) fn end(mut self) {
        drop(self.child.stdin.take());
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has ended already, but for a test that fails.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The instance of [`Process`].
pub(super) fn instance(root: &Path) -> Instance {
    Instance::new(Some(&root.join("planes")), INSTANCE).unwrap()
}

fn config(root: &Path) -> Config {
    let venue = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        let id: ExchangeId = words[0].parse().unwrap();
        let (top, ca) = (words[3].parse().unwrap(), Some(root.join("ca.pem")));
        (id, ExchangeConfig { top, ca, ..ExchangeConfig::at(words[1], words[2]) })
    };
    let exchanges: BTreeMap<_, _> = std::env::var(VENUES).unwrap().split(';').map(venue).collect();
    Config {
        instance: INSTANCE.to_owned(),
        root: Some(root.join("planes")),
        runtime: Some(std::env::var(RUNTIME).unwrap().parse().unwrap()),
        shards: Some(1),
        workers: Some(0),
        timeframes: vec![Timeframe::S1],
        depth: 64,
        history: HistoryRows::Off,
        reconcile: Reconcile::Off,
        exchanges,
        ..Config::default()
    }
}

/// The process that is measured; it ends with its input.
#[test]
#[ignore = "the tests of reconnects.rs start it"]
fn a_plane_that_is_cut() {
    let leak: usize = std::env::var(LEAK).map_or(0, |bytes| bytes.parse().unwrap());
    let root = std::env::var_os(ROOT).expect("a root");
    let (talk, heard) = crossbeam_channel::unbounded();
    let daemon = Daemon::start_with(config(Path::new(&root)), &hurried::exchanges(), talk).unwrap();
    for (exchange, _) in hurried::FASTER {
        daemon.start_exchange(exchange).unwrap();
    }
    std::thread::spawn(move || {
        for line in heard {
            if leak > 0 && line.contains("connected to") {
                std::mem::forget(vec![1_u8; leak]);
            }
        }
    });
    println!("\nevery exchange runs");
    std::io::stdin().lines().for_each(drop);
    daemon.shutdown(true);
}
