//! The numbers of the format and their words, as `tickplane status` prints them.

use std::ffi::c_char;

use tickplane_model::{ExchangeId, RejectReason, Timeframe};
use tickplane_segments::{CloseKind, ConnectionCounter, ConnectionState, StreamCounter, StreamState};

use crate::edge::{guard, place, text};
use crate::status::{Failure, TP_EINVAL, TP_ENOKEY, TP_OK};

/// Exchanges: 1 is "binance".
pub const TP_NAMES_EXCHANGE: u32 = 1;
/// Timeframes: 4 is "1m".
pub const TP_NAMES_TIMEFRAME: u32 = 2;
/// Kinds of events: TP_EVENT_CANDLE_CLOSE is "candle-close".
pub const TP_NAMES_EVENT: u32 = 3;
/// States of a connection: 4 is "live".
pub const TP_NAMES_CONNECTION_STATE: u32 = 4;
/// What is counted per connection: `counters` of tp_connection_t.
pub const TP_NAMES_CONNECTION_COUNTER: u32 = 5;
/// Why messages were rejected: `rejects` of tp_connection_t.
pub const TP_NAMES_REJECT: u32 = 6;
/// Why connections ended: `closes` of tp_connection_t.
pub const TP_NAMES_CLOSE: u32 = 7;
/// States of a stream: 3 is "live".
pub const TP_NAMES_STREAM_STATE: u32 = 8;
/// What is counted per stream: `counters` of tp_stream_t.
pub const TP_NAMES_STREAM_COUNTER: u32 = 9;

/// The longest word, its NUL included.
const WORD_BYTES: usize = 40;

/// A word as C takes it.
#[derive(Clone, Copy)]
struct Word([u8; WORD_BYTES]);

const fn word(text: &str) -> Word {
    let (bytes, mut word, mut at) = (text.as_bytes(), [0; WORD_BYTES], 0);
    assert!(bytes.len() < WORD_BYTES, "a word fits, and ends");
    while at < bytes.len() {
        word[at] = bytes[at];
        at += 1;
    }
    Word(word)
}

/// The words of an enumeration whose numbers are dense and stand in order.
macro_rules! words {
    ($all:expr) => {{
        const WORDS: [Word; $all.len()] = {
            let (mut words, mut at) = ([word(""); $all.len()], 0);
            while at < words.len() {
                assert!($all[at] as usize == $all[0] as usize + at);
                words[at] = word($all[at].as_str());
                at += 1;
            }
            words
        };
        List { first: $all[0] as u32, words: &WORDS }
    }};
}

/// Words of consecutive numbers.
struct List {
    first: u32,
    words: &'static [Word],
}

static EVENTS: [Word; 5] =
    [word("candle-close"), word("candle-revise"), word("lifecycle"), word("alert"), word("stream")];

/// In the order of the lists' numbers.
static LISTS: [List; 9] = [
    words!(ExchangeId::ALL),
    words!(Timeframe::ALL),
    List { first: 1, words: &EVENTS },
    words!(ConnectionState::ALL),
    words!(ConnectionCounter::ALL),
    words!(RejectReason::ALL),
    words!(CloseKind::ALL),
    words!(StreamState::ALL),
    words!(StreamCounter::ALL),
];

fn list(list: u32) -> Option<&'static List> {
    LISTS.get(usize::try_from(list.checked_sub(1)?).ok()?)
}

/// The word of a number of one of the lists TP_NAMES_EXCHANGE and the others; NULL if there is none. Never to be freed.
///
/// Threads: any. Neither system call nor allocation.
#[unsafe(no_mangle)]
pub extern "C" fn tp_name(list: u32, number: u32) -> *const c_char {
    let found = self::list(list).and_then(|list| list.words.get(number.checked_sub(list.first)? as usize));
    found.map_or(std::ptr::null(), |word| word.0.as_ptr().cast())
}

/// The number of a word of one of the lists: where "trades" stands in `counters` of tp_connection_t, say. Words are added
/// at the end, and keep their numbers.
///
/// Fails with TP_ENOKEY when the list has no such word, with TP_EINVAL when there is no such list.
///
/// Threads: any. Neither system call nor allocation.
///
/// # Safety
/// `name` is NUL-terminated; `number` has room for one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_number(list: u32, name: *const c_char, number: *mut u32) -> i32 {
    guard(|| {
        // SAFETY: the caller gives a terminated text.
        let name = unsafe { text(name) }?.to_bytes();
        // SAFETY: the caller gives room.
        let place = unsafe { place(number) }?;
        let list = self::list(list).ok_or(Failure(TP_EINVAL))?;
        let is_it = |word: &Word| word.0.split(|byte| *byte == 0).next() == Some(name);
        let at = list.words.iter().position(is_it).and_then(|at| u32::try_from(at).ok()).ok_or(Failure(TP_ENOKEY))?;
        place.write(list.first + at);
        Ok(TP_OK)
    })
}
