//! Messages of the exchanges into events: one folder of pure functions per exchange, one line each in the registry.
//!
//! Nothing here does I/O or reads a clock. A shard hands in bytes and takes events; the cold path takes requests
//! and hands back answers.
#![forbid(unsafe_code)]

mod answer;
mod binance;
mod coinbase;
mod exchange;
mod field;
mod kraken;
mod plan;
mod registry;
mod symbols;
mod text_session;

pub use exchange::{
    AnswerError, CandleFacts, ConnectionPlan, Endpoint, Exchange, Fees, Hosts, Limits, Meta, Method, Outbox, Outgoing,
    Payload, Rate, Request, Session, TradeIds, TradeMark, TradePages, WantedTrades,
};
pub use registry::{all, decoder, exchange};
