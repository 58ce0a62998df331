//! Two processes want the same instance: exactly one gets it, and the other is told which process that is.
//!
//! `TICKPLANE_RACES` sets the number of rounds (200 by default); after every eighth the winner is killed where it stands.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout};
use std::time::Instant;

use tickplane_segments::{Instance, PlaneWriter, SegmentError};

use crate::fixture::*;
use crate::kill::{half_made, number, spawn};

const ROOT: &str = "TICKPLANE_TEST_RACE_ROOT";
const RACERS: usize = 3;

/// Says what came of each attempt, and holds what it won until it is told to go on.
#[test]
fn racer() {
    let Ok(root) = std::env::var(ROOT) else { return };
    let instance = Instance::new(Some(Path::new(&root)), "race").unwrap();
    println!("racer");
    let mut held = None;
    for word in std::io::stdin().lines().map(Result::unwrap) {
        match word.as_str() {
            "open" => match PlaneWriter::open(&instance, &PLANE, NOW_NS) {
                Ok(writer) => {
                    held = Some(writer);
                    println!("won");
                }
                Err(error) => {
                    let SegmentError::Locked { pid, .. } = error else { panic!("{error}") };
                    assert!(error.to_string().contains("choose another --instance"), "{error}");
                    println!("lost to {}", pid.unwrap_or(0));
                }
            },
            "remove" => {
                held.take().map_or(Ok(()), |writer: PlaneWriter| writer.remove(NOW_NS)).unwrap();
                println!("done");
            }
            _ => {
                drop(held.take());
                println!("done");
            }
        }
    }
}

struct Racer {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Racer {
    fn new(root: &Path) -> Self {
        let mut child = spawn_racer(root);
        let (to, from) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut racer = Self { child, to, from };
        while !racer.line().ends_with("racer") {}
        racer
    }

    fn tell(&mut self, word: &str) {
        writeln!(self.to, "{word}").unwrap();
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        assert!(self.from.read_line(&mut line).unwrap() > 0, "a racer ended");
        line.trim().to_owned()
    }
}

impl Drop for Racer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn_racer(root: &Path) -> Child {
    spawn("race::racer", &[(ROOT, root.to_str().unwrap())])
}

#[test]
fn of_racing_processes_one_wins_and_the_others_are_told_who() {
    let scratch = Scratch::new("race");
    let rounds = number("TICKPLANE_RACES", 200);
    let begun = Instant::now();
    let mut racers: Vec<Racer> = (0..RACERS).map(|_| Racer::new(&scratch.root)).collect();
    let mut wins = [0; RACERS];
    for round in 0..rounds {
        // Another begins each time.
        racers.rotate_left(1);
        racers.iter_mut().for_each(|racer| racer.tell("open"));
        let outcomes: Vec<String> = racers.iter_mut().map(Racer::line).collect();
        let winners: Vec<usize> = (0..RACERS).filter(|at| outcomes[*at] == "won").collect();
        let [winner] = winners[..] else { panic!("round {round}: {outcomes:?}") };
        wins[winner] += 1;
        let told = format!("lost to {}", racers[winner].child.id());
        assert!((0..RACERS).all(|at| at == winner || outcomes[at] == told), "round {round}: {outcomes:?}, not {told}");
        if round % 8 == 7 {
            // Killed with the lock in its hands: the next round finds its name in the file.
            racers[winner] = Racer::new(&scratch.root);
        }
        let word = if round % 2 == 0 { "drop" } else { "remove" };
        racers.iter_mut().for_each(|racer| racer.tell(word));
        assert!(racers.iter_mut().all(|racer| racer.line() == "done"), "round {round}");
    }
    let [first, second, third] = wins;
    eprintln!(
        "races: {rounds} of {RACERS} processes in {:.1} s; one winner each (the first told {first}, the second {second}, the \
         third {third} times), every loser told its process",
        begun.elapsed().as_secs_f64()
    );
    drop(racers);
    drop(PlaneWriter::open(&scratch.instance, &PLANE, NOW_NS).unwrap());
    assert_eq!(half_made(&scratch), 0, "temporary files leaked");
}
