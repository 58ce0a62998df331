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
simulated venue of three symbols under a plane of its own; *detected* is the time from its injection until the plane's own
counters show it, with all cases running on the machine's cores at once. A case is right when, after the fault's end, every
connection and stream is well again, nothing is open or lost, and every row of 1s and 5s equals the venue's own account
without carrying a gap. The words of the first column are those of `--fault` (`demo --help` explains them); a fault given
with `and` needs the other one to be felt.

| fault | what the plane does | detected after | outcome |
|---|---|---|---|
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
    /// In words.
    pub(super) outcome: String,
    /// Whether the plane ended as it has to.
    pub(super) is_right: bool,
}

impl Line {
    /// Runs a case.
    pub(super) fn of(case: &Case) -> Self {
        let mut world = if case.is_first { World::begin(case.fault, true) } else { World::start(case.fault) };
        let detected = world.strike(case);
        let (problem, comparison) = world.recover();
        let is_noticed = case.sign == Sign::None || detected.is_some_and(|after| after.as_secs() < case.within_s);
        let detected = match detected {
            Some(after) => format!("{:.1} s", after.as_secs_f64()),
            None if case.sign == Sign::None => "nothing to detect".to_owned(),
            None => "**not detected**".to_owned(),
        };
        let is_right = is_noticed && problem.is_none() && comparison.is_equal();
        let outcome = match (problem, is_right) {
            (None, true) => format!("{comparison}, {}", world.account()),
            (None, false) => format!("**wrong**: {comparison}, {}", world.account()),
            (Some(problem), _) => format!("**wrong**: {problem}; {comparison}, {}", world.account()),
        };
        if !is_right {
            world.tell();
        }
        let fault = case.with.iter().fold(format!("`{}`", case.fault), |text, with| format!("{text} and `{with}`"));
        Self { fault, does: case.does, detected, outcome, is_right }
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
    for Line { fault, does, detected, outcome, .. } in lines {
        writeln!(text, "| {fault} | {does} | {detected} | {outcome} |").unwrap();
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
