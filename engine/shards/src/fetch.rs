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
    /// Whether data is missing until it is answered. One that is not urgent gives way to those that are.
    pub is_urgent: bool,
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
    /// More is asked than our share of the venue's allowance has room for: it was not asked.
    #[error("our share of the venue's limit is spent for {seconds} s")]
    NoRoom {
        /// For about how long.
        seconds: u32,
    },
}
