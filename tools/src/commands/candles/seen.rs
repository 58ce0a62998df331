//! Which trades were seen, by their ids.
//!
//! The rule is the live path's: an id that was seen, or of which nobody knows any more, is a duplicate. There the venue's
//! kind of ids says what to remember; a file does not say whose it is, so both ways are kept here, and further back.

use std::collections::{HashSet, VecDeque};

use tickplane_model::{IdForm, TradeId};

/// Ranges of numbers, and other ids, that are remembered.
const REMEMBERED: usize = 1 << 16;

/// The ids of the trades so far.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Closed ranges of numbers, ascending, with holes between them.
    ranges: VecDeque<(u128, u128)>,
    /// Other ids, and the order they came in.
    others: HashSet<u128>,
    order: VecDeque<u128>,
}

impl Seen {
    /// Whether the id is new; it is not from now on. A trade without id always is.
    #[inline]
    pub(super) fn is_new(&mut self, id: TradeId) -> bool {
        match id.form {
            IdForm::None => true,
            IdForm::Number => self.is_new_number(id.bits()),
            IdForm::Uuid | IdForm::Hash => self.is_new_other(id.bits()),
        }
    }

    #[inline]
    fn is_new_number(&mut self, number: u128) -> bool {
        match self.ranges.back_mut() {
            Some((_, last)) if last.checked_add(1) == Some(number) => {
                *last = number;
                true
            }
            _ => self.is_new_elsewhere(number),
        }
    }

    /// A number that does not follow the greatest.
    fn is_new_elsewhere(&mut self, number: u128) -> bool {
        let at = self.ranges.partition_point(|(_, last)| *last < number);
        if self.ranges.get(at).is_some_and(|(first, _)| *first <= number) {
            return false;
        }
        // The number lies in the hole before range `at`.
        let joins_before = at > 0 && self.ranges[at - 1].1 + 1 == number;
        let joins_after = self.ranges.get(at).is_some_and(|(first, _)| number + 1 == *first);
        match (joins_before, joins_after) {
            (true, true) => {
                self.ranges[at - 1].1 = self.ranges[at].1;
                self.ranges.remove(at);
            }
            (true, false) => self.ranges[at - 1].1 = number,
            (false, true) => self.ranges[at].0 = number,
            (false, false) => self.ranges.insert(at, (number, number)),
        }
        self.forget();
        true
    }

    /// Too many holes: of the lowest nobody knows any more.
    fn forget(&mut self) {
        if self.ranges.len() > REMEMBERED {
            let lowest = self.ranges.pop_front();
            if let (Some((first, _)), Some(next)) = (lowest, self.ranges.front_mut()) {
                next.0 = first;
            }
        }
    }

    fn is_new_other(&mut self, id: u128) -> bool {
        if !self.others.insert(id) {
            return false;
        }
        self.order.push_back(id);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.others.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn news(seen: &mut Seen, numbers: &[u128]) -> Vec<bool> {
        numbers.iter().map(|number| seen.is_new(TradeId::number(*number))).collect()
    }

    #[test]
    fn numbers_are_new_once_in_any_order() {
        let mut seen = Seen::default();
        let numbers = [10, 11, 11, 14, 12, 10, 13, 14, 13, 9, 9, 20, u128::MAX, u128::MAX, 0, 0];
        let new =
            [true, true, false, true, true, false, true, false, false, true, false, true, true, false, true, false];
        assert_eq!(news(&mut seen, &numbers), new);
        assert_eq!(seen.ranges, [(0, 0), (9, 14), (20, 20), (u128::MAX, u128::MAX)]);
        assert!(seen.is_new(TradeId::NONE) && seen.is_new(TradeId::NONE));
    }

    #[test]
    fn a_set_of_everything_says_the_same() {
        let (mut seen, mut all, mut random) = (Seen::default(), HashSet::new(), 1_u64);
        for _ in 0..20_000 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let number = u128::from(random >> 33) % 15_000;
            assert_eq!(seen.is_new(TradeId::number(number)), all.insert(number), "{number}");
        }
        assert!(seen.ranges.iter().zip(seen.ranges.iter().skip(1)).all(|(a, b)| a.1 + 1 < b.0), "holes between");
    }

    #[test]
    fn memory_is_bounded_and_what_is_forgotten_counts_as_seen() {
        let mut seen = Seen::default();
        let odd = |n: u128| TradeId::number(2 * n + 1);
        assert!((0..REMEMBERED as u128 + 10).all(|n| seen.is_new(odd(n))));
        assert_eq!(seen.ranges.len(), REMEMBERED);
        assert!(!seen.is_new(TradeId::number(2)), "its hole is forgotten");
        assert!(seen.is_new(TradeId::number(2 * REMEMBERED as u128)));

        let other = |n: u128| TradeId { form: IdForm::Hash, ..TradeId::number(n) };
        assert!((0..=REMEMBERED as u128).all(|n| seen.is_new(other(n))));
        assert_eq!((seen.order.len(), seen.others.len()), (REMEMBERED, REMEMBERED));
        assert!(!seen.is_new(other(REMEMBERED as u128)) && seen.is_new(other(0)), "the oldest is forgotten");
    }
}
