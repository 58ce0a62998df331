//! The medians of the criterion benches, as criterion leaves them in the target folder.
#![allow(clippy::disallowed_methods, reason = "runs cargo bench and reads what it wrote")]

use std::fs::{read, read_dir};
use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use serde_json::Value;

use crate::PerfError;

/// One bench and what it found.
#[derive(Clone, PartialEq, Debug)]
pub struct Median {
    /// Group and name, `segment/publish_trade`.
    pub name: String,
    /// Median time of one iteration, in nanoseconds.
    pub ns: f64,
    /// 95 % confidence interval of the median.
    pub interval_ns: (f64, f64),
}

/// Runs every bench in the working tree at `root` and gives their medians by name.
///
/// # Errors
/// When a bench fails, which it does if its answer is wrong.
pub fn run_benches(root: &Path) -> Result<Vec<Median>, PerfError> {
    let start = SystemTime::now();
    let arguments = ["bench", "--quiet", "-p", "tickplane-benches"];
    let status = Command::new("cargo").args(arguments).current_dir(root).status();
    let failed = |reason: String| PerfError::Command { command: format!("cargo {}", arguments.join(" ")), reason };
    match status {
        Ok(status) if status.success() => {}
        Ok(status) => return Err(failed(status.to_string())),
        Err(error) => return Err(failed(error.to_string())),
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), Into::into);
    let mut medians = Vec::new();
    collect(&target.join("criterion"), start, &mut medians);
    medians.sort_by(|a, b| a.name.cmp(&b.name));
    if medians.is_empty() { Err(failed("it left no result".to_owned())) } else { Ok(medians) }
}

/// Walks the folders of criterion; results older than `start` are another run's.
fn collect(folder: &Path, start: SystemTime, medians: &mut Vec<Median>) {
    let Ok(entries) = read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if entry.file_name() == "new" {
            medians.extend(median(&path, start));
        } else if path.is_dir() {
            collect(&path, start, medians);
        }
    }
}

fn median(folder: &Path, start: SystemTime) -> Option<Median> {
    let path = folder.join("estimates.json");
    if path.metadata().ok()?.modified().ok()? < start {
        return None;
    }
    let json = |name: &str| serde_json::from_slice::<Value>(&read(folder.join(name)).ok()?).ok();
    let (estimates, benchmark) = (json("estimates.json")?, json("benchmark.json")?);
    let median = &estimates["median"];
    let interval = &median["confidence_interval"];
    Some(Median {
        name: benchmark["full_id"].as_str()?.to_owned(),
        ns: median["point_estimate"].as_f64()?,
        interval_ns: (interval["lower_bound"].as_f64()?, interval["upper_bound"].as_f64()?),
    })
}
