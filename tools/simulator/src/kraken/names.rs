//! Kraken's many names for one pair: `BTC/USD` on the socket, `XXBTZUSD`, `XBTUSD` and `XBT/USD` in AssetPairs.

use std::collections::HashMap;

use crate::market::{Listing, Market};

/// Assets with a prefix of their own; all others are named plainly.
const PREFIXED: [(&str, &str, &str); 15] = [
    ("BTC", "XXBT", "XBT"),
    ("DOGE", "XXDG", "XDG"),
    ("ETH", "XETH", "ETH"),
    ("XRP", "XXRP", "XRP"),
    ("LTC", "XLTC", "LTC"),
    ("XLM", "XXLM", "XLM"),
    ("ZEC", "XZEC", "ZEC"),
    ("ETC", "XETC", "ETC"),
    ("XMR", "XXMR", "XMR"),
    ("USD", "ZUSD", "USD"),
    ("EUR", "ZEUR", "EUR"),
    ("GBP", "ZGBP", "GBP"),
    ("JPY", "ZJPY", "JPY"),
    ("CAD", "ZCAD", "CAD"),
    ("AUD", "ZAUD", "AUD"),
];

/// The asset's id and its alternative name.
pub(super) fn asset(name: &str) -> (&str, &str) {
    PREFIXED
        .into_iter()
        .find(|(known, ..)| *known == name)
        .map_or((name, name), |(_, id, alternative)| (id, alternative))
}

/// The names of one pair.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Pair {
    /// `BTC/USD`
    pub(super) symbol: String,
    /// `XXBTZUSD`: the key of REST answers.
    pub(super) key: String,
    /// `XBTUSD`
    pub(super) alternative: String,
    /// `XBT/USD`: of the first WebSocket version, refused everywhere now.
    pub(super) legacy: String,
}

impl Pair {
    fn new(listing: &Listing) -> Self {
        let ((base, base_short), (quote, quote_short)) = (asset(&listing.base), asset(&listing.quote));
        // Only pairs of two prefixed assets are keyed by their ids; Dogecoin's came too late for that.
        let both = base != base_short && quote != quote_short && listing.base != "DOGE";
        let alternative = format!("{base_short}{quote_short}");
        Self {
            symbol: format!("{}/{}", listing.base, listing.quote),
            key: if both { format!("{base}{quote}") } else { alternative.clone() },
            alternative,
            legacy: format!("{base_short}/{quote_short}"),
        }
    }
}

/// All pairs of a market.
pub(super) struct Names {
    pub(super) pairs: Vec<Pair>,
    by_symbol: HashMap<String, u32>,
    by_rest: HashMap<String, u32>,
}

impl Names {
    pub(super) fn new(market: &Market) -> Self {
        let pairs: Vec<Pair> = market.instruments().iter().map(|instrument| Pair::new(&instrument.listing)).collect();
        let mut names = Self { by_symbol: HashMap::new(), by_rest: HashMap::new(), pairs };
        for (index, pair) in (0..).zip(&names.pairs) {
            names.by_symbol.insert(pair.symbol.clone(), index);
            for name in [&pair.symbol, &pair.key, &pair.alternative] {
                names.by_rest.insert(name.clone(), index);
            }
        }
        names
    }

    /// The pair of this symbol on the socket.
    pub(super) fn symbol(&self, symbol: &str) -> Option<u32> {
        self.by_symbol.get(symbol).copied()
    }

    /// The pair REST finds under this name, and the key of the answer: the name, if it is of the new form.
    pub(super) fn rest(&self, name: &str) -> Option<(u32, &str)> {
        let index = *self.by_rest.get(name)?;
        let pair = &self.pairs[index as usize];
        Some((index, if name == pair.symbol { &pair.symbol } else { &pair.key }))
    }

    /// The names of an index.
    pub(super) fn pair(&self, index: u32) -> &Pair {
        &self.pairs[index as usize]
    }
}
