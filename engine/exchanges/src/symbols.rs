//! The instruments of a session by the venue's ticker.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use tickplane_model::{Event, EventSink, Instrument, InstrumentIndex, Named, RejectReason, TradeFlags};

use crate::contracts::ContractSize;

/// Tickers of the venue's messages and the instruments they stand for.
///
/// One ticker may stand for several instruments: Coinbase labels the messages of `BTC-USDC` `BTC-USD`, because both
/// are the same book.
pub(crate) struct Symbols {
    by_ticker: HashMap<Box<str>, Instruments, BuildHasherDefault<TickerHasher>>,
    accept_unknown: bool,
}

struct Instruments {
    first: InstrumentIndex,
    /// `None` where it is unknown.
    contract_size: Option<ContractSize>,
    others: Vec<InstrumentIndex>,
}

impl Instruments {
    fn new(first: InstrumentIndex, instrument: &Instrument) -> Self {
        Self { first, contract_size: ContractSize::new(instrument.contract_size), others: Vec::new() }
    }
}

impl Symbols {
    /// For a live connection: every instrument of a ticker is fed, other tickers are rejected.
    pub(crate) fn subscribed(instruments: &[(InstrumentIndex, &Instrument)]) -> Self {
        let mut symbols = Self { by_ticker: HashMap::default(), accept_unknown: false };
        for (index, instrument) in instruments {
            symbols
                .by_ticker
                .entry(instrument.venue_symbol.as_str().into())
                .and_modify(|known| known.others.push(*index))
                .or_insert(Instruments::new(*index, instrument));
        }
        symbols
    }

    /// For `decode`: one event for what a message says once, under the ticker's own instrument rather than an alias;
    /// other tickers pass without an instrument.
    pub(crate) fn any(instruments: &[(InstrumentIndex, &Instrument)]) -> Self {
        let mut symbols = Self { by_ticker: HashMap::default(), accept_unknown: true };
        for (index, instrument) in instruments {
            let is_alias = instrument.symbol.as_str() != instrument.venue_symbol;
            symbols
                .by_ticker
                .entry(instrument.venue_symbol.as_str().into())
                .and_modify(|known| known.first = if is_alias { known.first } else { *index })
                .or_insert(Instruments::new(*index, instrument));
        }
        symbols
    }

    /// The ticker that stands for an instrument.
    pub(crate) fn ticker(&self, instrument: InstrumentIndex) -> Option<&str> {
        let stands_for = |known: &Instruments| known.first == instrument || known.others.contains(&instrument);
        self.by_ticker.iter().find(|(_, known)| stands_for(known)).map(|(ticker, _)| &**ticker)
    }

    /// Whether events of a ticker would be taken.
    #[inline]
    pub(crate) fn accepts(&self, venue_symbol: &str) -> bool {
        self.accept_unknown || self.by_ticker.contains_key(venue_symbol)
    }

    /// A quantity in contracts as base quantity; where the instrument is unknown as it is, with the flag that says so.
    #[inline]
    pub(crate) fn base_quantity(&self, venue_symbol: &str, contracts: f64) -> (f64, TradeFlags) {
        match self.by_ticker.get(venue_symbol).and_then(|known| known.contract_size) {
            Some(size) => (size.base(contracts), TradeFlags::default()),
            None => (contracts, TradeFlags::CONTRACTS),
        }
    }

    /// Sends one event to each instrument of a ticker.
    #[inline]
    pub(crate) fn send<'e>(
        &self,
        venue_symbol: &'e str,
        sink: &mut dyn EventSink,
        event: impl Fn(Named<'e>) -> Event<'e>,
    ) -> Result<(), RejectReason> {
        let Some(instruments) = self.by_ticker.get(venue_symbol) else {
            if !self.accept_unknown {
                return Err(RejectReason::UnknownSymbol);
            }
            sink.event(event(Named { venue_symbol, instrument: None }));
            return Ok(());
        };
        sink.event(event(Named { venue_symbol, instrument: Some(instruments.first) }));
        for other in &instruments.others {
            sink.event(event(Named { venue_symbol, instrument: Some(*other) }));
        }
        Ok(())
    }
}

/// A quick hash for short tickers of our own choosing (only subscribed ones are inserted, so nobody outside can make
/// them collide): eight bytes at a time, multiplied and rotated.
#[derive(Default)]
struct TickerHasher(u64);

const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

impl Hasher for TickerHasher {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0_u8; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.0 = (self.0.rotate_left(23) ^ u64::from_le_bytes(word)).wrapping_mul(MULTIPLIER);
        }
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 32
    }
}
