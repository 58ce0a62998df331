//! How often and how long the repair of one instrument's seams is tried.

use crate::now::Now;

/// A seam is asked about this late after it was found: the venue's REST answers may be a second behind its stream.
const FIRST_MS: u64 = 1_000;
/// Answers taken for one seam.
const PAGES_MAX: u32 = 20;
/// Answers in a row that bring nothing, after which a seam is given up.
const FAILURES_MAX: u32 = 6;
/// The longest wait after a failure.
const WAIT_MS_MAX: u64 = 60_000;

/// The repair under way.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Repair {
    due_ns: u64,
    pages: u32,
    failures: u32,
}

impl Repair {
    /// A seam was found.
    pub(crate) fn found(&mut self, now: Now) {
        self.due_ns = self.due_ns.max(now.after_ms(FIRST_MS));
    }

    pub(crate) fn is_due(&self, now: Now) -> bool {
        now.monotonic_ns >= self.due_ns
    }

    /// An answer brought the repair on. `false` when it is time to give the seam up.
    pub(crate) fn went_on(&mut self) -> bool {
        self.failures = 0;
        self.pages += 1;
        self.pages < PAGES_MAX
    }

    /// No answer, or one that brings nothing. `false` when it is time to give the seam up.
    pub(crate) fn failed(&mut self, now: Now) -> bool {
        self.failures += 1;
        self.due_ns = now.after_ms((FIRST_MS << self.failures.min(10)).min(WAIT_MS_MAX));
        self.failures < FAILURES_MAX
    }

    /// A seam is closed or given up: the next one begins afresh.
    pub(crate) fn start_over(&mut self) {
        (self.pages, self.failures) = (0, 0);
    }
}
