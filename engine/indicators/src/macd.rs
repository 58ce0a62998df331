//! The distance of two averages of the close, plain and in units of the average true range, with TradingView's seeds.

use crate::average::Average;
use crate::input::Input;
use crate::range::Range;

/// Two averages and their distance.
#[derive(Clone, Copy, Debug)]
struct Distance {
    fast: Average,
    slow: Average,
}

impl Distance {
    fn new(fast: u16, slow: u16) -> Self {
        Self { fast: Average::exponential(fast), slow: Average::exponential(slow) }
    }

    #[inline]
    fn update(&mut self, close: f64) -> f64 {
        self.fast.update(close);
        self.slow.update(close);
        self.fast.value() - self.slow.value()
    }
}

/// A line's average, from its first value on.
#[derive(Clone, Copy, Debug)]
struct Signal(Average);

impl Signal {
    /// Line, signal, histogram.
    #[inline]
    fn update(&mut self, line: f64) -> [f64; 3] {
        if !line.is_finite() {
            return [line, f64::NAN, f64::NAN];
        }
        self.0.update(line);
        [line, self.0.value(), line - self.0.value()]
    }
}

/// `EMA fast - EMA slow`, its signal (an EMA of it) and their difference.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MacdTv {
    distance: Distance,
    signal: Signal,
}

impl MacdTv {
    pub(crate) fn new(fast: u16, slow: u16, signal: u16) -> Self {
        Self { distance: Distance::new(fast, slow), signal: Signal(Average::exponential(signal)) }
    }

    #[inline]
    pub(crate) fn update(&mut self, input: &Input) -> [f64; 3] {
        self.signal.update(self.distance.update(input.close))
    }
}

/// `(EMA fast - EMA slow) / ATR * 100`, its signal and their difference, after Spiroglou 2022.
///
/// The ATR is the informative one: rows without trades have no true range and leave it as it is. Forward-filled rows
/// would let it decay, and MACD-V explode, exactly where the market is thin.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Macdv {
    distance: Distance,
    range: Range,
    signal: Signal,
}

impl Macdv {
    pub(crate) fn new(fast: u16, slow: u16, range: u16, signal: u16) -> Self {
        Self {
            distance: Distance::new(fast, slow),
            range: Range::new(range),
            signal: Signal(Average::exponential(signal)),
        }
    }

    #[inline]
    pub(crate) fn update(&mut self, input: &Input) -> [f64; 3] {
        let (distance, range) = (self.distance.update(input.close), self.range.update(input));
        self.signal.update(normalised(distance, range))
    }
}

/// In a market that has never moved a distance of 0 is 0; any other has no measure. Never floored, never capped.
#[inline]
fn normalised(distance: f64, range: f64) -> f64 {
    match (distance == 0.0, range == 0.0) {
        (true, true) => 0.0,
        (false, true) => f64::NAN,
        _ => distance / range * 100.0,
    }
}
