//! The calls that say so allocate nothing.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use tickplane::*;

use crate::fixture::{Scratch, Writer, find, open};

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
    let plane = open(&scratch);
    let series = find(plane);
    let mut view = std::ptr::null_mut();
    // SAFETY: handles of this test, and locals for results.
    unsafe {
        assert!(allocations(|| assert_eq!(tp_view(series, 5, &raw mut view), TP_OK)) > 0, "the counter counts");
        let (mut candle, mut live, mut column) = (std::mem::MaybeUninit::uninit(), std::mem::MaybeUninit::uninit(), 0);
        let count = allocations(|| {
            assert_eq!(tp_live(series, candle.as_mut_ptr(), live.as_mut_ptr()), TP_OK);
            assert_eq!(tp_column(series, c"rsi_14".as_ptr(), &raw mut column), TP_OK);
            assert_eq!(tp_view_renew(view, 20), TP_OK);
            assert!(!tp_view_f64(view, column).is_null());
            assert_eq!((tp_view_first_row(view), tp_view_count(view)), (80, 20));
            assert_eq!(tp_view_validate(view), TP_OK);
        });
        assert_eq!(count, 0);
        tp_view_release(view);
        tp_series_release(series);
        tp_close(plane);
    }
}
