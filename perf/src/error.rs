//! Why a measurement ended without a result.

use std::time::Duration;

/// Why a measurement ended without a result.
#[derive(Debug, thiserror::Error)]
pub enum PerfError {
    /// Spinning threads would take the time from each other, and the figures would be the scheduler's.
    #[error(
        "these settings need {needed} cores and this process may use {available}; choose --runtime park or --workers 0"
    )]
    Cores {
        /// Cores the settings keep busy.
        needed: usize,
        /// Cores there are.
        available: usize,
    },
    /// A system call failed.
    #[error("cannot {what}: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// Shared memory could not be written.
    #[error(transparent)]
    Segment(#[from] tickplane_segments::SegmentError),
    /// The plane could not be opened for reading.
    #[error(transparent)]
    Open(#[from] tickplane_segments::OpenError),
    /// A key of the plane was not found.
    #[error(transparent)]
    Find(#[from] tickplane_segments::FindError),
    /// TLS could not be set up.
    #[error("TLS: {0}")]
    Tls(String),
    /// The plane did not connect as a client of the venue does.
    #[error("the plane did not subscribe: {0}")]
    Subscription(String),
    /// Something that was sent did not arrive.
    #[error("{what} {number} was not visible after {after:?}")]
    Invisible {
        /// What was sent.
        what: &'static str,
        /// Which.
        number: u64,
        /// How long was waited.
        after: Duration,
    },
    /// Something else arrived than was sent.
    #[error("{what} {number} came out as {found}")]
    Wrong {
        /// What was sent.
        what: &'static str,
        /// Which.
        number: u64,
        /// What was found.
        found: String,
    },
    /// A command that the record needs failed.
    #[error("`{command}` failed: {reason}")]
    Command {
        /// The command.
        command: String,
        /// Why.
        reason: String,
    },
}

impl PerfError {
    /// Says what was tried when a system call failed.
    pub(crate) fn io(what: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Io { what, source }
    }
}
