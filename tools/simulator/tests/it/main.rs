//! A plain client against every simulated venue, over real sockets and real time.
#![allow(clippy::disallowed_methods, reason = "a test opens sockets, sleeps and reads the clock")]

mod captures;
mod client;
mod cost;
mod faults;
mod start;
mod tally;
mod venues;
