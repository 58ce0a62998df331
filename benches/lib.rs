//! What the benches share: how they measure, and the market data they measure with.
//!
//! Every bench asserts its answer over all iterations, inside the run but outside the measured time: neither the
//! compiler nor the author can leave work out.
//!
//! | bench | question |
//! |---|---|
//! | `parse` | a venue's message into events |
//! | `ring` | an event to the worker, on the same thread and on another core |
//! | `candles` | a trade into the candles of 1, 4 and 8 timeframes, alone and in a worker that publishes them |
//! | `boundary` | every series of 500 symbols closing at midnight |
//! | `indicators` | a row into indicators: open, closed, and given again after a revision |
//! | `segment` | publishing to and reading from shared memory |
//! | `ffi` | reading by a call of the C library |
#![forbid(unsafe_code)]
#![allow(clippy::disallowed_methods, reason = "a bench reads the clock")]

pub mod market;
pub mod messages;
pub mod plane;

use std::time::{Duration, Instant};

use criterion::Criterion;

/// Criterion as every bench uses it: few samples, so that all benches together take about a minute.
#[must_use]
pub fn criterion() -> Criterion {
    Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args()
}

/// How long `work` takes.
pub fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

/// Mixes one value into a checksum that depends on every value and its place.
#[must_use]
#[inline]
pub const fn mix(checksum: u64, value: f64) -> u64 {
    checksum.rotate_left(5) ^ value.to_bits()
}
