//! A mapped file as an array of words.

use std::fs::File;
use std::io;

use memmap2::{MmapOptions, MmapRaw};
use tickplane_layout::Word;

/// A shared mapping of a whole file. Dropped last by whoever holds a region of it.
#[derive(Debug)]
pub(crate) struct Mapping {
    map: MmapRaw,
}

impl Mapping {
    /// Maps `bytes` of a file for reading and writing.
    pub(crate) fn writable(file: &File, bytes: u64) -> io::Result<Self> {
        Ok(Self { map: options(bytes)?.map_raw(file)? })
    }

    /// Maps `bytes` of a file for reading: a store through it would be a fault.
    pub(crate) fn read_only(file: &File, bytes: u64) -> io::Result<Self> {
        Ok(Self { map: options(bytes)?.map_raw_read_only(file)? })
    }

    /// Some of the words; `None` where they do not all exist.
    pub(crate) fn words(&self, offset: u64, count: usize) -> Option<&[Word]> {
        let start = usize::try_from(offset).ok()?;
        let end = start.checked_add(count.checked_mul(size_of::<Word>())?)?;
        if end > self.map.len() || !start.is_multiple_of(align_of::<Word>()) {
            return None;
        }
        // SAFETY: the range was just checked to lie in the mapping, which is page-aligned and lives as long as `self`;
        // a word is an atomic, so other processes may change it at any time, and nobody makes a plain reference to it.
        Some(unsafe { std::slice::from_raw_parts(self.map.as_ptr().add(start).cast::<Word>(), count) })
    }

    /// Length in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        self.map.len() as u64
    }
}

fn options(bytes: u64) -> io::Result<MmapOptions> {
    let length = usize::try_from(bytes).map_err(io::Error::other)?;
    let mut options = MmapOptions::new();
    options.len(length).no_reserve_swap();
    Ok(options)
}
