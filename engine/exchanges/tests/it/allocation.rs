//! In steady state a message allocates nothing.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;

use tickplane_exchanges::Payload;
use tickplane_model::Event;

use crate::fixtures::fixtures;
use crate::shown::RECEIVE_NS;

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
fn a_warm_session_allocates_nothing() {
    for fixture in fixtures() {
        let mut session = fixture.session();
        let mut events = 0;
        let mut pass = || {
            for message in &fixture.messages {
                session.message(Payload::Text(message.as_bytes()), RECEIVE_NS, &mut |event: Event<'_>| {
                    black_box(event);
                    events += 1;
                });
            }
        };
        pass();
        let before = COUNT.with(Cell::get);
        for _ in 0..10 {
            pass();
        }
        assert_eq!(COUNT.with(Cell::get) - before, 0, "{} {}", fixture.exchange, fixture.name);
    }
}
