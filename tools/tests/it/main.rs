//! The `tickplane` command as a shell sees it: exit codes, what goes to stdout and stderr, and what is left behind.
#![allow(clippy::disallowed_methods, reason = "tests have every power")]

mod bad_input;
mod candles;
mod captures;
mod csv;
mod decode;
mod demo;
mod faults;
mod history;
mod house;
mod indicators;
mod leftovers;
mod memory;
mod offline;
mod plane;
mod support;
