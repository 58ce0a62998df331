//! The planner of histories against a venue in virtual time.

mod history;
