//! The instance's lock: an open-file-description lock, gone with its process, however that ended.
//!
//! The file is never renamed. It may be removed by the holder; so whoever gets the lock checks that the file it
//! locked is still the one of that name.
#![allow(clippy::disallowed_methods, reason = "the lock is a file, whose holder gets a moment to name itself")]

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::fail_point::{self, FilePoint};
use crate::{SegmentError, process};

/// How often, and how long apart, a loser looks for the winner's name: the lock is taken a moment before.
const NAME_TRIES: u32 = 20;
const NAME_PAUSE: Duration = Duration::from_millis(1);

/// The lock, held until it is dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
}

impl Drop for Lock {
    /// Unlocks by word: closing alone would leave the lock with a child that was forked and has not reached its exec.
    fn drop(&mut self) {
        // A name that is left behind only makes the next loser look twice.
        let _ = self.file.set_len(0);
        let request = request(libc::F_UNLCK);
        // SAFETY: F_OFD_SETLK reads one `flock`, which `request` is.
        unsafe { libc::fcntl(self.file.as_raw_fd(), libc::F_OFD_SETLK, &raw const request) };
    }
}

impl Lock {
    /// Takes the lock, making its file if there is none, and writes this process's id into it.
    pub(crate) fn take(path: &Path) -> Result<Self, SegmentError> {
        loop {
            let mut file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .open(path)
                .map_err(SegmentError::io("open the lock", path))?;
            fail_point::pass(FilePoint::LockMade);
            if !try_lock(file.as_raw_fd()).map_err(SegmentError::io("lock", path))? {
                return Err(SegmentError::Locked { path: path.to_owned(), pid: holder(&mut file) });
            }
            if is_at(&file, path) {
                fail_point::pass(FilePoint::LockTaken);
                note_holder(&mut file).map_err(SegmentError::io("write", path))?;
                fail_point::pass(FilePoint::LockNoted);
                return Ok(Self { file });
            }
        }
    }
}

fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), path.metadata()) {
        (Ok(held), Ok(named)) => (held.dev(), held.ino()) == (named.dev(), named.ino()),
        _ => false,
    }
}

fn note_holder(file: &mut File) -> std::io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

/// Whose lock it is. A process that was killed leaves its name: it is not believed before such a process lives.
fn holder(file: &mut File) -> Option<u32> {
    for attempt in 0..NAME_TRIES {
        if attempt > 0 {
            std::thread::sleep(NAME_PAUSE);
        }
        let named = name_in(file);
        if named.is_some_and(|pid| process::start_ticks(pid).is_ok()) {
            return named;
        }
    }
    None
}

fn name_in(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.read_to_string(&mut text).ok()?;
    text.strip_suffix('\n')?.parse().ok()
}

/// Whether some process holds the lock; `None` if this one may not ask.
pub(crate) fn is_held(path: &PathBuf) -> Option<bool> {
    let file = File::open(path).ok()?;
    let mut request = request(libc::F_RDLCK);
    // A read lock conflicts with the holder's write lock, and an O_RDONLY descriptor may ask for it.
    // SAFETY: F_OFD_GETLK reads and writes one `flock`, which `request` is.
    let answer = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_OFD_GETLK, &raw mut request) };
    (answer == 0).then_some(request.l_type != libc::F_UNLCK as libc::c_short)
}

fn try_lock(fd: RawFd) -> std::io::Result<bool> {
    let request = request(libc::F_WRLCK);
    // SAFETY: F_OFD_SETLK reads one `flock`, which `request` is.
    if unsafe { libc::fcntl(fd, libc::F_OFD_SETLK, &raw const request) } == 0 {
        return Ok(true);
    }
    let error = std::io::Error::last_os_error();
    match error.raw_os_error() {
        Some(libc::EAGAIN | libc::EACCES) => Ok(false),
        _ => Err(error),
    }
}

/// The whole file.
fn request(kind: libc::c_int) -> libc::flock {
    // SAFETY: `flock` is plain integers, for which zero is a value; the kernel wants l_pid = 0.
    let mut request: libc::flock = unsafe { std::mem::zeroed() };
    request.l_type = kind as libc::c_short;
    request.l_whence = libc::SEEK_SET as libc::c_short;
    request
}
