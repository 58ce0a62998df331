//! The checking reader as the demo sees it: a child process whose reports are collected.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread::JoinHandle;

use super::compare::Rows;
use super::protocol::{Report, Totals};
use crate::commands::scratch::Scratch;
use crate::failure::Failure;

/// A reader at work.
pub(super) struct Reading {
    child: Child,
    /// Closed, it tells the child to come to its end.
    stdin: Option<ChildStdin>,
    collector: Option<JoinHandle<(Rows, Option<Totals>)>>,
}

impl Reading {
    /// Starts this program again as the reader.
    pub(super) fn start(scratch: &Scratch) -> Result<Self, Failure> {
        let failed = |error: std::io::Error| Failure::Failed(format!("the reading process: {error}"));
        let mut command = Command::new(std::env::current_exe().map_err(failed)?);
        command.args(["demo-reader", "--instance", scratch.instance.name()]);
        if let Some(root) = &scratch.root {
            command.arg("--root").arg(root);
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(failed)?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take();
        let collect = move || stdout.map(collect).unwrap_or_default();
        let collector = std::thread::Builder::new().name("reading".to_owned()).spawn(collect).map_err(failed)?;
        Ok(Self { child, stdin, collector: Some(collector) })
    }

    /// Whether it still reads.
    pub(super) fn is_alive(&self) -> bool {
        self.collector.as_ref().is_some_and(|collector| !collector.is_finished())
    }

    /// Lets it come to its end and gives what it read, and its totals if it came there.
    pub(super) fn finish(mut self) -> (Rows, Option<Totals>) {
        drop(self.stdin.take());
        let collected = self.collector.take().and_then(|collector| collector.join().ok());
        collected.unwrap_or_default()
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        drop(self.stdin.take());
        // It ends by itself without its stdin; killed, it cannot be late.
        if self.collector.is_some() {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

/// Keeps the newest report of each row.
fn collect(stdout: ChildStdout) -> (Rows, Option<Totals>) {
    let mut rows = Rows::new();
    for line in BufReader::new(stdout).lines().map_while(Result::ok) {
        match line.parse() {
            Ok(Report::Row { key, row, candle }) => {
                let series = rows.entry(key.to_string()).or_insert_with(|| (key, Default::default()));
                series.1.insert(row, candle);
            }
            Ok(Report::Done(totals)) => return (rows, Some(totals)),
            Err(()) => return (rows, None),
        }
    }
    (rows, None)
}
