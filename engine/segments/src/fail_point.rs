//! Places between a writer's system calls, at which a test stops and kills it. Nothing without the feature `fail-points`.
#![cfg_attr(not(feature = "fail-points"), allow(dead_code, unreachable_pub, reason = "only tests see the places"))]

#[cfg(feature = "fail-points")]
use tickplane_layout::fail_point;
#[cfg(feature = "fail-points")]
use tickplane_layout::sync::Site;

/// What has just been done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum FilePoint {
    /// The lock's file is there, the lock not yet taken.
    LockMade,
    /// The lock is taken, its file does not name the holder.
    LockTaken,
    /// The lock is taken and its holder named.
    LockNoted,
    /// A temporary file is there, empty.
    FileMade,
    /// It has its full virtual size.
    FileSized,
    /// Its header and directory are backed by memory.
    FileReserved,
    /// Its header and, where it replaces another, its regions are written.
    FileWritten,
    /// It has its name.
    FileNamed,
    /// The room of a new region reads as zero.
    RegionCleared,
    /// The room of a new region is backed by memory.
    RegionReserved,
    /// A new region is filled and not yet in the directory.
    RegionFilled,
}

/// A place at which a writer can be stopped.
#[cfg(feature = "fail-points")]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Point {
    /// At an ordering of a memory protocol, before it takes effect.
    Word(Site),
    /// Between two system calls.
    File(FilePoint),
}

/// Places of files are numbered after those of the memory protocols.
#[cfg(feature = "fail-points")]
const FILE_POINTS: u32 = 1 << 16;

/// Stops the thread that comes to this place at the `time`th time from now on, counted from 1.
#[cfg(feature = "fail-points")]
pub fn arm(point: Point, time: u32) {
    let place = match point {
        Point::Word(site) => site as u32,
        Point::File(file) => FILE_POINTS + file as u32,
    };
    fail_point::arm(place, time);
}

/// Whether a thread stands at the armed place.
#[cfg(feature = "fail-points")]
#[must_use]
pub fn is_reached() -> bool {
    fail_point::is_reached()
}

/// A writer is at a place.
#[inline(always)]
pub(crate) fn pass(_point: FilePoint) {
    #[cfg(feature = "fail-points")]
    fail_point::pass(FILE_POINTS + _point as u32);
}
