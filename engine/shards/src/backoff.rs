//! How long to wait before the next connection attempt.

const FIRST_MS: u64 = 250;
const MAX_MS: u64 = 30_000;

/// Capped exponential backoff with jitter. It starts over only when [`Backoff::reset`] is called, which the
/// connection does when news arrived after its trial: a venue that accepts, serves and drops is not hammered.
#[derive(Clone, Debug)]
pub(crate) struct Backoff {
    /// Attempts since the last connection that stood its trial.
    attempts: u32,
    random: u64,
}

impl Backoff {
    /// `seed` tells connections apart, so that they do not return in step.
    pub(crate) fn new(seed: u64) -> Self {
        Self { attempts: 0, random: seed }
    }

    pub(crate) fn reset(&mut self) {
        self.attempts = 0;
    }

    /// Milliseconds to wait before the next attempt: between half and the whole of a delay that doubles.
    pub(crate) fn next_ms(&mut self) -> u64 {
        let full = (FIRST_MS << self.attempts.min(16)).min(MAX_MS);
        self.attempts = self.attempts.saturating_add(1);
        full / 2 + self.draw() % (full / 2 + 1)
    }

    /// SplitMix64 (Steele, Lea, Flood 2014): enough to spread retries.
    fn draw(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_to_a_cap_and_vary() {
        let mut backoff = Backoff::new(1);
        for attempt in 0..40 {
            let full = (FIRST_MS << attempt.min(16)).min(MAX_MS);
            let ms = backoff.next_ms();
            assert!((full / 2..=full).contains(&ms), "attempt {attempt} waits {ms} ms");
        }
        backoff.reset();
        assert!(backoff.next_ms() <= FIRST_MS);
        let firsts: std::collections::HashSet<u64> = (0..50).map(|seed| Backoff::new(seed).next_ms()).collect();
        assert!(firsts.len() > 10, "connections return in step: {firsts:?}");
    }
}
