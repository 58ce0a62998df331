//! Reads the last quote of one instrument.

use tickplane_layout::instrument::{InstrumentLayout, QUOTE_WORDS};
use tickplane_model::Quote;

use crate::region::Region;
use crate::{ReadError, convert};

/// A quote as it stands in shared memory.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct QuoteRecord {
    /// Its dense sequence number, from 1: a jump says how many quotes were not seen.
    pub seq: u64,
    /// When the plane published it.
    pub publish_ns: i64,
    /// The quote.
    pub quote: Quote,
}

/// Reads the last quote of one instrument.
#[derive(Clone, Debug)]
pub struct QuoteReader {
    region: Region,
    layout: InstrumentLayout,
}

impl QuoteReader {
    pub(crate) const fn new(region: Region, layout: InstrumentLayout) -> Self {
        Self { region, layout }
    }

    /// The last quote.
    ///
    /// # Errors
    /// [`ReadError::Empty`] before the first, [`ReadError::Moved`] when the region was replaced, [`ReadError::Busy`]
    /// when the writer overtook every attempt.
    #[inline]
    pub fn read(&self) -> Result<QuoteRecord, ReadError> {
        self.region.check_current()?;
        let mut words = [0; QUOTE_WORDS];
        let seq = self.layout.quote(self.region.words()).read(&mut words)?;
        if seq == 0 {
            return Err(ReadError::Empty);
        }
        let (quote, publish_ns) = convert::quote(&words);
        Ok(QuoteRecord { seq, publish_ns, quote })
    }

    /// Sequence of the last quote, 0 if there is none: what a follower spins on.
    #[inline]
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.layout.quote(self.region.words()).latest()
    }
}
