//! Messages of the exchanges into events: one folder of pure functions per exchange, one line each in the registry.
//!
//! Nothing here does I/O or reads a clock. A shard hands in bytes and takes events; the cold path takes requests
//! and hands back answers.
#![forbid(unsafe_code)]

mod answer;
mod binance;
mod bybit;
mod coinbase;
mod contracts;
mod exchange;
mod field;
mod kraken;
mod meta;
mod pinger;
mod plan;
mod registry;
mod request;
mod symbols;
mod text_session;

pub use exchange::{ConnectionPlan, Endpoint, Exchange, Grant, Outbox, Outgoing, Payload, Session};
pub use meta::{CandleFacts, Fees, Hosts, Limits, Meta, Quirk, Rate, Regions, Scope, TradeIds, TradePages};
pub use registry::{all, decoder, exchange};
pub use request::{AnswerError, Method, Request, TradeMark, WantedTrades};
