//! Integration tests of the segments: one binary.

mod fixture;
mod round_trip;
