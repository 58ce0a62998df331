//! A shard and its worker without sockets, threads or clock: bytes and time are moved by hand.
#![allow(clippy::disallowed_methods, reason = "tests have every power")]

mod acks;
mod book;
mod connection;
mod granting;
mod history;
mod lifecycle;
mod limits;
mod memory;
mod quotes;
mod repair;
mod revision;
mod rig;
mod simulation;
mod staleness;
mod times;
mod trades;
