//! The instrument region: the venue's facts, the last quote and the trades of one instrument.
//!
//! ```text
//! word   0  region header: kind 1, bytes, capacity (trades)
//! word   8  facts: double slot of FACT_WORDS            cold thread
//! word  48  quote: double slot of QUOTE_WORDS           shard
//! word  72  trades: broadcast ring                      shard
//!           stream: see the stream module               shard
//!
//! trade slot, 64 bytes                                  quote slot, 64 bytes
//!   0 seq            8 exchange_ns                        0 seq (quote_seq)   8 exchange_ns
//!  16 receive_ns    24 price (f64)                       16 receive_ns       24 publish_ns
//!  32 quantity      40 id_high                           32 bid_price        40 bid_quantity
//!  48 id_low        56 flags                             48 ask_price        56 ask_quantity
//!
//! flags of a trade: bits 0..24 as in the model (side, history, backfilled, aggregate, contracts, derived),
//!                   bits 24..32 id form, bits 32..64 publish_ns - receive_ns, saturating
//! ```

use crate::double_slot::DoubleSlot;
use crate::region::{HEADER_WORDS, RegionHeader, RegionKind, pages};
use crate::ring::{CAPACITY_MIN, RECORD_WORDS, Ring};
use crate::stream::STREAM_WORDS;
use crate::{LINE_WORDS, Word};

/// Payload words of the facts: tick size, lot size, contract size, 24 h volume, product | status << 8, venue symbol (8
/// words), epoch of the writer that opened the region.
pub const FACT_WORDS: usize = 14;
/// First word of the venue symbol within the facts.
pub const FACT_VENUE_SYMBOL: usize = 5;
/// Words of the venue symbol.
pub const VENUE_SYMBOL_WORDS: usize = 8;
/// Word of the epoch within the facts.
pub const FACT_EPOCH: usize = FACT_VENUE_SYMBOL + VENUE_SYMBOL_WORDS;
/// Payload words of a quote.
pub const QUOTE_WORDS: usize = 7;

/// First word of the facts.
pub const WORD_FACTS: usize = HEADER_WORDS;
/// First word of the quote.
pub const WORD_QUOTE: usize = WORD_FACTS + DoubleSlot::words(FACT_WORDS);
/// First word of the trade ring.
pub const WORD_TRADES: usize = WORD_QUOTE + DoubleSlot::words(QUOTE_WORDS);
const _: () = assert!(WORD_QUOTE == 48 && WORD_TRADES == 72 && WORD_TRADES.is_multiple_of(LINE_WORDS));
const _: () = assert!(FACT_EPOCH + 1 == FACT_WORDS);
// The byte offsets as they are published in docs/format.md.
const _: () = assert!(WORD_FACTS * 8 == 64 && WORD_QUOTE * 8 == 384 && WORD_TRADES * 8 == 576);
const _: () = assert!(FACT_VENUE_SYMBOL * 8 == 40 && FACT_EPOCH * 8 == 104 && FACT_WORDS * 8 == 112);
const _: () = assert!(QUOTE_WORDS == RECORD_WORDS, "a quote fills its line");

/// Bits of the trade's flags word below this are the model's flags.
pub const TRADE_ID_FORM_SHIFT: u32 = 24;
/// Bits from here are publish_ns - receive_ns.
pub const TRADE_DELAY_SHIFT: u32 = 32;

/// The most trades a ring may hold: 2^24, a gibibyte.
pub const TRADE_CAPACITY_MAX: u64 = 1 << 24;

/// Shape of an instrument region.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InstrumentLayout {
    /// Trades the ring holds.
    pub trade_capacity: usize,
}

impl InstrumentLayout {
    /// Words of the region.
    #[must_use]
    pub const fn words(&self) -> usize {
        self.stream_word() + STREAM_WORDS
    }

    /// First word of the stream's health. It lies behind the trades, where earlier writers left zeros.
    const fn stream_word(&self) -> usize {
        WORD_TRADES + Ring::words(self.trade_capacity)
    }

    /// The region's header.
    #[must_use]
    pub const fn header(&self) -> RegionHeader {
        let bytes = pages(self.words() as u64 * 8);
        RegionHeader { kind: RegionKind::Instrument, bytes, shape: [self.trade_capacity as u64, 0, 0, 0] }
    }

    /// The shape a header speaks of; `None` if no writer makes such a one.
    #[must_use]
    pub fn from_header(header: &RegionHeader) -> Option<Self> {
        let capacity = header.shape[0];
        let good = capacity.is_power_of_two() && (CAPACITY_MIN as u64..=TRADE_CAPACITY_MAX).contains(&capacity);
        let layout = Self { trade_capacity: if good { capacity as usize } else { return None } };
        header.serves(&layout.header()).then_some(layout)
    }

    /// The facts of a region.
    #[must_use]
    pub fn facts<'a>(&self, region: &'a [Word]) -> DoubleSlot<'a> {
        DoubleSlot::new(&region[WORD_FACTS..WORD_QUOTE], FACT_WORDS)
    }

    /// The quote of a region.
    #[inline]
    #[must_use]
    pub fn quote<'a>(&self, region: &'a [Word]) -> DoubleSlot<'a> {
        DoubleSlot::new(&region[WORD_QUOTE..WORD_TRADES], QUOTE_WORDS)
    }

    /// The trades of a region.
    #[inline]
    #[must_use]
    pub fn trades<'a>(&self, region: &'a [Word]) -> Ring<'a> {
        Ring::new(&region[WORD_TRADES..self.stream_word()])
    }

    /// The stream's health in a region.
    #[inline]
    #[must_use]
    pub fn stream<'a>(&self, region: &'a [Word]) -> &'a [Word] {
        &region[self.stream_word()..self.words()]
    }
}
