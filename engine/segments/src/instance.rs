//! An instance: the folder in which one plane keeps its segments.

use std::path::{Path, PathBuf};

use tickplane_model::ExchangeId;

use crate::SegmentError;

/// Where instances live unless the user says otherwise: a file system in memory.
pub const DEFAULT_ROOT: &str = "/dev/shm/tickplane";

const NAME_LENGTH_MAX: usize = 64;

/// A root folder and the name of a plane in it. Nothing is touched until a plane is opened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Instance {
    directory: PathBuf,
    name: String,
}

impl Instance {
    /// Names an instance; without a root it lives under [`DEFAULT_ROOT`].
    ///
    /// # Errors
    /// When the name is not 1 to 64 letters, digits, `-` and `_`.
    pub fn new(root: Option<&Path>, name: &str) -> Result<Self, SegmentError> {
        let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if name.is_empty() || name.len() > NAME_LENGTH_MAX || !name.bytes().all(good) {
            return Err(SegmentError::Name(name.to_owned()));
        }
        let directory = root.unwrap_or(Path::new(DEFAULT_ROOT)).join(name);
        Ok(Self { directory, name: name.to_owned() })
    }

    /// Its folder.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether a process, this one or another, writes it now; `None` if there is nothing, or this user may not ask.
    #[must_use]
    pub fn is_held(&self) -> Option<bool> {
        crate::lock::is_held(&self.lock_path())
    }

    /// Bytes an unprivileged process may still take on the file system of the root; the folder need not exist yet.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn free_bytes(&self) -> Result<u64, SegmentError> {
        let existing = self.directory.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/"));
        free_bytes(existing)
    }

    pub(crate) fn lock_path(&self) -> PathBuf {
        self.directory.join("lock")
    }

    pub(crate) fn plane_path(&self) -> PathBuf {
        self.directory.join("plane.seg")
    }

    pub(crate) fn exchange_path(&self, exchange: ExchangeId) -> PathBuf {
        self.directory.join(format!("{exchange}.seg"))
    }
}

pub(crate) fn free_bytes(path: &Path) -> Result<u64, SegmentError> {
    let stat = rustix::fs::statvfs(path).map_err(|e| SegmentError::io("ask for free space on", path)(e.into()))?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}
