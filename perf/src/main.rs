//! `tickplane-perf`: measures end to end, and writes records.
#![allow(clippy::disallowed_methods, reason = "a harness measures time and has threads and sockets of its own")]
#![forbid(unsafe_code)]

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use tickplane_perf::{Machine, Outcome, PerfError, Record, Settings, hiccups, run, run_benches, table};
use tickplane_runtimes::{Runtime, cores};

/// How long a trade takes from the venue's socket into another reader's hands.
///
/// Sends Binance trades over loopback to a data plane in this process and spins on its shared memory until each is
/// visible; in turns with a bare relay that does the least any such system can do. Build with --release.
#[derive(Parser)]
#[command(name = "tickplane-perf", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure one combination and print its percentiles.
    E2e {
        /// How threads wait: poll, park or glommio.
        #[arg(long, default_value = "poll")]
        runtime: Runtime,
        /// Threads that build candles; 0 builds them on the shard's thread.
        #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=1))]
        workers: u8,
        /// The venue speaks TLS.
        #[arg(long)]
        tls: bool,
        #[command(flatten)]
        amount: Amount,
    },
    /// Measure every combination that fits the machine and write a record.
    Record {
        #[command(flatten)]
        amount: Amount,
        /// Times the whole matrix is measured.
        #[arg(long, default_value_t = 3)]
        runs: usize,
        /// Run the criterion benches too and record their medians.
        #[arg(long)]
        benches: bool,
        /// A sentence for the record, such as what else ran; may be repeated.
        #[arg(long)]
        remark: Vec<String>,
        /// Where the record goes.
        #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/records"))]
        out: PathBuf,
    },
    /// Watch what the machine takes from threads that only spin.
    Hiccups {
        /// For how long.
        #[arg(long, default_value_t = 5)]
        seconds: u64,
    },
}

#[derive(Args)]
struct Amount {
    /// Messages through the plane, and as many through the relay.
    #[arg(long, default_value_t = 20_000)]
    messages: u64,
    /// Blocks they are divided into; plane and relay take turns.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    blocks: u64,
    /// Microseconds from one intended send to the next, MIN..MAX.
    #[arg(long, default_value = "100..300", value_parser = range)]
    pause_us: RangeInclusive<u64>,
}

impl Amount {
    fn settings(&self, runtime: Runtime, workers: usize, is_tls: bool) -> Settings {
        let Self { messages, blocks, ref pause_us } = *self;
        Settings { runtime, workers, is_tls, messages, blocks, pause_us: pause_us.clone() }
    }
}

fn main() -> ExitCode {
    match obey(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tickplane-perf: {error}");
            ExitCode::FAILURE
        }
    }
}

fn obey(command: Command) -> Result<(), PerfError> {
    match command {
        Command::E2e { runtime, workers, tls, amount } => {
            let outcome = run(&amount.settings(runtime, workers.into(), tls))?;
            print!("{}", table(&[vec![outcome]]));
        }
        Command::Record { amount, runs, benches, remark, out } => record(&amount, runs, benches, remark, &out)?,
        Command::Hiccups { seconds } => {
            for hiccup in hiccups(&cores(), Duration::from_secs(seconds)) {
                let (core, lost, gaps) = (hiccup.core, hiccup.lost_percent(), hiccup.gaps.len());
                let longest_us = hiccup.gaps.max() / 1_000;
                println!("core {core}: {gaps} gaps, {lost:.2} % of the time, longest {longest_us} µs");
            }
        }
    }
    Ok(())
}

fn record(amount: &Amount, runs: usize, benches: bool, remarks: Vec<String>, out: &Path) -> Result<(), PerfError> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    let machine = Machine::here(root);
    let settings = matrix(amount, machine.cores.len());
    let talk = |outcome: &Outcome| eprintln!("measured {}", outcome.settings.title());
    let mut record = Record::make(machine, &settings, runs, talk)?.with_remarks(remarks);
    if benches {
        record = record.with_medians(run_benches(root)?);
    }
    println!("{}", record.write(out)?.display());
    Ok(())
}

/// Every combination in which no spinning thread has to share its core.
fn matrix(amount: &Amount, cores: usize) -> Vec<Settings> {
    let mut matrix = vec![amount.settings(Runtime::Poll, 0, false), amount.settings(Runtime::Poll, 0, true)];
    if cores > 2 {
        matrix.push(amount.settings(Runtime::Poll, 1, false));
    }
    matrix.push(amount.settings(Runtime::Park, 0, false));
    matrix.push(amount.settings(Runtime::Park, 1, false));
    matrix
}

fn range(text: &str) -> Result<RangeInclusive<u64>, String> {
    let wrong = || format!("\"{text}\" is not MIN..MAX, in whole microseconds");
    let (start, end) = text.split_once("..").ok_or_else(wrong)?;
    let range = start.parse().map_err(|_| wrong())?..=end.parse().map_err(|_| wrong())?;
    if range.is_empty() { Err(wrong()) } else { Ok(range) }
}
