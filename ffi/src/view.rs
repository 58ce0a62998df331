//! A view in the hands of C: the last rows of a series as pointers into shared memory.

use std::sync::Arc;

use tickplane_segments::{ColumnType, View};

use crate::attachment::Attachment;
use crate::edge::{exclusive, give, guard, guard_or, place, shared, take_back};
use crate::series::SeriesHandle;
use crate::status::{Failure, TP_ECHANGED, TP_EINVAL, TP_ENOCOLUMN, TP_OK};

/// The last rows of a series, without a copy.
///
/// The writer goes on while a view is held. Read, compute, keep the result aside, call tp_view_validate, and use the
/// result only if it says TP_OK:
///
///     do {
///         status = tp_view_renew(view, 14);
///         if (status != TP_OK) return status;
///         mean = mean_of(tp_view_f64(view, TP_COLUMN_CLOSE), tp_view_count(view));
///     } while (tp_view_validate(view) == TP_ECHANGED);
///
/// Until then a value may be of a newer row, so it must not index memory or end a loop.
#[derive(Debug)]
pub struct ViewHandle {
    attachment: Arc<Attachment>,
    attached: u64,
    view: View,
}

/// Opens a view of the last `n` closed rows (or as many as there are; at most the series' depth). `*view` is to be
/// released with tp_view_release.
///
/// Fails with TP_EINVAL when `n` is 0, TP_EEMPTY without a closed row, TP_EMOVED, or TP_EBUSY while one of the rows is
/// being revised.
///
/// Threads: any. Allocates the handle; tp_view_renew does not.
///
/// # Safety
/// `series` is NULL or a series that is not released; `view` has room for a pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_view(series: *const SeriesHandle, n: usize, view: *mut *mut ViewHandle) -> i32 {
    guard(|| {
        // SAFETY: the caller gives room for a pointer.
        let place = unsafe { place(view) }?;
        place.write(std::ptr::null_mut());
        // SAFETY: the caller gives a series.
        let series = unsafe { shared(series) }?;
        if n == 0 {
            return Err(Failure(TP_EINVAL));
        }
        let view = series.reader()?.view(n)?;
        give(place, ViewHandle { attachment: Arc::clone(&series.attachment), attached: series.attached, view });
        Ok(TP_OK)
    })
}

/// Moves a view to the last `n` rows as of now. Pointers taken from it before are stale, but stay readable. When it
/// fails, as tp_view does, the view keeps its rows; after TP_EMOVED release it, renew the series and take a new one.
///
/// Threads: one at a time for a view. Neither system call nor allocation.
///
/// # Safety
/// `view` is NULL or a view that is not released, and no other thread uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_view_renew(view: *mut ViewHandle, n: usize) -> i32 {
    guard(|| {
        // SAFETY: the caller gives a view of its own.
        let handle = unsafe { exclusive(view) }?;
        if n == 0 {
            return Err(Failure(TP_EINVAL));
        }
        handle.attachment.check(handle.attached)?;
        handle.view.renew(n)?;
        Ok(TP_OK)
    })
}

/// Row of the view's first values; 0 for NULL.
///
/// Threads: any, but not during tp_view_renew of the same view. Neither system call nor allocation.
///
/// # Safety
/// `view` is NULL or a view that is not released.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_view_first_row(view: *const ViewHandle) -> u64 {
    // SAFETY: the caller gives a view.
    guard_or(0, || Ok(unsafe { shared(view) }?.view.rows().start))
}

/// Number of rows, never 0; 0 for NULL.
///
/// Threads: as tp_view_first_row.
///
/// # Safety
/// `view` is NULL or a view that is not released.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_view_count(view: *const ViewHandle) -> usize {
    // SAFETY: the caller gives a view.
    guard_or(0, || Ok(unsafe { shared(view) }?.view.len()))
}

/// The column's values in the view's rows, oldest first, tp_view_count of them in one piece. NULL if the series has no
/// such column or its values are integers. Valid until the view is released or renewed; means something only after
/// tp_view_validate.
///
/// Threads: as tp_view_first_row.
///
/// # Safety
/// `view` is NULL or a view that is not released.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_view_f64(view: *const ViewHandle, column: u32) -> *const f64 {
    // SAFETY: the caller gives a view.
    unsafe { values(view, column, ColumnType::F64) }
}

/// tp_view_f64 for the column TP_COLUMN_OPEN_TIME_NS; NULL for every other.
///
/// Threads: as tp_view_first_row.
///
/// # Safety
/// `view` is NULL or a view that is not released.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_view_i64(view: *const ViewHandle, column: u32) -> *const i64 {
    // SAFETY: the caller gives a view.
    unsafe { values(view, column, ColumnType::I64) }.cast()
}

/// tp_view_f64 for the columns TP_COLUMN_TRADE_COUNT and TP_COLUMN_QUALITY; NULL for every other.
///
/// Threads: as tp_view_first_row.
///
/// # Safety
/// `view` is NULL or a view that is not released.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_view_u64(view: *const ViewHandle, column: u32) -> *const u64 {
    // SAFETY: the caller gives a view.
    unsafe { values(view, column, ColumnType::U64) }.cast()
}

/// # Safety
/// `view` is NULL or a view that is not released.
unsafe fn values(view: *const ViewHandle, column: u32, kind: ColumnType) -> *const f64 {
    guard_or(std::ptr::null(), || {
        // SAFETY: as the caller promises.
        let view = &unsafe { shared(view) }?.view;
        let values = view.column(column as usize).filter(|_| view.column_type(column as usize) == Some(kind));
        values.ok_or(Failure(TP_ENOCOLUMN))
    })
}

/// Whether everything read through the view so far was whole and in its place: TP_OK, or TP_ECHANGED.
///
/// Threads: as tp_view_first_row, and it judges the reads of the calling thread. Neither system call nor allocation.
///
/// # Safety
/// `view` is NULL or a view that is not released.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_view_validate(view: *const ViewHandle) -> i32 {
    guard(|| {
        // SAFETY: the caller gives a view.
        let handle = unsafe { shared(view) }?;
        if handle.view.validate() { Ok(TP_OK) } else { Err(Failure(TP_ECHANGED)) }
    })
}

/// Releases a view and with it the pointers taken from it.
///
/// Threads: any, but never while another thread uses the same view.
///
/// # Safety
/// `view` is NULL or came from tp_view and was not released yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_view_release(view: *mut ViewHandle) {
    // SAFETY: the caller gives a handle that nobody uses any more.
    unsafe { take_back(view) }
}
