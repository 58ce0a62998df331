//! What a plane costs while nothing happens, measured in a process of its own.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::{Duration, Instant};

use tickplane_daemon::Config;
use tickplane_model::ExchangeId;
use tickplane_runtimes::Runtime;
use tickplane_segments::ConnectionCounter;
use tickplane_simulator::SimulationConfig;

use crate::support::{VENUES, World, is_refused, start, wait_until};

/// Of one core, all threads of the plane together.
const IDLE_PERCENT_MAX: f64 = 2.0;
const MEASURED: Duration = Duration::from_secs(5);
/// Threads that are not the plane's: the simulated market and the test itself.
const OTHERS: [&str; 2] = ["simulator", "idle"];

/// Nanoseconds on a CPU of each thread of this process so far, by name (`schedstat` of `proc_pid_schedstat(5)`: exact,
/// where `stat` samples a hundred times a second and misses what wakes for microseconds).
fn used_ns() -> BTreeMap<String, u64> {
    let mut used = BTreeMap::new();
    for task in std::fs::read_dir("/proc/self/task").unwrap().flatten() {
        let read = |file: &str| std::fs::read_to_string(task.path().join(file));
        // A thread that ended meanwhile has nothing to tell.
        let (Ok(name), Ok(schedule)) = (read("comm"), read("schedstat")) else { continue };
        let ns: u64 = schedule.split_whitespace().next().unwrap().parse().unwrap();
        *used.entry(name.trim().to_owned()).or_insert(0) += ns;
    }
    used
}

/// The process that is measured: three exchanges connected, their market asleep.
#[test]
#[ignore = "the other test of this file starts it"]
fn a_plane_that_waits() {
    let runtime: Runtime = std::env::var("TICKPLANE_IDLE").expect("the runtime").parse().unwrap();
    let quiet = SimulationConfig { rate: 1e-6, symbols: 6, plain: true, ..SimulationConfig::default() };
    let world = World::of(quiet);
    let (daemon, _talk) = start(Config { runtime: Some(runtime), workers: Some(1), ..world.config(6) });
    for exchange in VENUES {
        daemon.start_exchange(exchange).unwrap_or_else(|error| panic!("{error}"));
    }
    let plane = world.open();
    let up = || plane.connections().iter().all(|connection| connection.connected_at_ns > 0);
    wait_until("connections", Duration::from_secs(10), || plane.connections().len() >= 3 && up());
    std::thread::sleep(Duration::from_secs(1));
    // The first line of a test's output stands behind its name.
    println!();
    let (start, before) = (Instant::now(), used_ns());
    std::thread::sleep(MEASURED);
    let (after, passed) = (used_ns(), start.elapsed());
    for (name, ns) in after {
        let used = ns - before.get(&name).copied().unwrap_or(0);
        println!("thread {name}: {:.3} %", used as f64 / passed.as_nanos() as f64 * 100.0);
    }
    let trades: u64 = plane.connections().iter().map(|connection| connection.count(ConnectionCounter::Trades)).sum();
    println!("trades {trades}");
    assert!(plane.connections().iter().any(|connection| connection.exchange == ExchangeId::Kraken));
    daemon.shutdown(true);
}

fn measure(runtime: Runtime) {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["idle::a_plane_that_waits", "--exact", "--ignored", "--nocapture", "--test-threads", "1"])
        .env("TICKPLANE_IDLE", runtime.as_str())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success(), "{text}\n{}", String::from_utf8_lossy(&child.stderr));
    let percent = |line: &str| {
        let (name, used) = line.strip_prefix("thread ")?.split_once(": ")?;
        let used: f64 = used.trim_end_matches(" %").parse().ok()?;
        (!OTHERS.iter().any(|other| name.starts_with(other))).then_some(used)
    };
    let used: Vec<f64> = text.lines().filter_map(percent).collect();
    let total: f64 = used.iter().sum();
    assert!(used.len() >= 4 && total <= IDLE_PERCENT_MAX, "an idle plane on {runtime} takes {total:.2} %:\n{text}");
    assert!(total > 0.0, "a plane that costs nothing at all was not measured:\n{text}");
    eprintln!("an idle plane on {runtime} takes {total:.2} % of a core:\n{text}");
}

#[test]
fn a_plane_that_waits_costs_next_to_nothing() {
    for runtime in [Runtime::Park, Runtime::Glommio] {
        if !is_refused(runtime) {
            measure(runtime);
        }
    }
}
