//! Integration tests of the C face: one binary.
#![allow(clippy::disallowed_methods, reason = "tests have every power")]

mod allocations;
mod entries;
mod fixture;
mod header;
mod library;
mod programs;
mod raw;
