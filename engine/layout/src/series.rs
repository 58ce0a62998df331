//! The series region: the live candle, the live indicator values and the history of one symbol and timeframe.
//!
//! ```text
//! region header   kind 2, bytes, capacity, depth, columns, calendar           8 words
//! control         of the history table                                        8 words
//! column table    per column: name (48 bytes) | seed_row | type               8 words each
//! live            double slot: row | trade_seq | publish_ns | columns ...
//! journal         of the history table
//! cells           per column 2 * capacity words
//! ```
//!
//! The first ten columns are the candle's, in the order of [`CANDLE_COLUMNS`]; each further one is an indicator's
//! output. Every column is 64-bit; its entry says which type: f64, except open_time_ns (i64), trade_count and quality
//! (u64). `capacity` is a multiple of 8, so that every column begins on a cache line.

use crate::calendar::Calendar;
use crate::double_slot::DoubleSlot;
use crate::region::{HEADER_WORDS, RegionHeader, RegionKind, pages};
use crate::sync::Ordering;
use crate::table::{self, CONTROL_WORDS, Table};
use crate::{LINE_WORDS, Word};

/// Names of the candle's columns, in their order.
pub const CANDLE_COLUMNS: [&str; 10] = [
    "open_time_ns",
    "open",
    "high",
    "low",
    "close",
    "volume",
    "quote_volume",
    "taker_buy_volume",
    "trade_count",
    "quality",
];
/// Number of the candle's columns.
pub const CANDLE_WORDS: usize = CANDLE_COLUMNS.len();

/// Words of one entry of the column table.
pub const COLUMN_WORDS: usize = LINE_WORDS;
/// Words of a column's name.
pub const COLUMN_NAME_WORDS: usize = 6;
/// The longest column name, in bytes.
pub const COLUMN_NAME_BYTES_MAX: usize = COLUMN_NAME_WORDS * 8;
/// Word of `seed_row` within an entry of the column table: the first row with a settled value; all ones if none yet.
pub const COLUMN_SEED_ROW: usize = COLUMN_NAME_WORDS;
/// `seed_row` of a column without values.
pub const SEED_NONE: u64 = u64::MAX;

/// Word of the type within an entry of the column table.
pub const COLUMN_TYPE: usize = COLUMN_NAME_WORDS + 1;

/// What the words of a column are. The number is part of the format: append, never reorder.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u64)]
pub enum ColumnType {
    /// Bits of an `f64`.
    F64 = 0,
    /// An `i64`.
    I64 = 1,
    /// A `u64`.
    U64 = 2,
}

impl ColumnType {
    /// Every type, in the order of their numbers.
    pub const ALL: [Self; 3] = [Self::F64, Self::I64, Self::U64];

    /// The type of a number; `None` for one that this code does not know.
    #[must_use]
    pub fn from_number(number: u64) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u64 == number)
    }

    /// The word tables print.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::F64 => "f64",
            Self::I64 => "i64",
            Self::U64 => "u64",
        }
    }

    /// A word of such a column as the nearest `f64`.
    #[must_use]
    pub const fn to_f64(self, word: u64) -> f64 {
        match self {
            Self::F64 => f64::from_bits(word),
            Self::I64 => word.cast_signed() as f64,
            Self::U64 => word as f64,
        }
    }

    /// The type of a column whose values a writer of this release makes.
    #[must_use]
    pub const fn of_column(column: usize) -> Self {
        match column {
            0 => Self::I64,
            8 | 9 => Self::U64,
            _ => Self::F64,
        }
    }
}

/// Words of the live slot before the columns.
pub const LIVE_HEAD_WORDS: usize = 3;

/// The fewest rows by which capacity exceeds depth: so many closes may pass while a view is read.
pub const SLACK_MIN: u64 = 8;
/// The most rows a series may have.
pub const CAPACITY_MAX: u64 = 1 << 24;
/// The most columns a series may have.
pub const COLUMNS_MAX: u64 = 1024;

/// First word of the table's control line.
pub const WORD_CONTROL: usize = HEADER_WORDS;
/// First word of the column table.
pub const WORD_COLUMNS: usize = WORD_CONTROL + CONTROL_WORDS;
// The byte offsets as they are published in docs/format.md.
const _: () = assert!(WORD_CONTROL * 8 == 64 && WORD_COLUMNS * 8 == 128 && COLUMN_WORDS * 8 == 64);
const _: () = assert!(COLUMN_SEED_ROW * 8 == 48 && COLUMN_TYPE * 8 == 56 && COLUMN_TYPE + 1 == COLUMN_WORDS);
const _: () = assert!(LIVE_HEAD_WORDS * 8 == 24 && CANDLE_WORDS == 10);
const _: () = assert!(WORD_CONTROL.is_multiple_of(LINE_WORDS) && WORD_COLUMNS.is_multiple_of(LINE_WORDS));

/// Shape of a series region.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SeriesLayout {
    /// Rows the ring of each column holds: a multiple of 8.
    pub capacity: usize,
    /// Rows a view may span.
    pub depth: usize,
    /// Columns, the candle's ten included.
    pub columns: usize,
    /// How row numbers follow from time, as [`Calendar`] packs it; a later minor may know more rules.
    pub calendar: u64,
}

impl SeriesLayout {
    /// The shape that serves `depth` rows with at least `slack` to spare and so many indicator columns, of a market that
    /// is always open; `None` beyond the limits.
    #[must_use]
    pub fn new(depth: u64, slack: u64, indicators: u64) -> Option<Self> {
        let capacity = depth.checked_add(slack.max(SLACK_MIN))?.checked_next_multiple_of(LINE_WORDS as u64)?;
        let columns = indicators.checked_add(CANDLE_WORDS as u64)?;
        let good = depth > 0 && capacity <= CAPACITY_MAX && columns <= COLUMNS_MAX;
        good.then_some(Self {
            capacity: capacity as usize,
            depth: depth as usize,
            columns: columns as usize,
            calendar: Calendar::AlwaysOpen.pack(),
        })
    }

    /// The same shape with the rows of another calendar.
    #[must_use]
    pub const fn with_calendar(self, calendar: Calendar) -> Self {
        Self { calendar: calendar.pack(), ..self }
    }

    const fn live_start(&self) -> usize {
        WORD_COLUMNS + self.columns * COLUMN_WORDS
    }

    const fn journal_start(&self) -> usize {
        self.live_start() + DoubleSlot::words(LIVE_HEAD_WORDS + self.columns)
    }

    const fn cells_start(&self) -> usize {
        self.journal_start() + table::journal_words(self.columns)
    }

    /// Words of the region.
    #[must_use]
    pub const fn words(&self) -> usize {
        self.cells_start() + table::cell_words(self.columns, self.capacity)
    }

    /// Where a column's words begin, counted in words from the start of the region.
    #[must_use]
    pub const fn column_start(&self, column: usize) -> usize {
        self.cells_start() + column * 2 * self.capacity
    }

    /// The region's header.
    #[must_use]
    pub const fn header(&self) -> RegionHeader {
        let bytes = pages(self.words() as u64 * 8);
        let shape = [self.capacity as u64, self.depth as u64, self.columns as u64, self.calendar];
        RegionHeader { kind: RegionKind::Series, bytes, shape }
    }

    /// The shape a header speaks of; `None` if no writer makes such a one.
    #[must_use]
    pub fn from_header(header: &RegionHeader) -> Option<Self> {
        let [capacity, depth, columns, calendar] = header.shape;
        let good = capacity <= CAPACITY_MAX
            && capacity.is_multiple_of(LINE_WORDS as u64)
            && depth > 0
            && depth.checked_add(SLACK_MIN)? <= capacity
            && (CANDLE_WORDS as u64..=COLUMNS_MAX).contains(&columns);
        if !good {
            return None;
        }
        let layout = Self { capacity: capacity as usize, depth: depth as usize, columns: columns as usize, calendar };
        header.serves(&layout.header()).then_some(layout)
    }

    /// The entry of a column in the column table.
    #[must_use]
    pub fn column_entry<'a>(&self, region: &'a [Word], column: usize) -> &'a [Word] {
        let start = WORD_COLUMNS + column * COLUMN_WORDS;
        &region[start..start + COLUMN_WORDS]
    }

    /// The type of a column; `None` for one that this code does not know. The candle's are the format's own.
    #[inline]
    #[must_use]
    pub fn column_type(&self, region: &[Word], column: usize) -> Option<ColumnType> {
        if column < CANDLE_WORDS {
            return Some(ColumnType::of_column(column));
        }
        // Written before the region is published, and never changed.
        ColumnType::from_number(self.column_entry(region, column)[COLUMN_TYPE].load(Ordering::Relaxed))
    }

    /// The live slot of a region.
    #[inline]
    #[must_use]
    pub fn live<'a>(&self, region: &'a [Word]) -> DoubleSlot<'a> {
        DoubleSlot::new(&region[self.live_start()..self.journal_start()], LIVE_HEAD_WORDS + self.columns)
    }

    /// The history of a region.
    #[inline]
    #[must_use]
    pub fn table<'a>(&self, region: &'a [Word]) -> Table<'a> {
        Table::new(
            &region[WORD_CONTROL..WORD_COLUMNS],
            &region[self.journal_start()..self.cells_start()],
            &region[self.cells_start()..self.words()],
            self.columns,
            self.capacity,
            self.depth,
        )
    }
}
