//! The rules of the house, read off the tree: who may import whom, where unsafe code stands, who has which powers.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Each crate and the crates of the house it may import. A crate that is not named here may not exist.
const IMPORTS: [(&str, &[&str]); 18] = [
    ("tickplane-model", &[]),
    ("tickplane-scan", &[]),
    ("tickplane-frames", &[]),
    ("tickplane-exchanges", &["model", "scan"]),
    ("tickplane-rings", &["model"]),
    ("tickplane-candles", &["model"]),
    ("tickplane-indicators", &["model"]),
    ("tickplane-layout", &[]),
    ("tickplane-segments", &["layout", "model"]),
    (
        "tickplane-shards",
        &["model", "scan", "frames", "exchanges", "rings", "candles", "indicators", "layout", "segments"],
    ),
    ("tickplane-runtimes", &["shards", "model", "segments"]),
    ("tickplane-control", &["model", "exchanges"]),
    (
        "tickplane-daemon",
        &[
            "model",
            "exchanges",
            "rings",
            "candles",
            "indicators",
            "layout",
            "segments",
            "shards",
            "runtimes",
            "control",
        ],
    ),
    ("tickplane-ffi", &["layout", "segments", "model"]),
    ("tickplane-simulator", &["model"]),
    (
        "tickplane",
        &["model", "scan", "exchanges", "candles", "indicators", "segments", "runtimes", "daemon", "simulator"],
    ),
    ("tickplane-benches", &["model", "exchanges", "rings", "candles", "indicators", "segments", "shards", "ffi"]),
    ("tickplane-perf", &["model", "exchanges", "rings", "candles", "indicators", "segments", "shards", "runtimes"]),
];

/// Outside crates that only these may import: each is a power.
const POWERS: [(&str, &[&str]); 14] = [
    ("glommio", &["tickplane-runtimes"]),
    ("mio", &["tickplane-runtimes", "tickplane-simulator"]),
    ("core_affinity", &["tickplane-runtimes", "tickplane-perf", "tickplane-benches"]),
    ("memmap2", &["tickplane-segments", "tickplane-benches"]),
    ("tungstenite", &["tickplane-frames", "tickplane-simulator", "tickplane-perf"]),
    ("simd-json", &["tickplane-scan"]),
    ("fast-float2", &["tickplane-scan"]),
    ("rtrb", &["tickplane-rings"]),
    ("rustls", &["tickplane-shards", "tickplane-daemon", "tickplane-simulator", "tickplane-perf"]),
    ("ureq", &["tickplane-daemon"]),
    ("ta-lib", &["tickplane-indicators"]),
    ("hdrhistogram", &["tickplane-segments", "tickplane", "tickplane-perf"]),
    ("mimalloc", &["tickplane"]),
    ("clap", &["tickplane", "tickplane-perf"]),
];

/// Files with unsafe code outside tests.
const UNSAFE: [&str; 3] = ["engine/segments/", "ffi/", "benches/"];

/// Files that may use what clippy.toml bans, outside tests.
const BANS_LIFTED: [&str; 22] = [
    "benches/",
    "engine/daemon/src/bell.rs",
    "engine/daemon/src/config/exchange.rs",
    "engine/daemon/src/config/file.rs",
    "engine/daemon/src/control_socket.rs",
    "engine/daemon/src/daemon.rs",
    "engine/daemon/src/fetch_pool.rs",
    "engine/daemon/src/history_pool.rs",
    "engine/daemon/src/ledger.rs",
    "engine/daemon/src/rest.rs",
    "engine/runtimes/src/clock.rs",
    "engine/runtimes/src/probe.rs",
    "engine/runtimes/src/resolver.rs",
    "engine/runtimes/src/sockets.rs",
    "engine/runtimes/src/thread.rs",
    "engine/segments/src/lock.rs",
    "engine/segments/src/plane_writer.rs",
    "engine/segments/src/process.rs",
    "engine/segments/src/segment.rs",
    "perf/",
    "tools/simulator/src/",
    "tools/src/",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tools stands in the root").to_owned()
}

fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO")).args(arguments).current_dir(root()).output().expect("cargo runs");
    assert!(output.status.success(), "cargo {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("cargo speaks UTF-8")
}

/// Every crate of the workspace with the names of what it imports outside tests.
fn crates() -> BTreeMap<String, BTreeSet<String>> {
    let text = cargo(&["metadata", "--format-version", "1", "--no-deps", "--offline"]);
    let metadata: Value = serde_json::from_str(&text).expect("metadata is JSON");
    let name = |value: &Value| value["name"].as_str().expect("a name").to_owned();
    let packages = metadata["packages"].as_array().expect("packages");
    packages
        .iter()
        .map(|package| {
            let all = package["dependencies"].as_array().expect("dependencies");
            let used = all.iter().filter(|dependency| dependency["kind"].is_null()).map(name).collect();
            (name(package), used)
        })
        .collect()
}

/// Rust files outside `target`, with their path from the root.
fn sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> =
        ["engine", "ffi", "tools", "benches", "perf"].iter().map(|folder| root().join(folder)).collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the tree") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root()).expect("under the root").to_string_lossy().into_owned();
                found.push((name, fs::read_to_string(&path).expect("a text")));
            }
        }
    }
    assert!(found.len() > 100, "the tree was not found");
    found
}

fn is_test(path: &str) -> bool {
    path.contains("/tests/") || path.ends_with("/tests.rs") || path.contains("/examples/")
}

#[test]
fn crates_import_only_what_the_house_allows() {
    let crates = crates();
    let allowed: BTreeMap<&str, &[&str]> = IMPORTS.into_iter().collect();
    assert_eq!(
        crates.keys().map(String::as_str).collect::<BTreeSet<_>>(),
        allowed.keys().copied().collect::<BTreeSet<_>>(),
        "a crate came or went: say here what it may import"
    );
    for (name, used) in &crates {
        for import in used.iter().filter_map(|import| import.strip_prefix("tickplane-")) {
            assert!(allowed[name.as_str()].contains(&import), "{name} may not import tickplane-{import}");
        }
    }
}

#[test]
fn powers_are_imported_only_by_those_who_have_them() {
    for (name, used) in crates() {
        for (power, owners) in POWERS {
            assert!(!used.contains(power) || owners.contains(&name.as_str()), "{name} may not import {power}");
        }
    }
    for bare in ["tickplane-model", "tickplane-layout"] {
        let used = crates().remove(bare).expect("a crate of the house");
        assert!(used.iter().all(|name| name == "loom"), "{bare} imports nothing, but has {used:?}");
    }
}

#[test]
fn the_c_library_links_no_socket_tls_or_exchange() {
    let tree = cargo(&["tree", "--offline", "-p", "tickplane-ffi", "-e", "normal", "--prefix", "none", "-f", "{lib}"]);
    for foreign in [
        "rustls",
        "ring",
        "mio",
        "tungstenite",
        "ureq",
        "mimalloc",
        "simd_json",
        "tickplane_exchanges",
        "tickplane_shards",
    ] {
        assert!(!tree.lines().any(|line| line == foreign), "the C library links {foreign}");
    }
    assert!(tree.lines().any(|line| line == "tickplane_segments"), "{tree}");
}

#[test]
fn unsafe_code_stands_only_where_it_may() {
    let mut with_unsafe = 0;
    for (path, text) in sources() {
        let may = UNSAFE.iter().any(|folder| path.starts_with(folder)) || is_test(&path);
        let has = text.lines().any(|line| {
            let code = line.split("//").next().unwrap_or("");
            ["unsafe {", "unsafe fn", "unsafe impl", "unsafe(", "unsafe extern"].iter().any(|form| code.contains(form))
        });
        assert!(may || !has, "{path} has unsafe code");
        with_unsafe += usize::from(has);
        let is_root = path.ends_with("src/lib.rs") || path.ends_with("src/main.rs");
        assert!(!is_root || may || text.contains("#![forbid(unsafe_code)]"), "{path} does not forbid unsafe code");
    }
    assert!(with_unsafe > 0, "unsafe code is no longer recognised");
}

#[test]
fn bans_are_lifted_only_where_the_power_belongs() {
    let lifted = "allow(clippy::disallowed_methods";
    let mut count = 0;
    for (path, text) in sources() {
        if is_test(&path) {
            continue;
        }
        // Unit tests may lift a ban for themselves; they stand last in a file.
        let code = text.split("#[cfg(test)]").next().unwrap_or("");
        let has = code.contains(lifted);
        assert!(
            !has || BANS_LIFTED.iter().any(|allowed| path.starts_with(allowed)),
            "{path} lifts the bans of clippy.toml"
        );
        count += usize::from(has);
    }
    assert!(count > 5, "lifted bans are no longer recognised");
    assert!(root().join("clippy.toml").exists(), "the bans are gone");
}

#[test]
fn every_file_says_first_what_it_is() {
    for (path, text) in sources() {
        assert!(text.starts_with("//!") || text.starts_with("#!["), "{path} does not open with a sentence");
        let lines = text.lines().count();
        assert!(lines <= 700, "{path} has {lines} lines: would two nouns be two files?");
    }
}

#[test]
fn every_ordering_argues_its_case() {
    let mut argued = 0;
    for (path, text) in sources() {
        if is_test(&path) || !(path.starts_with("engine/layout/") || path.starts_with("engine/segments/")) {
            continue;
        }
        let lines: Vec<&str> = text.lines().collect();
        for (at, line) in lines.iter().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            // A named ordering is argued once under its name, wherever in the file it is used.
            if let Some((_, name)) = line.split_once("(Site::") {
                let name: String = name.chars().take_while(char::is_ascii_alphanumeric).collect();
                assert!(text.contains(&format!("SYNC {name}: ")), "{path}:{}: {name} has no SYNC", at + 1);
                argued += 1;
                continue;
            }
            let is_strong = ["Ordering::Acquire", "Ordering::Release", "Ordering::AcqRel", "Ordering::SeqCst"]
                .iter()
                .any(|ordering| line.contains(ordering));
            let before = &lines[at.saturating_sub(8)..=at];
            assert!(
                !is_strong || before.iter().any(|line| line.contains("SYNC")),
                "{path}:{}: an ordering without SYNC",
                at + 1
            );
        }
    }
    assert!(argued > 20, "named orderings are no longer recognised");
}
