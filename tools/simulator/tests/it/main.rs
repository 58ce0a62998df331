//! A plain client against every simulated venue, over real sockets and real time.

mod client;
mod cost;
mod start;
mod tally;
mod venues;
