//! The REST record of a host: whether it may be asked, and what came of asking.
//!
//! ```text
//! word  0  region header: kind 7
//! word  8  epoch     9  closed_until_ns    10  last_answer_ns    11  last HTTP status, 0 for none
//! word 16  counters, in the order of RestCounter
//! ```
//!
//! As in the health records, every word stands for itself and is stored relaxed. Whoever asks the host writes it, one at a
//! time.

use crate::health::{RECORD_EPOCH, counters};
use crate::region::{RegionHeader, RegionKind, pages};

counters! {
    /// What is counted per host. The number is part of the format: append, never reorder.
    RestCounter {
        /// Requests that were sent.
        Requests = 0 "requests",
        /// Answers that were given: HTTP 2xx.
        Answers = 1 "answers",
        /// Requests without an answer: name, TCP, TLS or time.
        Failures = 2 "failures",
        /// Answers 403: a firewall.
        Status403 = 3 "status-403",
        /// Answers 418: banned.
        Status418 = 4 "status-418",
        /// Answers 429: too often.
        Status429 = 5 "status-429",
        /// Answers 451: not served in this region.
        Status451 = 6 "status-451",
        /// Answers of any other status below 500.
        StatusOther = 7 "status-other",
        /// Answers from 500 on: the venue's own trouble.
        Status5xx = 8 "status-5xx",
        /// Questions that were not asked because the host wants none for a while.
        Closed = 9 "closed",
        /// Questions that were not asked because our share of the limit was spent.
        NoRoom = 10 "no-room",
    }
}

/// Word of the time until which the host is left alone, 0 if it never asked for that.
pub const REST_CLOSED_UNTIL: usize = RECORD_EPOCH + 1;
/// Word of the time of the last answer.
pub const REST_LAST_ANSWER: usize = RECORD_EPOCH + 2;
/// Word of the last answer's HTTP status, 0 while there is none.
pub const REST_LAST_STATUS: usize = RECORD_EPOCH + 3;
/// First word of the counters.
pub const REST_COUNTERS: usize = 16;
/// Room for counters.
pub const REST_COUNTERS_MAX: usize = 16;
/// Words of a REST region.
pub const REST_WORDS: usize = REST_COUNTERS + REST_COUNTERS_MAX;
const _: () = assert!(REST_LAST_STATUS < REST_COUNTERS && RestCounter::ALL.len() <= REST_COUNTERS_MAX);
// The byte offsets as they are published in docs/format.md.
const _: () = assert!(REST_CLOSED_UNTIL * 8 == 72 && REST_LAST_ANSWER * 8 == 80 && REST_LAST_STATUS * 8 == 88);
const _: () = assert!(REST_COUNTERS * 8 == 128 && REST_WORDS * 8 == 256);

/// Header of a REST region.
#[must_use]
pub const fn rest_header() -> RegionHeader {
    RegionHeader { kind: RegionKind::Rest, bytes: pages(REST_WORDS as u64 * 8), shape: [0; 4] }
}
