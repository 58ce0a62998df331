//! After the largest message has been seen, reading allocates nothing.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use tickplane_scan::JsonReader;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call is passed on to the system allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's contract is the system allocator's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's contract is the system allocator's.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

#[test]
fn a_warm_reader_allocates_nothing() {
    let large = format!("[{}]", vec![r#"{"key":[1,2.5,"text",null,true]}"#; 500].join(","));
    let messages = [
        large.as_str(),
        r#"{"e":"trade","p":"0.001","t":12345}"#,
        r#"{"esc":"a\u0041\n"}"#,
        "{broken",
        "[[[[[[[[[[1]]]]]]]]]]",
    ];
    let mut reader = JsonReader::new(1 << 20, 8);
    let mut pass = || {
        for message in messages {
            if let Ok(document) = reader.read(message.as_bytes()) {
                std::hint::black_box(document.root().object().map(|o| o.pick(["e", "p", "t"])));
            }
        }
    };
    pass();
    let before = COUNT.with(Cell::get);
    pass();
    assert_eq!(COUNT.with(Cell::get) - before, 0);
}
