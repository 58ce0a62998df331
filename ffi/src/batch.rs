//! A batch: the next records of a follower into the caller's room, and how many were lost before them.

use std::mem::MaybeUninit;

use tickplane_segments::Next;

/// So many times a call tries to catch up with a writer that laps it.
const LAPS_MAX: u32 = 64;
/// So many records one call looks at: the most that a ring may hold.
pub(crate) const POLLS_MAX: usize = 1 << 20;

/// What a batch told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Told {
    /// Places filled, from the first on.
    pub(crate) count: usize,
    /// Records lost before the first of them.
    pub(crate) lost: u64,
}

impl Told {
    /// Neither a record nor a loss.
    pub(crate) const fn is_nothing(self) -> bool {
        self.count == 0 && self.lost == 0
    }
}

/// Fills the places with what `poll` gives, as far as `take` takes it. `pending` is what was lost and not yet told: a
/// loss behind the first record ends the batch and is told with what comes after it. Bounded.
#[inline]
pub(crate) fn fill<T, R>(
    places: &mut [MaybeUninit<R>],
    pending: &mut u64,
    mut poll: impl FnMut() -> Next<T>,
    mut take: impl FnMut(&T) -> Option<R>,
) -> Told {
    let (mut told, mut laps) = (Told { count: 0, lost: std::mem::take(pending) }, 0);
    for _ in 0..POLLS_MAX {
        if told.count == places.len() {
            break;
        }
        match poll() {
            Next::Item(item) => {
                if let Some(record) = take(&item) {
                    places[told.count].write(record);
                    told.count += 1;
                }
            }
            Next::Lost(lost) if told.count == 0 && laps < LAPS_MAX => {
                told.lost = told.lost.saturating_add(lost);
                laps += 1;
            }
            Next::Lost(lost) => {
                *pending = lost;
                break;
            }
            Next::Empty => break,
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Batches of at most four even numbers, until there is nothing left.
    fn batches(script: &[Next<u64>]) -> Vec<(Vec<u64>, u64)> {
        let (mut script, mut pending, mut batches) = (script.iter().copied(), 0, Vec::new());
        loop {
            let mut places = [MaybeUninit::uninit(); 4];
            let poll = || script.next().unwrap_or(Next::Empty);
            let told = fill(&mut places, &mut pending, poll, |item| (item % 2 == 0).then_some(*item));
            if told.is_nothing() {
                return batches;
            }
            // SAFETY: so many were written.
            let filled = places[..told.count].iter().map(|place| unsafe { place.assume_init() });
            batches.push((filled.collect(), told.lost));
        }
    }

    #[test]
    fn a_loss_stands_before_the_batch_that_tells_it() {
        use Next::{Empty, Item, Lost};
        type Batch<'a> = (&'a [u64], u64);
        let cases: [(&[Next<u64>], &[Batch<'_>]); 6] = [
            (&[], &[]),
            (&[Item(2), Item(4), Empty, Item(6)], &[(&[2, 4], 0), (&[6], 0)]),
            (&[Item(2), Item(4), Item(6), Item(8), Item(10)], &[(&[2, 4, 6, 8], 0), (&[10], 0)]),
            (&[Lost(3), Lost(4), Item(2), Empty], &[(&[2], 7)]),
            (&[Item(2), Lost(5), Lost(1), Item(4)], &[(&[2], 0), (&[4], 6)]),
            (&[Item(1), Item(2), Lost(9), Empty], &[(&[2], 0), (&[], 9)]),
        ];
        for (script, expected) in cases {
            let told = batches(script);
            let told: Vec<Batch<'_>> = told.iter().map(|(items, lost)| (&items[..], *lost)).collect();
            assert_eq!(told, expected, "{script:?}");
        }
    }

    #[test]
    fn a_writer_that_always_laps_ends_the_call() {
        let (mut places, mut pending, mut polls) = ([MaybeUninit::<u64>::uninit(); 4], 0, 0_u64);
        let lapped = || {
            polls += 1;
            Next::<u64>::Lost(2)
        };
        let told = fill(&mut places, &mut pending, lapped, |item| Some(*item));
        assert_eq!((told.count, told.lost + pending), (0, 2 * polls), "and nothing is forgotten");
        assert!(polls < 100);
    }
}
