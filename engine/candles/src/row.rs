//! One row under construction: everything that a further trade, however late, needs to change it exactly.

use tickplane_model::{Candle, IdForm, NS_PER_MS, Quality, Side, Trade, TradeFlags, TradeId};

use crate::prepared::Amounts;
use crate::sum::Sum;

/// A row and its exact sums.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    open: f64,
    high: f64,
    low: f64,
    /// Price of the last trade; in a row without trades the close it would carry on (NaN when none is known).
    pub(crate) close: f64,
    /// Exchange time and number of the trade that gave `open`.
    open_ns: i64,
    open_number: u64,
    /// Exchange time and number of the trade that gave `close`.
    close_ns: i64,
    close_number: u64,
    volume: Sum<4>,
    taker_buy_volume: Sum<4>,
    quote_volume: Sum<8>,
    trade_count: u64,
    /// Sum of the outages inside the interval; longer than it where outages overlap.
    pub(crate) gap_ns: i64,
    /// Flags and revisions; gap and synthetic are derived when the row is read.
    pub(crate) quality: Quality,
    /// Whether the prices are those of trades (or of a venue's candle).
    pub(crate) traded: bool,
    /// Whether an earlier process or the venue built it: its trades are not known one by one.
    pub(crate) restored: bool,
    /// The venue's candle did not tell the quote volume, or the taker's part.
    unknown: [bool; 2],
    /// Changed since it was last published.
    pub(crate) dirty: bool,
}

impl Row {
    /// A row without trades that carries on the close before it.
    pub(crate) fn quiet(carry: f64) -> Self {
        Self {
            open: carry,
            high: carry,
            low: carry,
            close: carry,
            open_ns: i64::MAX,
            open_number: 0,
            close_ns: i64::MIN,
            close_number: 0,
            volume: Sum::default(),
            taker_buy_volume: Sum::default(),
            quote_volume: Sum::default(),
            trade_count: 0,
            gap_ns: 0,
            quality: Quality::default(),
            traded: false,
            restored: false,
            unknown: [false; 2],
            dirty: false,
        }
    }

    /// A row that an earlier process published, or the venue's own; `carry` is its close, or the one before it if it has none. Its open and
    /// close stay: the times of their trades are not known. Its sums go on from the published numbers, which are the
    /// exact sums where those have at most 15 digits, and rounded ones otherwise.
    pub(crate) fn restored(candle: &Candle, carry: f64) -> Self {
        let traded = candle.close.is_finite() && !candle.quality.contains(Quality::SYNTHETIC);
        let gap_ns = i64::from(candle.quality.gap_ms()) * NS_PER_MS;
        let quality = candle.quality.with_gap_ms(0).without(Quality::SYNTHETIC);
        let quiet = Self { gap_ns, quality, restored: true, ..Self::quiet(carry) };
        if !traded {
            return quiet;
        }
        Self {
            open: candle.open,
            high: candle.high,
            low: candle.low,
            close: candle.close,
            open_ns: i64::MIN,
            close_ns: i64::MAX,
            volume: Sum::of(candle.volume),
            taker_buy_volume: Sum::of(candle.taker_buy_volume),
            quote_volume: Sum::of(candle.quote_volume),
            trade_count: candle.trade_count,
            unknown: [candle.quote_volume.is_nan(), candle.taker_buy_volume.is_nan()],
            traded,
            ..quiet
        }
    }

    /// Takes a trade of this interval. Open and close go by exchange time; among equal times by the venue's number, so
    /// that a trade fetched later still finds its place; where there is none by arrival, so the open is the first to
    /// arrive of the earliest, the close the last to arrive of the latest.
    #[inline]
    pub(crate) fn fold(&mut self, trade: &Trade, amounts: &Amounts) {
        if self.traded {
            self.high = self.high.max(trade.price);
            self.low = self.low.min(trade.price);
        } else {
            (self.high, self.low, self.traded) = (trade.price, trade.price, true);
            self.quality = self.quality.without(Quality::MARKET_CLOSED);
        }
        let number = number(trade.id);
        if trade.exchange_ns < self.open_ns || (trade.exchange_ns == self.open_ns && number < self.open_number) {
            (self.open, self.open_ns, self.open_number) = (trade.price, trade.exchange_ns, number);
        }
        if trade.exchange_ns > self.close_ns || (trade.exchange_ns == self.close_ns && number >= self.close_number) {
            (self.close, self.close_ns, self.close_number) = (trade.price, trade.exchange_ns, number);
        }
        self.volume.add(amounts.quantity);
        self.quote_volume.add(amounts.quote);
        if trade.side() == Side::Buy {
            self.taker_buy_volume.add(amounts.quantity);
        }
        self.trade_count += 1;
        if trade.flags.contains(TradeFlags::BACKFILLED) {
            self.quality = self.quality.with(Quality::BACKFILLED);
        }
    }

    /// Adds to the time the stream was down.
    pub(crate) fn add_gap(&mut self, gap_ns: i64) {
        self.gap_ns = self.gap_ns.saturating_add(gap_ns);
    }

    /// Takes time back that turned out to miss nothing.
    pub(crate) fn remove_gap(&mut self, gap_ns: i64) {
        self.gap_ns = (self.gap_ns - gap_ns).max(0);
    }

    /// Whether it is the venue's own candle, which contains every trade of its interval.
    pub(crate) fn is_of_venue(&self) -> bool {
        self.quality.contains(Quality::VENUE)
    }

    /// Whether the market was open and the row is known to have had no trade, and a close to carry on is known.
    fn is_synthetic(&self) -> bool {
        !self.traded && self.gap_ns == 0 && self.close.is_finite() && !self.is_market_closed()
    }

    fn is_market_closed(&self) -> bool {
        self.quality.contains(Quality::MARKET_CLOSED)
    }

    /// Carries on another close than before; says whether that shows.
    pub(crate) fn carry_on(&mut self, close: f64) -> bool {
        debug_assert!(!self.traded);
        let changed = self.close.to_bits() != close.to_bits();
        (self.open, self.high, self.low, self.close) = (close, close, close, close);
        changed && self.is_synthetic()
    }

    /// The row as others read it. A row without trades is synthetic at the close before it; where the stream was down
    /// or no close is known it is a gap: prices NaN, and a gap of the whole interval if no other is known. Where the market
    /// was closed it has neither prices nor a gap.
    pub(crate) fn candle(&self, open_time_ns: i64, length_ns: i64) -> Candle {
        let mut quality = self.quality;
        let mut gap_ns = self.gap_ns.min(length_ns);
        let (mut open, mut high, mut low, mut close) = (self.open, self.high, self.low, self.close);
        if self.is_synthetic() {
            quality = quality.with(Quality::SYNTHETIC);
        } else if !self.traded {
            (open, high, low, close) = (f64::NAN, f64::NAN, f64::NAN, f64::NAN);
            gap_ns = match (self.is_market_closed(), gap_ns) {
                (true, _) => 0,
                (false, 0) => length_ns,
                (false, gap_ns) => gap_ns,
            };
        }
        let known = |unknown: bool, sum: f64| if unknown { f64::NAN } else { sum };
        Candle {
            open_time_ns,
            open,
            high,
            low,
            close,
            volume: self.volume.nearest(),
            quote_volume: known(self.unknown[0], self.quote_volume.nearest()),
            taker_buy_volume: known(self.unknown[1], self.taker_buy_volume.nearest()),
            trade_count: self.trade_count,
            quality: quality.with_gap_ms(ceil_ms(gap_ns)),
        }
    }
}

/// The venue's number of a trade; 0 for an id that orders nothing.
#[inline]
fn number(id: TradeId) -> u64 {
    if id.form == IdForm::Number && id.high == 0 { id.low } else { 0 }
}

/// Milliseconds, rounded up so that no gap vanishes.
fn ceil_ms(gap_ns: i64) -> u32 {
    u32::try_from((gap_ns + NS_PER_MS - 1) / NS_PER_MS).unwrap_or(u32::MAX)
}
