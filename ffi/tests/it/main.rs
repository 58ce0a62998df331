//! Integration tests of the C face: one binary.
#![allow(clippy::disallowed_methods, reason = "tests have every power")]

mod allocations;
mod calls;
mod entries;
mod fixture;
mod following;
mod header;
mod hostile;
mod library;
mod nulls;
mod package;
mod programs;
mod python;
mod raw;
mod readme;
mod strategies;
