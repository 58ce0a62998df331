//! How many of something in how much time.

use std::collections::VecDeque;

/// A sliding window: at most `count` (or that much weight) within `length_ns`.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    count: u64,
    length_ns: i64,
    taken: VecDeque<(i64, u64)>,
    sum: u64,
}

impl Window {
    /// An empty window.
    pub(crate) fn new(count: u64, length_ns: i64) -> Self {
        Self { count, length_ns, taken: VecDeque::new(), sum: 0 }
    }

    /// The same number in a time so many times shorter.
    pub(crate) fn hurry(&mut self, times: u32) {
        self.length_ns /= i64::from(times.max(1));
    }

    /// Takes one; false when that is more than allowed (nothing is taken then).
    pub(crate) fn take(&mut self, now_ns: i64) -> bool {
        self.take_weight(now_ns, 1)
    }

    /// Takes several.
    pub(crate) fn take_weight(&mut self, now_ns: i64, weight: u64) -> bool {
        while let Some(&(time_ns, old)) = self.taken.front()
            && time_ns <= now_ns - self.length_ns
        {
            self.taken.pop_front();
            self.sum -= old;
        }
        if self.sum + weight > self.count {
            return false;
        }
        self.sum += weight;
        self.taken.push_back((now_ns, weight));
        true
    }

    /// What is taken now.
    pub(crate) fn used(&self) -> u64 {
        self.sum
    }

    /// When the oldest leaves.
    pub(crate) fn frees_ns(&self) -> i64 {
        self.taken.front().map_or(0, |(time_ns, _)| time_ns + self.length_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slides() {
        let mut window = Window::new(3, 100);
        assert_eq!([0, 10, 20, 30, 99].map(|t| window.take(t)), [true, true, true, false, false]);
        assert!(window.take(100) && !window.take(109) && window.take(110));
        assert!(!window.take_weight(119, 2) && window.take_weight(500, 3));
        assert_eq!((window.used(), window.frees_ns()), (3, 600));
        let mut short = Window::new(3, 100);
        short.hurry(10);
        assert_eq!([0, 1, 2, 9, 10].map(|t| short.take(t)), [true, true, true, false, true]);
    }
}
