//! Every runtime keeps the same promises, against a peer on a real socket that behaves as venues do at their worst.
#![allow(clippy::disallowed_methods, reason = "tests have every power")]

mod conformance;
mod rig;
