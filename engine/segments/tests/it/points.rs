//! SIGKILL of a writer at every named place of its work: the reader reads on at once, and a successor takes up what was
//! there, to the row and the trade.
//!
//! ```text
//! parent (judges, and is the successor) ── spawns ──► pointed_writer, this binary again: comes to the place, is killed
//! ```
//!
//! `TICKPLANE_POINT_KILLS` sets the number of kills at each place (4 by default). `perf/kill.sh` runs the whole campaign.

use std::path::Path;
use std::time::Instant;

use tickplane_layout::sync::Site;
use tickplane_segments::fail_point::{self, FilePoint, Point};
use tickplane_segments::{Instance, Next, Plane, PlaneWriter};

use crate::fixture::*;
use crate::kill::{expect_killed, half_made, number, spawn};
use crate::witness::{DEPTHS, Seen, Witness, Writers};

const ROOT: &str = "TICKPLANE_TEST_POINT_ROOT";
const PLACE: &str = "TICKPLANE_TEST_POINT_PLACE";
const TIME: &str = "TICKPLANE_TEST_POINT_TIME";

/// What the writer does when it comes to the place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Act {
    /// Makes a plane where there is none.
    Make,
    /// Takes an existing plane over.
    TakeOver,
    /// Takes over a plane whose file is mostly dead and is built anew.
    Rebuild,
    /// Gives instrument and series another shape.
    Reshape,
    Append,
    Prepend,
    Revise,
    Reset,
    Live,
    Quote,
    Trade,
    Event,
    Bell,
}

/// The act, the place, and how many times the act comes to it: each in turn.
const PLACES: &[(Act, Point, u64)] = &[
    (Act::Make, Point::File(FilePoint::LockMade), 1),
    (Act::Make, Point::File(FilePoint::LockTaken), 1),
    (Act::Make, Point::File(FilePoint::LockNoted), 1),
    (Act::Make, Point::File(FilePoint::FileMade), 2),
    (Act::Make, Point::File(FilePoint::FileSized), 2),
    (Act::Make, Point::File(FilePoint::FileReserved), 2),
    (Act::Make, Point::Word(Site::HeaderReady), 2),
    (Act::Make, Point::File(FilePoint::FileWritten), 2),
    (Act::Make, Point::File(FilePoint::FileNamed), 2),
    (Act::Make, Point::File(FilePoint::RegionCleared), 3),
    (Act::Make, Point::File(FilePoint::RegionReserved), 3),
    (Act::Make, Point::File(FilePoint::RegionFilled), 3),
    (Act::Make, Point::Word(Site::DirectoryPublish), 3),
    (Act::TakeOver, Point::File(FilePoint::LockTaken), 1),
    (Act::TakeOver, Point::File(FilePoint::LockNoted), 1),
    (Act::TakeOver, Point::Word(Site::DoubleSlotOpen), 3),
    (Act::TakeOver, Point::Word(Site::DoubleSlotAnnounce), 3),
    (Act::Rebuild, Point::File(FilePoint::FileMade), 1),
    (Act::Rebuild, Point::File(FilePoint::FileSized), 1),
    (Act::Rebuild, Point::File(FilePoint::FileReserved), 1),
    (Act::Rebuild, Point::File(FilePoint::RegionReserved), 2),
    (Act::Rebuild, Point::Word(Site::DirectoryPublish), 2),
    (Act::Rebuild, Point::File(FilePoint::FileWritten), 1),
    (Act::Rebuild, Point::File(FilePoint::FileNamed), 1),
    (Act::Reshape, Point::File(FilePoint::RegionCleared), 2),
    (Act::Reshape, Point::File(FilePoint::RegionReserved), 2),
    (Act::Reshape, Point::File(FilePoint::RegionFilled), 2),
    (Act::Reshape, Point::Word(Site::DirectoryPublish), 2),
    (Act::Reshape, Point::Word(Site::EntryMove), 2),
    (Act::Append, Point::Word(Site::AppendOpen), 1),
    (Act::Append, Point::Word(Site::AppendPublish), 1),
    (Act::Prepend, Point::Word(Site::PrependPublish), 1),
    (Act::Revise, Point::Word(Site::JournalOpen), 1),
    (Act::Revise, Point::Word(Site::JournalCommit), 1),
    (Act::Revise, Point::Word(Site::ReviseOpen), 1),
    (Act::Revise, Point::Word(Site::ReviseClose), 1),
    (Act::Reset, Point::Word(Site::JournalOpen), 1),
    (Act::Reset, Point::Word(Site::JournalCommit), 1),
    (Act::Reset, Point::Word(Site::ReviseOpen), 1),
    (Act::Reset, Point::Word(Site::ReviseClose), 1),
    (Act::Live, Point::Word(Site::DoubleSlotOpen), 1),
    (Act::Live, Point::Word(Site::DoubleSlotAnnounce), 1),
    (Act::Quote, Point::Word(Site::DoubleSlotOpen), 1),
    (Act::Quote, Point::Word(Site::DoubleSlotAnnounce), 1),
    (Act::Trade, Point::Word(Site::RingOpen), 1),
    (Act::Trade, Point::Word(Site::RingCommit), 1),
    (Act::Trade, Point::Word(Site::RingAnnounce), 1),
    (Act::Event, Point::Word(Site::RingOpen), 1),
    (Act::Event, Point::Word(Site::RingCommit), 1),
    (Act::Event, Point::Word(Site::RingAnnounce), 1),
    (Act::Bell, Point::Word(Site::BellMark), 1),
];

// ---- the writer ----

/// Comes to one place and is killed there, by a thread of its own that waits for just that.
#[test]
fn pointed_writer() {
    let Ok(root) = std::env::var(ROOT) else { return };
    let instance = Instance::new(Some(Path::new(&root)), "points").unwrap();
    let (act, point, _) = PLACES[number(PLACE, 0) as usize];
    let time = number(TIME, 1);
    std::thread::spawn(|| {
        while !fail_point::is_reached() {
            std::thread::yield_now();
        }
        // SAFETY: a signal to this very process.
        unsafe { libc::kill(libc::getpid(), libc::SIGKILL) };
    });
    match act {
        Act::Make | Act::TakeOver | Act::Rebuild => {
            fail_point::arm(point, time as u32);
            drop(Writers::open(&instance, 0));
        }
        _ => act_at(act, point, time as u32, Writers::open(&instance, 0).unwrap()),
    }
    eprintln!("{act:?} did not come to {point:?} for the {time}. time");
}

fn act_at(act: Act, point: Point, time: u32, mut writers: Writers) {
    if act == Act::Prepend {
        writers.series.begin_at(writers.series.rows().end + 3);
        writers.append();
    }
    fail_point::arm(point, time);
    match act {
        Act::Append => writers.append(),
        Act::Prepend => writers.prepend(),
        Act::Revise => writers.revise(3, 5),
        Act::Reset => writers.series.begin_at(writers.series.rows().end + 3),
        Act::Live => writers.live(6),
        Act::Quote => drop(writers.btc.publish_quote(&quote(77), 0)),
        Act::Trade => writers.trade(),
        Act::Event => writers.event(),
        Act::Bell => writers.plane.bell().mark(),
        Act::Reshape => {
            let Writers { btc, series, mut exchange, .. } = writers;
            drop((btc, series));
            drop(Writers::claim(&mut exchange, 1));
        }
        Act::Make | Act::TakeOver | Act::Rebuild => unreachable!("a start"),
    }
}

// ---- the parent ----

#[test]
fn a_kill_at_every_place_is_survived() {
    let kills = number("TICKPLANE_POINT_KILLS", 4);
    let begun = Instant::now();
    for (at, (act, point, times)) in PLACES.iter().enumerate() {
        let scratch = Scratch::new("points");
        let mut judge = (*act != Act::Make).then(|| {
            let mut writers = Writers::open(&scratch.instance, 0).unwrap();
            (1..100).for_each(|n| writers.turn(n));
            Witness::open(&scratch.instance)
        });
        for round in 0..kills {
            prepare(*act, &scratch);
            // Whoever is attached is attached to the very file that the writer is about to replace.
            if let Some(judge) = &mut judge {
                judge.keep_attached();
                assert!(judge.follow(1000) && judge.look().busy == 0, "{act:?}: the plane is as it was prepared");
            }
            let root = scratch.root.to_str().unwrap();
            let time = (1 + round % times).to_string();
            let child = spawn("points::pointed_writer", &[(ROOT, root), (PLACE, &at.to_string()), (TIME, &time)]);
            expect_killed(child, &format!("the writer of round {round}, to be killed in {act:?} at {point:?},"));
            inspect(&scratch, judge.as_mut(), &format!("{act:?} at {point:?}, round {round}"));
        }
        if let Some(judge) = &judge {
            judge.check_account();
        }
        eprintln!("{kills} kills in {act:?} at {point:?}, {:.0} s", begun.elapsed().as_secs_f64());
    }
    let (places, seconds) = (PLACES.len(), begun.elapsed().as_secs_f64());
    eprintln!("kills at places: {kills} at each of {places} places in {seconds:.1} s; all taken up, 0 files leaked");
}

/// Brings the plane to where the act begins.
fn prepare(act: Act, scratch: &Scratch) {
    match act {
        Act::Make if scratch.root.exists() => {
            PlaneWriter::open(&scratch.instance, &PLANE, NOW_NS).unwrap().remove(NOW_NS).unwrap();
        }
        // Every region moves and moves back: three quarters of the file are dead.
        Act::Rebuild => {
            for shape in [1, 0] {
                let writers = Writers::open(&scratch.instance, shape).unwrap();
                drop(writers);
            }
        }
        _ => {}
    }
}

/// What the dead writer left: readable at once, taken over as it was read, and gone on with.
fn inspect(scratch: &Scratch, mut judge: Option<&mut Witness>, what: &str) {
    let seen = judge.as_mut().map(|judge| look(judge, what));
    if seen.is_none() {
        read_what_was_being_made(scratch, what);
    }
    let mut writers = Writers::open(&scratch.instance, 0).unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_eq!(half_made(scratch), 0, "{what}: a temporary file was left");
    if let (Some(judge), Some(seen)) = (&mut judge, &seen) {
        compare(&writers, judge, seen, what);
    }
    // The successor goes on, and who stayed attached finds it.
    let due = (writers.btc.trade_seq() + 1, writers.series.rows().end);
    (0..3).for_each(|_| writers.trade());
    writers.append();
    writers.event();
    writers.live(2);
    let mut fresh = Witness::open(&scratch.instance);
    for witness in judge.into_iter().chain([&mut fresh]) {
        witness.keep_attached();
        assert!(witness.follow(1000), "{what}: more than a ring holds");
        let after = witness.look();
        assert_eq!(witness.newest_trade(), due.0 + 2, "{what}: the successor's trades");
        assert_eq!(after.first_row + after.rows.len() as u64, due.1 + 1, "{what}: the successor's row");
        assert_eq!(after.busy, 0, "{what}");
    }
}

fn look(judge: &mut Witness, what: &str) -> Seen {
    let begun = Instant::now();
    assert!(!judge.plane.status().alive, "{what}: a dead writer counts as alive");
    judge.keep_attached();
    assert!(judge.follow(1000), "{what}: more than a ring holds");
    let seen = judge.look();
    assert_eq!(seen.busy, 0, "{what}: a dead writer blocks a reader");
    assert!(begun.elapsed().as_secs() < 5, "{what}: a read hangs");
    seen
}

/// Nothing that a reader saw is taken back.
fn compare(writers: &Writers, judge: &mut Witness, seen: &Seen, what: &str) {
    assert_eq!(writers.btc.trade_seq(), judge.newest_trade(), "{what}: trades seen and taken over");
    let end = seen.first_row + seen.rows.len() as u64;
    let rows = writers.series.rows();
    if seen.rows.is_empty() {
        assert!(rows.is_empty(), "{what}: rows nobody saw");
    } else {
        // A series that takes fewer rows keeps the newest.
        let first = seen.first_row.max(end.saturating_sub(DEPTHS[0]));
        assert_eq!(rows, first..end, "{what}: rows seen and taken over");
        for row in rows {
            let found = writers.series.candle(row);
            assert_eq!(found.as_ref(), Some(&seen.rows[(row - seen.first_row) as usize]), "{what}: row {row}");
        }
    }
    judge.keep_attached();
    let after = judge.look();
    for (before, after) in [(seen.live_seq, after.live_seq), (seen.quote_seq, after.quote_seq)] {
        assert!(after == before || after == before + 1, "{what}: value {before} became {after}");
    }
}

/// A plane that was being made is not there, or is there and says nothing untrue.
fn read_what_was_being_made(scratch: &Scratch, what: &str) {
    let Ok(plane) = Plane::open(&scratch.instance) else { return };
    assert!(!plane.status().alive, "{what}: a dead writer counts as alive");
    assert_eq!(plane.events().poll(), Next::Empty, "{what}");
    if let Ok(series) = plane.series(&candles_key()) {
        assert!(series.candles(9).is_err() && series.live().is_err(), "{what}: rows that nobody wrote");
    }
    if let Ok(mut trades) = plane.trades(&trades_key()) {
        assert_eq!(trades.poll(), Next::Empty, "{what}: trades that nobody published");
    }
}
