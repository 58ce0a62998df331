//! The harness measures what it says: every trade comes out, and the figures hang together.
#![allow(clippy::disallowed_methods, reason = "tests have every power")]

use std::time::Duration;

use tickplane_perf::{PerfError, Samples, Settings, hiccups, run, table};
use tickplane_runtimes::{Runtime, cores};

const MESSAGES: u64 = 200;

fn settings(runtime: Runtime, workers: usize, is_tls: bool) -> Settings {
    Settings { runtime, workers, is_tls, messages: MESSAGES, blocks: 2, ..Settings::default() }
}

/// Runs small, and checks what must hold whatever the machine does.
fn check(settings: &Settings) {
    let outcome = match run(settings) {
        Err(error @ PerfError::Cores { .. }) => {
            eprintln!("skipped: {error}");
            return;
        }
        outcome => outcome.expect("every message comes out as it was sent"),
    };
    for samples in [&outcome.relay, &outcome.trade, &outcome.candle] {
        assert_eq!(samples.count(), MESSAGES);
        assert_eq!(samples.from_due.len(), MESSAGES);
        assert_sane(samples);
    }
    // The candle is waited for after the trade, message by message.
    for percentile in [0.0, 50.0, 99.0, 100.0] {
        assert!(outcome.candle.ns(percentile) >= outcome.trade.ns(percentile), "{percentile}");
    }
    let table = table(&[vec![outcome]]);
    assert_eq!(table.lines().count(), 5, "{table}");
}

fn assert_sane(samples: &Samples) {
    // A loopback round through two threads takes more than this on any machine there is.
    assert!(samples.ns(0.0) > 500, "{} ns", samples.ns(0.0));
    assert!(samples.ns(50.0) < 1_000_000_000, "{} ns", samples.ns(50.0));
    for percentile in [50.0, 99.0, 100.0] {
        assert!(samples.ns(percentile) <= samples.from_due.value_at_percentile(percentile), "{percentile}");
    }
}

/// One test, so that no two runs spin on the same cores.
#[test]
fn every_trade_becomes_visible_on_every_path() {
    check(&settings(Runtime::Poll, 0, false));
    check(&settings(Runtime::Park, 0, false));
    check(&settings(Runtime::Park, 1, false));
    check(&settings(Runtime::Park, 0, true));
}

#[test]
fn more_spinning_threads_than_cores_are_refused() {
    let available = cores().len();
    let crowded = settings(Runtime::Poll, available, false);
    let error = run(&crowded).expect_err("one core too few");
    assert!(matches!(error, PerfError::Cores { needed, available: found } if needed > found), "{error}");
    assert!(error.to_string().contains("--workers 0"), "{error}");
}

#[test]
fn a_core_loses_less_than_all_of_its_time() {
    let found = hiccups(&cores()[..1], Duration::from_millis(50));
    let [hiccup] = &found[..] else { panic!("one core was asked for") };
    assert!(hiccup.duration_ns >= 50_000_000);
    assert!((0.0..100.0).contains(&hiccup.lost_percent()), "{}", hiccup.lost_percent());
    assert!(hiccup.gaps.max() <= hiccup.lost_ns.saturating_add(hiccup.lost_ns / 100));
}
