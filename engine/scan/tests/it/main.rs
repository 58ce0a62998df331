//! One binary: a second reading of JSON and decimals by serde_json and the standard library, and an allocation count.

mod allocation;
mod differential;
