//! The first page of every segment file.
//!
//! ```text
//! byte    0  magic "TICKPLAN"   8  version word      16 endian tag     24 compat         identity: static
//!        32  ro_compat         40  incompat          48 kind           56 checksum
//! byte   64  total bytes       72  directory offset  80 entries max    88 entry bytes    sizes: static
//!        96  regions offset   104  created_ns       112 generation    120 reserved
//! byte  128  state            136  heartbeat_ns     144 successor generation, reserved   life
//!       152  writer's minor
//! byte  192  bell                                                                        futex word: low half
//! byte  256  writer: double slot of pid, start time (clock ticks since boot), opened_ns, boot id (16 bytes), inode of
//!            the pid namespace; its sequence is the epoch, which goes on when the file is built anew
//! byte  448  directory count
//! byte  512  release: text, 64 bytes
//! byte  576  reserved, 0, to byte 4096
//! ```
//!
//! The version word is written last: a file without it is not ready. A reader refuses another major, an endian tag it
//! does not read as written, an incompat bit it does not know, and sizes that do not agree. The checksum is FNV-1a
//! over the sixteen static words without the version word and itself.

use crate::double_slot::DoubleSlot;
use crate::region::checksum;
use crate::sync::{Ordering, Site, Word, order};
use crate::{LINE_WORDS, directory};

/// Words of the header: one page.
pub const HEADER_WORDS: usize = 512;
/// Bytes of the header.
pub const HEADER_BYTES: u64 = HEADER_WORDS as u64 * 8;

/// `TICKPLAN` as a little-endian word.
pub const MAGIC: u64 = u64::from_le_bytes(*b"TICKPLAN");
/// Reads differently on a machine of another byte order.
pub const ENDIAN_TAG: u64 = 0x0102_0304_0506_0708;
/// Layout major: another one is another format.
pub const MAJOR: u16 = 1;
/// Layout minor: grows with compatible additions.
pub const MINOR: u16 = 0;
/// Set in every version word, so that 0 means "not ready".
const READY: u64 = 1 << 63;

/// Word of the magic.
pub const WORD_MAGIC: usize = 0;
/// Word of the version.
pub const WORD_VERSION: usize = 1;
/// Word of the endian tag.
pub const WORD_ENDIAN: usize = 2;
/// Word of the features that readers and writers may ignore.
pub const WORD_COMPAT: usize = 3;
/// Word of the features that readers may ignore and writers may not.
pub const WORD_RO_COMPAT: usize = 4;
/// Word of the features that nobody may ignore.
pub const WORD_INCOMPAT: usize = 5;
/// Word of what the file is for.
pub const WORD_KIND: usize = 6;
/// Word of the checksum.
pub const WORD_CHECKSUM: usize = 7;
/// Word of the file's length.
pub const WORD_TOTAL_BYTES: usize = 8;
/// Word of the place of the directory.
pub const WORD_DIRECTORY_OFFSET: usize = 9;
/// Word of the directory's capacity.
pub const WORD_ENTRIES_MAX: usize = 10;
/// Word of the length of an entry.
pub const WORD_ENTRY_BYTES: usize = 11;
/// Word of the place of the first region.
pub const WORD_REGIONS_OFFSET: usize = 12;
/// Word of the time the file was made.
pub const WORD_CREATED: usize = 13;
/// Word of the file's generation.
pub const WORD_GENERATION: usize = 14;
/// Number of static words.
pub const STATIC_WORDS: usize = 16;
/// Word of the life state.
pub const WORD_STATE: usize = 16;
/// Word of the heartbeat.
pub const WORD_HEARTBEAT: usize = 17;
/// Word reserved for the generation of the file that took this one's name.
pub const WORD_SUCCESSOR: usize = 18;
/// Word of the layout minor of the release that writes the file now.
pub const WORD_WRITER_MINOR: usize = 19;
/// Word of the bell.
pub const WORD_BELL: usize = 24;
/// First word of the writer's double slot.
pub const WORD_WRITER: usize = 32;
/// Payload words of the writer's double slot.
pub const WRITER_WORDS: usize = 6;
/// Word of the directory count.
pub const WORD_COUNT: usize = 56;
/// First word of the writing release's name.
pub const WORD_RELEASE: usize = 64;
/// Words of that name.
pub const RELEASE_WORDS: usize = 8;

// The byte offsets as they are published in docs/format.md.
const _: () = assert!(WORD_MAGIC == 0 && WORD_VERSION * 8 == 8 && WORD_ENDIAN * 8 == 16 && WORD_COMPAT * 8 == 24);
const _: () = assert!(WORD_RO_COMPAT * 8 == 32 && WORD_INCOMPAT * 8 == 40 && WORD_KIND * 8 == 48);
const _: () = assert!(WORD_CHECKSUM * 8 == 56 && WORD_TOTAL_BYTES * 8 == 64 && WORD_DIRECTORY_OFFSET * 8 == 72);
const _: () = assert!(WORD_ENTRIES_MAX * 8 == 80 && WORD_ENTRY_BYTES * 8 == 88 && WORD_REGIONS_OFFSET * 8 == 96);
const _: () = assert!(WORD_CREATED * 8 == 104 && WORD_GENERATION * 8 == 112 && STATIC_WORDS * 8 == 128);
const _: () = assert!(WORD_STATE * 8 == 128 && WORD_HEARTBEAT * 8 == 136 && WORD_SUCCESSOR * 8 == 144);
const _: () = assert!(WORD_WRITER_MINOR * 8 == 152 && WORD_RELEASE * 8 == 512 && RELEASE_WORDS * 8 == 64);
const _: () = assert!(WORD_BELL * 8 == 192 && WORD_WRITER * 8 == 256 && WORD_COUNT * 8 == 448);
const _: () = assert!(WORD_STATE == STATIC_WORDS);
const _: () = assert!(WORD_BELL.is_multiple_of(LINE_WORDS) && WORD_COUNT.is_multiple_of(LINE_WORDS));
const _: () = assert!(WORD_WRITER + DoubleSlot::words(WRITER_WORDS) == WORD_COUNT);
const _: () = assert!(HEADER_BYTES == 4096);

/// The version word of a major and minor.
#[must_use]
pub const fn version_word(major: u16, minor: u16) -> u64 {
    READY | (major as u64) << 16 | minor as u64
}

/// What a segment file is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SegmentKind {
    /// The plane: events and health.
    Plane,
    /// One exchange, by its number.
    Exchange(u8),
}

impl SegmentKind {
    const fn word(self) -> u64 {
        match self {
            Self::Plane => 1,
            Self::Exchange(number) => 2 | (number as u64) << 8,
        }
    }

    const fn from_word(word: u64) -> Option<Self> {
        match (word & 0xff, word >> 8) {
            (1, 0) => Some(Self::Plane),
            (2, number) if number <= 0xff => Some(Self::Exchange(number as u8)),
            _ => None,
        }
    }
}

/// The static part of a header: what the file is and how large its parts are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Identity {
    /// What the file is for.
    pub kind: SegmentKind,
    /// Length of the file, all of it reachable, most of it not yet backed by memory.
    pub total_bytes: u64,
    /// Room in the directory.
    pub entries_max: u64,
    /// When the first file of its line was made: a file that is built anew from another keeps it.
    pub created_ns: i64,
    /// Grows with every file of the same name.
    pub generation: u64,
}

/// Why a header was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HeaderError {
    /// The first word is not the magic: not a tickplane segment.
    Magic,
    /// The version word is 0: its maker died before it was ready.
    NotReady,
    /// Another byte order.
    Endian,
    /// Another layout major; this one, and the file's major and minor.
    Version(u16, u16),
    /// An incompatible feature this code does not know.
    Feature(u64),
    /// The checksum does not fit: the file is damaged.
    Checksum,
    /// Sizes that cannot be.
    Size,
}

impl Identity {
    /// Where the regions begin: after the header and the directory, on a page.
    #[must_use]
    pub const fn regions_offset(&self) -> u64 {
        crate::region::pages(HEADER_BYTES.saturating_add(self.entries_max.saturating_mul(directory::ENTRY_BYTES)))
    }

    fn pack(&self) -> [u64; STATIC_WORDS] {
        let mut words = [
            MAGIC,
            version_word(MAJOR, MINOR),
            ENDIAN_TAG,
            0,
            0,
            0,
            self.kind.word(),
            0,
            self.total_bytes,
            HEADER_BYTES,
            self.entries_max,
            directory::ENTRY_BYTES,
            self.regions_offset(),
            self.created_ns.cast_unsigned(),
            self.generation,
            0,
        ];
        words[WORD_CHECKSUM] = static_checksum(&words);
        words
    }

    fn unpack(words: &[u64; STATIC_WORDS]) -> Result<Self, HeaderError> {
        if words[WORD_MAGIC] != MAGIC {
            return Err(HeaderError::Magic);
        }
        if words[WORD_ENDIAN] != ENDIAN_TAG {
            return Err(HeaderError::Endian);
        }
        let (major, minor) = ((words[WORD_VERSION] >> 16) as u16, words[WORD_VERSION] as u16);
        if major != MAJOR || words[WORD_VERSION] >> 32 != READY >> 32 {
            return Err(HeaderError::Version(major, minor));
        }
        if words[WORD_INCOMPAT] != 0 {
            return Err(HeaderError::Feature(words[WORD_INCOMPAT]));
        }
        if words[WORD_CHECKSUM] != static_checksum(words) {
            return Err(HeaderError::Checksum);
        }
        let identity = Self {
            kind: SegmentKind::from_word(words[WORD_KIND]).ok_or(HeaderError::Size)?,
            total_bytes: words[WORD_TOTAL_BYTES],
            entries_max: words[WORD_ENTRIES_MAX],
            created_ns: words[WORD_CREATED].cast_signed(),
            generation: words[WORD_GENERATION],
        };
        let sizes = [words[WORD_DIRECTORY_OFFSET], words[WORD_ENTRY_BYTES], words[WORD_REGIONS_OFFSET]];
        let fits = sizes == [HEADER_BYTES, directory::ENTRY_BYTES, identity.regions_offset()]
            && identity.regions_offset() <= identity.total_bytes;
        if fits { Ok(identity) } else { Err(HeaderError::Size) }
    }
}

fn static_checksum(words: &[u64; STATIC_WORDS]) -> u64 {
    let mut covered = *words;
    covered[WORD_VERSION] = 0;
    covered[WORD_CHECKSUM] = 0;
    checksum(&covered)
}

/// Whether the writer of a segment means to go on. The number is part of the format.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u64)]
pub enum LifeState {
    /// Being made; no writer has opened it yet.
    New = 0,
    /// A writer has it open, or died with it open.
    Live = 1,
    /// Its writer said goodbye; the data stays readable.
    Closed = 2,
    /// Another file has taken its name: re-attach.
    Replaced = 3,
}

/// Where process ids mean something: one boot of one machine, and a namespace of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Host {
    /// The kernel's random id of this boot, most significant byte first; all zero if the system does not say.
    pub boot_id: [u8; 16],
    /// Inode of the pid namespace; 0 if the system does not say.
    pub pid_namespace: u64,
}

impl Host {
    /// Whether both are of one boot; what is unknown is the same as nothing.
    #[must_use]
    pub fn is_same_boot(&self, other: &Self) -> bool {
        self.boot_id == other.boot_id && self.boot_id != [0; 16]
    }

    /// Whether a process id means the same process to both.
    #[must_use]
    pub fn shares_pids(&self, other: &Self) -> bool {
        self.is_same_boot(other) && self.pid_namespace == other.pid_namespace && self.pid_namespace != 0
    }

    /// The id's bytes stand in memory in their order.
    const fn words(&self) -> [u64; 3] {
        let id = u128::from_le_bytes(self.boot_id);
        [id as u64, (id >> 64) as u64, self.pid_namespace]
    }

    const fn from_words([low, high, pid_namespace]: [u64; 3]) -> Self {
        Self { boot_id: ((high as u128) << 64 | low as u128).to_le_bytes(), pid_namespace }
    }
}

/// Who writes a segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Writer {
    /// Counts the writers this file has had; 0 means none yet.
    pub epoch: u64,
    /// Its process id.
    pub pid: u32,
    /// When that process started, in clock ticks since boot (field 22 of /proc/PID/stat).
    pub start_ticks: u64,
    /// When it opened the segment.
    pub opened_ns: i64,
    /// Where its process id means something.
    pub host: Host,
}

/// A header over its words.
#[derive(Clone, Copy, Debug)]
pub struct Header<'a>(&'a [Word]);

impl<'a> Header<'a> {
    /// Looks at the first page of a file as a header.
    ///
    /// # Panics
    /// If `words` is shorter than a header.
    #[must_use]
    pub fn new(words: &'a [Word]) -> Self {
        Self(&words[..HEADER_WORDS])
    }

    /// Writes the static part, the version word last. Writer only, before the file has its name.
    pub fn write(&self, identity: &Identity) {
        let words = identity.pack();
        for (at, value) in words.iter().enumerate().filter(|(at, _)| *at != WORD_VERSION) {
            self.0[at].store(*value, Ordering::Relaxed);
        }
        // SYNC HeaderReady: the whole header before the version word; pairs with HeaderVersion.
        self.0[WORD_VERSION].store(words[WORD_VERSION], order(Site::HeaderReady, Ordering::Release));
    }

    /// Reads and checks the static part.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn identity(&self) -> Result<Identity, HeaderError> {
        let mut words = [0; STATIC_WORDS];
        // SYNC HeaderVersion: a version seen has the whole header visible; pairs with HeaderReady.
        words[WORD_VERSION] = self.0[WORD_VERSION].load(order(Site::HeaderVersion, Ordering::Acquire));
        if words[WORD_VERSION] == 0 {
            let is_ours = [0, MAGIC].contains(&self.0[WORD_MAGIC].load(Ordering::Relaxed));
            return Err(if is_ours { HeaderError::NotReady } else { HeaderError::Magic });
        }
        for (at, value) in words.iter_mut().enumerate().filter(|(at, _)| *at != WORD_VERSION) {
            *value = self.0[at].load(Ordering::Relaxed);
        }
        Identity::unpack(&words)
    }

    /// Features that a writer must know and a reader need not. This code knows none.
    #[must_use]
    pub fn ro_compat(&self) -> u64 {
        self.0[WORD_RO_COMPAT].load(Ordering::Relaxed)
    }

    /// Whether the writer means to go on.
    #[must_use]
    pub fn state(&self) -> LifeState {
        // One word that says all: nothing else is read on its strength, so relaxed is enough.
        match self.0[WORD_STATE].load(Ordering::Relaxed) {
            1 => LifeState::Live,
            2 => LifeState::Closed,
            3 => LifeState::Replaced,
            _ => LifeState::New,
        }
    }

    /// Sets the state. Writer only.
    pub fn set_state(&self, state: LifeState) {
        self.0[WORD_STATE].store(state as u64, Ordering::Relaxed);
    }

    /// When the writer last said that it lives.
    #[must_use]
    pub fn heartbeat_ns(&self) -> i64 {
        self.0[WORD_HEARTBEAT].load(Ordering::Relaxed).cast_signed()
    }

    /// Says that the writer lives. Writer only.
    pub fn set_heartbeat_ns(&self, now_ns: i64) {
        self.0[WORD_HEARTBEAT].store(now_ns.cast_unsigned(), Ordering::Relaxed);
    }

    /// The futex word.
    #[must_use]
    pub fn bell(&self) -> &'a Word {
        &self.0[WORD_BELL]
    }

    /// The number of directory entries.
    #[must_use]
    pub fn count(&self) -> &'a Word {
        &self.0[WORD_COUNT]
    }

    fn writer_slot(&self) -> DoubleSlot<'a> {
        DoubleSlot::new(&self.0[WORD_WRITER..WORD_COUNT], WRITER_WORDS)
    }

    /// Takes the segment over and gives the new epoch; that of `writer` is not looked at. Writer only, under the
    /// instance's lock.
    pub fn take_over(&self, writer: &Writer, release: &[u64; RELEASE_WORDS]) -> u64 {
        self.0[WORD_WRITER_MINOR].store(u64::from(MINOR), Ordering::Relaxed);
        for (word, value) in self.0[WORD_RELEASE..WORD_RELEASE + RELEASE_WORDS].iter().zip(release) {
            word.store(*value, Ordering::Relaxed);
        }
        let Writer { pid, start_ticks, opened_ns, host, .. } = *writer;
        let slot = self.writer_slot();
        slot.recover();
        let process = [u64::from(pid), start_ticks, opened_ns.cast_unsigned()];
        let epoch = slot.publish(process.into_iter().chain(host.words()));
        self.set_heartbeat_ns(opened_ns);
        self.set_state(LifeState::Live);
        epoch
    }

    /// Who writes it; all zero if nobody ever did.
    ///
    /// # Errors
    /// [`crate::Busy`] if the words never settle, which only a damaged file does.
    pub fn writer(&self) -> Result<Writer, crate::Busy> {
        let mut words = [0; WRITER_WORDS];
        let epoch = self.writer_slot().read(&mut words)?;
        let [pid, start_ticks, opened_ns, boot_0, boot_1, pid_namespace] = words;
        let host = Host::from_words([boot_0, boot_1, pid_namespace]);
        Ok(Writer { epoch, pid: pid as u32, start_ticks, opened_ns: opened_ns.cast_signed(), host })
    }

    /// Goes on with the epochs of the file that this one is built from: what that one's writers left in the regions is
    /// then never taken for the next writer's. Writer only, before the file has its name.
    pub fn succeed(&self, old: &Header<'_>) {
        old.writer_slot().recover();
        self.writer_slot().copy_from(&old.writer_slot());
    }

    /// The layout minor of the release that writes the file now, and its name, packed as text.
    #[must_use]
    pub fn release(&self) -> (u16, [u64; RELEASE_WORDS]) {
        let words = &self.0[WORD_RELEASE..WORD_RELEASE + RELEASE_WORDS];
        let minor = self.0[WORD_WRITER_MINOR].load(Ordering::Relaxed) as u16;
        (minor, core::array::from_fn(|at| words[at].load(Ordering::Relaxed)))
    }
}
