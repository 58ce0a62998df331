//! Reads one series: the live candle, and closed rows as validated copies or as views.

use std::ops::Range;
use std::sync::Arc;

use tickplane_layout::TRIES_MAX;
use tickplane_layout::calendar;
use tickplane_layout::series::{
    CANDLE_WORDS, COLUMN_NAME_WORDS, COLUMN_SEED_ROW, ColumnType, LIVE_HEAD_WORDS, SEED_NONE, SeriesLayout,
};
use tickplane_layout::sync::Ordering;
use tickplane_layout::table::{Table, Ticket};
use tickplane_layout::text;
use tickplane_model::{Calendar, Candle, Quality};

use crate::region::Region;
use crate::{EntryId, ReadError, View, convert};

/// The forming candle.
#[derive(Clone, PartialEq, Debug)]
pub struct LiveCandle {
    /// Its row: every earlier row is closed and readable.
    pub row: u64,
    /// The newest trade it contains, 0 if none.
    pub trade_seq: u64,
    /// When it was published.
    pub publish_ns: i64,
    /// Its values so far.
    pub candle: Candle,
    /// Provisional indicator values, in the order of the indicator columns.
    pub indicators: Vec<f64>,
}

impl Default for LiveCandle {
    fn default() -> Self {
        let candle = convert::candle(&[0; CANDLE_WORDS]);
        Self {
            row: 0,
            trade_seq: 0,
            publish_ns: 0,
            candle: Candle { quality: Quality(0), ..candle },
            indicators: Vec::new(),
        }
    }
}

/// What stands in a live slot beside the indicator values.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct LiveRecord {
    /// Number of its publication, from 1.
    pub seq: u64,
    /// Its row: every earlier row is closed and readable.
    pub row: u64,
    /// The newest trade it contains, 0 if none.
    pub trade_seq: u64,
    /// When it was published.
    pub publish_ns: i64,
    /// Its values so far.
    pub candle: Candle,
}

/// A column of a series.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Column {
    /// Its name: one of the candle's ten, or an indicator output such as `rsi_14`.
    pub name: String,
    /// What its values are; nothing for a type that only later releases know.
    pub kind: Option<ColumnType>,
    /// The first row whose value is settled, if any is: the same rows from there give the same values.
    pub seed_row: Option<u64>,
}

/// Consecutive rows, copied and validated.
#[derive(Clone, PartialEq, Debug)]
pub struct Candles {
    /// Row of the first candle.
    pub first_row: u64,
    /// The candles, oldest first.
    pub candles: Vec<Candle>,
}

/// Reads one series. Cheap to clone; holds its mapping.
#[derive(Clone, Debug)]
pub struct SeriesReader {
    region: Region,
    layout: SeriesLayout,
    names: Arc<[String]>,
    /// Whether every indicator column is of f64, as all are that this release writes.
    is_plain: bool,
}

impl SeriesReader {
    /// `None` if the column table is damaged.
    pub(crate) fn new(region: Region, layout: SeriesLayout) -> Option<Self> {
        let name = |column: usize| {
            let entry = layout.column_entry(region.words(), column);
            let words: [u64; COLUMN_NAME_WORDS] = std::array::from_fn(|word| entry[word].load(Ordering::Relaxed));
            text::unpack(&words, &mut [0; 64]).map(str::to_owned)
        };
        let names: Option<Arc<[String]>> = (0..layout.columns).map(name).collect();
        let is_float = |column| layout.column_type(region.words(), column) == Some(ColumnType::F64);
        let is_plain = (CANDLE_WORDS..layout.columns).all(is_float);
        names.map(|names| Self { region, layout, names, is_plain })
    }

    #[inline]
    fn table(&self) -> Table<'_> {
        self.layout.table(self.region.words())
    }

    /// The oldest row that can be read: rows from here to [`head`](Self::head) exist.
    ///
    /// # Errors
    /// [`ReadError::Busy`] when the writer is replacing the whole table.
    pub fn first_row(&self) -> Result<u64, ReadError> {
        Ok(self.table().open()?.first)
    }

    /// One past the newest closed row.
    ///
    /// # Errors
    /// As [`first_row`](Self::first_row).
    pub fn head(&self) -> Result<u64, ReadError> {
        Ok(self.table().open()?.head)
    }

    /// The rows that can be read at this moment: from [`first_row`](Self::first_row) to [`head`](Self::head), not
    /// included; maybe none.
    ///
    /// # Errors
    /// As [`first_row`](Self::first_row); [`ReadError::Moved`] when the region was replaced.
    pub fn row_range(&self) -> Result<Range<u64>, ReadError> {
        self.region.check_current()?;
        let ticket = self.table().open()?;
        Ok(ticket.first..ticket.head)
    }

    /// Whether the region was replaced: find the key again.
    #[must_use]
    pub fn is_moved(&self) -> bool {
        self.region.check_current().is_err()
    }

    /// The most rows one call gives.
    #[must_use]
    pub const fn depth(&self) -> usize {
        self.layout.depth
    }

    /// Its entry in the exchange's directory, by which events name it.
    #[must_use]
    pub fn entry(&self) -> EntryId {
        EntryId::of(&self.region)
    }

    /// All columns: the candle's ten, then the indicators'.
    #[must_use]
    pub fn columns(&self) -> Vec<Column> {
        let column = |(at, name): (usize, &String)| Column {
            name: name.clone(),
            kind: self.column_type(at),
            seed_row: self.seed_row(at),
        };
        self.names.iter().enumerate().map(column).collect()
    }

    /// The names of all columns, as in [`columns`](Self::columns).
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// What the words of a column are; `None` if there is no such column, or only later releases know its type.
    #[inline]
    #[must_use]
    pub fn column_type(&self, column: usize) -> Option<ColumnType> {
        (column < self.layout.columns).then(|| self.layout.column_type(self.region.words(), column)).flatten()
    }

    /// How its row numbers follow from time; `None` for a rule that only later releases know. Holidays are not in it.
    #[must_use]
    pub fn calendar(&self) -> Option<Calendar> {
        calendar::Calendar::unpack(self.layout.calendar).and_then(convert::calendar)
    }

    /// The first row of a column whose value is settled, if there is such a column and such a row.
    #[must_use]
    pub fn seed_row(&self, column: usize) -> Option<u64> {
        if column >= self.layout.columns {
            return None;
        }
        let entry = self.layout.column_entry(self.region.words(), column);
        Some(entry[COLUMN_SEED_ROW].load(Ordering::Relaxed)).filter(|row| *row != SEED_NONE)
    }

    /// The number of a column.
    #[must_use]
    pub fn column_index(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|candidate| candidate == name)
    }

    /// Sequence of the live candle's newest publication, 0 if there is none: what a follower spins on.
    #[inline]
    #[must_use]
    pub fn live_seq(&self) -> u64 {
        self.layout.live(self.region.words()).latest()
    }

    /// The forming candle.
    ///
    /// # Errors
    /// [`ReadError::Empty`] before the first, [`ReadError::Moved`] when the region was replaced, [`ReadError::Busy`]
    /// when the writer overtook every attempt.
    pub fn live(&self) -> Result<LiveCandle, ReadError> {
        let mut live = LiveCandle::default();
        self.live_into(&mut live)?;
        Ok(live)
    }

    /// [`live`](Self::live) into a value whose room is reused: no allocation from the second call on.
    ///
    /// # Errors
    /// As [`live`](Self::live).
    pub fn live_into(&self, live: &mut LiveCandle) -> Result<u64, ReadError> {
        live.indicators.resize(self.layout.columns - CANDLE_WORDS, f64::NAN);
        let record = self.live_record(&mut live.indicators)?;
        (live.row, live.trade_seq, live.publish_ns) = (record.row, record.trade_seq, record.publish_ns);
        live.candle = record.candle;
        Ok(record.seq)
    }

    /// [`live`](Self::live) with the indicator values in room of the caller's: the first of them, if there is room for
    /// fewer; what is left over stays as it was. Never allocates.
    ///
    /// # Errors
    /// As [`live`](Self::live).
    #[inline]
    pub fn live_record(&self, indicators: &mut [f64]) -> Result<LiveRecord, ReadError> {
        self.region.check_current()?;
        let slot = self.layout.live(self.region.words());
        let mut fixed = [0; LIVE_HEAD_WORDS + CANDLE_WORDS];
        for _ in 0..TRIES_MAX {
            let Ok(seq) = slot.try_read_parts(&mut fixed, indicators) else {
                std::hint::spin_loop();
                continue;
            };
            if seq == 0 {
                return Err(ReadError::Empty);
            }
            if !self.is_plain {
                self.to_numbers(indicators);
            }
            return Ok(LiveRecord {
                seq,
                row: fixed[0],
                trade_seq: fixed[1],
                publish_ns: fixed[2].cast_signed(),
                candle: convert::candle(&std::array::from_fn(|column| fixed[LIVE_HEAD_WORDS + column])),
            });
        }
        Err(ReadError::Busy)
    }

    /// Makes numbers of the words that stand in columns of integers; NaN where the type is unknown.
    #[cold]
    fn to_numbers(&self, indicators: &mut [f64]) {
        for (value, column) in indicators.iter_mut().zip(CANDLE_WORDS..self.layout.columns) {
            *value = self.column_type(column).map_or(f64::NAN, |kind| kind.to_f64(value.to_bits()));
        }
    }

    /// The last `n` rows (or as many as there are) as pointers into shared memory, without a copy.
    ///
    /// # Errors
    /// [`ReadError::Empty`] without rows, [`ReadError::Moved`] when the region was replaced, [`ReadError::Busy`] while
    /// one of the rows is being revised.
    pub fn view(&self, n: usize) -> Result<View, ReadError> {
        View::open(self.region.clone(), self.layout, n)
    }

    /// The last `n` rows (or as many as there are), copied.
    ///
    /// # Errors
    /// As [`view`](Self::view); a row under revision is taken from the journal, so a dead writer leaves no row unreadable.
    pub fn candles(&self, n: usize) -> Result<Candles, ReadError> {
        self.copy(|ticket| ticket.head.saturating_sub(n as u64)..ticket.head)
    }

    /// These rows, as far as they exist, copied.
    ///
    /// # Errors
    /// As [`candles`](Self::candles); [`ReadError::Empty`] when none of them exists.
    pub fn rows(&self, rows: Range<u64>) -> Result<Candles, ReadError> {
        self.copy(|_| rows.clone())
    }

    fn copy(&self, wanted: impl Fn(&Ticket) -> Range<u64>) -> Result<Candles, ReadError> {
        let mut candles = Vec::new();
        let rows = self.copy_each(wanted, |at, candle| {
            candles.truncate(at);
            candles.push(candle);
        })?;
        Ok(Candles { first_row: rows.start, candles })
    }

    /// The last `n` rows (or as many as there are), each given to `put` with its place, oldest first; says which rows
    /// they are. What was put counts only if this is [`Ok`]: an attempt that was overtaken begins again at place 0.
    /// Never allocates.
    ///
    /// # Errors
    /// As [`candles`](Self::candles).
    pub fn last_into(&self, n: usize, put: impl FnMut(usize, Candle)) -> Result<Range<u64>, ReadError> {
        self.copy_each(|ticket| ticket.head.saturating_sub(n as u64)..ticket.head, put)
    }

    /// These rows, as far as they exist, as [`last_into`](Self::last_into) gives them.
    ///
    /// # Errors
    /// As [`rows`](Self::rows).
    pub fn rows_into(&self, rows: Range<u64>, put: impl FnMut(usize, Candle)) -> Result<Range<u64>, ReadError> {
        self.copy_each(|_| rows.clone(), put)
    }

    /// The oldest `n` of the rows from `first` on that exist, as [`last_into`](Self::last_into) gives them: what a
    /// follower takes next. They begin after `first` where the table does.
    ///
    /// # Errors
    /// As [`rows`](Self::rows).
    pub fn next_into(&self, first: u64, n: usize, put: impl FnMut(usize, Candle)) -> Result<Range<u64>, ReadError> {
        let from = |ticket: &Ticket| {
            let start = first.max(ticket.first);
            start..start.saturating_add(n as u64)
        };
        self.copy_each(from, put)
    }

    fn copy_each(
        &self,
        wanted: impl Fn(&Ticket) -> Range<u64>,
        mut put: impl FnMut(usize, Candle),
    ) -> Result<Range<u64>, ReadError> {
        self.validated(wanted, |table, ticket, rows| {
            for (at, row) in rows.enumerate() {
                put(at, convert::candle(&std::array::from_fn(|column| table.read(ticket, row, column))));
            }
        })
    }

    /// The last `n` words of a column (or as many as there are), as [`last_into`](Self::last_into) gives candles. What
    /// they are [`column_type`](Self::column_type) says.
    ///
    /// # Errors
    /// As [`candles`](Self::candles); [`ReadError::NoColumn`].
    pub fn column_into(
        &self,
        column: usize,
        n: usize,
        mut put: impl FnMut(usize, u64),
    ) -> Result<Range<u64>, ReadError> {
        if column >= self.layout.columns {
            return Err(ReadError::NoColumn);
        }
        self.validated(
            |ticket| ticket.head.saturating_sub(n as u64)..ticket.head,
            |table, ticket, rows| {
                for (at, row) in rows.enumerate() {
                    put(at, table.read(ticket, row, column));
                }
            },
        )
    }

    /// The last `out.len()` values of a column (or as many as there are), copied into the beginning of `out`; says
    /// which rows they are. Integer columns (open_time_ns, trade_count, quality) are converted.
    ///
    /// # Errors
    /// As [`candles`](Self::candles); [`ReadError::NoColumn`], also for a type that only later releases know.
    pub fn column(&self, name: &str, out: &mut [f64]) -> Result<Range<u64>, ReadError> {
        let column = self.column_index(name).ok_or(ReadError::NoColumn)?;
        let kind = self.column_type(column).ok_or(ReadError::NoColumn)?;
        self.column_into(column, out.len(), |at, word| out[at] = kind.to_f64(word))
    }

    /// Reads the wanted rows, as far as they exist, until a read validates. Bounded.
    fn validated(
        &self,
        wanted: impl Fn(&Ticket) -> Range<u64>,
        mut read: impl FnMut(&Table<'_>, &Ticket, Range<u64>),
    ) -> Result<Range<u64>, ReadError> {
        self.region.check_current()?;
        let table = self.table();
        for _ in 0..TRIES_MAX {
            let ticket = table.open()?;
            let Range { start, end } = wanted(&ticket);
            // At most `depth` rows, whatever the words say.
            let rows = start.max(ticket.first)..end.min(ticket.head);
            if rows.is_empty() {
                if table.validate(&ticket, ticket.first) {
                    return Err(ReadError::Empty);
                }
                continue;
            }
            read(&table, &ticket, rows.clone());
            if table.validate(&ticket, rows.start) {
                return Ok(rows);
            }
        }
        Err(ReadError::Busy)
    }
}
