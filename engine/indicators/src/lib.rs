//! Candles into indicator values.
//!
//! An [`IndicatorSpec`] is a name as users write it, such as `macd_12_26_9`; an [`IndicatorSet`] is all indicators of
//! one series. Plain names mean what TA-Lib means by them, `_tv` what TradingView does where it differs, and
//! [`Kind`] has the definitions. The recurrences are computed by the official `ta-lib` crate; what it lacks, and what
//! it would let drift over years, is ours.
//!
//! | row | closes | true range (atr, the ATR of macdv) | volume (vwap, obv) | values |
//! |---|---|---|---|---|
//! | traded | feed | feeds | feeds | of every indicator |
//! | synthetic | feed | does not: a quiet market is no sign of a calm one | does not | atr, vwap and obv are carried |
//! | gap | do not | does not | does not | NaN |
//!
//! The true range of the first row after a gap reaches from the last close known before it.
//!
//! | file | noun |
//! |---|---|
//! | `set.rs` | all indicators of a series, with checkpoints |
//! | `spec.rs`, `kind.rs` | an indicator's name and parameters; the kinds there are |
//! | `engine.rs` | what computes an indicator, whichever it is |
//! | `input.rs`, `past.rs` | the row at hand; the rows before it, for windows and seeds |
//! | `talib.rs` | those that the `ta-lib` crate computes |
//! | `window.rs` | mean and variance over a window (sma, bbands) |
//! | `average.rs`, `range.rs`, `macd.rs` | averages with TradingView's seeds, and what is made of them (macdv, `_tv`) |
//! | `sum.rs`, `vwap.rs`, `obv.rs` | sums of volume |
#![forbid(unsafe_code)]

mod average;
mod engine;
mod input;
mod kind;
mod macd;
mod obv;
mod past;
mod range;
mod set;
mod spec;
mod sum;
mod talib;
mod vwap;
mod window;

pub use kind::{Kind, OUTPUTS_MAX, PERIOD_MAX};
pub use set::{CHECKPOINT_ROWS, IndicatorSet, REACH_ROWS};
pub use spec::{IndicatorSpec, SpecError};
