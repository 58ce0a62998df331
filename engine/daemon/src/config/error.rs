//! What is wrong with a config, and where.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// One mistake and the line it stands in.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ConfigError {
    /// Line, from 1.
    pub line: usize,
    /// What is wrong and what would be right.
    pub message: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for ConfigError {}

/// A config file that cannot be used.
#[derive(Debug)]
pub enum ConfigFileError {
    /// It cannot be read.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It can be read, and these are its mistakes in the order of lines.
    Wrong {
        /// The file.
        path: PathBuf,
        /// All of them.
        errors: Vec<ConfigError>,
    },
}

impl fmt::Display for ConfigFileError {
    /// A line per mistake, `FILE:LINE: message`, without a final line end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { path, error } => write!(f, "config file {}: {error}", path.display()),
            Self::Wrong { path, errors } => {
                for (at, error) in errors.iter().enumerate() {
                    let end = if at == 0 { "" } else { "\n" };
                    write!(f, "{end}{}:{}: {}", path.display(), error.line, error.message)?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for ConfigFileError {}
