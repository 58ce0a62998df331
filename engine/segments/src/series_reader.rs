//! Reads one series: the live candle, and closed rows as validated copies or as views.

use std::ops::Range;
use std::sync::Arc;

use tickplane_layout::TRIES_MAX;
use tickplane_layout::series::{
    CANDLE_WORDS, COLUMN_NAME_WORDS, COLUMN_SEED_ROW, LIVE_HEAD_WORDS, SEED_NONE, SeriesLayout,
};
use tickplane_layout::sync::Ordering;
use tickplane_layout::table::{Table, Ticket};
use tickplane_layout::text;
use tickplane_model::{Candle, Quality};

use crate::region::Region;
use crate::{ReadError, View, convert};

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

/// A column of a series.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Column {
    /// Its name: one of the candle's ten, or an indicator output such as `rsi_14`.
    pub name: String,
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
        names.map(|names| Self { region, layout, names })
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

    /// The most rows one call gives.
    #[must_use]
    pub const fn depth(&self) -> usize {
        self.layout.depth
    }

    /// The number of its entry in the exchange's directory, by which events name it.
    #[must_use]
    pub fn entry(&self) -> u32 {
        self.region.entry() as u32
    }

    /// All columns: the candle's ten, then the indicators'.
    #[must_use]
    pub fn columns(&self) -> Vec<Column> {
        let seed =
            |column| self.layout.column_entry(self.region.words(), column)[COLUMN_SEED_ROW].load(Ordering::Relaxed);
        let column = |(at, name): (usize, &String)| {
            let seed_row = Some(seed(at)).filter(|row| *row != SEED_NONE);
            Column { name: name.clone(), seed_row }
        };
        self.names.iter().enumerate().map(column).collect()
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
        self.region.check_current()?;
        let slot = self.layout.live(self.region.words());
        let mut fixed = [0; LIVE_HEAD_WORDS + CANDLE_WORDS];
        live.indicators.resize(self.layout.columns - CANDLE_WORDS, f64::NAN);
        for _ in 0..TRIES_MAX {
            let Ok(sequence) = slot.try_read_parts(&mut fixed, &mut live.indicators) else {
                std::hint::spin_loop();
                continue;
            };
            if sequence == 0 {
                return Err(ReadError::Empty);
            }
            (live.row, live.trade_seq, live.publish_ns) = (fixed[0], fixed[1], fixed[2].cast_signed());
            live.candle = convert::candle(&std::array::from_fn(|column| fixed[LIVE_HEAD_WORDS + column]));
            return Ok(sequence);
        }
        Err(ReadError::Busy)
    }

    /// The last `n` rows (or as many as there are) as pointers into shared memory, without a copy.
    ///
    /// # Errors
    /// [`ReadError::Empty`] without rows, [`ReadError::Moved`] when the region was replaced, [`ReadError::Busy`] while
    /// one of the rows is being revised.
    pub fn view(&self, n: usize) -> Result<View, ReadError> {
        self.region.check_current()?;
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
        let first_row = self.validated(wanted, |table, ticket, rows| {
            candles.clear();
            candles.extend(
                rows.map(|row| convert::candle(&std::array::from_fn(|column| table.read(ticket, row, column)))),
            );
        })?;
        Ok(Candles { first_row: first_row.start, candles })
    }

    /// The last `out.len()` values of a column (or as many as there are), copied into the beginning of `out`; says
    /// which rows they are. Integer columns (open_time_ns, trade_count, quality) are converted.
    ///
    /// # Errors
    /// As [`candles`](Self::candles); [`ReadError::NoColumn`].
    pub fn column(&self, name: &str, out: &mut [f64]) -> Result<Range<u64>, ReadError> {
        let column = self.column_index(name).ok_or(ReadError::NoColumn)?;
        let convert = |word: u64| match column {
            0 => word.cast_signed() as f64,
            8 | 9 => word as f64,
            _ => f64::from_bits(word),
        };
        let count = out.len() as u64;
        self.validated(
            |ticket| ticket.head.saturating_sub(count)..ticket.head,
            |table, ticket, rows| {
                for (value, row) in out.iter_mut().zip(rows) {
                    *value = convert(table.read(ticket, row, column));
                }
            },
        )
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
