//! The columns of a series in the hands of C: their numbers, names and types.

use std::ffi::c_char;

use tickplane_layout::series::CANDLE_WORDS;

use crate::edge::{guard, guard_or, place, shared, text};
use crate::series::SeriesHandle;
use crate::status::{Failure, TP_ENOCOLUMN, TP_OK};

/// Column open_time_ns: tp_view_i64.
pub const TP_COLUMN_OPEN_TIME_NS: u32 = 0;
/// Column open: tp_view_f64, like the six after it.
pub const TP_COLUMN_OPEN: u32 = 1;
/// Column high.
pub const TP_COLUMN_HIGH: u32 = 2;
/// Column low.
pub const TP_COLUMN_LOW: u32 = 3;
/// Column close.
pub const TP_COLUMN_CLOSE: u32 = 4;
/// Column volume.
pub const TP_COLUMN_VOLUME: u32 = 5;
/// Column quote_volume.
pub const TP_COLUMN_QUOTE_VOLUME: u32 = 6;
/// Column taker_buy_volume.
pub const TP_COLUMN_TAKER_BUY_VOLUME: u32 = 7;
/// Column trade_count: tp_view_u64.
pub const TP_COLUMN_TRADE_COUNT: u32 = 8;
/// Column quality: tp_view_u64. Indicator columns come after it, all tp_view_f64: ask tp_column for their numbers.
pub const TP_COLUMN_QUALITY: u32 = 9;
/// Columns of a candle; the numbers of indicator columns begin here.
pub const TP_CANDLE_COLUMNS: u32 = 10;
/// `seed_row` of a column without a settled value.
pub const TP_ROW_NONE: u64 = 0xffff_ffff_ffff_ffff;

const _: () = assert!(TP_CANDLE_COLUMNS as usize == CANDLE_WORDS);

/// The number of a column by its name: "close", or an indicator's output such as "rsi_14" and "macd_12_26_9.hist".
/// It stays the same until the series is renewed. Fails with TP_ENOCOLUMN.
///
/// Threads: any. Neither system call nor allocation.
///
/// # Safety
/// `series` is NULL or a series that is not released; `name` is NUL-terminated; `column` has room for one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_column(series: *const SeriesHandle, name: *const c_char, column: *mut u32) -> i32 {
    guard(|| {
        // SAFETY: the caller gives a series.
        let series = unsafe { shared(series) }?;
        // SAFETY: the caller gives a terminated text.
        let name = unsafe { text(name) }?;
        // SAFETY: the caller gives room.
        let place = unsafe { place(column) }?;
        let column = series.names.iter().position(|candidate| candidate.as_c_str() == name);
        place.write(column.and_then(|column| u32::try_from(column).ok()).ok_or(Failure(TP_ENOCOLUMN))?);
        Ok(TP_OK)
    })
}

/// How many columns a series has, TP_CANDLE_COLUMNS and its indicators' outputs; 0 for NULL.
///
/// Threads: any, but not during tp_series_renew of the same series. Neither system call nor allocation.
///
/// # Safety
/// `series` is NULL or a series that is not released.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_column_count(series: *const SeriesHandle) -> usize {
    // SAFETY: the caller gives a series.
    guard_or(0, || Ok(unsafe { shared(series) }?.names.len()))
}

/// The name of a column; NULL if there is no such column. Valid until the series is renewed or released.
///
/// Threads: as tp_column_count.
///
/// # Safety
/// `series` is NULL or a series that is not released.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_column_name(series: *const SeriesHandle, column: u32) -> *const c_char {
    guard_or(std::ptr::null(), || {
        // SAFETY: the caller gives a series.
        let series = unsafe { shared(series) }?;
        Ok(series.names.get(column as usize).map_or(std::ptr::null(), |name| name.as_ptr()))
    })
}

/// The first row from which an indicator column's values are settled: computed from there on, the same rows give the
/// same values. TP_ROW_NONE as long as there is none, and for the candle's own columns.
///
/// Fails with TP_ENOCOLUMN or TP_EMOVED.
///
/// Threads: as tp_column_count.
///
/// # Safety
/// `series` is NULL or a series that is not released; `row` has room for one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_column_seed_row(series: *const SeriesHandle, column: u32, row: *mut u64) -> i32 {
    guard(|| {
        // SAFETY: the caller gives a series.
        let series = unsafe { shared(series) }?;
        // SAFETY: the caller gives room.
        let place = unsafe { place(row) }?;
        if column as usize >= series.names.len() {
            return Err(Failure(TP_ENOCOLUMN));
        }
        place.write(series.reader()?.seed_row(column as usize).unwrap_or(TP_ROW_NONE));
        Ok(TP_OK)
    })
}

#[cfg(test)]
mod tests {
    use tickplane_layout::series::{CANDLE_COLUMNS, SEED_NONE};

    use super::*;

    #[test]
    fn columns_have_the_layouts_numbers() {
        let columns = [
            (TP_COLUMN_OPEN_TIME_NS, "open_time_ns"),
            (TP_COLUMN_OPEN, "open"),
            (TP_COLUMN_HIGH, "high"),
            (TP_COLUMN_LOW, "low"),
            (TP_COLUMN_CLOSE, "close"),
            (TP_COLUMN_VOLUME, "volume"),
            (TP_COLUMN_QUOTE_VOLUME, "quote_volume"),
            (TP_COLUMN_TAKER_BUY_VOLUME, "taker_buy_volume"),
            (TP_COLUMN_TRADE_COUNT, "trade_count"),
            (TP_COLUMN_QUALITY, "quality"),
        ];
        assert_eq!(columns.len(), CANDLE_COLUMNS.len());
        for (number, name) in columns {
            assert_eq!(CANDLE_COLUMNS[number as usize], name);
        }
        assert_eq!(TP_ROW_NONE, SEED_NONE);
    }
}
