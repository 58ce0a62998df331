//! What a killed simulation leaves behind is cleared by the next; what lives is left alone.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::support::{Beside, root, tickplane};

/// A simulation of one venue, and its config.
fn simulate(at: &str) -> (Beside, PathBuf) {
    let mut simulation = Beside::start(&["simulate", "kraken", "--symbols", "2", "--root", at]);
    let hint = simulation.hears("tickplane run --config ");
    let config = hint.trim().trim_start_matches("tickplane run --config ");
    (simulation, PathBuf::from(config))
}

/// The name that a simulation's config gives its plane.
fn instance_of(config: &Path) -> String {
    let text = std::fs::read_to_string(config).unwrap();
    let line = text.lines().find(|line| line.starts_with("instance")).unwrap();
    line.split('"').nth(1).unwrap().to_owned()
}

fn kill(mut process: Beside) {
    process.signal("KILL");
    assert_eq!(process.ends(), None, "a signal ended it");
}

/// The folders of instances in a root.
fn instances(root: &Path) -> Vec<String> {
    let names = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| !name.ends_with(".ledger")).collect();
    names.sort();
    names
}

#[test]
fn a_killed_simulation_and_its_plane_are_cleared_by_the_next_and_the_living_are_not() {
    let root = root();
    let at = root.path().to_str().unwrap();
    let (living, living_config) = simulate(at);
    let (killed, config) = simulate(at);
    let (name, living_name) = (instance_of(&config), instance_of(&living_config));
    assert_ne!(name, living_name, "each has its own");
    let start = |config: &Path| {
        let mut plane = Beside::start(&["run", "--config", config.to_str().unwrap()]);
        plane.hears("connected to localhost");
        plane
    };
    let (plane, living_plane) = (start(&config), start(&living_config));
    kill(plane);
    kill(killed);
    let folder = config.parent().unwrap().to_owned();
    assert!(folder.exists(), "SIGKILL leaves it");
    let mut both = vec![name.clone(), living_name.clone()];
    both.sort();
    assert_eq!(instances(root.path()), both);

    let begin = Instant::now();
    let (next, next_config) = simulate(at);
    assert!(!folder.exists() && living_config.exists(), "{}", folder.display());
    assert_eq!(instances(root.path()), [living_name.as_str()]);
    assert!(begin.elapsed() < Duration::from_secs(5), "at once");
    let status = tickplane(&["status", "--instance", &living_name, "--root", at, "--format", "json"]);
    assert!(status.lines()[0].contains(r#""state":"running""#), "{status:?}");

    // In order everything goes, the plane's rest with its simulation.
    for mut process in [living_plane, living, next] {
        process.signal("TERM");
        assert_eq!(process.ends(), Some(0));
    }
    assert_eq!(instances(root.path()), Vec::<String>::new());
    assert!(!living_config.exists() && !next_config.exists());
}

#[test]
fn a_killed_demo_is_cleared_by_the_next() {
    let root = root();
    let at = root.path().to_str().unwrap();
    let demo = ["demo", "--venues", "kraken", "--symbols", "2", "--quiet", "--root", at, "--seconds"];
    let killed = Beside::start(&[&demo[..], &["60"]].concat());
    let end = Instant::now() + Duration::from_secs(20);
    while instances(root.path()).is_empty() && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(20));
    }
    let name = instances(root.path()).remove(0);
    let folder = std::env::temp_dir().join(format!("tickplane-{name}"));
    kill(killed);
    assert!(folder.join("ca.pem").exists(), "SIGKILL leaves it");
    tickplane(&[&demo[..], &["2"]].concat()).lines();
    assert_eq!(instances(root.path()), Vec::<String>::new(), "{name} is gone, and the next one's own");
    assert!(!folder.exists());
}
