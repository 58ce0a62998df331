//! Text into numbers: decimals, times and JSON.
//!
//! Every failure is a small `Copy` reason. After the first messages nothing here allocates: buffers are kept and
//! grow to the largest message seen.
#![forbid(unsafe_code)]

mod decimal;
mod json;
mod time;
mod value;

pub use decimal::{NumberError, decimal, integer, integer128, unsigned_decimal};
pub use json::{Document, JsonError, JsonReader};
pub use time::{TimeError, fractional_seconds, microseconds, milliseconds, nanoseconds, rfc3339, seconds};
pub use value::{Array, Items, Object, Value};
