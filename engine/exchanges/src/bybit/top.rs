//! Best bid and ask, kept from messages that tell only what changed.

use std::collections::HashMap;

use tickplane_model::{Level, RejectReason};

/// Tickers that one connection may be told of: more than the venue lists.
const TICKERS_MAX: usize = 10_000;

/// Best bid and ask of one ticker; `None` for a side that is empty or unknown.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(super) struct Top {
    pub(super) bid: Option<Level>,
    pub(super) ask: Option<Level>,
}

impl Top {
    /// Takes the levels of a message on one side: a quantity of 0 deletes.
    pub(super) fn take(side: &mut Option<Level>, levels: &[Level]) {
        for level in levels {
            if level.quantity > 0.0 {
                *side = Some(*level);
            } else if side.is_some_and(|best| best.price == level.price) {
                *side = None;
            }
        }
    }
}

/// Price and quantity; NaN for a side that is empty.
pub(super) fn side(level: Option<Level>) -> (f64, f64) {
    level.map_or((f64::NAN, f64::NAN), |level| (level.price, level.quantity))
}

/// The tops of a connection's tickers.
#[derive(Default)]
pub(super) struct Tops(HashMap<Box<str>, Top>);

impl Tops {
    /// The one of a ticker. Only the first message of each allocates.
    pub(super) fn of(&mut self, ticker: &str) -> Result<&mut Top, RejectReason> {
        if !self.0.contains_key(ticker) {
            if self.0.len() >= TICKERS_MAX {
                return Err(RejectReason::TooLarge);
            }
            self.0.insert(ticker.into(), Top::default());
        }
        self.0.get_mut(ticker).ok_or(RejectReason::UnknownSymbol)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(price: f64, quantity: f64) -> Level {
        Level { price, quantity }
    }

    #[test]
    fn a_new_best_replaces_the_old_one_whichever_is_named_first() {
        for levels in [[level(10.0, 0.0), level(9.0, 2.0)], [level(9.0, 2.0), level(10.0, 0.0)]] {
            let mut side = Some(level(10.0, 1.0));
            Top::take(&mut side, &levels);
            assert_eq!(side, Some(level(9.0, 2.0)));
        }
        let mut side = Some(level(10.0, 1.0));
        Top::take(&mut side, &[]);
        assert_eq!(side, Some(level(10.0, 1.0)), "nothing named, nothing changed");
        Top::take(&mut side, &[level(10.0, 0.0)]);
        assert_eq!(side, None);
    }

    #[test]
    fn tickers_are_bounded() {
        let mut tops = Tops::default();
        assert!((0..TICKERS_MAX).all(|number| tops.of(&number.to_string()).is_ok()));
        assert_eq!(tops.of("one more"), Err(RejectReason::TooLarge));
        assert!(tops.of("7").is_ok());
    }
}
