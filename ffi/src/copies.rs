//! Copies in the hands of C: closed rows and columns, validated.

use std::mem::MaybeUninit;
use std::ops::Range;

use tickplane_segments::{ColumnType, ReadError, SeriesReader};

use crate::candle::CandleRow;
use crate::edge::{guard, place, put_if_wanted, room, shared};
use crate::series::SeriesHandle;
use crate::status::{Failure, TP_EINVAL, TP_ENOCOLUMN, TP_OK};

/// Copies the last `n` closed candles (or as many as there are; at most the series' depth), oldest first. `*count` says
/// how many, `*first_row` which row the first one is: rows count intervals without a break, so the next one is
/// `*first_row + 1`. `first_row` may be NULL.
///
/// A row whose writer died while revising it is taken from the journal, so this works where a view stays busy.
///
/// Fails with TP_EINVAL when `n` is 0, TP_EEMPTY without a closed candle, TP_EMOVED or TP_EBUSY.
///
/// Threads: any. Neither system call nor allocation.
///
/// # Safety
/// `series` is NULL or a series that is not released; `candles` has room for `n`, `count` and, if it is not NULL,
/// `first_row` for one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_candles(
    series: *const SeriesHandle,
    n: usize,
    candles: *mut CandleRow,
    count: *mut usize,
    first_row: *mut u64,
) -> i32 {
    guard(|| {
        // SAFETY: the caller gives a series.
        let series = unsafe { shared(series) }?;
        // SAFETY: the caller gives room.
        let copies = unsafe { Copies::new(series, n, candles, count, first_row) }?;
        copies.take(|reader, places| reader.last_into(places.len(), |at, candle| put(places, at, (&candle).into())))
    })
}

/// Copies the oldest `n` of the closed candles from row `from` on that are kept: what comes next for who follows a
/// series. Otherwise as tp_candles; `*first_row` is above `from` where the rows before it are kept no longer, which is
/// how a loss shows.
///
/// Fails as tp_candles does; TP_EEMPTY says that row `from` is not closed yet.
///
/// Threads: any. Neither system call nor allocation.
///
/// # Safety
/// As tp_candles.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_rows(
    series: *const SeriesHandle,
    from: u64,
    n: usize,
    candles: *mut CandleRow,
    count: *mut usize,
    first_row: *mut u64,
) -> i32 {
    guard(|| {
        // SAFETY: the caller gives a series.
        let series = unsafe { shared(series) }?;
        // SAFETY: the caller gives room.
        let copies = unsafe { Copies::new(series, n, candles, count, first_row) }?;
        copies
            .take(|reader, places| reader.next_into(from, places.len(), |at, candle| put(places, at, (&candle).into())))
    })
}

/// The rows that are closed and kept: from `*first_row` to before `*head`, which is the row that closes next. Equal when
/// there are none.
///
/// Fails with TP_EMOVED or TP_EBUSY.
///
/// Threads: any. Neither system call nor allocation.
///
/// # Safety
/// `series` is NULL or a series that is not released; `first_row` and `head` have room for one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_row_range(series: *const SeriesHandle, first_row: *mut u64, head: *mut u64) -> i32 {
    guard(|| {
        // SAFETY: the caller gives a series.
        let series = unsafe { shared(series) }?;
        // SAFETY: the caller gives room.
        let (first_row, head) = unsafe { (place(first_row)?, place(head)?) };
        let rows = series.reader()?.row_range()?;
        first_row.write(rows.start);
        head.write(rows.end);
        Ok(TP_OK)
    })
}

/// Copies the last `n` values of a column (or as many as there are; at most the series' depth), oldest first: a price, a
/// volume or an indicator. `*count` says how many, `*first_row` which row the first one is of; it may be NULL.
///
/// Fails as tp_candles does, and with TP_ENOCOLUMN for a column that is not there or holds integers.
///
/// Threads: any. Neither system call nor allocation.
///
/// # Safety
/// `series` is NULL or a series that is not released; `values` has room for `n`, `count` and, if it is not NULL,
/// `first_row` for one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_copy_f64(
    series: *const SeriesHandle,
    column: u32,
    n: usize,
    values: *mut f64,
    count: *mut usize,
    first_row: *mut u64,
) -> i32 {
    // SAFETY: as the caller promises.
    guard(|| unsafe { copy(series, column, ColumnType::F64, n, values.cast(), count, first_row) })
}

/// tp_copy_f64 for the column TP_COLUMN_OPEN_TIME_NS.
///
/// Threads: any. Neither system call nor allocation.
///
/// # Safety
/// As tp_copy_f64.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_copy_i64(
    series: *const SeriesHandle,
    column: u32,
    n: usize,
    values: *mut i64,
    count: *mut usize,
    first_row: *mut u64,
) -> i32 {
    // SAFETY: as the caller promises.
    guard(|| unsafe { copy(series, column, ColumnType::I64, n, values.cast(), count, first_row) })
}

/// tp_copy_f64 for the columns TP_COLUMN_TRADE_COUNT and TP_COLUMN_QUALITY.
///
/// Threads: any. Neither system call nor allocation.
///
/// # Safety
/// As tp_copy_f64.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_copy_u64(
    series: *const SeriesHandle,
    column: u32,
    n: usize,
    values: *mut u64,
    count: *mut usize,
    first_row: *mut u64,
) -> i32 {
    // SAFETY: as the caller promises.
    guard(|| unsafe { copy(series, column, ColumnType::U64, n, values, count, first_row) })
}

/// Copies the words of a column: every type of its values is 64 bits wide.
///
/// # Safety
/// As [`tp_copy_f64`].
unsafe fn copy(
    series: *const SeriesHandle,
    column: u32,
    kind: ColumnType,
    n: usize,
    words: *mut u64,
    count: *mut usize,
    first_row: *mut u64,
) -> Result<i32, Failure> {
    // SAFETY: as the caller promises.
    let series = unsafe { shared(series) }?;
    // SAFETY: as the caller promises.
    let copies = unsafe { Copies::new(series, n, words, count, first_row) }?;
    if copies.reader.column_type(column as usize) != Some(kind) {
        return Err(Failure(TP_ENOCOLUMN));
    }
    copies.take(|reader, places| reader.column_into(column as usize, places.len(), |at, word| put(places, at, word)))
}

/// Where copies go.
struct Copies<'a, T> {
    reader: &'a SeriesReader,
    places: &'a mut [MaybeUninit<T>],
    count: &'a mut MaybeUninit<usize>,
    first_row: *mut u64,
}

impl<'a, T> Copies<'a, T> {
    /// # Safety
    /// `places` has room for `n`, `count` and, if it is not NULL, `first_row` for one, during `'a`.
    unsafe fn new(
        series: &'a SeriesHandle,
        n: usize,
        places: *mut T,
        count: *mut usize,
        first_row: *mut u64,
    ) -> Result<Self, Failure> {
        if n == 0 {
            return Err(Failure(TP_EINVAL));
        }
        let reader = series.reader()?;
        // SAFETY: as the caller promises. No more than `depth` are ever written.
        let (places, count) = unsafe { (room(places, n.min(reader.depth()))?, place(count)?) };
        Ok(Self { reader, places, count, first_row })
    }

    fn take(
        self,
        copy: impl FnOnce(&SeriesReader, &mut [MaybeUninit<T>]) -> Result<Range<u64>, ReadError>,
    ) -> Result<i32, Failure> {
        let rows = copy(self.reader, self.places)?;
        // SAFETY: room or NULL, as whoever made this promised.
        unsafe { put_if_wanted(self.first_row, rows.start) }?;
        self.count.write((rows.end - rows.start) as usize);
        Ok(TP_OK)
    }
}

#[inline]
fn put<T>(places: &mut [MaybeUninit<T>], at: usize, value: T) {
    places[at].write(value);
}
