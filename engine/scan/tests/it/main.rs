//! One binary: a second reading of JSON and decimals by serde_json and the standard library, and an allocation count.
#![allow(clippy::disallowed_methods, reason = "tests have every power")]

mod allocation;
mod differential;
