//! The history record of an exchange: what was fetched of its candles, and how its own compare with ours.
//!
//! ```text
//! word  0  region header: kind 6
//! word  8  epoch     9  series    10  series filled    11  requests left    12  eta_ns
//! word 13  greatest relative difference of a price (f64)    14  of a volume (f64)
//! word 15  1 + the directory entry of the series with the greatest difference, 0 for none
//! word 16  counters, in the order of HistoryCounter
//! ```
//!
//! As in the health records, every word stands for itself and is stored relaxed. The cold thread writes it.

use crate::health::{RECORD_EPOCH, counters};
use crate::region::{RegionHeader, RegionKind, pages};

counters! {
    /// What is counted per exchange. The number is part of the format: append, never reorder.
    HistoryCounter {
        /// Requests for candles.
        Requests = 0 "requests",
        /// Those that got no usable answer.
        Failures = 1 "failures",
        /// Rows of the venue handed to a series to fill what is missing.
        Fetched = 2 "rows-fetched",
        /// Rows compared with the venue's that were equal.
        Equal = 3 "equal",
        /// Rows that were different.
        Different = 4 "different",
        /// Different rows replaced by the venue's.
        Repaired = 5 "repaired",
    }
}

/// Word of the number of series the venue has candles for.
pub const HISTORY_SERIES: usize = RECORD_EPOCH + 1;
/// Word of those of which nothing is outstanding.
pub const HISTORY_FILLED: usize = RECORD_EPOCH + 2;
/// Word of the requests outstanding, as far as known.
pub const HISTORY_REQUESTS_LEFT: usize = RECORD_EPOCH + 3;
/// Word of about how long they take.
pub const HISTORY_ETA: usize = RECORD_EPOCH + 4;
/// Word of the greatest relative difference of a price, as the bits of an `f64`.
pub const HISTORY_PRICE_DIFFERENCE: usize = RECORD_EPOCH + 5;
/// Word of the greatest relative difference of a volume, as the bits of an `f64`.
pub const HISTORY_VOLUME_DIFFERENCE: usize = RECORD_EPOCH + 6;
/// Word of the series with the greatest difference: 1 + its entry in the exchange's directory, 0 for none.
pub const HISTORY_WORST: usize = RECORD_EPOCH + 7;
/// First word of the counters.
pub const HISTORY_COUNTERS: usize = 16;
/// Room for counters.
pub const HISTORY_COUNTERS_MAX: usize = 16;
/// Words of a history region.
pub const HISTORY_WORDS: usize = HISTORY_COUNTERS + HISTORY_COUNTERS_MAX;
const _: () = assert!(HISTORY_WORST < HISTORY_COUNTERS && HistoryCounter::ALL.len() <= HISTORY_COUNTERS_MAX);
// The byte offsets as they are published in docs/format.md.
const _: () = assert!(HISTORY_SERIES * 8 == 72 && HISTORY_FILLED * 8 == 80 && HISTORY_REQUESTS_LEFT * 8 == 88);
const _: () = assert!(HISTORY_ETA * 8 == 96 && HISTORY_PRICE_DIFFERENCE * 8 == 104);
const _: () = assert!(HISTORY_VOLUME_DIFFERENCE * 8 == 112 && HISTORY_WORST * 8 == 120);
const _: () = assert!(HISTORY_COUNTERS * 8 == 128 && HISTORY_WORDS * 8 == 256);

/// Header of a history region.
#[must_use]
pub const fn history_header() -> RegionHeader {
    RegionHeader { kind: RegionKind::History, bytes: pages(HISTORY_WORDS as u64 * 8), shape: [0; 4] }
}
