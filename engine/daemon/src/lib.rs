//! The tickplane process: config, threads, HTTPS, control socket. Everything that decides, waits or formats lives
//! here; the data path's threads are only started and told.
#![forbid(unsafe_code)]

mod bell;
mod config;
mod control_socket;
mod daemon;
mod error;
mod fetch_pool;
mod gate;
mod history;
mod history_pool;
mod https;
mod ledger;
mod memory;
mod plane;
mod rest;
mod talk;
mod threads;
mod trust;
mod venue;

pub use config::{
    Config, ConfigError, ConfigFileError, ExchangeConfig, HistoryRows, INSTANCE, MarketHosts, NotCarried, Reconcile,
    THREADS_MAX, TOP, UnknownReconcile, carried, nearest,
};
pub use control_socket::{ControlAnswer, ControlError, ControlRequest, request};
pub use daemon::{Daemon, Started};
pub use error::DaemonError;
pub use ledger::{Booked, Claim, Ledger};
pub use memory::{arena_bytes, plane_bytes, symbol_bytes, symbol_own_bytes};
