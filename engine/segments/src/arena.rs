//! A segment in the hands of its writer: claims regions in it, keeps those of the same shape, moves the others.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Weak};

use tickplane_layout::Word;
use tickplane_layout::directory::{Entry, EntryState, NAME_BYTES_MAX, NAME_WORDS};
use tickplane_layout::header::{Identity, LifeState, RELEASE_WORDS, SegmentKind, Writer};
use tickplane_layout::region::{HEADER_WORDS, RegionHeader, RegionKind};
use tickplane_layout::sync::Ordering;
use tickplane_layout::text;

use crate::error::Refusal;
use crate::fail_point::{self, FilePoint};
use crate::region::Region;
use crate::segment::Segment;
use crate::{ArenaShape, SegmentError, futex, process};

/// What an entry stands for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct EntryKey {
    pub(crate) kind: RegionKind,
    pub(crate) exchange: u8,
    pub(crate) timeframe: u8,
    pub(crate) name: [u64; NAME_WORDS],
}

const _: () = assert!(tickplane_model::Symbol::LENGTH_MAX <= NAME_BYTES_MAX, "a symbol fits an entry's name");

impl EntryKey {
    pub(crate) fn new(kind: RegionKind, exchange: u8, timeframe: u8, name: &str) -> Result<Self, SegmentError> {
        let name = text::pack(name).filter(|_| !name.is_empty()).ok_or_else(|| SegmentError::Shape {
            what: format!("a record named \"{name}\""),
            reason: "names have 1 to 64 bytes".to_owned(),
        })?;
        Ok(Self { kind, exchange, timeframe, name })
    }

    pub(crate) const fn of(entry: &Entry) -> Self {
        Self { kind: entry.kind, exchange: entry.exchange, timeframe: entry.timeframe, name: entry.name }
    }
}

/// A region claimed for one writer; another claim is refused while it lives.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) region: Region,
    _token: Arc<()>,
}

/// How an existing region meets a claim.
pub(crate) struct Plan<'a> {
    /// The header the region must have.
    pub(crate) header: RegionHeader,
    /// Says whether an existing region with that header is kept.
    pub(crate) keep: &'a dyn Fn(&Region) -> bool,
    /// Fills a new region, from the one it replaces if there is one.
    pub(crate) fill: &'a dyn Fn(&[Word], Option<&Region>),
}

/// A segment open for writing.
#[derive(Debug)]
pub(crate) struct Arena {
    segment: Arc<Segment>,
    epoch: u64,
    end: u64,
    index: HashMap<EntryKey, u64>,
    claims: HashMap<EntryKey, Weak<()>>,
}

impl Arena {
    /// Takes over the file of this name, or makes it. The caller holds the instance's lock.
    ///
    /// A file that is not there is made with `generation`: higher than any of its name ever had, as far as that can be
    /// known.
    pub(crate) fn open(
        path: &Path,
        kind: SegmentKind,
        shape: &ArenaShape,
        generation: u64,
        now_ns: i64,
    ) -> Result<Self, SegmentError> {
        shape.check()?;
        // First of all: a process that cannot say who it is makes no file.
        let writer = this_writer(path, now_ns)?;
        let segment = match Segment::open_for_writing(path)? {
            None => make(path, shape.identity(kind, now_ns, generation))?,
            Some(old) => {
                if old.identity().kind != kind {
                    return Err(SegmentError::Refused { path: path.to_owned(), refusal: Refusal::Kind });
                }
                renewed(old, shape)?
            }
        };
        let segment = Arc::new(segment);
        let census = census(&segment)?;
        let epoch = segment.header().take_over(&writer, &release());
        Ok(Self { segment, epoch, end: census.end, index: census.live, claims: HashMap::new() })
    }

    pub(crate) const fn segment(&self) -> &Arc<Segment> {
        &self.segment
    }

    pub(crate) const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Gives the region of a key: the existing one if the plan keeps it, else a new one.
    pub(crate) fn claim(&mut self, key: EntryKey, plan: &Plan<'_>, now_ns: i64) -> Result<Claim, SegmentError> {
        if self.claims.get(&key).is_some_and(|token| token.strong_count() > 0) {
            let name = text::unpack(&key.name, &mut [0; 64]).unwrap_or("").to_owned();
            return Err(SegmentError::InUse(name));
        }
        let region = match self.existing(&key)? {
            Some((old, header)) if header == plan.header && (plan.keep)(&old) => old,
            Some((old, _)) => self.make_region(key, plan, Some(&old), now_ns)?,
            None => self.make_region(key, plan, None, now_ns)?,
        };
        let token = Arc::new(());
        self.claims.insert(key, Arc::downgrade(&token));
        Ok(Claim { region, _token: token })
    }

    fn existing(&self, key: &EntryKey) -> Result<Option<(Region, RegionHeader)>, SegmentError> {
        let Some(index) = self.index.get(key) else {
            return Ok(None);
        };
        open_region(&self.segment, *index).map(Some).ok_or_else(|| damaged(&self.segment, *index))
    }

    fn make_region(
        &mut self,
        key: EntryKey,
        plan: &Plan<'_>,
        old: Option<&Region>,
        now_ns: i64,
    ) -> Result<Region, SegmentError> {
        let directory = self.segment.directory();
        let path = self.segment.path();
        if directory.count() >= directory.capacity() {
            return Err(SegmentError::DirectoryFull { path: path.to_owned(), capacity: directory.capacity() });
        }
        let (offset, bytes, total) = (self.end, plan.header.bytes, self.segment.identity().total_bytes);
        if bytes > total - offset {
            return Err(SegmentError::ArenaFull { path: path.to_owned(), used: offset, total, needed: bytes });
        }
        self.segment.reserve(offset, bytes)?;
        let index = directory.count();
        let region = Region::new(&self.segment, index, offset, bytes as usize / size_of::<Word>())
            .ok_or_else(|| damaged(&self.segment, index))?;
        for (word, value) in region.words()[..HEADER_WORDS].iter().zip(plan.header.pack()) {
            word.store(value, Ordering::Relaxed);
        }
        (plan.fill)(region.words(), old);
        fail_point::pass(FilePoint::RegionFilled);
        let generation = old.and_then(|old| directory.entry(old.entry())).map_or(1, |entry| entry.generation + 1);
        let EntryKey { kind, exchange, timeframe, name } = key;
        let entry = Entry { kind, exchange, timeframe, offset, bytes, generation, created_ns: now_ns, name };
        directory
            .publish(&entry)
            .map_err(|_| SegmentError::DirectoryFull { path: path.to_owned(), capacity: directory.capacity() })?;
        if let Some(old) = old {
            directory.move_to(old.entry(), index);
        }
        self.end = offset + bytes;
        self.index.insert(key, index);
        Ok(region)
    }
}

/// The region of a published entry with its checked header.
pub(crate) fn open_region(segment: &Arc<Segment>, index: u64) -> Option<(Region, RegionHeader)> {
    let entry = segment.directory().entry(index)?;
    let header = segment.region_header(&entry)?;
    let region = Region::new(segment, index, entry.offset, usize::try_from(entry.bytes).ok()? / size_of::<Word>())?;
    Some((region, header))
}

/// This process as a header names it; what the system does not say is 0.
fn this_writer(path: &Path, now_ns: i64) -> Result<Writer, SegmentError> {
    let pid = std::process::id();
    let start_ticks = match process::start_ticks(pid) {
        Err(error) if process::is_unknown(&error) => Err(SegmentError::io("name this process in", path)(error)),
        outcome => Ok(outcome.unwrap_or(0)),
    }?;
    Ok(Writer { epoch: 0, pid, start_ticks, opened_ns: now_ns, host: process::host() })
}

/// The name of this release, for people who look at a file.
fn release() -> [u64; RELEASE_WORDS] {
    text::pack(concat!("tickplane ", env!("CARGO_PKG_VERSION"))).unwrap_or_default()
}

fn damaged(segment: &Segment, index: u64) -> SegmentError {
    SegmentError::Refused { path: segment.path().to_owned(), refusal: Refusal::Entry(index) }
}

fn make(path: &Path, identity: Identity) -> Result<Segment, SegmentError> {
    let segment = Segment::make(path, identity)?;
    segment.publish()?;
    Ok(segment)
}

/// What a directory holds.
struct Census {
    live: HashMap<EntryKey, u64>,
    end: u64,
    dead_bytes: u64,
    live_bytes: u64,
}

fn census(segment: &Segment) -> Result<Census, SegmentError> {
    let directory = segment.directory();
    let mut census =
        Census { live: HashMap::new(), end: segment.identity().regions_offset(), dead_bytes: 0, live_bytes: 0 };
    for index in 0..directory.count() {
        let entry = directory.entry(index).ok_or_else(|| damaged(segment, index))?;
        segment.region_header(&entry).ok_or_else(|| damaged(segment, index))?;
        census.end = census.end.max(entry.offset + entry.bytes);
        // A writer that died between publishing a successor and marking the old entry leaves both live: the later
        // one holds.
        let previous = if directory.state(index) == EntryState::Live {
            census.live.insert(EntryKey::of(&entry), index)
        } else {
            None
        };
        if let Some(previous) = previous {
            directory.move_to(previous, index);
        }
    }
    for index in 0..directory.count() {
        let bytes = directory.entry(index).map_or(0, |entry| entry.bytes);
        match directory.state(index) {
            EntryState::Live => census.live_bytes += bytes,
            _ => census.dead_bytes += bytes,
        }
    }
    Ok(census)
}

/// Keeps a file, or builds it anew if it is too small for the shape or a quarter of it is dead.
fn renewed(old: Segment, shape: &ArenaShape) -> Result<Segment, SegmentError> {
    let identity = *old.identity();
    let wanted = shape.identity(identity.kind, identity.created_ns, identity.generation);
    let is_small = identity.total_bytes < wanted.total_bytes || identity.entries_max < wanted.entries_max;
    let census = census(&old)?;
    let is_wasteful = census.dead_bytes > census.live_bytes / 3;
    if !is_small && !is_wasteful {
        return Ok(old);
    }
    match rebuild(&old, &census, shape) {
        Ok(new) => Ok(new),
        // Compaction is a convenience: without room for the copy the old file still serves.
        Err(SegmentError::NoSpace { .. }) if !is_small => Ok(old),
        Err(error) => Err(error),
    }
}

fn rebuild(old: &Segment, census: &Census, shape: &ArenaShape) -> Result<Segment, SegmentError> {
    let identity = *old.identity();
    let shape = ArenaShape {
        bytes_max: shape.bytes_max.max(identity.total_bytes),
        entries_max: shape.entries_max.max(identity.entries_max),
    };
    let wanted = shape.identity(identity.kind, identity.created_ns, identity.generation.wrapping_add(1));
    let new = Segment::make(old.path(), wanted)?;
    new.header().succeed(&old.header());
    let mut indices: Vec<u64> = census.live.values().copied().collect();
    indices.sort_unstable();
    let copied = copy_regions(old, &new, &indices).and_then(|()| new.publish());
    if let Err(error) = copied {
        new.discard();
        return Err(error);
    }
    old.header().set_state(LifeState::Replaced);
    futex::wake(old.header().bell());
    Ok(new)
}

fn copy_regions(old: &Segment, new: &Segment, indices: &[u64]) -> Result<(), SegmentError> {
    let mut offset = new.identity().regions_offset();
    for index in indices {
        let entry = old.directory().entry(*index).ok_or_else(|| damaged(old, *index))?;
        new.reserve(offset, entry.bytes)?;
        let count = entry.bytes as usize / size_of::<Word>();
        let source = old.words(entry.offset, count).ok_or_else(|| damaged(old, *index))?;
        let target = new.words(offset, count).ok_or_else(|| damaged(new, *index))?;
        for (to, from) in target.iter().zip(source) {
            to.store(from.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        let capacity = new.directory().capacity();
        new.directory()
            .publish(&Entry { offset, ..entry })
            .map_err(|_| SegmentError::DirectoryFull { path: new.path().to_owned(), capacity })?;
        offset += entry.bytes;
    }
    Ok(())
}
