//! What goes wrong at a venue, and what the plane makes of it: one table, measured.
//!
//! Every case has a simulated venue and a plane of its own. The fault is injected into a market that flows; then the
//! plane must notice (or have no need to), show the right states while the fault holds, count no more than it may, be well
//! again after the fault's end, and hold the very rows of an undisturbed run, each without a gap. `TICKPLANE_BLESS=1` writes the table to docs/faults.md; `TICKPLANE_FAULT=coinbase:silence` runs only
//! the cases that begin so.

mod account;
mod apart;
mod cases;
mod seen;
mod table;
mod world;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use self::cases::{CASES, Case};
use self::table::Line;

/// Cases that run at the same time: they mostly wait.
const TOGETHER: usize = 18;

#[test]
fn every_fault_is_noticed_and_repaired() {
    let only = std::env::var("TICKPLANE_FAULT").unwrap_or_default();
    let cases: Vec<&Case> = CASES.iter().filter(|case| case.fault.starts_with(&only)).collect();
    let (next, lines) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..TOGETHER {
            scope.spawn(|| {
                // SYNC case: nothing but the number itself; each is taken once.
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(case) = cases.get(at) else { return };
                    let line = Line::of(case);
                    eprintln!("{}: {line:?}", case.fault);
                    lines.lock().unwrap().push((at, line));
                }
            });
        }
    });
    let mut lines = lines.into_inner().unwrap();
    // Cases run side by side and take cores from each other. One that went wrong is told, and tried once more alone.
    lines.sort_by_key(|(at, _)| *at);
    for (at, line) in lines.iter_mut().filter(|(_, line)| !line.is_right) {
        eprintln!("wrong at first, tried again alone: {}: {line:#?}", cases[*at].fault);
        *line = Line::of(cases[*at]);
    }
    let ordered: Vec<&Line> = lines.iter().map(|(_, line)| line).collect();
    assert_eq!(ordered.len(), cases.len(), "every case has its line");
    if only.is_empty() {
        table::bless(&ordered);
    }
    let wrong: Vec<String> = cases
        .iter()
        .zip(&ordered)
        .filter(|(_, line)| !line.is_right)
        .map(|(case, line)| format!("{}: {line:#?}", case.fault))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
