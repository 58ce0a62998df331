//! Readers that are stopped or killed in the middle of a read: the writer is as fast as without them.
//!
//! ```text
//! a round   alone │ readers read │ all are stopped │ they go on, told what they lost │ all are killed
//! measured  yes     yes            yes                                                 yes
//! ```
//!
//! `TICKPLANE_READERS` (4 by default) read in each of `TICKPLANE_READER_ROUNDS` (5) rounds. What is compared is the median
//! over the rounds of each block's 99th percentile, because other load comes and goes.

use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use tickplane_segments::Instance;

use crate::fixture::*;
use crate::kill::{expect_killed, number, spawn, wait_for};
use crate::witness::{Witness, Writers};

const ROOT: &str = "TICKPLANE_TEST_READERS_ROOT";
const TURNS: u64 = 20_000;
/// A writer without readers varies by as much between two blocks of a busy machine.
const RATIO_MAX: f64 = 1.5;
const SLACK_NS: u64 = 100;

/// Reads without a pause until it is killed; whatever is torn ends it before.
#[test]
fn greedy_reader() {
    let Ok(root) = std::env::var(ROOT) else { return };
    let mut witness = Witness::open(&Instance::new(Some(Path::new(&root)), "readers").unwrap());
    witness.keep_attached();
    println!("reading");
    loop {
        witness.follow(256);
        witness.look();
        witness.check_account();
    }
}

/// The writer's turns, one after the other.
struct Pace {
    writers: Writers,
    turn: u64,
}

impl Pace {
    /// The 99th percentile of a block of turns, in ns.
    fn block_p99_ns(&mut self) -> u64 {
        let mut took: Vec<u64> = (0..TURNS).map(|_| self.timed_turn()).collect();
        took.sort_unstable();
        took[took.len() * 99 / 100]
    }

    fn timed_turn(&mut self) -> u64 {
        self.turn += 1;
        let begun = Instant::now();
        self.writers.turn(self.turn);
        begun.elapsed().as_nanos() as u64
    }
}

fn signal(readers: &[Child], signal: libc::c_int) {
    for reader in readers {
        // SAFETY: a signal to a child that was not waited for yet, so its number is still its own.
        assert_eq!(unsafe { libc::kill(reader.id() as libc::pid_t, signal) }, 0);
    }
}

fn median(values: &mut [u64]) -> u64 {
    values.sort_unstable();
    values[values.len() / 2]
}

#[test]
fn stopped_and_killed_readers_do_not_slow_the_writer() {
    let scratch = Scratch::new("readers");
    let (rounds, count) = (number("TICKPLANE_READER_ROUNDS", 5).max(1), number("TICKPLANE_READERS", 4));
    let mut pace = Pace { writers: Writers::open(&scratch.instance, 0).unwrap(), turn: 0 };
    pace.block_p99_ns();
    let [mut alone, mut reading, mut stopped, mut killed] = [const { Vec::new() }; 4];
    let begun = Instant::now();
    for round in 1..=rounds {
        alone.push(pace.block_p99_ns());
        let root = scratch.root.to_str().unwrap();
        let mut readers: Vec<Child> = (0..count).map(|_| spawn("readers::greedy_reader", &[(ROOT, root)])).collect();
        readers.iter_mut().for_each(|reader| wait_for(reader, "reading"));
        reading.push(pace.block_p99_ns());
        signal(&readers, libc::SIGSTOP);
        stopped.push(pace.block_p99_ns());
        signal(&readers, libc::SIGCONT);
        std::thread::sleep(Duration::from_millis(2));
        for (number, mut reader) in readers.into_iter().enumerate() {
            reader.kill().unwrap();
            expect_killed(reader, &format!("reader {number} of round {round}"));
        }
        killed.push(pace.block_p99_ns());
        if round.is_multiple_of(10) {
            eprintln!("{round} of {rounds} rounds, {:.0} s", begun.elapsed().as_secs_f64());
        }
    }
    let [alone, reading, stopped, killed] =
        [&mut alone, &mut reading, &mut stopped, &mut killed].map(|all| median(all));
    eprintln!(
        "readers: {} stopped and killed in {rounds} rounds of {count}, {:.1} s; p99 of a writer's turn {alone} ns alone, {stopped} \
         ns beside stopped and {killed} ns after killed readers, {reading} ns while they read; {TURNS} turns a block, medians \
         of {rounds} blocks",
        rounds * count,
        begun.elapsed().as_secs_f64()
    );
    for (which, p99) in [("stopped", stopped), ("killed", killed)] {
        let bound = (alone as f64 * RATIO_MAX) as u64 + SLACK_NS;
        assert!(p99 <= bound, "{which} readers slow the writer: p99 {p99} ns, {alone} ns alone");
    }
}
