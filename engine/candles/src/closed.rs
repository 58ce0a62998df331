//! The newest closed rows, kept exactly so that a late trade can still revise them.

use crate::row::Row;

/// A ring of the rows `oldest..next`.
#[derive(Clone, Debug)]
pub(crate) struct Closed {
    ring: Box<[Row]>,
    oldest: u64,
    next: u64,
    /// Whether some row changed without being published.
    pub(crate) dirty: bool,
}

impl Closed {
    /// A ring of `capacity` rows, all its memory taken now.
    pub(crate) fn new(capacity: u32) -> Self {
        let ring = vec![Row::quiet(f64::NAN); capacity as usize].into_boxed_slice();
        Self { ring, oldest: 0, next: 0, dirty: false }
    }

    /// Forgets all rows; the next one pushed is `next`.
    pub(crate) fn restart(&mut self, next: u64) {
        (self.oldest, self.next, self.dirty) = (next, next, false);
    }

    /// The numbers of the rows held.
    pub(crate) fn numbers(&self) -> std::ops::Range<u64> {
        self.oldest..self.next
    }

    /// Appends the row that closed.
    pub(crate) fn push(&mut self, row: Row) {
        if !self.ring.is_empty() {
            let place = self.place(self.next);
            self.ring[place] = row;
        }
        self.next += 1;
        self.oldest = self.oldest.max(self.next.saturating_sub(self.ring.len() as u64));
    }

    /// Row `number`, if it is still held.
    pub(crate) fn row(&mut self, number: u64) -> Option<&mut Row> {
        if !self.numbers().contains(&number) {
            return None;
        }
        let place = self.place(number);
        Some(&mut self.ring[place])
    }

    fn place(&self, number: u64) -> usize {
        (number % self.ring.len() as u64) as usize
    }
}
