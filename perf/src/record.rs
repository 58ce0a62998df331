//! The record of a measurement, for people and for programs.
#![allow(clippy::disallowed_methods, reason = "writes the record's files")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::machine::{Machine, load};
use crate::samples::Samples;
use crate::settings::Settings;
use crate::{Hiccups, Median, Outcome, PerfError, hiccups, run};

/// How long the cores are watched before and after.
const HICCUP_TIME: Duration = Duration::from_secs(3);

const METHOD: &str = "\
The venue thread is pinned to the first core and writes one pre-built frame to a loopback socket when it is due, then \
spins on the public reader until the trade is in the ring (row *trade*) and then until the live 1m candle contains it \
(row *candle*): one thread, one clock. Every trade is checked by number, id and price. The plane is the real one: \
frames, parse, de-duplication, trade ring, seven timeframes with five indicators each, shared memory; one connection, one \
instrument; no daemon beside it. The relay (row *relay*) receives the same bytes, waits in the same way (spinning on a \
non-blocking socket, or parked in poll(2)) and stores one word in memory that the sender spins on. Relay and plane take \
turns in blocks; each block starts anew and its first 200 messages are not counted. Shard or relay are pinned to the \
last core, a worker of its own to the one before, or to the same core if there are only two.

Due times are laid out in advance, with pauses drawn evenly from the range above. All others are measured from the \
write itself. *Due* is measured from the intended time: a stall of any thread, the venue's own included, counts \
against every message it held up (no coordinated omission). *Block* is the median of that percentile over all blocks: \
where other load comes and goes, what most blocks saw.";

/// Everything one record says.
#[derive(Clone, Debug)]
pub struct Record {
    machine: Machine,
    remarks: Vec<String>,
    loads: (String, String),
    hiccups: (Vec<Hiccups>, Vec<Hiccups>),
    /// By settings: its runs.
    outcomes: Vec<Vec<Outcome>>,
    medians: Vec<Median>,
}

impl Record {
    /// Measures all `settings` once, then all of them again, `runs` times, between two looks at the bare machine.
    ///
    /// # Errors
    /// As [`run`].
    pub fn make(
        machine: Machine,
        settings: &[Settings],
        runs: usize,
        mut told: impl FnMut(&Outcome),
    ) -> Result<Self, PerfError> {
        let (load_before, before) = (load(), hiccups(&machine.cores, HICCUP_TIME));
        let mut outcomes: Vec<Vec<Outcome>> = settings.iter().map(|_| Vec::new()).collect();
        for _ in 0..runs.max(1) {
            for (settings, outcomes) in settings.iter().zip(&mut outcomes) {
                let outcome = run(settings)?;
                told(&outcome);
                outcomes.push(outcome);
            }
        }
        let (after, load_after) = (hiccups(&machine.cores, HICCUP_TIME), load());
        let (loads, hiccups) = ((load_before, load_after), (before, after));
        Ok(Self { machine, remarks: Vec::new(), loads, hiccups, outcomes, medians: Vec::new() })
    }

    /// Adds what the figures alone do not say.
    #[must_use]
    pub fn with_remarks(self, remarks: Vec<String>) -> Self {
        Self { remarks, ..self }
    }

    /// Adds the medians of the benches.
    #[must_use]
    pub fn with_medians(self, medians: Vec<Median>) -> Self {
        Self { medians, ..self }
    }

    /// Writes `<date>-<commit>-e2e.md` and `.csv` into `folder`; gives the first one's path.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write(&self, folder: &Path) -> Result<PathBuf, PerfError> {
        let date = self.machine.time.split(' ').next().unwrap_or_default();
        let path = folder.join(format!("{date}-{}-e2e.md", self.machine.commit));
        std::fs::create_dir_all(folder).map_err(PerfError::io("make the records' folder"))?;
        std::fs::write(&path, self.markdown()).map_err(PerfError::io("write the record"))?;
        std::fs::write(path.with_extension("csv"), self.csv()).map_err(PerfError::io("write the record"))?;
        Ok(path)
    }

    fn markdown(&self) -> String {
        let Machine { time, processor, kernel, cores, commit, changed, rustc, is_optimised, command } = &self.machine;
        let state = if changed.is_empty() { "clean".to_owned() } else { format!("changed: {}", changed.join(" ")) };
        let build = if *is_optimised { "release" } else { "debug: these figures mean nothing" };
        let mut text = format!("# End to end, {time} UTC\n\n");
        let facts = [
            ("machine", processor.clone()),
            ("kernel", kernel.clone()),
            ("cores used", format!("{cores:?}")),
            ("commit", format!("{commit}, {state}")),
            ("build", format!("{rustc}, {build}")),
            ("command", format!("`{command}`")),
            ("each line", self.amount()),
            ("load (1, 5, 15 min)", format!("{} before, {} after", self.loads.0, self.loads.1)),
        ];
        text.push_str("| | |\n|---|---|\n");
        facts.iter().for_each(|(name, fact)| line(&mut text, &format!("| {name} | {fact} |")));
        text.push_str("\n## Latency, µs\n\n");
        text.push_str(&table(&self.outcomes));
        self.remarks.iter().for_each(|remark| line(&mut text, &format!("\n{remark}")));
        text.push_str("\n## The machine itself\n\n");
        text.push_str(&self.hiccup_table());
        if !self.medians.is_empty() {
            text.push_str("\n## Benches\n\n");
            text.push_str(&median_table(&self.medians));
        }
        line(&mut text, &format!("\n## Method\n\n{METHOD}"));
        text
    }

    fn amount(&self) -> String {
        let Some(Outcome { settings, .. }) = self.outcomes.iter().flatten().next() else { return String::new() };
        let Settings { messages, blocks, pause_us, .. } = settings;
        let runs = self.outcomes.iter().map(Vec::len).max().unwrap_or(0);
        let (start, end) = (pause_us.start(), pause_us.end());
        format!("{runs} runs of {messages} messages in {blocks} blocks, due every {start} to {end} µs")
    }

    fn hiccup_table(&self) -> String {
        let mut text = String::from(
            "A thread that only reads the clock, on every core at once: gaps of more than 1 µs.\n\n\
             | when | core | of its time | gaps/s | p50 µs | p99 µs | max µs |\n|---|--:|--:|--:|--:|--:|--:|\n",
        );
        for (when, hiccups) in [("before", &self.hiccups.0), ("after", &self.hiccups.1)] {
            for hiccup in hiccups {
                let us = |percentile| us(hiccup.gaps.value_at_percentile(percentile));
                let per_second = hiccup.gaps.len() as f64 * 1e9 / hiccup.duration_ns.max(1) as f64;
                let (core, lost) = (hiccup.core, hiccup.lost_percent());
                let (p50, p99, max) = (us(50.0), us(99.0), us(100.0));
                line(
                    &mut text,
                    &format!("| {when} | {core} | {lost:.2} % | {per_second:.0} | {p50} | {p99} | {max} |"),
                );
            }
        }
        text
    }

    fn csv(&self) -> String {
        let mut text = String::from(
            "runtime,workers,tls,path,from,pause_us_min,pause_us_max,count,min_ns,p50_ns,p90_ns,p99_ns,p999_ns,p9999_ns,max_ns\n",
        );
        for runs in &self.outcomes {
            let Some(Outcome { settings, .. }) = runs.first() else { continue };
            for (path, samples) in paths(runs) {
                for (from, histogram) in [("send", &samples.from_send), ("due", &samples.from_due)] {
                    let Settings { runtime, workers, is_tls, pause_us, .. } = settings;
                    let at = |percentile| histogram.value_at_percentile(percentile);
                    line(
                        &mut text,
                        &format!(
                            "{runtime},{workers},{is_tls},{path},{from},{},{},{},{},{},{},{},{},{},{}",
                            pause_us.start(),
                            pause_us.end(),
                            histogram.len(),
                            histogram.min(),
                            at(50.0),
                            at(90.0),
                            at(99.0),
                            at(99.9),
                            at(99.99),
                            histogram.max(),
                        ),
                    );
                }
            }
        }
        text
    }
}

/// The latencies as a table in Markdown, in microseconds: a line per settings and path, over all its runs.
#[must_use]
pub fn table(outcomes: &[Vec<Outcome>]) -> String {
    let mut text = String::from(
        "| plane | path | messages | p50 | ÷ relay | p99 | p99.9 | max | block p99 | block p99.9 | due p99.9 | p50 by run |\n\
         |---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|\n",
    );
    for runs in outcomes {
        let Some(Outcome { settings, .. }) = runs.first() else { continue };
        let paths = paths(runs);
        let relay_p50 = paths[0].1.ns(50.0).max(1) as f64;
        for (place, (path, samples)) in paths.iter().enumerate() {
            let each: Vec<String> = runs.iter().map(|run| us(each_path(run)[place].1.ns(50.0))).collect();
            let [p50, p99, p999, max] = [50.0, 99.0, 99.9, 100.0].map(|percentile| us(samples.ns(percentile)));
            let ratio = samples.ns(50.0) as f64 / relay_p50;
            let due_p999 = us(samples.from_due.value_at_percentile(99.9));
            let [_, block_p99, block_p999] = samples.median_block_ns().map(us);
            let (title, count, each) = (settings.title(), samples.count(), each.join(" "));
            line(
                &mut text,
                &format!(
                    "| {title} | {path} | {count} | {p50} | {ratio:.2} | {p99} | {p999} | {max} | {block_p99} | \
                     {block_p999} | {due_p999} | {each} |"
                ),
            );
        }
    }
    text
}

fn each_path(outcome: &Outcome) -> [(&'static str, &Samples); 3] {
    [("relay", &outcome.relay), ("trade", &outcome.trade), ("candle", &outcome.candle)]
}

/// The three paths over all runs.
fn paths(runs: &[Outcome]) -> [(&'static str, Samples); 3] {
    let mut merged = ["relay", "trade", "candle"].map(|path| (path, Samples::new()));
    for run in runs {
        for ((_, merged), (_, samples)) in merged.iter_mut().zip(each_path(run)) {
            merged.add(samples);
        }
    }
    merged
}

fn median_table(medians: &[Median]) -> String {
    let mut text = String::from(
        "`cargo bench -p tickplane-benches`: medians and their 95 % intervals.\n\n| bench | ns | from | to |\n|---|--:|--:|--:|\n",
    );
    for Median { name, ns, interval_ns: (from, to) } in medians {
        line(&mut text, &format!("| {name} | {ns:.1} | {from:.1} | {to:.1} |"));
    }
    text
}

fn us(ns: u64) -> String {
    format!("{:.1}", ns as f64 / 1_000.0)
}

fn line(text: &mut String, line: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{line}");
}
