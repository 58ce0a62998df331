//! Why a plane does not start.

use tickplane_model::ExchangeId;
use tickplane_segments::SegmentError;

/// Why a plane does not start.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// The instance or its memory cannot be had.
    #[error(transparent)]
    Segment(#[from] SegmentError),
    /// An exchange's config cannot be used.
    #[error("{exchange}: {reason}")]
    Exchange {
        /// The exchange.
        exchange: ExchangeId,
        /// What is wrong.
        reason: String,
    },
    /// The control socket cannot be had.
    #[error("{0}")]
    Control(String),
    /// The system refuses a thread or epoll.
    #[error("the system refuses a thread: {0}; raise `ulimit -u` or the container's pids limit")]
    Thread(std::io::Error),
}

impl DaemonError {
    /// The exit code of the command: 2 where the user has to change something, 1 otherwise.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Segment(_) | Self::Exchange { .. } => 2,
            Self::Control(_) | Self::Thread(_) => 1,
        }
    }
}
