//! Whether the venue goes on numbering its trades, or began anew.

use tickplane_exchanges::TradeMark;

use crate::tape::Tape;

/// Trades in a row that look like a new numbering before they are taken for one.
const SIGNS: u32 = 64;

/// Trades whose ids were passed long ago, though they happened after everything that is known. A backlog of trades that
/// REST has told of is none: those are old.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Numbering {
    /// The first and the last one in a row, ids growing.
    row: Option<(TradeMark, TradeMark)>,
    signs: u32,
}

impl Numbering {
    /// A trade came that counts as seen. Says whether it is one of a new numbering.
    pub(crate) fn is_new(&mut self, trade: TradeMark, tape: &Tape) -> bool {
        let is_sign = tape.is_ordered() && tape.newest().is_some_and(|newest| trade.exchange_ns > newest.exchange_ns);
        let row = self.row.filter(|(_, last)| trade.id.bits() > last.id.bits());
        (self.row, self.signs) = match (is_sign, row) {
            (false, _) => (None, 0),
            (true, None) => (Some((trade, trade)), 1),
            (true, Some((first, _))) => (Some((first, trade)), self.signs + 1),
        };
        self.signs >= SIGNS
    }

    /// The first trade of the new numbering.
    pub(crate) fn first(&self) -> Option<TradeMark> {
        self.row.map(|(first, _)| first)
    }

    /// A trade came that continues what is known.
    #[inline]
    pub(crate) fn goes_on(&mut self) {
        self.signs = 0;
        self.row = None;
    }
}
