//! The shared words of tickplane: what an exchange, a symbol, a trade, a candle and a key are, and nothing else.
//!
//! Every other crate speaks these types. They hold no I/O, read no clock and allocate only where text is kept.
#![forbid(unsafe_code)]

mod calendar;
mod candle;
mod event;
mod exchange;
mod instrument;
mod key;
mod quality;
mod quote;
mod sessions;
mod symbol;
mod time;
mod timeframe;
mod trade;

pub use calendar::Calendar;
pub use candle::Candle;
pub use event::{Event, EventSink, InstrumentIndex, Level, Named, RejectReason, Ticker};
pub use exchange::{ExchangeId, UnknownExchange};
pub use instrument::{Instrument, InstrumentStatus, Product};
pub use key::{Key, KeyError, Pattern, split_column};
pub use quality::Quality;
pub use quote::Quote;
pub use sessions::Sessions;
pub use symbol::{Symbol, SymbolError};
pub use time::{NS_PER_DAY, NS_PER_MS, NS_PER_SECOND, NS_PER_US, civil_from_days, days_from_civil, format_time};
pub use timeframe::{Timeframe, TimeframeError};
pub use trade::{IdForm, Side, Trade, TradeFlags, TradeId};
