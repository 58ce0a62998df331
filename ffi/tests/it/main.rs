//! Integration tests of the C face: one binary.

mod allocations;
mod entries;
mod fixture;
mod header;
mod library;
mod programs;
