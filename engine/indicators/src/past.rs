//! The rows just taken, which windows slide over and averages are seeded from: kept once for all indicators of a series.

/// The last rows of `N` numbers each, up to the row before the one at hand.
///
/// It is a ring that only ever goes forward, so going back to a [`Mark`] is free as long as the rows before the mark
/// still stand: whoever goes back asks for that many more rows at the beginning.
#[derive(Clone, Debug)]
pub(crate) struct Past<const N: usize> {
    rows: Box<[[f64; N]]>,
    mark: Mark,
}

/// A place in the past.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Mark {
    /// Rows taken since the first.
    taken: u64,
    /// Where the next one goes.
    next: usize,
}

impl<const N: usize> Past<N> {
    /// Room for `rows` rows; with none it only counts.
    pub(crate) fn new(rows: usize) -> Self {
        Self { rows: vec![[0.0; N]; rows].into_boxed_slice(), mark: Mark::default() }
    }

    /// Takes a row.
    #[inline]
    pub(crate) fn push(&mut self, row: [f64; N]) {
        self.mark.taken += 1;
        if let Some(slot) = self.rows.get_mut(self.mark.next) {
            *slot = row;
            self.mark.next = if self.mark.next + 1 == self.rows.len() { 0 } else { self.mark.next + 1 };
        }
    }

    /// Rows taken since the first.
    #[inline]
    pub(crate) fn taken(&self) -> u64 {
        self.mark.taken
    }

    /// The row `back` rows ago; the last one taken is one row ago.
    #[inline]
    pub(crate) fn ago(&self, back: usize) -> [f64; N] {
        debug_assert!(back >= 1 && back <= self.rows.len() && back as u64 <= self.mark.taken, "a row that is kept");
        let next = self.mark.next;
        self.rows[if back <= next { next - back } else { next + self.rows.len() - back }]
    }

    /// The last `count` rows, oldest first.
    pub(crate) fn last(&self, count: usize) -> impl Iterator<Item = [f64; N]> + Clone {
        (1..=count).rev().map(|back| self.ago(back))
    }

    pub(crate) fn mark(&self) -> Mark {
        self.mark
    }

    /// Goes back to a mark set before, or to the beginning with the default one.
    pub(crate) fn rewind(&mut self, mark: Mark) {
        self.mark = mark;
    }

    /// Bytes on the heap.
    pub(crate) const fn bytes(rows: usize) -> usize {
        rows * size_of::<[f64; N]>()
    }
}

/// Everything that indicators look back to.
#[derive(Clone, Debug)]
pub(crate) struct Pasts {
    /// The close of every row that is not a gap.
    pub(crate) closes: Past<1>,
    /// High, low and close of every row with trades.
    pub(crate) bars: Past<3>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_back_over_the_end_of_the_ring_and_after_a_rewind() {
        let mut past = Past::<1>::new(5);
        let last = |past: &Past<1>, count| past.last(count).map(|[x]| x).collect::<Vec<_>>();
        (0..7).for_each(|n| past.push([f64::from(n)]));
        assert_eq!((past.taken(), last(&past, 5)), (7, vec![2.0, 3.0, 4.0, 5.0, 6.0]));
        let mark = past.mark();
        (7..9).for_each(|n| past.push([f64::from(n)]));
        past.rewind(mark);
        assert_eq!((past.taken(), past.ago(1), last(&past, 3)), (7, [6.0], vec![4.0, 5.0, 6.0]));
        past.push([70.0]);
        assert_eq!(last(&past, 2), vec![6.0, 70.0]);
    }

    #[test]
    fn without_room_rows_are_counted() {
        let mut past = Past::<3>::new(0);
        (0..4).for_each(|_| past.push([1.0; 3]));
        assert_eq!(past.taken(), 4);
    }
}
