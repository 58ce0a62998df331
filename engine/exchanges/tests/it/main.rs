//! The conformance suite: every exchange of the registry against its fixtures, its limits and real captures.
#![allow(clippy::disallowed_methods, reason = "tests have every power")]

mod acks;
mod allocation;
mod captures;
mod fixtures;
mod instruments;
mod live_session;
mod metadata;
mod mutations;
mod rest;
mod shown;
mod subscriptions;
mod words;
