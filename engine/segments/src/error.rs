//! What can go wrong, where, and what to do about it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use tickplane_layout::header::{HeaderError, MAJOR, MINOR};
use tickplane_model::{ExchangeId, Key};

/// A writer could not take or make something.
#[derive(Debug, thiserror::Error)]
pub enum SegmentError {
    /// The instance's name or root cannot be used.
    #[error("instance name \"{0}\" must be 1 to 64 letters, digits, - and _")]
    Name(String),
    /// Another plane holds the instance.
    #[error(
        "another plane{} holds {}; stop it, or choose another --instance",
        .pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default(), .path.display()
    )]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// The holder, if it is known.
        pid: Option<u32>,
    },
    /// The file system has less room than is needed.
    #[error(
        "{} needs {} more of shared memory, but its file system has {} free: take fewer symbols, timeframes or rows, \
         enlarge it (docker run --shm-size, mount -o remount,size=), or choose another --root",
        .path.display(), Bytes(*.needed), Bytes(*.free)
    )]
    NoSpace {
        /// The file that should have grown.
        path: PathBuf,
        /// Bytes that were asked for.
        needed: u64,
        /// Bytes that are free.
        free: u64,
    },
    /// The file's virtual size is used up.
    #[error(
        "{} is full: {} of its {} are taken and {} more are needed; restart to compact it, or raise its virtual size",
        .path.display(), Bytes(*.used), Bytes(*.total), Bytes(*.needed)
    )]
    ArenaFull {
        /// The file.
        path: PathBuf,
        /// Bytes taken.
        used: u64,
        /// Its virtual size.
        total: u64,
        /// Bytes asked for.
        needed: u64,
    },
    /// The file's directory has no room for another key.
    #[error("the directory of {} is full ({capacity} keys); raise its number of entries and restart", .path.display())]
    DirectoryFull {
        /// The file.
        path: PathBuf,
        /// Its number of entries.
        capacity: u64,
    },
    /// A shape outside the limits of the format.
    #[error("{what} cannot be made: {reason}")]
    Shape {
        /// What was asked for.
        what: String,
        /// Why not.
        reason: String,
    },
    /// The same process has a writer for this already.
    #[error("{0} already has a writer in this process; drop that one first")]
    InUse(String),
    /// An existing file cannot be taken over.
    #[error("{}: {refusal}; if no other plane uses it, remove the file: history comes back from the exchange", .path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// Why.
        refusal: Refusal,
    },
    /// The system refused.
    #[error("cannot {action} {}: {source}{}", .path.display(), remedy(source))]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl SegmentError {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }
}

/// What the owner of a plane can do about an error of the system.
fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "; choose a --root you may write, or run as its owner",
        io::ErrorKind::ReadOnlyFilesystem => "; choose a --root that can be written",
        io::ErrorKind::NotFound => "; check --root",
        _ => limit(error),
    }
}

/// What a reader can do about it.
fn reader_remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "; its owner must let you read it, or you run as its owner",
        _ => limit(error),
    }
}

/// Which limit of the process an error speaks of, and how it is raised.
fn limit(error: &io::Error) -> &'static str {
    match error.raw_os_error() {
        Some(libc::EMFILE) => "; this process may have no more files open: raise `ulimit -n` (LimitNOFILE=)",
        Some(libc::ENFILE) => "; the host may have no more files open: raise fs.file-max",
        Some(libc::EFBIG) => "; this process may not make so large a file: raise `ulimit -f` (LimitFSIZE=)",
        Some(libc::ENOMEM) => "; this process may not map so much: raise `ulimit -v` (LimitAS=) and vm.max_map_count",
        _ => "",
    }
}

/// Why a segment file was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// Its header does not pass.
    Header(HeaderError),
    /// The file is shorter than its header says.
    Short,
    /// A directory entry or region does not pass.
    Entry(u64),
    /// It is a segment for something else.
    Kind,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(HeaderError::Magic) => write!(f, "not a tickplane segment"),
            Self::Header(HeaderError::NotReady) => write!(f, "the segment was never finished"),
            Self::Header(HeaderError::Endian) => write!(f, "written on a machine of another byte order"),
            Self::Header(HeaderError::Version(major, minor)) => {
                write!(f, "layout version {major}.{minor}, this program reads {MAJOR}.{MINOR}: use the same release")
            }
            Self::Header(HeaderError::Feature(bits)) => {
                write!(f, "uses features this program does not know (bits {bits:#x}): use the same release")
            }
            Self::Header(HeaderError::Checksum) => write!(f, "the header is damaged (checksum)"),
            Self::Header(HeaderError::Size) => write!(f, "the header is damaged (sizes)"),
            Self::Short => write!(f, "the file is shorter than its header says"),
            Self::Entry(index) => write!(f, "directory entry {index} is damaged"),
            Self::Kind => write!(f, "a segment of another kind or exchange"),
        }
    }
}

/// A reader could not attach.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no such plane.
    #[error("no plane at {}: start one with `tickplane run`, or name another with --instance or --root", .0.display())]
    NoPlane(PathBuf),
    /// A file was refused.
    #[error("{}: {refusal}", .path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// Why.
        refusal: Refusal,
    },
    /// The system refused.
    #[error("cannot open {}: {source}{}", .path.display(), reader_remedy(source))]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// A reader did not find what it asked for.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// The plane has no such exchange.
    #[error("the plane has no exchange \"{0}\"; `tickplane start {0}` connects it")]
    NoExchange(ExchangeId),
    /// The exchange has no such key.
    #[error("the plane has no key \"{0}\"; `tickplane ls {exchange}` lists what it has", exchange = .0.exchange())]
    NoKey(Key),
    /// A key of another kind than the call reads.
    #[error("key \"{key}\" is not one of {wanted}")]
    WrongKey {
        /// The key.
        key: Key,
        /// What the call reads.
        wanted: &'static str,
    },
    /// The exchange's segment could not be attached.
    #[error(transparent)]
    Open(#[from] OpenError),
}

/// A read gave nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ReadError {
    /// Nothing has been published yet.
    #[error("nothing has been published yet")]
    Empty,
    /// The writer was faster in every one of a bounded number of attempts; try again.
    #[error("the writer overtook every attempt; try again")]
    Busy,
    /// The region was replaced by one of another shape, or the file by a new one: find the key again.
    #[error("the region was replaced; find the key again")]
    Moved,
    /// There is no such column.
    #[error("no such column")]
    NoColumn,
}

impl From<tickplane_layout::Busy> for ReadError {
    fn from(_: tickplane_layout::Busy) -> Self {
        Self::Busy
    }
}

/// A number of bytes as people read it.
pub(crate) struct Bytes(pub(crate) u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = ["B", "KiB", "MiB", "GiB", "TiB"];
        let (mut value, mut unit) = (self.0 as f64, 0);
        while value >= 1024.0 && unit + 1 < units.len() {
            value /= 1024.0;
            unit += 1;
        }
        let digits = usize::from(unit > 0 && value < 100.0);
        write!(f, "{value:.digits$} {}", units[unit])
    }
}
