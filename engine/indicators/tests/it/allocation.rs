//! A set allocates when it is made, as much as it says, and never again.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use tickplane_indicators::{IndicatorSet, IndicatorSpec};

use crate::{NAMES, gap, row, synthetic};

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
    static BYTES: Cell<isize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call is passed on to the system allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        BYTES.with(|bytes| bytes.set(bytes.get() + layout.size() as isize));
        // SAFETY: the caller's contract is the system allocator's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        BYTES.with(|bytes| bytes.set(bytes.get() - layout.size() as isize));
        // SAFETY: the caller's contract is the system allocator's.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

fn specs() -> Vec<IndicatorSpec> {
    NAMES.iter().map(|name| name.parse().unwrap()).collect()
}

#[test]
fn after_the_beginning_nothing_is_allocated() {
    let mut set = IndicatorSet::new(&specs());
    let mut values = vec![0.0; set.outputs()];
    let before = COUNT.get();
    for n in 0..1_000 {
        let close = 100.0 + f64::from(n % 37);
        let candle = [row(close + 1.0, close - 1.0, close), synthetic(close), gap()][n as usize % 9 % 4 % 3];
        set.peek(&candle, &mut values);
        set.update(n as u64, &candle, &mut values);
        if n % 100 == 99 {
            let from = set.rewind(n as u64 - 80).expect("a checkpoint");
            (from..=n as u64).for_each(|row| set.update(row, &candle, &mut values));
        }
        if n == 500 {
            set.restart();
        }
    }
    assert_eq!(COUNT.get() - before, 0);
}

#[test]
fn a_set_takes_the_memory_it_says() {
    let all = specs();
    for specs in [&all[..], &all[..1], &all[8..10], &all[22..], &[]] {
        let before = BYTES.get();
        let set = IndicatorSet::new(specs);
        let taken = (BYTES.get() - before) as usize;
        assert_eq!(taken + size_of_val(&set), IndicatorSet::bytes(specs), "{specs:?}");
    }
}
