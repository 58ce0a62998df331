//! A view: the last rows of a series as pointers into shared memory.

use std::ops::Range;

use tickplane_layout::TRIES_MAX;
use tickplane_layout::Word;
use tickplane_layout::series::{ColumnType, SeriesLayout};
use tickplane_layout::table::{Flight, Table, Ticket};

use crate::ReadError;
use crate::region::Region;

/// The last rows of a series without a copy: per column a pointer to contiguous 64-bit values.
///
/// The writer goes on while a view is held. What was read through a view counts only if [`validate`](Self::validate)
/// says so afterwards; copy the results, validate, then use them. The view keeps its mapping: a restarted or removed
/// plane never pulls the memory away.
#[derive(Clone, Debug)]
pub struct View {
    region: Region,
    layout: SeriesLayout,
    ticket: Ticket,
    first_row: u64,
}

impl View {
    pub(crate) fn open(region: Region, layout: SeriesLayout, n: usize) -> Result<Self, ReadError> {
        let mut view = Self { region, layout, ticket: Ticket::default(), first_row: 0 };
        view.renew(n)?;
        Ok(view)
    }

    /// Moves the view to the last `n` rows (or as many as there are) as of now. When it fails, it keeps its rows.
    ///
    /// # Errors
    /// As [`SeriesReader::view`](crate::SeriesReader::view).
    #[inline]
    pub fn renew(&mut self, n: usize) -> Result<(), ReadError> {
        self.region.check_current()?;
        for _ in 0..TRIES_MAX {
            let ticket = self.table().open()?;
            let first_row = ticket.first.max(ticket.head.saturating_sub(n as u64));
            let torn = matches!(ticket.flight, Some(Flight::Row(row)) if row >= first_row);
            if torn {
                std::hint::spin_loop();
                continue;
            }
            if first_row == ticket.head {
                return Err(ReadError::Empty);
            }
            (self.ticket, self.first_row) = (ticket, first_row);
            return Ok(());
        }
        Err(ReadError::Busy)
    }

    #[inline]
    fn table(&self) -> Table<'_> {
        self.layout.table(self.region.words())
    }

    /// The rows it spans; never empty.
    #[must_use]
    pub const fn rows(&self) -> Range<u64> {
        self.first_row..self.ticket.head
    }

    /// Number of rows.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a view is never empty")]
    pub const fn len(&self) -> usize {
        (self.ticket.head - self.first_row) as usize
    }

    /// The first value of a column, `len` contiguous 64-bit values from there; `None` if there is no such column.
    ///
    /// What they are [`column_type`](Self::column_type) says. In Rust, read through it with volatile or atomic loads:
    /// another process may be writing.
    #[must_use]
    pub fn column(&self, column: usize) -> Option<*const f64> {
        (column < self.layout.columns).then(|| self.words(column).as_ptr().cast())
    }

    /// What the words of a column are; `None` if there is no such column, or only later releases know its type.
    #[inline]
    #[must_use]
    pub fn column_type(&self, column: usize) -> Option<ColumnType> {
        (column < self.layout.columns).then(|| self.layout.column_type(self.region.words(), column)).flatten()
    }

    fn words(&self, column: usize) -> &[Word] {
        let table = self.table();
        let start = table.place(self.first_row);
        &table.column(column)[start..start + self.len()]
    }

    /// The values of a column, read one by one: what Rust code uses instead of the pointer. Integers are converted.
    pub fn values(&self, column: usize) -> impl Iterator<Item = f64> + '_ {
        let kind = self.column_type(column);
        let words = kind.map_or(&[][..], |_| self.words(column));
        let number = move |word| kind.map_or(f64::NAN, |kind| kind.to_f64(word));
        words.iter().map(move |word| number(word.load(tickplane_layout::sync::Ordering::Relaxed)))
    }

    /// Whether everything read through the view so far was whole and in its place.
    #[inline]
    #[must_use]
    pub fn validate(&self) -> bool {
        self.table().validate(&self.ticket, self.first_row)
    }
}
