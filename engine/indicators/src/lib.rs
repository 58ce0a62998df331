//! Candles into indicator values.
//!
//! An [`IndicatorSpec`] is a name as users write it, such as `macd_12_26_9`; an [`Indicator`] is one running over one
//! series. Plain names mean what TA-Lib means by them and are computed by the official `ta-lib` crate; MACD-V, which it
//! lacks, is ours.
//!
//! | row | closes (ema, rsi, macd, the averages of macdv) | true range (atr, the ATR of macdv) | outputs |
//! |---|---|---|---|
//! | traded | feed | feeds | values |
//! | synthetic | feed | does not: a quiet market is no sign of a calm one | values; the ATR is carried |
//! | gap | do not | does not | NaN |
//!
//! The true range of the first row after a gap reaches from the last close known before it.
//!
//! | file | noun |
//! |---|---|
//! | `spec.rs` | an indicator's name and parameters |
//! | `set.rs` | all indicators of a series, with checkpoints |
//! | `indicator.rs` | one indicator over one series |
//! | `talib.rs` | those that the `ta-lib` crate computes |
//! | `macdv.rs` | MACD-V |
//! | `average.rs` | moving averages seeded by a mean |
#![forbid(unsafe_code)]

mod average;
mod indicator;
mod macdv;
mod set;
mod spec;
mod talib;

pub use indicator::Indicator;
pub use set::{CHECKPOINT_ROWS, IndicatorSet, REACH_ROWS};
pub use spec::{IndicatorSpec, Kind, OUTPUTS_MAX, PERIOD_MAX, SpecError};
