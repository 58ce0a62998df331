//! Decisions of the cold path: which exchanges run, with which instruments. `handle(input, now) -> actions`, without
//! I/O, threads or clock.
#![forbid(unsafe_code)]

mod control;
mod selection;

pub use control::{Action, Control, Input, Outcome};
pub use selection::{SelectionError, Wanted, select};
