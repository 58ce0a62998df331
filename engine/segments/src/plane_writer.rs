//! The writing process: holds the instance's lock and gives out writers.
#![allow(clippy::disallowed_methods, reason = "an instance is a folder of files")]

use std::collections::HashSet;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tickplane_layout::bell::BellWord;
use tickplane_layout::header::{LifeState, SegmentKind};
use tickplane_layout::health::{connection_header, thread_header};
use tickplane_layout::history::history_header;
use tickplane_layout::region::RegionKind;
use tickplane_layout::rest::rest_header;
use tickplane_model::ExchangeId;

use crate::arena::{Arena, EntryKey, Plan};
use crate::lock::Lock;
use crate::segment::Segment;
use crate::{
    ArenaShape, ConnectionHealth, EventWriter, ExchangeWriter, HistoryRecord, Instance, PlaneShape, RestRecord,
    SegmentError, ThreadHealth, futex,
};

const DIRECTORY_MODE: u32 = 0o755;
/// Every user of the host may keep planes under the root, and nobody may remove another's: as in /tmp.
const ROOT_MODE: u32 = 0o1777;
const TAKE_TRIES: u32 = 16;

/// A plane open for writing: one per process, on its cold thread. Segments stay when it is dropped.
#[derive(Debug)]
pub struct PlaneWriter {
    instance: Instance,
    shape: PlaneShape,
    arena: Arena,
    exchanges: Mutex<Vec<Arc<Segment>>>,
    open: HashSet<ExchangeId>,
    opened_ns: i64,
    bell: Bell,
    lock: Lock,
}

impl PlaneWriter {
    /// Takes the instance: its lock, its folder and the plane's own segment, which is resumed if it is there.
    ///
    /// # Errors
    /// [`SegmentError::Locked`] when another plane holds the instance, [`SegmentError::NoSpace`] when the file system
    /// has no room for the shape, [`SegmentError::Refused`] when an existing file is of another version or damaged.
    pub fn open(instance: &Instance, shape: &PlaneShape, now_ns: i64) -> Result<Self, SegmentError> {
        let directory = instance.directory();
        let lock = take_instance(instance)?;
        remove_stale(directory)?;
        let arena = Arena::open(&instance.plane_path(), SegmentKind::Plane, &shape.arena(), 1, now_ns)?;
        let bell = Bell { segment: Arc::clone(arena.segment()), rung: Arc::default() };
        Ok(Self {
            instance: instance.clone(),
            shape: *shape,
            arena,
            exchanges: Mutex::default(),
            open: HashSet::new(),
            opened_ns: now_ns,
            bell,
            lock,
        })
    }

    /// Takes the segment of an exchange, which is resumed if it is there.
    ///
    /// # Errors
    /// As [`open`](Self::open); [`SegmentError::InUse`] when this process has it open already.
    pub fn exchange(&mut self, exchange: ExchangeId, shape: &ArenaShape) -> Result<ExchangeWriter, SegmentError> {
        if self.open.contains(&exchange) {
            return Err(SegmentError::InUse(exchange.to_string()));
        }
        let path = self.instance.exchange_path(exchange);
        // Each epoch of the plane makes at most one file of an exchange, so no earlier one had this generation: events that
        // outlived a file which was removed name nothing of the next.
        let generation = self.arena.epoch();
        let arena = Arena::open(&path, SegmentKind::Exchange(exchange as u8), shape, generation, self.opened_ns)?;
        self.open.insert(exchange);
        self.segments().push(Arc::clone(arena.segment()));
        Ok(ExchangeWriter::new(exchange, arena, self.opened_ns))
    }

    /// A ring of events for one writing thread.
    ///
    /// # Errors
    /// When there is no room, or this process has a writer of that name.
    pub fn events(&mut self, name: &str) -> Result<EventWriter, SegmentError> {
        let layout = self.shape.event_layout();
        let key = EntryKey::new(RegionKind::Events, 0, 0, name)?;
        let plan = Plan { header: layout.header(), keep: &|_| true, fill: &|_, _| {} };
        Ok(EventWriter::new(self.arena.claim(key, &plan, self.opened_ns)?, layout))
    }

    /// The health record of one thread; its counters and histograms start at zero.
    ///
    /// # Errors
    /// As [`events`](Self::events).
    pub fn thread(&mut self, name: &str) -> Result<ThreadHealth, SegmentError> {
        let key = EntryKey::new(RegionKind::Thread, 0, 0, name)?;
        let plan = Plan { header: thread_header(), keep: &|_| true, fill: &|_, _| {} };
        Ok(ThreadHealth::new(self.arena.claim(key, &plan, self.opened_ns)?, self.arena.epoch()))
    }

    /// The health record of one connection; its counters start at zero.
    ///
    /// # Errors
    /// As [`events`](Self::events).
    pub fn connection(&mut self, exchange: ExchangeId, label: &str) -> Result<ConnectionHealth, SegmentError> {
        let key = EntryKey::new(RegionKind::Connection, exchange as u8, 0, label)?;
        let plan = Plan { header: connection_header(), keep: &|_| true, fill: &|_, _| {} };
        Ok(ConnectionHealth::new(self.arena.claim(key, &plan, self.opened_ns)?, self.arena.epoch()))
    }

    /// The history record of an exchange; its counters start at zero.
    ///
    /// # Errors
    /// As [`events`](Self::events).
    pub fn history(&mut self, exchange: ExchangeId) -> Result<HistoryRecord, SegmentError> {
        let key = EntryKey::new(RegionKind::History, exchange as u8, 0, exchange.as_str())?;
        let plan = Plan { header: history_header(), keep: &|_| true, fill: &|_, _| {} };
        Ok(HistoryRecord::new(self.arena.claim(key, &plan, self.opened_ns)?, self.arena.epoch()))
    }

    /// The REST record of one of an exchange's hosts; its counters start at zero.
    ///
    /// # Errors
    /// As [`events`](Self::events).
    pub fn rest(&mut self, exchange: ExchangeId, host: &str) -> Result<RestRecord, SegmentError> {
        let key = EntryKey::new(RegionKind::Rest, exchange as u8, 0, host)?;
        let plan = Plan { header: rest_header(), keep: &|_| true, fill: &|_, _| {} };
        Ok(RestRecord::new(self.arena.claim(key, &plan, self.opened_ns)?, self.arena.epoch()))
    }

    /// The bell of the plane.
    #[must_use]
    pub fn bell(&self) -> Bell {
        self.bell.clone()
    }

    /// The instance.
    #[must_use]
    pub const fn instance(&self) -> &Instance {
        &self.instance
    }

    /// Says in every segment that the plane lives; about once a second.
    pub fn heartbeat(&self, now_ns: i64) {
        self.each_segment(|segment| segment.header().set_heartbeat_ns(now_ns));
    }

    /// Says goodbye: every segment is marked closed, sleepers wake. The data stays readable.
    pub fn close(&self, now_ns: i64) {
        self.heartbeat(now_ns);
        self.each_segment(|segment| segment.header().set_state(LifeState::Closed));
        self.bell.mark();
        self.bell.ring();
    }

    /// Closes the plane and deletes its files, the folder included if nothing else is in it.
    ///
    /// # Errors
    /// When a file cannot be removed.
    pub fn remove(self, now_ns: i64) -> Result<(), SegmentError> {
        self.close(now_ns);
        let directory = self.instance.directory();
        let mut paths = vec![self.instance.plane_path()];
        paths.extend(self.segments().iter().map(|segment| segment.path().to_owned()));
        paths.extend(ExchangeId::ALL.map(|exchange| self.instance.exchange_path(exchange)));
        // The lock's file goes last, while the lock is held: whoever opened it meanwhile finds that it lost its name.
        paths.push(self.instance.lock_path());
        for path in paths {
            remove_file(&path)?;
        }
        drop(self.lock);
        match std::fs::remove_dir(directory) {
            Err(error) if !matches!(error.kind(), io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::NotFound) => {
                Err(SegmentError::io("remove", directory)(error))
            }
            _ => Ok(()),
        }
    }

    fn segments(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Segment>>> {
        self.exchanges.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn each_segment(&self, tell: impl Fn(&Segment)) {
        self.segments().iter().for_each(|segment| tell(segment));
        tell(self.arena.segment());
    }
}

/// Makes the folder and takes its lock. A plane that ends with [`PlaneWriter::remove`] may take the folder away in
/// between: then both are tried again.
fn take_instance(instance: &Instance) -> Result<Lock, SegmentError> {
    let directory = instance.directory();
    let attempt = || {
        if let Some(root) = directory.parent() {
            make_root(root)?;
        }
        let made = DirBuilder::new().recursive(true).mode(DIRECTORY_MODE).create(directory);
        made.map_err(SegmentError::io("make", directory))?;
        Lock::take(&instance.lock_path())
    };
    for _ in 1..TAKE_TRIES {
        match attempt() {
            Err(SegmentError::Io { source, .. })
                if matches!(source.kind(), io::ErrorKind::NotFound | io::ErrorKind::AlreadyExists) => {}
            outcome => return outcome,
        }
    }
    attempt()
}

/// Makes the root if it is not there; one that is keeps the mode its owner gave it.
fn make_root(root: &Path) -> Result<(), SegmentError> {
    if root.exists() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(DIRECTORY_MODE).create(root).map_err(SegmentError::io("make", root))?;
    // The mode of a new folder is cut by the umask: it is set once more, unless another user was faster.
    match std::fs::set_permissions(root, std::fs::Permissions::from_mode(ROOT_MODE)) {
        Err(error) if error.kind() != io::ErrorKind::PermissionDenied => Err(SegmentError::io("make", root)(error)),
        _ => Ok(()),
    }
}

fn remove_file(path: &Path) -> Result<(), SegmentError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(SegmentError::io("remove", path)(error)),
        _ => Ok(()),
    }
}

/// Removes what writers that died while making a file left behind. Under the lock.
fn remove_stale(directory: &Path) -> Result<(), SegmentError> {
    let entries = std::fs::read_dir(directory).map_err(SegmentError::io("list", directory))?;
    for entry in entries {
        let path = entry.map_err(SegmentError::io("list", directory))?.path();
        if path.extension().is_some_and(|extension| extension == "tmp") {
            remove_file(&path)?;
        }
    }
    Ok(())
}

/// The plane's bell: data threads mark it, one thread rings it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Bell {
    segment: Arc<Segment>,
    rung: Arc<AtomicU64>,
}

impl Bell {
    /// Says that something was published; at most once a turn. No system call.
    #[inline]
    pub fn mark(&self) {
        BellWord(self.segment.header().bell()).mark();
    }

    /// Wakes every sleeping reader if the bell was marked since it last rang; says whether it did. About 0.2 µs when
    /// nobody sleeps, 12 µs when someone does: not for a data thread.
    pub fn ring(&self) -> bool {
        let word = self.segment.header().bell();
        let marked = BellWord(word).seen();
        let is_new = self.rung.swap(marked, Ordering::Relaxed) != marked;
        if is_new {
            futex::wake(word);
        }
        is_new
    }
}
