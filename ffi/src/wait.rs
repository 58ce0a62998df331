//! Waiting in the hands of C: asleep until something new is published.

use std::time::Duration;

use crate::edge::{exclusive, guard, shared};
use crate::plane::PlaneHandle;
use crate::status::{Failure, TP_ERESTARTED, TP_ETIMEDOUT, TP_OK};

/// Sleeps until the plane has published anything since `*seen`, at most `timeout_ms` milliseconds. `*seen` begins as 0
/// and is then the library's:
///
///     uint64_t seen = 0;
///     for (;;) {
///         read_everything_new();
///         status = tp_wait(plane, &seen, 1000);
///         if (status == TP_ERESTARTED) tp_series_renew(series);
///     }
///
/// Nothing is missed: what is published after the reads ends the next wait at once. A sleeper is woken at most a
/// millisecond after the publication.
///
/// Fails with TP_ETIMEDOUT when nothing new came, or a signal did; with TP_ERESTARTED when another writer took the plane
/// over or its files are gone, which is looked for before sleeping and after a time-out: choose about a second. Then
/// renew the handles. While a plane that is gone has not come back, renewals fail and waits last their time.
///
/// Threads: any; each with its own `seen`. Takes the plane's lock, not while it sleeps. No allocation.
///
/// # Safety
/// `plane` is NULL or a plane that is open; `seen` is NULL or points to a number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_wait(plane: *const PlaneHandle, seen: *mut u64, timeout_ms: u32) -> i32 {
    guard(|| {
        // SAFETY: the caller gives an open plane.
        let plane = &unsafe { shared(plane) }?.attachment.plane;
        // SAFETY: the caller gives a number of its own.
        let seen = unsafe { exclusive(seen) }?;
        if plane.is_taken_over() {
            // The next file's bell begins anew.
            *seen = 0;
            return Err(Failure(TP_ERESTARTED));
        }
        let now = plane.wait(*seen, Duration::from_millis(timeout_ms.into()));
        if now != *seen {
            *seen = now;
            return Ok(TP_OK);
        }
        if plane.changed() {
            *seen = 0;
            return Err(Failure(TP_ERESTARTED));
        }
        Err(Failure(TP_ETIMEDOUT))
    })
}
