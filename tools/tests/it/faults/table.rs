//! The table of faults.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use tickplane_segments::CloseKind;

use super::cases::{Case, Sign};
use super::world::{Comparison, World};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/faults.md");

const HEAD: &str = "\
# Faults, and what the plane makes of them

Written by a test run (`TICKPLANE_BLESS=1 cargo test -p tickplane --test it every_fault`), not by hand. Each fault strikes a
simulated venue of three symbols under a plane of its own. Up to eighteen of them run at a time, on however many cores there
are; a case that goes wrong among the others is told on stderr and run once more alone, and that run counts.

*Detected* is the time from the injection until the plane's own counters show it. *While it holds* is what `status` says of
the connection and the venue's busiest stream (`connection/stream`, one word where both are the same), each with the time at
which it came first, and when a row first carried a gap. The states, their earliest times and the counts are part of what
is tested: what a case does not allow, garbage that costs a reconnect or a duplicate that opens a seam, is wrong. After the
fault's end every connection and stream must be well again, nothing open or lost, every row of 1s and 5s equal to the venue's
own account without carrying a gap, and rows that were filled must say so. The words of the first column are those of
`--fault` (`demo --help` explains them); a fault given with `and` needs the other one to be felt.

| fault | what the plane does | detected after | while it holds | outcome |
|---|---|---|---|---|
";

/// The second table, and what stands before its figure.
const APART: &str = "\
## Connections that never open

The connection is cut and the venue takes no new one: each reason as the plane counts it in its health records and shows it in
`status`, how long after the cut, and when it tries again. `binance:tls` comes in";

const APART_HEAD: &str = "\
| fault | counted as | after | next attempt in |
|---|---|---|---|
";

/// Both tables stand in one file.
static FILE: Mutex<()> = Mutex::new(());

/// A connection that never opened.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) fault: String,
    pub(super) kind: CloseKind,
    pub(super) after: Duration,
    pub(super) next_ms: u64,
}

/// One line of the table.
#[derive(Debug)]
pub(super) struct Line {
    fault: String,
    does: &'static str,
    detected: String,
    /// The states while it held.
    shown: String,
    /// In words.
    pub(super) outcome: String,
    /// Whether the plane ended as it has to.
    pub(super) is_right: bool,
}

impl Line {
    /// Runs a case.
    pub(super) fn of(case: &Case) -> Self {
        let mut world = if case.is_first { World::begin(case.fault, true) } else { World::start(case.fault) };
        let struck = world.strike(case);
        let (unwell, comparison) = world.recover();
        let account = world.account(&struck.before);
        let expected = if let Sign::Closed(kind) = case.sign { Some(kind) } else { None };
        let unmarked = (case.allowed.backfilled.0 > 0 && comparison.backfilled == 0)
            .then(|| "no row says that it holds fetched trades".to_owned());
        let unrevised = (case.allowed.revisions.0 > 0 && comparison.revised == 0)
            .then(|| "no row says that it was revised".to_owned());
        let unnoticed = (case.sign != Sign::None && struck.noticed.is_none()).then(|| "not noticed in time".to_owned());
        let problems: Vec<String> = [
            unnoticed,
            struck.seen.problem(case.during, struck.lasts),
            unwell,
            unmarked,
            unrevised,
            account.problem(&case.allowed, expected),
        ]
        .into_iter()
        .flatten()
        .collect();
        let detected = match struck.noticed {
            Some(after) => format!("{:.1} s", after.as_secs_f64()),
            None if case.sign == Sign::None => "nothing to detect".to_owned(),
            None => "**not detected**".to_owned(),
        };
        let is_right = problems.is_empty() && comparison.is_equal();
        let outcome = match is_right {
            true => format!("{comparison}, {account}"),
            false => format!("**wrong**: {}; {comparison}, {account}", problems.join("; ")),
        };
        let shown = struck.seen.to_string();
        if !is_right {
            world.tell();
        }
        let fault = case.with.iter().fold(format!("`{}`", case.fault), |text, with| format!("{text} and `{with}`"));
        Self { fault, does: case.does, detected, shown, outcome, is_right }
    }
}

impl std::fmt::Display for Comparison {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { rows, gaps, silent, missing, .. } = self;
        if self.is_equal() {
            return write!(f, "all {rows} rows equal");
        }
        write!(f, "of {rows} rows {silent} differ silently, {gaps} carry a gap, {missing} are missing")
    }
}

/// Writes the table where it is asked for.
pub(super) fn bless(lines: &[&Line]) {
    if std::env::var_os("TICKPLANE_BLESS").is_none() {
        return;
    }
    let mut text = HEAD.to_owned();
    for Line { fault, does, detected, shown, outcome, .. } in lines {
        writeln!(text, "| {fault} | {does} | {detected} | {shown} | {outcome} |").unwrap();
    }
    write(|_, apart| (text.clone(), apart));
}

/// Writes the second table where it is asked for.
pub(super) fn bless_refusals(refusals: &[Refusal], reasons: usize) {
    if std::env::var_os("TICKPLANE_BLESS").is_none() {
        return;
    }
    let ways = refusals.iter().filter(|refusal| refusal.fault.contains(":tls@")).count();
    let mut text = format!("{APART} {ways} ways,\nwhich have {reasons} names.\n\n{APART_HEAD}");
    for Refusal { fault, kind, after, next_ms } in refusals {
        let (after_s, next_s) = (after.as_secs_f64(), *next_ms as f64 / 1e3);
        writeln!(text, "| `{fault}` | {} | {after_s:.1} s | {next_s:.1} s |", kind.as_str()).unwrap();
    }
    write(|table, _| (table, text.clone()));
}

/// Replaces one of the two parts of the file.
fn write(renew: impl Fn(String, String) -> (String, String)) {
    let _guard = FILE.lock().unwrap();
    let old = std::fs::read_to_string(PATH).unwrap_or_default();
    let (table, apart) = old
        .split_once("\n## ")
        .map_or((old.clone(), String::new()), |(table, rest)| (table.to_owned(), format!("## {rest}")));
    let (table, apart) = renew(table, apart);
    std::fs::create_dir_all(Path::new(PATH).parent().unwrap()).unwrap();
    std::fs::write(PATH, format!("{}\n\n{}\n", table.trim_end(), apart.trim_end())).unwrap();
}
