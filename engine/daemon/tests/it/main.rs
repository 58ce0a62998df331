//! The whole plane against simulated exchanges, over real sockets, TLS and shared memory.
#![allow(clippy::disallowed_methods, reason = "tests have every power")]

mod control;
mod history;
mod idle;
mod limits;
mod plane;
mod reconnects;
mod support;
