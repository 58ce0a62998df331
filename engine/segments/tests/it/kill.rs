//! SIGKILL of a hot writer at random moments: no torn read is accepted, no reader hangs, every successor resumes.
//!
//! ```text
//! parent (readers that validate all the time) ── spawns, kills ──► hot_writer, this binary again
//! ```
//!
//! `TICKPLANE_KILLS` sets the number of kills (500 by default), `TICKPLANE_SEED` the moments. `perf/kill.sh` runs the
//! whole campaign.

use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tickplane_segments::Instance;

use crate::fixture::*;
use crate::witness::{Witness, Writers};

const ROOT: &str = "TICKPLANE_TEST_KILL_ROOT";
const SHAPE: &str = "TICKPLANE_TEST_KILL_SHAPE";
const PROGRESS: u64 = 1000;

// ---- the writer ----

/// Writes without a pause until it is killed.
#[test]
fn hot_writer() {
    let Ok(root) = std::env::var(ROOT) else { return };
    let instance = Instance::new(Some(Path::new(&root)), "kill").unwrap();
    let mut writers = Writers::open(&instance, number(SHAPE, 0) as usize).unwrap();
    println!("ready");
    for n in 1_u64.. {
        writers.turn(n);
    }
}

// ---- the parent ----

/// Starts a test of this binary as a process of its own.
pub(crate) fn spawn(test: &str, environment: &[(&str, &str)]) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .envs(environment.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn spawn_writer(root: &Path, shape: u64) -> Child {
    spawn("kill::hot_writer", &[(ROOT, root.to_str().unwrap()), (SHAPE, &shape.to_string())])
}

/// Waits until a process has said a word, or has ended.
pub(crate) fn wait_for(child: &mut Child, word: &str) {
    let out = child.stdout.as_mut().unwrap();
    let (mut text, mut byte) = (Vec::new(), [0]);
    while !text.ends_with(word.as_bytes()) && matches!(out.read(&mut byte), Ok(1)) {
        text.push(byte[0]);
    }
}

/// Waits for a process that must have been killed and not have ended in any other way.
pub(crate) fn expect_killed(mut child: Child, what: &str) {
    let status = child.wait().unwrap();
    let mut text = String::new();
    child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(status.signal(), Some(9), "{what} did not live to be killed:\n{text}");
}

fn kill(mut child: Child, round: u64) {
    child.kill().unwrap();
    expect_killed(child, &format!("writer {round}"));
}

pub(crate) fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
fn random_kills_are_survived() {
    let scratch = Scratch::new("kill");
    let (kills, mut seed) = (number("TICKPLANE_KILLS", 500), number("TICKPLANE_SEED", 0x7155) | 1);
    let mut first = spawn_writer(&scratch.root, 0);
    wait_for(&mut first, "ready");
    kill(first, 0);

    let stop = AtomicBool::new(false);
    let begun = Instant::now();
    let mut judge = Witness::open(&scratch.instance);
    let reader = std::thread::scope(|scope| {
        let reader = scope.spawn(|| follow(&scratch, &stop));
        let stopping = StopOnDrop(&stop);
        for round in 1..=kills {
            assert!(!reader.is_finished(), "a reader failed in round {round}");
            seed = seed.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            // Every eighth takes another shape: all regions move, and the next start builds the file anew.
            let mut child = spawn_writer(&scratch.root, u64::from(seed >> 40 & 7 == 0));
            // Every eighth dies somewhere in its start, the others hot.
            if seed >> 61 != 0 {
                wait_for(&mut child, "ready");
            }
            std::thread::sleep(Duration::from_micros((seed >> 33) % 6000));
            kill(child, round);
            check_after_death(&mut judge, round);
            if round.is_multiple_of(PROGRESS) {
                eprintln!("{round} of {kills} kills, {:.0} s", begun.elapsed().as_secs_f64());
            }
        }
        drop(stopping);
        reader.join().unwrap()
    });
    check_end(&scratch, kills, judge, reader, begun);
}

/// Follows for good, as any reader would.
fn follow(scratch: &Scratch, stop: &AtomicBool) -> Witness {
    let mut witness = Witness::open(&scratch.instance);
    while !stop.load(Ordering::Relaxed) {
        witness.keep_attached();
        witness.follow(256);
        witness.look();
    }
    witness
}

/// With the writer dead, everything reads at once: nothing waits for a successor.
fn check_after_death(judge: &mut Witness, round: u64) {
    let begun = Instant::now();
    judge.keep_attached();
    assert!(!judge.plane.status().alive, "round {round}: a dead writer counts as alive");
    assert!(judge.follow(1000), "round {round}: more was lost than a ring holds, and not told");
    assert_eq!(judge.look().busy, 0, "round {round}: a dead writer blocks a reader");
    assert!(begun.elapsed() < Duration::from_secs(5), "round {round}: a read hangs");
}

fn check_end(scratch: &Scratch, kills: u64, mut judge: Witness, mut reader: Witness, begun: Instant) {
    // The last word is a successor's, which finds all in order and leaves no half-made file.
    let writers = Writers::open(&scratch.instance, 0).unwrap();
    assert_eq!(half_made(scratch), 0, "temporary files leaked");
    for witness in [&mut judge, &mut reader] {
        witness.keep_attached();
        while !witness.follow(1 << 20) {}
        witness.check_account();
        assert_eq!(witness.newest_trade(), writers.btc.trade_seq());
    }
    let epoch = judge.plane.status().epoch;
    eprintln!(
        "random kills: {kills} in {:.1} s; {epoch} writers came to write; 0 torn of {} rounds of reads ({} busy beside a \
         living writer, 0 beside a dead one); attached anew {} times; of {} trades {} followed and {} told as lost",
        begun.elapsed().as_secs_f64(),
        reader.looks,
        reader.busy,
        reader.attached + judge.attached,
        reader.newest_trade(),
        reader.trades_read,
        reader.trades_lost(),
    );
    assert!(epoch > kills * 3 / 4, "{epoch} writers came to write");
    assert!(reader.looks > kills && reader.trades_read > kills && reader.attached > kills / 2, "readers made progress");
}

/// Temporary files in the instance's folder.
pub(crate) fn half_made(scratch: &Scratch) -> usize {
    let files = std::fs::read_dir(scratch.instance.directory()).unwrap();
    files.filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|extension| extension == "tmp")).count()
}
