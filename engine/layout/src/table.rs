//! The history table: closed rows in contiguous columns, the last `depth` of them always one slice without a seam.
//!
//! ```text
//! control   first_row | begin | head | revise_begin | revise_end | epoch | 2 reserved   (one line)
//! journal   seq | kind | row | one word per column ...                                 (whole lines)
//! cells     column 0: 2 * capacity words | column 1: 2 * capacity words | ...
//! ```
//!
//! Row r stands at `r % capacity` of every column and again at `+ capacity`, so rows `h - n .. h` with n <= capacity
//! are one contiguous piece from `(h - n) % capacity`. Rows `first_row .. head` exist; `begin` is one past the newest
//! row whose words may have been touched. One thread writes.
//!
//! * **Append r**: `begin = r + 1`; fence; words; `head = r + 1`. It overwrites row r - capacity, which readers notice
//!   by `begin`.
//! * **Prepend r** (`r = first_row - 1`, into free room): words; `first_row = r`.
//! * **Revise r**: the new row whole into the journal, committed under the number k of the revision; `revise_begin =
//!   k`; fence; words; `revise_end = k`. Whoever finds them unequal takes that row from the journal.
//! * **Reset** (empty the table, next append is r): journalled as a revision of no row, which invalidates every view.
//!
//! A view validates with one fence and two loads, so a reader may read the cells in any way it likes in between.

use crate::sync::{Ordering, Site, Word, fence_at, order};
use crate::{Busy, LINE_WORDS, TRIES_MAX, lines};

/// Words of the control line.
pub const CONTROL_WORDS: usize = LINE_WORDS;
/// Word of the oldest row, within the control line.
pub const FIRST_ROW: usize = 0;
/// Word of one past the newest row whose words may have been touched.
pub const BEGIN: usize = 1;
/// Word of one past the newest row.
pub const HEAD: usize = 2;
/// Word of the number of revisions begun.
pub const REVISE_BEGIN: usize = 3;
/// Word of the number of revisions ended.
pub const REVISE_END: usize = 4;
/// Word of the epoch of the writer that last opened the table.
pub const EPOCH: usize = 5;

/// Word of the journal's sequence, within the journal.
pub const JOURNAL_SEQ: usize = 0;
/// Word of what the journal holds.
pub const JOURNAL_KIND: usize = 1;
/// Word of its row.
pub const JOURNAL_ROW: usize = 2;
/// First word of its cells.
pub const JOURNAL_CELLS: usize = 3;
// The byte offsets as they are published in docs/format.md.
const _: () = assert!(FIRST_ROW == 0 && BEGIN * 8 == 8 && HEAD * 8 == 16 && REVISE_BEGIN * 8 == 24);
const _: () = assert!(REVISE_END * 8 == 32 && EPOCH * 8 == 40 && CONTROL_WORDS * 8 == 64);
const _: () = assert!(JOURNAL_SEQ == 0 && JOURNAL_KIND * 8 == 8 && JOURNAL_ROW * 8 == 16 && JOURNAL_CELLS * 8 == 24);
/// Journal entry of a revised row.
pub const KIND_ROW: u64 = 1;
/// Journal entry of a reset.
pub const KIND_RESET: u64 = 2;

/// Words of the journal of a table with so many columns.
#[must_use]
pub const fn journal_words(columns: usize) -> usize {
    lines(JOURNAL_CELLS + columns)
}

/// Words of the cells of a table.
#[must_use]
pub const fn cell_words(columns: usize, capacity: usize) -> usize {
    columns * 2 * capacity
}

/// A history table over its three blocks of words.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a> {
    control: &'a [Word],
    journal: &'a [Word],
    cells: &'a [Word],
    columns: usize,
    capacity: u64,
    depth: u64,
}

/// A change of the table that its writer has begun and not yet finished, or never will.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flight {
    /// This row is in the journal; its cells may be torn.
    Row(u64),
    /// The table was emptied; the next row is this one.
    Reset(u64),
}

/// What a reader may read, as of one moment; means something only while [`Table::validate`] agrees.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Ticket {
    /// The oldest row that may be asked for.
    pub first: u64,
    /// One past the newest row.
    pub head: u64,
    /// A change in flight.
    pub flight: Option<Flight>,
    begun: u64,
}

impl<'a> Table<'a> {
    /// Looks at three blocks of words as a table that serves views of up to `depth` rows.
    ///
    /// # Panics
    /// If the blocks do not have the sizes of `columns` and `capacity`, or `depth` is not below `capacity`.
    #[inline]
    #[must_use]
    pub fn new(
        control: &'a [Word],
        journal: &'a [Word],
        cells: &'a [Word],
        columns: usize,
        capacity: usize,
        depth: usize,
    ) -> Self {
        assert!(
            control.len() == CONTROL_WORDS
                && journal.len() == journal_words(columns)
                && cells.len() == cell_words(columns, capacity)
                && depth < capacity,
            "a table's blocks have its exact sizes"
        );
        Self { control, journal, cells, columns, capacity: capacity as u64, depth: depth as u64 }
    }

    /// Place of a row in a column, counted in words from the column's start.
    #[inline]
    #[must_use]
    pub const fn place(&self, row: u64) -> usize {
        (row % self.capacity) as usize
    }

    /// The words of a column.
    #[inline]
    #[must_use]
    pub fn column(&self, column: usize) -> &'a [Word] {
        let length = 2 * self.capacity as usize;
        &self.cells[column * length..(column + 1) * length]
    }

    #[inline]
    fn store(&self, row: u64, cells: impl Iterator<Item = u64>) {
        let place = self.place(row);
        for (column, value) in self.cells.chunks_exact(2 * self.capacity as usize).zip(cells) {
            column[place].store(value, Ordering::Relaxed);
            column[place + self.capacity as usize].store(value, Ordering::Relaxed);
        }
    }

    /// Epoch of the writer that last opened the table; one word that stands for itself.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.control[EPOCH].load(Ordering::Relaxed)
    }

    /// Says which writer has it open. Writer only.
    pub fn set_epoch(&self, epoch: u64) {
        self.control[EPOCH].store(epoch, Ordering::Relaxed);
    }

    // ---- the writer ----

    /// The rows the table holds, `first_row .. head`, as its own writer sees them.
    #[inline]
    #[must_use]
    pub fn rows(&self) -> core::ops::Range<u64> {
        let head = self.control[HEAD].load(Ordering::Relaxed);
        let first = self.control[FIRST_ROW].load(Ordering::Relaxed).max(head.saturating_sub(self.depth));
        first.min(head)..head
    }

    /// One word of a row, as the table's own writer sees it.
    #[inline]
    #[must_use]
    pub fn cell(&self, row: u64, column: usize) -> u64 {
        self.column(column)[self.place(row)].load(Ordering::Relaxed)
    }

    /// Appends the next row and gives its number. Writer only.
    #[inline]
    pub fn append(&self, cells: impl Iterator<Item = u64>) -> u64 {
        let row = self.control[HEAD].load(Ordering::Relaxed);
        self.open_append(row);
        self.store(row, cells);
        // SYNC AppendPublish: the row's words before `head`; pairs with ViewHead.
        self.control[HEAD].store(row.wrapping_add(1), order(Site::AppendPublish, Ordering::Release));
        row
    }

    #[inline]
    fn open_append(&self, row: u64) {
        self.control[BEGIN].store(row.wrapping_add(1), Ordering::Relaxed);
        // SYNC AppendOpen: `begin` before any word of the row: a reader who met one sees that row - capacity is gone;
        // pairs with ViewLeave.
        fence_at(Site::AppendOpen, Ordering::Release);
    }

    /// Puts one older row before the first. Writer only. `None` if the table is full to its depth or begins at row 0.
    pub fn prepend(&self, cells: impl Iterator<Item = u64>) -> Option<u64> {
        let first = self.control[FIRST_ROW].load(Ordering::Relaxed);
        let head = self.control[HEAD].load(Ordering::Relaxed);
        if first == 0 || head.saturating_sub(first) >= self.depth {
            return None;
        }
        self.store(first - 1, cells);
        // SYNC PrependPublish: the row's words before `first_row`; pairs with ViewFirst.
        self.control[FIRST_ROW].store(first - 1, order(Site::PrependPublish, Ordering::Release));
        Some(first - 1)
    }

    /// Replaces a row that the table still holds. Writer only. Says whether it did.
    pub fn revise(&self, row: u64, cells: impl Iterator<Item = u64>) -> bool {
        if !self.rows().contains(&row) {
            return false;
        }
        let number = self.write_journal(KIND_ROW, row, cells);
        self.open_revision(number);
        self.apply_journal();
        self.close_revision(number);
        true
    }

    /// Empties the table; the next append is `row`. Writer only.
    pub fn reset(&self, row: u64) {
        let number = self.write_journal(KIND_RESET, row, core::iter::empty());
        self.open_revision(number);
        self.apply_journal();
        self.close_revision(number);
    }

    fn write_journal(&self, kind: u64, row: u64, cells: impl Iterator<Item = u64>) -> u64 {
        let number = self.control[REVISE_END].load(Ordering::Relaxed).wrapping_add(1);
        self.journal[JOURNAL_SEQ].store(0, Ordering::Relaxed);
        // SYNC JournalOpen: seq = 0 before any new word of the journal; pairs with ViewLeave.
        fence_at(Site::JournalOpen, Ordering::Release);
        self.journal[JOURNAL_KIND].store(kind, Ordering::Relaxed);
        self.journal[JOURNAL_ROW].store(row, Ordering::Relaxed);
        for (word, value) in self.journal[JOURNAL_CELLS..].iter().zip(cells) {
            word.store(value, Ordering::Relaxed);
        }
        // SYNC JournalCommit: the journal's words before seq = k; pairs with ViewJournal.
        self.journal[JOURNAL_SEQ].store(number, order(Site::JournalCommit, Ordering::Release));
        number
    }

    fn open_revision(&self, number: u64) {
        self.control[REVISE_BEGIN].store(number, Ordering::Relaxed);
        // SYNC ReviseOpen: `revise_begin` before any changed word; pairs with ViewLeave.
        fence_at(Site::ReviseOpen, Ordering::Release);
    }

    fn apply_journal(&self) {
        let row = self.journal[JOURNAL_ROW].load(Ordering::Relaxed);
        if self.journal[JOURNAL_KIND].load(Ordering::Relaxed) == KIND_ROW {
            self.store(row, self.journal[JOURNAL_CELLS..].iter().map(|word| word.load(Ordering::Relaxed)));
        } else {
            self.control[FIRST_ROW].store(row, Ordering::Relaxed);
            self.control[HEAD].store(row, Ordering::Relaxed);
            self.control[BEGIN].store(row, Ordering::Relaxed);
        }
    }

    fn close_revision(&self, number: u64) {
        // SYNC ReviseClose: the changed words before `revise_end`; pairs with ViewRevision.
        self.control[REVISE_END].store(number, order(Site::ReviseClose, Ordering::Release));
    }

    /// Takes over from a writer that may have died anywhere: finishes a revision from the journal. Writer only.
    ///
    /// An unfinished append needs nothing: its row was not announced and is written again.
    pub fn recover(&self) {
        let begun = self.control[REVISE_BEGIN].load(Ordering::Relaxed);
        if begun == self.control[REVISE_END].load(Ordering::Relaxed) {
            return;
        }
        if self.journal[JOURNAL_SEQ].load(Ordering::Relaxed) == begun {
            self.apply_journal();
        }
        self.close_revision(begun);
    }

    // ---- the reader ----

    /// Opens a view: what may be read now. Everything read until [`validate`](Self::validate) counts only if that agrees.
    ///
    /// # Errors
    /// [`Busy`] if the writer was changing the table at this moment; one more try usually does.
    #[inline]
    pub fn try_open(&self) -> Result<Ticket, Busy> {
        // SYNC ViewRevision: every revision up to k is in the words; pairs with ReviseClose.
        let ended = self.control[REVISE_END].load(order(Site::ViewRevision, Ordering::Acquire));
        let begun = self.control[REVISE_BEGIN].load(Ordering::Relaxed);
        let flight = if begun == ended { None } else { Some(self.flight(begun, ended)?) };
        // SYNC ViewHead: the words of every row below `head`; pairs with AppendPublish.
        let head = self.control[HEAD].load(order(Site::ViewHead, Ordering::Acquire));
        // SYNC ViewFirst: the words of every row from `first_row`; pairs with PrependPublish.
        let first = self.control[FIRST_ROW].load(order(Site::ViewFirst, Ordering::Acquire));
        let ticket = match flight {
            Some(Flight::Reset(row)) => Ticket { first: row, head: row, flight, begun },
            _ => Ticket { first: first.max(head.saturating_sub(self.depth)), head, flight, begun },
        };
        if ticket.first <= ticket.head { Ok(ticket) } else { Err(Busy) }
    }

    fn flight(&self, begun: u64, ended: u64) -> Result<Flight, Busy> {
        // SYNC ViewJournal: seq = k before the journal's words; pairs with JournalCommit.
        let number = self.journal[JOURNAL_SEQ].load(order(Site::ViewJournal, Ordering::Acquire));
        if begun != ended.wrapping_add(1) || number != begun {
            return Err(Busy);
        }
        let row = self.journal[JOURNAL_ROW].load(Ordering::Relaxed);
        match self.journal[JOURNAL_KIND].load(Ordering::Relaxed) {
            KIND_ROW => Ok(Flight::Row(row)),
            KIND_RESET => Ok(Flight::Reset(row)),
            _ => Err(Busy),
        }
    }

    /// [`try_open`](Self::try_open), a bounded number of times.
    ///
    /// # Errors
    /// [`Busy`] if none succeeded.
    #[inline]
    pub fn open(&self) -> Result<Ticket, Busy> {
        for _ in 0..TRIES_MAX {
            if let Ok(ticket) = self.try_open() {
                return Ok(ticket);
            }
            core::hint::spin_loop();
        }
        Err(Busy)
    }

    /// Whether everything read since `ticket` was opened, of rows from `oldest` on, was whole and in its place.
    #[inline]
    #[must_use]
    pub fn validate(&self, ticket: &Ticket, oldest: u64) -> bool {
        // SYNC ViewLeave: the words read before the loads that judge them; pairs with AppendOpen, ReviseOpen and
        // JournalOpen.
        fence_at(Site::ViewLeave, Ordering::Acquire);
        self.control[BEGIN].load(Ordering::Relaxed) <= oldest.saturating_add(self.capacity)
            && self.control[REVISE_BEGIN].load(Ordering::Relaxed) == ticket.begun
            && (ticket.flight.is_none() || self.journal[JOURNAL_SEQ].load(Ordering::Relaxed) == ticket.begun)
    }

    /// One word of a row under a ticket: from the journal if that row is in flight.
    #[inline]
    #[must_use]
    pub fn read(&self, ticket: &Ticket, row: u64, column: usize) -> u64 {
        debug_assert!(column < self.columns);
        match ticket.flight {
            Some(Flight::Row(torn)) if torn == row => self.journal[JOURNAL_CELLS + column].load(Ordering::Relaxed),
            _ => self.cell(row, column),
        }
    }

    /// Number of columns.
    #[must_use]
    pub const fn columns(&self) -> usize {
        self.columns
    }

    /// Rows the ring of each column holds.
    #[must_use]
    pub const fn capacity(&self) -> u64 {
        self.capacity
    }

    /// Rows a view may span.
    #[must_use]
    pub const fn depth(&self) -> u64 {
        self.depth
    }
}

/// What a writer killed in mid-write leaves behind, for the models of recovery.
#[cfg(loom)]
impl Table<'_> {
    /// Begins to append the next row, touches its first column and dies.
    pub fn die_in_append(&self, cell: u64) {
        let row = self.control[HEAD].load(Ordering::Relaxed);
        self.open_append(row);
        self.store(row, core::iter::once(cell));
    }

    /// Begins to revise a row, changes its first column and dies.
    pub fn die_in_revise(&self, row: u64, cells: impl Iterator<Item = u64> + Clone) {
        let number = self.write_journal(KIND_ROW, row, cells.clone());
        self.open_revision(number);
        self.store(row, cells.take(1));
    }
}
