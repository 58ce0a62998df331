//! The whole plane against simulated exchanges, over real sockets, TLS and shared memory.

mod control;
mod plane;
mod support;
