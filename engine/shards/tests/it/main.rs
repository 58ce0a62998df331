//! A shard and its worker without sockets, threads or clock: bytes and time are moved by hand.

mod connection;
mod rig;
mod trades;
