//! Integration tests of the segments: one binary. It also plays the processes that are killed or confined: those
//! tests return at once unless a parent test started them.
#![allow(clippy::disallowed_methods, reason = "tests have every power")]

mod anew;
mod damage;
mod fixture;
mod followers;
mod format;
mod golden;
mod hostile;
mod innocence;
mod kill;
mod later;
mod lifetime;
mod limits;
mod points;
mod race;
mod readers;
mod round_trip;
mod shapes;
mod space;
mod views;
mod witness;
