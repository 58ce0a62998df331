//! How a command fails: the exit code scripts depend on, and words for people.

use std::fmt;
use std::io;
use std::process::ExitCode;

use tickplane_daemon::{ConfigFileError, ControlError, DaemonError};
use tickplane_segments::{FindError, OpenError, SegmentError};

use crate::terminal::talk;

/// Why a command ends without having done its work.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Exit 1: it failed while running.
    Failed(String),
    /// Exit 2: usage or config.
    Usage(String),
    /// Exit 2: the mistakes of a config file, each line with its place.
    Config(String),
    /// Exit 3: no plane, or the key is not there.
    NotFound(String),
    /// Exit 4: the input had rejects; the data says which.
    Rejects,
    /// The reader of our output has gone: it has what it wanted.
    OutputClosed,
}

impl Failure {
    /// Says it on stderr and gives the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        match self {
            Self::OutputClosed => return ExitCode::SUCCESS,
            Self::Rejects => {}
            Self::Config(text) => talk(text),
            Self::Failed(text) | Self::Usage(text) | Self::NotFound(text) => talk(format_args!("tickplane: {text}")),
        }
        ExitCode::from(self.code())
    }

    const fn code(&self) -> u8 {
        match self {
            Self::OutputClosed => 0,
            Self::Failed(_) => 1,
            Self::Usage(_) | Self::Config(_) => 2,
            Self::NotFound(_) => 3,
            Self::Rejects => 4,
        }
    }

    /// Failed while running.
    pub(crate) fn failed(error: impl fmt::Display) -> Self {
        Self::Failed(error.to_string())
    }

    /// Usage or config.
    pub(crate) fn usage(error: impl fmt::Display) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<io::Error> for Failure {
    /// An error of writing output; other I/O says what it was doing by itself.
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::OutputClosed,
            _ => Self::Failed(format!("writing output: {error}")),
        }
    }
}

impl From<SegmentError> for Failure {
    fn from(error: SegmentError) -> Self {
        Self::usage(error)
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::NoPlane(_) => Self::NotFound(error.to_string()),
            _ => Self::failed(error),
        }
    }
}

impl From<FindError> for Failure {
    fn from(error: FindError) -> Self {
        match error {
            FindError::NoExchange(_) | FindError::NoKey(_) => Self::NotFound(error.to_string()),
            FindError::WrongKey { .. } => Self::usage(error),
            FindError::Open(error) => error.into(),
        }
    }
}

impl From<ControlError> for Failure {
    fn from(error: ControlError) -> Self {
        match error {
            ControlError::NoPlane { .. } => Self::NotFound(error.to_string()),
            ControlError::NotOwner { .. } => Self::usage(error),
            _ => Self::failed(error),
        }
    }
}

impl From<DaemonError> for Failure {
    fn from(error: DaemonError) -> Self {
        if error.exit_code() == 2 { Self::usage(error) } else { Self::failed(error) }
    }
}

impl From<ConfigFileError> for Failure {
    fn from(error: ConfigFileError) -> Self {
        match error {
            ConfigFileError::Wrong { .. } => Self::Config(error.to_string()),
            ConfigFileError::Unreadable { .. } => Self::usage(error),
        }
    }
}
