//! The bytes other processes read: where every word of a segment stands, and the memory protocols over those words.
//!
//! A segment is an array of 64-bit little-endian words. Every word that changes after publication is read and written
//! as a relaxed atomic; the protocols add the few fences that make a validated read whole. They work on plain slices
//! of [`Word`], so the same code runs over a mapped file, over a `Vec` in a test, and under loom, which proves it:
//! `tests/loom.rs` models every protocol and shows that each ordering named in [`Site`](sync::Site), weakened once,
//! is caught.
//!
//! | protocol | file | carries |
//! |---|---|---|
//! | double slot | [`double_slot`] | live candle, quote, instrument facts, writer identity |
//! | broadcast ring | [`ring`] | trades, plane events |
//! | history table | [`table`] | closed rows |
//! | directory | [`directory`] | which region holds which key |
//! | header | [`header`] | what file this is, and whether its writer lives |
//! | bell | [`bell`] | something changed: sleepers wake |
#![no_std]
#![forbid(unsafe_code)]

#[cfg(loom)]
extern crate std;

#[cfg(not(all(target_endian = "little", target_pointer_width = "64")))]
compile_error!("tickplane segments are defined for 64-bit little-endian machines");

pub mod bell;
pub mod calendar;
pub mod directory;
pub mod double_slot;
pub mod event;
#[cfg(all(feature = "fail-points", not(loom)))]
pub mod fail_point;
pub mod header;
pub mod health;
pub mod histogram;
pub mod history;
pub mod instrument;
pub mod region;
pub mod rest;
pub mod ring;
pub mod series;
pub mod stream;
pub mod sync;
pub mod table;
pub mod text;

pub use sync::Word;

/// Words in a 64-byte cache line: every block that one thread writes starts on a line of its own.
pub const LINE_WORDS: usize = 8;

/// Rounds a number of words up to whole cache lines.
#[must_use]
pub const fn lines(words: usize) -> usize {
    words.div_ceil(LINE_WORDS) * LINE_WORDS
}

/// How often a reader tries again before it says that the writer is too fast.
pub const TRIES_MAX: u32 = 64;

/// The writer overtook every one of [`TRIES_MAX`] attempts, or left the words in a state that never validates.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Busy;
