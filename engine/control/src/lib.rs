//! Decisions of the cold path: which exchanges run, with which instruments, and which candles are asked for. `handle(input, now) -> actions`, without
//! I/O, threads or clock.
#![forbid(unsafe_code)]

mod budget;
mod control;
pub mod history;
mod selection;

pub use budget::Budget;
pub use control::{Action, Control, Input, Listing, Outcome};
pub use selection::{SelectionError, Wanted, select};
