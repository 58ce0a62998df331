//! Reads one instrument: its facts, its last quote, its trades and the health of their stream.

use tickplane_layout::instrument::{FACT_WORDS, InstrumentLayout};
use tickplane_model::{ExchangeId, Instrument, Symbol};

use crate::region::Region;
use crate::{EntryId, QuoteReader, ReadError, StreamStatus, TradeReader, convert};

/// Reads one instrument. Cheap to clone; holds its mapping.
#[derive(Clone, Debug)]
pub struct InstrumentReader {
    exchange: ExchangeId,
    symbol: Symbol,
    region: Region,
    layout: InstrumentLayout,
}

impl InstrumentReader {
    pub(crate) const fn new(exchange: ExchangeId, symbol: Symbol, region: Region, layout: InstrumentLayout) -> Self {
        Self { exchange, symbol, region, layout }
    }

    /// The exchange it is traded on.
    #[must_use]
    pub const fn exchange(&self) -> ExchangeId {
        self.exchange
    }

    /// Its symbol.
    #[must_use]
    pub const fn symbol(&self) -> &Symbol {
        &self.symbol
    }

    /// Its entry in the exchange's directory, by which stream events name it.
    #[must_use]
    pub fn entry(&self) -> EntryId {
        EntryId::of(&self.region)
    }

    /// What the venue says about it, as of the start of the present or last writer.
    ///
    /// # Errors
    /// [`ReadError::Empty`] when there are none, [`ReadError::Moved`] when the region was replaced, [`ReadError::Busy`]
    /// when the writer overtook every attempt.
    pub fn facts(&self) -> Result<Instrument, ReadError> {
        self.region.check_current()?;
        let mut facts = [0; FACT_WORDS];
        self.layout.facts(self.region.words()).read(&mut facts)?;
        convert::instrument(self.exchange, self.symbol.clone(), &facts).ok_or(ReadError::Empty)
    }

    /// A reader of its last quote.
    #[must_use]
    pub fn quotes(&self) -> QuoteReader {
        QuoteReader::new(self.region.clone(), self.layout)
    }

    /// A reader of its trades, from now on.
    #[must_use]
    pub fn trades(&self) -> TradeReader {
        TradeReader::new(self.region.clone(), self.layout)
    }

    /// The health of its stream.
    #[must_use]
    pub fn stream(&self) -> StreamStatus {
        StreamStatus::read(self.symbol.clone(), self.layout.stream(self.region.words()))
    }

    /// Whether its region was replaced: find the key again.
    #[must_use]
    pub fn is_moved(&self) -> bool {
        self.region.check_current().is_err()
    }
}
