//! One segment file: made under a temporary name, mapped once, checked before anything in it is believed.
#![allow(clippy::disallowed_methods, reason = "a segment is a file")]

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::FallocateFlags;
use tickplane_layout::Word;
use tickplane_layout::directory::{Directory, ENTRY_WORDS, Entry};
use tickplane_layout::header::{HEADER_BYTES, HEADER_WORDS, Header, HeaderError, Identity};
use tickplane_layout::region::{HEADER_WORDS as REGION_HEADER_WORDS, PAGE_BYTES, RegionHeader};
use tickplane_layout::sync::Ordering;

use crate::error::Refusal;
use crate::fail_point::{self, FilePoint};
use crate::instance::free_bytes;
use crate::mapping::Mapping;
use crate::{OpenError, SegmentError};

const FILE_MODE: u32 = 0o644;

/// A mapped segment whose header was checked.
#[derive(Debug)]
pub(crate) struct Segment {
    mapping: Mapping,
    file: File,
    path: PathBuf,
    identity: Identity,
}

/// Why a file could not be mapped as a segment.
pub(crate) enum MapError {
    Io(io::Error),
    Refused(Refusal),
}

impl Segment {
    /// Makes a segment file of full virtual size under a temporary name: header and directory are backed by memory,
    /// the rest is not. Nobody sees it before [`publish`](Self::publish).
    pub(crate) fn make(path: &Path, identity: Identity) -> Result<Self, SegmentError> {
        let temporary = temporary_path(path);
        let made = Self::make_at(&temporary, path, identity);
        if made.is_err() {
            // Half-made and never seen: the error is what matters.
            let _ = std::fs::remove_file(&temporary);
        }
        made
    }

    fn make_at(temporary: &Path, path: &Path, identity: Identity) -> Result<Self, SegmentError> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .mode(FILE_MODE)
            .open(temporary)
            .map_err(SegmentError::io("make", path))?;
        fail_point::pass(FilePoint::FileMade);
        check_file_limit(identity.total_bytes).map_err(SegmentError::io("size", path))?;
        file.set_len(identity.total_bytes).map_err(SegmentError::io("size", path))?;
        fail_point::pass(FilePoint::FileSized);
        reserve(&file, path, 0, identity.regions_offset())?;
        fail_point::pass(FilePoint::FileReserved);
        let mapping = Mapping::writable(&file, identity.total_bytes).map_err(SegmentError::io("map", path))?;
        let segment = Self { mapping, file, path: path.to_owned(), identity };
        segment.header().write(&identity);
        Ok(segment)
    }

    /// Gives a made segment its name; a file of that name stays mapped by whoever had it open.
    pub(crate) fn publish(&self) -> Result<(), SegmentError> {
        fail_point::pass(FilePoint::FileWritten);
        std::fs::rename(temporary_path(&self.path), &self.path).map_err(SegmentError::io("publish", &self.path))?;
        fail_point::pass(FilePoint::FileNamed);
        Ok(())
    }

    /// Removes a made segment that will not get its name.
    pub(crate) fn discard(&self) {
        // Never seen by anyone: the error that led here is what matters.
        let _ = std::fs::remove_file(temporary_path(&self.path));
    }

    /// Maps an existing file for writing; `None` if there is none.
    pub(crate) fn open_for_writing(path: &Path) -> Result<Option<Self>, SegmentError> {
        let file = match OpenOptions::new().read(true).write(true).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(SegmentError::io("open", path)(error)),
        };
        match Self::map(file, path, Mapping::writable) {
            Ok(segment) => match segment.header().ro_compat() {
                0 => Ok(Some(segment)),
                bits => {
                    let refusal = Refusal::Header(HeaderError::Feature(bits));
                    Err(SegmentError::Refused { path: path.to_owned(), refusal })
                }
            },
            Err(MapError::Io(error)) => Err(SegmentError::io("map", path)(error)),
            Err(MapError::Refused(refusal)) => Err(SegmentError::Refused { path: path.to_owned(), refusal }),
        }
    }

    /// Maps an existing file read-only; `None` if there is none.
    pub(crate) fn open(path: &Path) -> Result<Option<Self>, OpenError> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(OpenError::Io { path: path.to_owned(), source }),
        };
        match Self::map(file, path, Mapping::read_only) {
            Ok(segment) => Ok(Some(segment)),
            Err(MapError::Io(source)) => Err(OpenError::Io { path: path.to_owned(), source }),
            Err(MapError::Refused(refusal)) => Err(OpenError::Refused { path: path.to_owned(), refusal }),
        }
    }

    fn map(file: File, path: &Path, map: fn(&File, u64) -> io::Result<Mapping>) -> Result<Self, MapError> {
        let bytes = file.metadata().map_err(MapError::Io)?.len();
        if bytes < HEADER_BYTES {
            return Err(MapError::Refused(Refusal::Short));
        }
        let mapping = map(&file, bytes).map_err(MapError::Io)?;
        let words = mapping.words(0, HEADER_WORDS).ok_or(MapError::Refused(Refusal::Short))?;
        let identity = Header::new(words).identity().map_err(|error| MapError::Refused(Refusal::Header(error)))?;
        if identity.total_bytes > mapping.bytes() {
            return Err(MapError::Refused(Refusal::Short));
        }
        let entries = usize::try_from(identity.entries_max).ok().and_then(|entries| entries.checked_mul(ENTRY_WORDS));
        if entries.and_then(|count| mapping.words(HEADER_BYTES, count)).is_none() {
            return Err(MapError::Refused(Refusal::Header(HeaderError::Size)));
        }
        Ok(Self { mapping, file, path: path.to_owned(), identity })
    }

    /// Some of its words; `None` where they do not all exist.
    pub(crate) fn words(&self, offset: u64, count: usize) -> Option<&[Word]> {
        self.mapping.words(offset, count)
    }

    /// Its header.
    #[inline]
    pub(crate) fn header(&self) -> Header<'_> {
        Header::new(self.words(0, HEADER_WORDS).unwrap_or_default())
    }

    /// Its directory.
    #[inline]
    pub(crate) fn directory(&self) -> Directory<'_> {
        // `map` and `make` have checked that the entries exist.
        let entries = self.words(HEADER_BYTES, self.identity.entries_max as usize * ENTRY_WORDS).unwrap_or_default();
        Directory::new(self.header().count(), entries)
    }

    /// The checked header of an entry's region; `None` if entry, region or their agreement is damaged.
    pub(crate) fn region_header(&self, entry: &Entry) -> Option<RegionHeader> {
        let end = entry.offset.checked_add(entry.bytes)?;
        let in_bounds = entry.offset >= self.identity.regions_offset() && end <= self.identity.total_bytes;
        if !in_bounds || !entry.offset.is_multiple_of(PAGE_BYTES) {
            return None;
        }
        let mut words = [0; REGION_HEADER_WORDS];
        for (value, word) in words.iter_mut().zip(self.words(entry.offset, REGION_HEADER_WORDS)?) {
            *value = word.load(Ordering::Relaxed);
        }
        let header = RegionHeader::unpack(&words)?;
        (header.kind == entry.kind && header.bytes == entry.bytes).then_some(header)
    }

    /// Backs a stretch of the file with memory that reads as zero.
    pub(crate) fn reserve(&self, offset: u64, bytes: u64) -> Result<(), SegmentError> {
        // A writer that died here may have left words behind.
        rustix::fs::fallocate(&self.file, FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE, offset, bytes)
            .map_err(|error| SegmentError::io("clear", &self.path)(error.into()))?;
        fail_point::pass(FilePoint::RegionCleared);
        reserve(&self.file, &self.path, offset, bytes)?;
        fail_point::pass(FilePoint::RegionReserved);
        Ok(())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Whether the file of this segment's name is still this one.
    pub(crate) fn is_at_its_path(&self) -> bool {
        match (self.file.metadata(), self.path.metadata()) {
            (Ok(mapped), Ok(named)) => (mapped.dev(), mapped.ino()) == (named.dev(), named.ino()),
            _ => false,
        }
    }
}

/// The name under which a file is made. Stale ones are removed by the next writer.
fn temporary_path(path: &Path) -> PathBuf {
    path.with_extension("seg.tmp")
}

/// Refuses a size that this process may not give a file: trying would be a signal that ends it.
fn check_file_limit(bytes: u64) -> io::Result<()> {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Fsize).current;
    if limit.is_some_and(|limit| bytes > limit) { Err(io::Error::from_raw_os_error(libc::EFBIG)) } else { Ok(()) }
}

/// Backs a stretch of a file with memory. Not a plain `ftruncate`: that would put the failure off to the first touch,
/// as SIGBUS.
fn reserve(file: &File, path: &Path, offset: u64, bytes: u64) -> Result<(), SegmentError> {
    loop {
        match rustix::fs::fallocate(file, FallocateFlags::empty(), offset, bytes) {
            Ok(()) => return Ok(()),
            Err(rustix::io::Errno::INTR) => {}
            Err(rustix::io::Errno::NOSPC | rustix::io::Errno::DQUOT) => {
                let free = path.parent().map_or(Ok(0), free_bytes)?;
                return Err(SegmentError::NoSpace { path: path.to_owned(), needed: bytes, free });
            }
            Err(error) => return Err(SegmentError::io("reserve room in", path)(error.into())),
        }
    }
}
