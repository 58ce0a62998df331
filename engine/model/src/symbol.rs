//! Canonical symbols: BASE-QUOTE, with a suffix for derivatives and a prefix where a venue has several markets.

use std::fmt;
use std::str::FromStr;

/// A canonical symbol such as `BTC-USDT`, `BTC-USDT-PERP`, `BTC-USD-20261225-INV` or `NSE.SBIN-INR`.
///
/// Letters are the venue's own (case included). Parts are `[A-Za-z0-9._+@#]+`, joined by `-`; a symbol has
/// at least two parts, is at most 40 bytes long, and never holds `:`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Symbol(Box<str>);

impl Symbol {
    /// The longest symbol, in bytes: it must fit a directory entry's key.
    pub const LENGTH_MAX: usize = 40;

    /// Checks and takes a symbol.
    ///
    /// # Errors
    /// Says which rule the text breaks.
    pub fn new(text: &str) -> Result<Self, SymbolError> {
        let fail = |reason| Err(SymbolError { text: text.to_owned(), reason });
        if text.len() > Self::LENGTH_MAX {
            return fail("is longer than 40 bytes");
        }
        let mut parts = 0;
        for part in text.split('-') {
            if part.is_empty() {
                return fail("has an empty part");
            }
            if !part.bytes().all(|b| b.is_ascii_alphanumeric() || b"._+@#".contains(&b)) {
                return fail("holds a character outside A-Z a-z 0-9 . _ + @ #");
            }
            parts += 1;
        }
        if parts < 2 {
            return fail("is not BASE-QUOTE");
        }
        Ok(Self(text.into()))
    }

    /// The symbol as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for Symbol {
    type Err = SymbolError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text)
    }
}

/// The text is not a canonical symbol.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SymbolError {
    text: String,
    reason: &'static str,
}

impl fmt::Display for SymbolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "symbol \"{}\" {}; write it like BTC-USDT", self.text, self.reason)
    }
}

impl std::error::Error for SymbolError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_forms_of_every_market() {
        for text in [
            "BTC-USDT",
            "BTC-USDT-PERP",
            "BTC-USD-20261225-INV",
            "xyz.TSLA-USD-PERP",
            "NSE.SBIN-INR",
            "@107-USDC",
            "AAPLx-USD",
        ] {
            assert_eq!(Symbol::new(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn refuses_what_would_break_a_key() {
        for (text, reason) in [
            ("BTCUSDT", "is not BASE-QUOTE"),
            ("", "has an empty part"),
            ("BTC-", "has an empty part"),
            ("BTC-US:DT", "holds a character"),
            ("BTC/USD-X", "holds a character"),
            ("ÅBC-USDT", "holds a character"),
            (&"A".repeat(41), "is longer than 40 bytes"),
        ] {
            let error = Symbol::new(text).unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
