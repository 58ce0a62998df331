//! What computes an indicator, whichever it is.

use crate::input::Input;
use crate::kind::Kind;
use crate::macd::{MacdTv, Macdv};
use crate::obv::Obv;
use crate::past::Pasts;
use crate::range::Range;
use crate::spec::IndicatorSpec;
use crate::talib::{Talib, Values, single};
use crate::vwap::{Anchor, Vwap};
use crate::window::Window;

/// An indicator's state after the rows it was given. The rows it looks back to stand beside it, so that a copy of it
/// is plain data.
#[derive(Clone, Debug)]
pub(crate) enum Engine {
    Talib(Talib),
    Sma(Window),
    Bands { window: Window, deviations: f64 },
    AtrTv(Range),
    MacdTv(MacdTv),
    Macdv(Macdv),
    Vwap(Vwap),
    Obv(Obv),
}

impl Engine {
    /// One that has seen nothing.
    pub(crate) fn new(spec: &IndicatorSpec) -> Self {
        let [first, second, third, fourth] = spec.parameters();
        match spec.kind() {
            Kind::Ema | Kind::Rma | Kind::Rsi | Kind::Atr | Kind::Macd => Self::Talib(Talib::new(spec)),
            Kind::Sma => Self::Sma(Window::new(first)),
            Kind::Bbands => Self::Bands { window: Window::new(first), deviations: f64::from(second) / 100.0 },
            Kind::AtrTv => Self::AtrTv(Range::new(first)),
            Kind::MacdTv => Self::MacdTv(MacdTv::new(first, second, third)),
            Kind::Macdv => Self::Macdv(Macdv::new(first, second, third, fourth)),
            Kind::Vwap => Self::Vwap(Vwap::new(Anchor::ALL[usize::from(first)])),
            Kind::Obv => Self::Obv(Obv::talib()),
            Kind::ObvTv => Self::Obv(Obv::tv()),
        }
    }

    /// How many closes and how many bars before a row it looks back to.
    pub(crate) fn looks_back(spec: &IndicatorSpec) -> (usize, usize) {
        match spec.kind() {
            Kind::Sma | Kind::Bbands => (spec.defined_rows(), 0),
            Kind::Ema | Kind::Rma | Kind::Rsi | Kind::Macd => (spec.defined_rows() - 1, 0),
            Kind::Atr => (0, spec.defined_rows() - 1),
            Kind::AtrTv | Kind::MacdTv | Kind::Macdv | Kind::Vwap | Kind::Obv | Kind::ObvTv => (0, 0),
        }
    }

    /// Takes a row that is not a gap; `pasts` are the rows before it.
    #[inline]
    pub(crate) fn update(&mut self, input: &Input, pasts: &Pasts) -> Values {
        match self {
            Self::Talib(talib) => talib.update(input, pasts),
            Self::Sma(window) => {
                *window = window.next(input.close, &pasts.closes);
                single(window.mean())
            }
            Self::Bands { window, deviations } => {
                *window = window.next(input.close, &pasts.closes);
                bands(window, *deviations)
            }
            Self::AtrTv(range) => single(range.update(input)),
            Self::MacdTv(macd) => macd.update(input),
            Self::Macdv(macdv) => macdv.update(input),
            Self::Vwap(vwap) => single(vwap.update(input)),
            Self::Obv(obv) => single(obv.update(input)),
        }
    }

    /// What [`Self::update`] would return, bit for bit.
    #[inline]
    pub(crate) fn peek(&self, input: &Input, pasts: &Pasts) -> Values {
        match self {
            Self::Talib(talib) => talib.peek(input, pasts),
            Self::Sma(window) => single(window.next(input.close, &pasts.closes).mean()),
            Self::Bands { window, deviations } => bands(&window.next(input.close, &pasts.closes), *deviations),
            Self::AtrTv(range) => single({ *range }.update(input)),
            Self::MacdTv(macd) => { *macd }.update(input),
            Self::Macdv(macdv) => { *macdv }.update(input),
            Self::Vwap(vwap) => single({ *vwap }.update(input)),
            Self::Obv(obv) => single({ *obv }.update(input)),
        }
    }

    /// Whether it is independent of where the rows began, as far as that is no matter of how many there were.
    pub(crate) fn is_whole(&self) -> bool {
        match self {
            Self::Vwap(vwap) => vwap.is_whole(),
            _ => true,
        }
    }
}

#[inline]
fn bands(window: &Window, deviations: f64) -> Values {
    let (middle, distance) = (window.mean(), deviations * window.deviation());
    [middle + distance, middle, middle - distance]
}
