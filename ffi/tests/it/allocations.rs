//! The calls that say so allocate nothing.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::mem::zeroed;
use std::ptr::{null, null_mut};

use tickplane::*;
use tickplane_segments::EventKind;

use crate::fixture::*;

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: everything is the system's allocator; counting touches a `Cell` of the thread that needs no destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: passed on as it came.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: passed on as it came.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations(work: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.get();
    work();
    ALLOCATIONS.get() - before
}

#[test]
fn reading_allocates_nothing_where_the_header_says_so() {
    let scratch = Scratch::new();
    let mut writer = Writer::new(&scratch);
    writer.fill(100);
    writer.trade(5);
    writer.instrument.publish_quote(&quote(1), NOW_NS);
    let plane = open(&scratch);
    let series = find(plane);
    let instrument = find_instrument(plane);
    let (mut view, mut trades, mut events) = (null_mut(), null_mut(), null_mut());
    // SAFETY: handles of this test, and locals for results.
    unsafe {
        assert!(allocations(|| assert_eq!(tp_view(series, 5, &raw mut view), TP_OK)) > 0, "the counter counts");
        assert_eq!(tp_follow_trades(instrument, null(), &raw mut trades), TP_OK);
        assert_eq!(tp_follow_events(plane, null(), &raw mut events), TP_OK);
        writer.trade(100);
        writer.announce(EventKind::CandleClose, 99);
        let (mut candles, mut live, mut signs): ([CandleRow; 20], LiveHead, PlaneSigns) =
            (zeroed(), zeroed(), zeroed());
        let (mut trade_rows, mut event_rows, mut quote): ([TradeRow; 8], [EventRow; 8], QuoteRow) =
            (zeroed(), zeroed(), zeroed());
        let (mut column, mut count, mut row, mut head, mut seen, mut values) = (0, 0, 0, 0, 0, [0.0; 20]);
        let (c, n, r, v) = (candles.as_mut_ptr(), &raw mut count, &raw mut row, values.as_mut_ptr());
        let (e, number) = (event_rows.as_mut_ptr(), &raw mut column);
        let calls: &mut [(&str, &mut dyn FnMut() -> i32)] = &mut [
            ("tp_live", &mut || tp_live(series, c, &raw mut live)),
            ("tp_live_values", &mut || tp_live_values(series, c, null_mut(), 2, v, n)),
            ("tp_live_seq", &mut || (tp_live_seq(series) == 0).into()),
            ("tp_column", &mut || tp_column(series, c"rsi_14".as_ptr(), number)),
            ("tp_column_name", &mut || tp_column_name(series, 3).is_null().into()),
            ("tp_column_seed_row", &mut || tp_column_seed_row(series, 10, r)),
            ("tp_candles", &mut || tp_candles(series, 20, c, n, r)),
            ("tp_rows", &mut || tp_rows(series, 90, 20, c, n, r)),
            ("tp_row_range", &mut || tp_row_range(series, r, &raw mut head)),
            ("tp_copy_f64", &mut || tp_copy_f64(series, 4, 20, v, n, r)),
            ("tp_copy_u64", &mut || tp_copy_u64(series, 9, 20, v.cast(), n, r)),
            ("tp_view_renew", &mut || tp_view_renew(view, 20)),
            ("tp_view_f64", &mut || tp_view_f64(view, 10).is_null().into()),
            ("tp_view_count", &mut || (tp_view_count(view) != 20).into()),
            ("tp_view_validate", &mut || tp_view_validate(view)),
            ("tp_quote", &mut || tp_quote(instrument, &raw mut quote)),
            ("tp_trades_read", &mut || tp_trades_read(trades, 8, trade_rows.as_mut_ptr(), n, r)),
            ("tp_trades_next", &mut || (tp_trades_next(trades) == 0).into()),
            ("tp_events_read", &mut || tp_events_read(events, 8, e, n, r)),
            ("tp_event_is_of", &mut || 1 - tp_event_is_of(e, series)),
            ("tp_wait", &mut || tp_wait(plane, &raw mut seen, 1)),
            ("tp_changed", &mut || tp_changed(plane)),
            ("tp_status", &mut || tp_status(plane, &raw mut signs)),
            ("tp_name", &mut || tp_name(TP_NAMES_EXCHANGE, 1).is_null().into()),
            ("tp_number", &mut || tp_number(TP_NAMES_EXCHANGE, c"okx".as_ptr(), number)),
            ("tp_strerror", &mut || tp_strerror(TP_EIO).is_null().into()),
        ];
        for (name, call) in calls {
            let mut status = TP_EPANIC;
            let count = allocations(|| status = call());
            assert_eq!((status, count), (TP_OK, 0), "{name}");
        }
        assert_eq!((tp_events_lost(events), event_rows[0].row), (0, 99));
        tp_view_release(view);
        tp_trades_release(trades);
        tp_events_release(events);
        tp_instrument_release(instrument);
        tp_series_release(series);
        tp_close(plane);
    }
}
