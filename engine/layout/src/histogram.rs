//! A latency histogram as flat words: HDR buckets of two significant digits, from 1 ns to 68 s.
//!
//! ```text
//! word 0  count     word 1  sum, ns     word 2  max, ns     words 3..8  reserved, 0
//! word 8  3,840 buckets
//! ```
//!
//! Bucket i < 256 counts the value i. From there each power of two has 128 buckets: with b = i / 128 - 1 and
//! s = i % 128 + 128, bucket i counts the values from `s << b` to `((s + 1) << b) - 1`. (HdrHistogram with 256
//! sub-buckets and unit 1; Gil Tene's reference implementation.) One thread writes, with relaxed stores: every bucket
//! stands for itself, and a reader's sum over buckets may be a few samples ahead of `count`.

use crate::LINE_WORDS;
use crate::sync::{Ordering, Word};

const HALF: usize = 128;
/// Buckets.
pub const BUCKETS: usize = 3840;
/// Words of a histogram.
pub const HISTOGRAM_WORDS: usize = LINE_WORDS + BUCKETS;
/// The largest value told apart; larger ones count as this.
pub const VALUE_MAX: u64 = (1 << 36) - 1;

/// Word of the number of values.
pub const COUNT: usize = 0;
/// Word of their sum.
pub const SUM: usize = 1;
/// Word of the largest.
pub const MAX: usize = 2;
// The byte offsets as they are published in docs/format.md.
const _: () = assert!(COUNT == 0 && SUM * 8 == 8 && MAX * 8 == 16 && LINE_WORDS * 8 == 64);
const _: () = assert!(bucket(VALUE_MAX) == BUCKETS - 1);

/// The bucket of a value.
#[inline]
#[must_use]
pub const fn bucket(value: u64) -> usize {
    let value = if value > VALUE_MAX { VALUE_MAX } else { value };
    let power = 56 - (value | 255).leading_zeros() as usize;
    (power + 1) * HALF + (value >> power) as usize - HALF
}

/// The smallest value of a bucket.
#[must_use]
pub const fn value(bucket: usize) -> u64 {
    if bucket < 2 * HALF {
        return bucket as u64;
    }
    ((bucket % HALF + HALF) as u64) << (bucket / HALF - 1)
}

/// A histogram over its words.
#[derive(Clone, Copy, Debug)]
pub struct Histogram<'a>(&'a [Word]);

impl<'a> Histogram<'a> {
    /// Looks at words as a histogram.
    ///
    /// # Panics
    /// If there are fewer than [`HISTOGRAM_WORDS`].
    #[inline]
    #[must_use]
    pub fn new(words: &'a [Word]) -> Self {
        Self(&words[..HISTOGRAM_WORDS])
    }

    /// Counts one value. Writer only.
    #[inline]
    pub fn record(&self, value: u64) {
        add(&self.0[COUNT], 1);
        add(&self.0[SUM], value);
        if value > self.0[MAX].load(Ordering::Relaxed) {
            self.0[MAX].store(value, Ordering::Relaxed);
        }
        add(&self.0[LINE_WORDS + bucket(value)], 1);
    }

    /// Number of values.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0[COUNT].load(Ordering::Relaxed)
    }

    /// Sum of the values.
    #[must_use]
    pub fn sum(&self) -> u64 {
        self.0[SUM].load(Ordering::Relaxed)
    }

    /// The largest value.
    #[must_use]
    pub fn max(&self) -> u64 {
        self.0[MAX].load(Ordering::Relaxed)
    }

    /// Smallest value and count of every bucket that is not empty.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64)> + use<'a> {
        let counts = &self.0[LINE_WORDS..];
        counts.iter().enumerate().map(|(at, word)| (value(at), word.load(Ordering::Relaxed))).filter(|(_, n)| *n > 0)
    }
}

/// Adds to a word that only this thread writes: no read-modify-write instruction.
#[inline]
pub fn add(word: &Word, amount: u64) {
    word.store(word.load(Ordering::Relaxed).wrapping_add(amount), Ordering::Relaxed);
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn every_value_falls_between_its_bucket_and_the_next() {
        for shift in 0..36 {
            for delta in [0, 1, 2, 3, 77] {
                let sample = ((1_u64 << shift) + delta).min(VALUE_MAX);
                let at = bucket(sample);
                assert!(value(at) <= sample, "{sample}");
                if at + 1 < BUCKETS {
                    assert!(sample < value(at + 1), "{sample}");
                }
                assert!(sample - value(at) <= sample / 128, "{sample} loses more than two digits");
            }
        }
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
        for at in 0..BUCKETS {
            assert_eq!(bucket(value(at)), at);
        }
    }
}
