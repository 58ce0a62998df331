//! The demo proves itself: its exit code says that another process read what the exchanges sent.

use std::process::Command;

use serde_json::Value;

use crate::support::{Outcome, root};

/// Runs a demo under `wrapper` and gives its summary.
fn demo(wrapper: &[&str], args: &[&str]) -> Value {
    let root = root();
    let mut words: Vec<&str> = wrapper.to_vec();
    words.push(env!("CARGO_BIN_EXE_tickplane"));
    words.extend(["demo", "--quiet", "--format", "json", "--root", root.path().to_str().unwrap()]);
    words.extend(args);
    let output = Command::new(words[0]).args(&words[1..]).output().unwrap();
    let outcome = Outcome {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    };
    let summary = serde_json::from_str(outcome.lines()[0]).unwrap();
    assert_eq!(outcome.stderr, "");
    // The ledger of attempts outlives every plane, by its purpose.
    let left: Vec<_> = std::fs::read_dir(root.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    let is_ledger = |name: &std::ffi::OsString| name.to_string_lossy().ends_with(".ledger");
    assert!(left.iter().all(is_ledger), "the instance is removed: {left:?}");
    summary
}

#[track_caller]
fn is_clean(summary: &Value) {
    for name in ["rejects", "gaps", "reconnects", "trades_lost", "rows_lost", "torn_reads", "candles_missing"] {
        assert_eq!(summary[name], 0, "{name}: {summary}");
    }
    assert_eq!(summary["candles_different"], 0, "{summary}");
    assert!(summary["candles_traded"].as_u64().unwrap() > 200, "{summary}");
    assert!(summary["memory_bytes"].as_u64().unwrap() < 64 << 20, "{summary}");
}

#[test]
fn candles_agree_without_workers() {
    is_clean(&demo(&[], &["--seconds", "8", "--workers", "0"]));
}

#[test]
fn candles_agree_with_a_worker() {
    is_clean(&demo(&[], &["--seconds", "8", "--workers", "1"]));
}

#[test]
fn candles_agree_on_one_core() {
    is_clean(&demo(&["taskset", "-c", "0"], &["--seconds", "8"]));
}

#[test]
fn after_faults_it_waits_for_repair_and_tells_of_it() {
    let root = root();
    let script = root.path().join("outage.faults");
    std::fs::write(&script, "# an outage\nbinance:lost-trades@3+2\n").unwrap();
    let args = ["demo", "--quiet", "--format", "json", "--root", root.path().to_str().unwrap()];
    let what = ["--venues", "binance,kraken", "--symbols", "3", "--seconds", "6", "--fault", "kraken:disconnect@3"];
    let script = ["--fault-script", script.to_str().unwrap()];
    let outcome = crate::support::tickplane(&[&args[..], &what, &script].concat());
    let summary: Value = serde_json::from_str(outcome.lines()[0]).unwrap();
    for (name, expected) in [("faults", 2), ("reconnects", 1), ("seams_open", 0), ("candles_different", 0)] {
        assert_eq!(summary[name], expected, "{name}: {summary}");
    }
    for name in ["gaps", "trades_backfilled", "rows_revised", "candles_traded"] {
        assert!(summary[name].as_u64().unwrap() > 0, "{name}: {summary}");
    }
}

#[test]
fn an_existing_instance_is_not_taken() {
    let root = root();
    std::fs::create_dir(root.path().join("mine")).unwrap();
    let args = ["demo", "--instance", "mine", "--root", root.path().to_str().unwrap()];
    crate::support::tickplane(&args).fails(2, "instance \"mine\" exists");
    assert!(root.path().join("mine").exists());
}
