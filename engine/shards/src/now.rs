//! Time as an argument.

/// One reading of the clocks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Now {
    /// Monotonic nanoseconds since an arbitrary start: for durations and deadlines.
    pub monotonic_ns: u64,
    /// Nanoseconds since the Unix epoch: for stamps.
    pub epoch_ns: i64,
}

impl Now {
    /// The monotonic time `ms` milliseconds from now.
    #[must_use]
    pub const fn after_ms(self, ms: u64) -> u64 {
        self.monotonic_ns + ms * 1_000_000
    }
}

/// Reads the clocks. The runtime implements it; tests use a value they move by hand.
pub trait Clock {
    /// The time now.
    fn now(&self) -> Now;
}
