//! What is asked by REST, and what comes back.

use tickplane_model::{Product, TradeId};

/// HTTP method of a [`Request`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Method {
    /// GET.
    Get,
    /// POST with a body.
    Post,
}

/// One REST request, relative to the REST base of a market.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// A product of the market whose host is asked.
    pub product: Product,
    /// Method.
    pub method: Method,
    /// Path and query, beginning with `/`.
    pub path: String,
    /// Body of a POST.
    pub body: String,
    /// Extra headers.
    pub headers: Vec<(&'static str, String)>,
    /// What it counts against the venue's budget.
    pub weight: u32,
}

impl Request {
    /// A GET of weight `weight` to the host of the spot market, or to that of the venue's main market if it has none.
    #[must_use]
    pub fn get(path: impl Into<String>, weight: u32) -> Self {
        Self {
            product: Product::Spot,
            method: Method::Get,
            path: path.into(),
            body: String::new(),
            headers: Vec::new(),
            weight,
        }
    }

    /// The same as a POST of JSON.
    #[must_use]
    pub fn post(path: impl Into<String>, body: impl Into<String>, weight: u32) -> Self {
        let headers = vec![("Content-Type", "application/json".to_owned())];
        Self { method: Method::Post, body: body.into(), headers, ..Self::get(path, weight) }
    }

    /// The same to the host of this product's market.
    #[must_use]
    pub fn of(self, product: Product) -> Self {
        Self { product, ..self }
    }
}

/// A trade by which a venue can be told where to begin or end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TradeMark {
    /// Its id.
    pub id: TradeId,
    /// When the venue says it happened.
    pub exchange_ns: i64,
}

/// Which trades of an instrument are wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WantedTrades {
    /// The newest ones, as many as one answer has.
    Newest,
    /// Those after a trade that is known, that trade included so that the answer shows how far back it reaches, up to
    /// another known one if there is any. One answer may have a part of them only: the oldest at some venues, the
    /// newest at others.
    After {
        /// The last trade that is known before them.
        known: TradeMark,
        /// The first one that is known after them.
        before: Option<TradeMark>,
    },
}

/// A REST answer that could not be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AnswerError {
    /// The venue answered with its own error.
    #[error("the venue answered: {0}")]
    Venue(String),
    /// The answer is not what the venue documents.
    #[error("unexpected answer: {0}")]
    Unexpected(String),
}
