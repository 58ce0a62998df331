//! A question to a venue by REST, which the runtime carries.

use tickplane_exchanges::Request;
use tickplane_model::ExchangeId;

/// A question a shard has, to be answered by [`Shard::fetched`](crate::Shard::fetched).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fetch {
    /// Whom to ask.
    pub exchange: ExchangeId,
    /// Names the question within the shard; never used twice.
    pub ticket: u64,
    /// What to ask.
    pub request: Request,
}

/// Why a question got no answer.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FetchError {
    /// The request failed; it may be tried again.
    #[error("{0}")]
    Failed(String),
    /// The venue wants no requests for a while.
    #[error("the venue asks to wait {seconds} s")]
    RetryAfter {
        /// How long.
        seconds: u32,
    },
}
