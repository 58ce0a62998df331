//! Whether an instrument's quotes live. The proof that they do not is its trades: quotes that stand still while trades go
//! on beyond them are wrong, and no REST answer is needed to know it.
//!
//! ```text
//! quotes   ● ● ●● ●            (silent beyond their rhythm)
//! trades      ×  ×   ×  × ×    ×  ×  ⊗ ⊗  ⊗ ⊗ ⊗   ⊗ ⊗ ⊗        ⊗ at a price that the last quote rules out
//! ```

use tickplane_model::Quote;

use crate::now::Now;
use crate::rhythm::Rhythm;
use crate::watch::Cure;

/// Seconds with such trades before the quotes count as dead: a trade that sweeps the book may come before its quote.
const SIGNS: u32 = 8;
/// Signs are counted at most this often.
const SIGN_EVERY_MS: u64 = 1_000;
/// The shortest and longest time between two reconnects for the quotes' sake.
const RECONNECT_MS: (u64, u64) = (60_000, 3_600_000);

/// The quotes of one stream. Times are monotonic.
#[derive(Debug, Default)]
pub(crate) struct Quotes {
    rhythm: Rhythm,
    /// Bid and ask of the last quote, on whatever connection it came.
    sides: Option<(f64, f64)>,
    /// When that was, or when the subscription began.
    since_ns: u64,
    signs: u32,
    /// When the next sign may be counted.
    next_sign_ns: u64,
    /// Times in a row that they were found dead.
    cures: u32,
    next_reconnect_ns: u64,
}

impl Quotes {
    /// A quote came.
    #[inline]
    pub(crate) fn heard(&mut self, quote: &Quote, stamp: Now) {
        self.rhythm.heard(stamp);
        self.sides = Some((quote.bid_price, quote.ask_price));
        self.since_ns = stamp.monotonic_ns;
        (self.signs, self.cures) = (0, 0);
    }

    /// The subscription begins, or is taken anew.
    pub(crate) fn up(&mut self, now: Now) {
        self.rhythm.interrupt();
        self.since_ns = now.monotonic_ns;
        self.signs = 0;
    }

    /// A live trade came at this price.
    #[inline]
    pub(crate) fn traded(&mut self, price: f64, stamp: Now) {
        let is_covered = self.sides.is_some_and(|(bid, ask)| bid <= price && price <= ask);
        if !is_covered && stamp.monotonic_ns >= self.next_sign_ns {
            self.uncovered(stamp);
        }
    }

    /// Of an instrument that never had a quote nobody knows whether it should.
    #[cold]
    fn uncovered(&mut self, stamp: Now) {
        self.next_sign_ns = stamp.after_ms(SIGN_EVERY_MS);
        if self.sides.is_some() && stamp.monotonic_ns >= self.since_ns + self.rhythm.patience_ns() {
            self.signs += 1;
        }
    }

    /// What is to be done about quotes that are dead; `None` while nothing shows that they are.
    pub(crate) fn cure(&mut self, now: Now) -> Option<Cure> {
        if self.signs < SIGNS {
            return None;
        }
        self.up(now);
        if self.cures > 0 && now.monotonic_ns < self.next_reconnect_ns {
            return Some(Cure::Wait);
        }
        self.cures += 1;
        if self.cures == 1 {
            return Some(Cure::Resubscribe);
        }
        let wait_ms = RECONNECT_MS.0 << (self.cures - 2).min(6);
        self.next_reconnect_ns = now.after_ms(wait_ms.min(RECONNECT_MS.1));
        Some(Cure::Reconnect)
    }
}
