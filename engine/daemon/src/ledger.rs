//! Connection attempts, messages and bans per venue, kept in a file so that neither a crash loop nor a second plane on the host
//! exceeds what a venue allows one IP.
//!
//! ```text
//! attempts.UID.ledger: 64 pages of 4 KiB, one per key
//! 0      16   80           88      96                                      4096
//! ├─────┼────┼────────────┼───────┼───────────────────────────────────────┤
//! │magic│key │closed until│per_ms │ 500 times of attempts, in no order    │   all i64, little-endian
//! └─────┴────┴────────────┴───────┴───────────────────────────────────────┘
//! ```
//!
//! A booking writes one aligned word, which a killed process has written or not; the key's page was made before. The
//! file is locked while it is read and written, and the lock goes with its process. Times are epoch nanoseconds.
#![allow(clippy::disallowed_methods, reason = "this file is the ledger: a file, and a short wait for its lock")]

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use rustix::fs::{FallocateFlags, FlockOperation, MemfdFlags, OFlags, fallocate, flock, memfd_create};
use tickplane_exchanges::Rate;

const PAGE: usize = 4_096;
const PAGES: usize = 64;
const MAGIC: &[u8; 16] = b"tickplane-tries1";
const KEY: usize = 16;
const KEY_BYTES: usize = 64;
const CLOSED: usize = KEY + KEY_BYTES;
const PERIOD: usize = CLOSED + 8;
const TIMES: usize = PERIOD + 8;
const SLOTS: usize = (PAGE - TIMES) / 8;
const _: () = assert!(TIMES == 96 && SLOTS == 500);

const NS_PER_MS: i64 = 1_000_000;
/// The venue counts an attempt when it arrives, later than it was booked by a time that varies.
const MARGIN_NS: i64 = 250 * NS_PER_MS;
/// A booking further ahead is from a clock that was set back since: it is left out of account.
const AHEAD_NS_MAX: i64 = 3_600_000 * NS_PER_MS;
/// The same for the end of a ban; the longest that a venue states is three days (Binance).
const BAN_NS_MAX: i64 = 7 * 24 * AHEAD_NS_MAX;
/// A process that was stopped in the middle of a booking is not waited for longer.
const LOCK_TRIES: u32 = 100;
const LOCK_PAUSE: Duration = Duration::from_millis(1);

/// What somebody wants to do, and what the venue allows of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Claim<'a> {
    /// Under which it counts.
    pub key: &'a str,
    /// How much of it the venue allows.
    pub rate: Rate,
    /// Whether it is spread out as the allowance shrinks, and leaves a reserve: for what may go on and on.
    pub is_spread: bool,
}

/// When something may be done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Booked {
    /// In how long.
    pub wait: Duration,
    /// Whether it waits for the end of a ban.
    pub is_banned: bool,
}

/// The file, shared by every thread of the plane and every plane of the root.
#[derive(Debug)]
pub struct Ledger {
    file: Mutex<File>,
}

impl Ledger {
    /// Opens the user's ledger in a root, and makes it if there is none. The root is there: planes live in it.
    ///
    /// # Errors
    /// When it cannot be opened, or the file system has no room for its 256 KiB.
    pub fn open(root: &Path) -> io::Result<Self> {
        let flags = (OFlags::NOFOLLOW | OFlags::CLOEXEC).bits() as i32;
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(flags)
            .open(root.join(file_name()))?;
        Self::over(file)
    }

    /// A ledger that ends with the process, for where no file can be had.
    ///
    /// # Errors
    /// When the system has no memory for it.
    pub fn in_memory() -> io::Result<Self> {
        Self::over(File::from(memfd_create("attempts", MemfdFlags::CLOEXEC)?))
    }

    /// Takes the room at once, so that no booking fails for want of it.
    fn over(file: File) -> io::Result<Self> {
        fallocate(&file, FallocateFlags::empty(), 0, (PAGES * PAGE) as u64)?;
        Ok(Self { file: Mutex::new(file) })
    }

    /// Books the next attempt that `rate` and a ban allow; returns how long it has to wait.
    ///
    /// # Errors
    /// When the file cannot be read or written; nothing is booked then.
    pub fn book(&self, key: &str, rate: Rate, now_ns: i64) -> io::Result<Duration> {
        Ok(self.book_all(&[Claim { key, rate, is_spread: false }], now_ns)?.wait)
    }

    /// Books the next moment at which everything claimed may be done at once.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn book_all(&self, claims: &[Claim<'_>], now_ns: i64) -> io::Result<Booked> {
        self.locked(|file| {
            let find = |claim: &Claim<'_>| find(file, &key_bytes(claim.key), i64::from(claim.rate.per_ms), now_ns);
            let pages = claims.iter().map(find).collect::<io::Result<Vec<Page>>>()?;
            let closed_ns = pages.iter().map(|page| page.closed_ns(now_ns)).max().unwrap_or(0);
            let mut at_ns = now_ns.max(closed_ns);
            // Each claim only ever puts it off, until it suits all.
            loop {
                let next = pages.iter().zip(claims).map(|(page, claim)| page.next_ns(claim, at_ns, now_ns)).max();
                match next {
                    Some(next_ns) if next_ns > at_ns => at_ns = next_ns,
                    _ => break,
                }
            }
            for page in &pages {
                file.write_all_at(&at_ns.to_le_bytes(), page.start + page.oldest_slot())?;
            }
            Ok(Booked { wait: duration(at_ns - now_ns), is_banned: closed_ns > now_ns && at_ns == closed_ns })
        })
    }

    /// Keeps everybody away until `until_ns`: the venue said so.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn close(&self, key: &str, until_ns: i64, now_ns: i64) -> io::Result<()> {
        self.with(key, 0, now_ns, |file, page| {
            let until_ns = until_ns.max(page.closed_ns(now_ns));
            file.write_all_at(&until_ns.to_le_bytes(), page.start + CLOSED as u64)
        })
    }

    /// How long the venue still wants nobody; zero if it said nothing.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn closed_for(&self, key: &str, now_ns: i64) -> io::Result<Duration> {
        self.with(key, 0, now_ns, |_, page| Ok(duration(page.closed_ns(now_ns) - now_ns)))
    }

    /// Does something with a key's page while nobody else can.
    fn with<T>(
        &self,
        key: &str,
        per_ms: i64,
        now_ns: i64,
        act: impl FnOnce(&File, &Page) -> io::Result<T>,
    ) -> io::Result<T> {
        self.locked(|file| find(file, &key_bytes(key), per_ms, now_ns).and_then(|page| act(file, &page)))
    }

    /// Does something with the file while nobody else can.
    fn locked<T>(&self, act: impl FnOnce(&File) -> io::Result<T>) -> io::Result<T> {
        let file = self.file.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        lock(&file);
        let result = act(&file);
        // An unlock fails only on a file that is none.
        let _ = flock(&*file, FlockOperation::Unlock);
        result
    }
}

/// How many of a claim may be within one period. What is spread out leaves a tenth for others: a person who starts the plane
/// anew, another program.
fn usable(claim: &Claim<'_>) -> usize {
    let count = (claim.rate.count as usize).clamp(1, SLOTS);
    if claim.is_spread { (count - count.div_ceil(10)).max(1) } else { count }
}

/// How long after the newest the next one may come when `m` are within the period: half of the allowance at once, then
/// as if what is left had to do for a whole period. Whoever goes on and on ends up at a steady pace, and is never
/// without an attempt for long.
fn gap_ns(claim: &Claim<'_>, m: usize, period_ns: i64) -> i64 {
    let (usable, at_once) = (usable(claim), (claim.rate.count as usize).div_ceil(2));
    if !claim.is_spread || m < at_once { 0 } else { period_ns / (usable - m.min(usable - 1)) as i64 }
}

/// Its name in the root: with a dot, which no instance's name has, and the user's, since the root is every user's.
fn file_name() -> String {
    format!("attempts.{}.ledger", rustix::process::geteuid().as_raw())
}

fn duration(ns: i64) -> Duration {
    Duration::from_nanos(u64::try_from(ns).unwrap_or(0))
}

fn key_bytes(key: &str) -> [u8; KEY_BYTES] {
    let mut bytes = [0; KEY_BYTES];
    // Keys that agree in so many bytes share a budget, which errs on the side of the venue.
    let length = key.len().min(KEY_BYTES);
    bytes[..length].copy_from_slice(&key.as_bytes()[..length]);
    bytes
}

/// Without the lock two planes may book the same moment, which is better than to stop because one of them hangs.
fn lock(file: &File) {
    for _ in 0..LOCK_TRIES {
        if flock(file, FlockOperation::NonBlockingLockExclusive).is_ok() {
            return;
        }
        std::thread::sleep(LOCK_PAUSE);
    }
}

/// The page of a key, made in the place of one that no longer matters if there is none.
fn find(file: &File, key: &[u8; KEY_BYTES], per_ms: i64, now_ns: i64) -> io::Result<Page> {
    let mut bytes = vec![0; PAGES * PAGE];
    file.read_exact_at(&mut bytes, 0)?;
    let pages: Vec<Page> = bytes.chunks_exact(PAGE).enumerate().map(Page::read).collect();
    if let Some(at) = pages.iter().position(|page| page.is_of(key)) {
        let mut pages = pages;
        return Ok(pages.swap_remove(at));
    }
    let Some(replaced) = pages.iter().min_by_key(|page| page.matters_until_ns(now_ns)) else {
        return Err(io::ErrorKind::UnexpectedEof.into());
    };
    let fresh = Page::fresh(replaced.start, key, per_ms);
    file.write_all_at(&fresh.bytes, fresh.start)?;
    Ok(fresh)
}

/// One key's page, as it was read.
struct Page {
    /// Where it stands in the file.
    start: u64,
    bytes: Vec<u8>,
}

impl Page {
    fn read((number, bytes): (usize, &[u8])) -> Self {
        Self { start: (number * PAGE) as u64, bytes: bytes.to_vec() }
    }

    fn fresh(start: u64, key: &[u8; KEY_BYTES], per_ms: i64) -> Self {
        let mut bytes = vec![0; PAGE];
        bytes[..KEY].copy_from_slice(MAGIC);
        bytes[KEY..CLOSED].copy_from_slice(key);
        bytes[PERIOD..TIMES].copy_from_slice(&per_ms.to_le_bytes());
        Self { start, bytes }
    }

    fn is_of(&self, key: &[u8; KEY_BYTES]) -> bool {
        self.bytes[..KEY] == MAGIC[..] && self.bytes[KEY..CLOSED] == key[..]
    }

    fn word(&self, at: usize) -> i64 {
        self.bytes[at..at + 8].try_into().map_or(0, i64::from_le_bytes)
    }

    fn times(&self, now_ns: i64) -> impl Iterator<Item = i64> {
        (0..SLOTS)
            .map(|slot| self.word(TIMES + slot * 8))
            .filter(move |time| (1..=now_ns + AHEAD_NS_MAX).contains(time))
    }

    fn closed_ns(&self, now_ns: i64) -> i64 {
        let until_ns = self.word(CLOSED);
        if until_ns > now_ns + BAN_NS_MAX { 0 } else { until_ns }
    }

    /// The first moment from `from_ns` on at which the venue takes another: one at which, with `m` of them within the
    /// period before it, the newest is at least [`gap_ns`] of `m` ago.
    fn next_ns(&self, claim: &Claim<'_>, from_ns: i64, now_ns: i64) -> i64 {
        let mut times: Vec<i64> = self.times(now_ns).collect();
        times.sort_unstable_by(|a, b| b.cmp(a));
        let period_ns = i64::from(claim.rate.per_ms) * NS_PER_MS + MARGIN_NS;
        let usable = usable(claim);
        let at_most = |m: usize| {
            let older_ns = times.get(m).map_or(from_ns, |time| time + period_ns);
            let newest_ns = times.first().filter(|_| m > 0).map(|newest| newest + gap_ns(claim, m, period_ns));
            let spread_ns = newest_ns.filter(|_| gap_ns(claim, m, period_ns) > 0).unwrap_or(from_ns);
            from_ns.max(older_ns).max(spread_ns)
        };
        (0..usable).map(at_most).min().unwrap_or(from_ns)
    }

    /// Where in the page the attempt stands that matters least.
    fn oldest_slot(&self) -> u64 {
        let oldest = (0..SLOTS).min_by_key(|slot| self.word(TIMES + slot * 8)).unwrap_or(0);
        (TIMES + oldest * 8) as u64
    }

    /// Until when somebody has to know of this page.
    fn matters_until_ns(&self, now_ns: i64) -> i64 {
        if self.bytes[..KEY] != MAGIC[..] {
            return 0;
        }
        let newest_ns = self.times(now_ns).max().unwrap_or(0);
        self.closed_ns(now_ns).max(newest_ns + self.word(PERIOD).clamp(0, AHEAD_NS_MAX / NS_PER_MS) * NS_PER_MS)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const NOW: i64 = 1_790_358_480_000_000_000;
    const RATE: Rate = Rate { count: 3, per_ms: 10_000 };
    const PERIOD_MS: u64 = 10_250;

    fn book(ledger: &Ledger, key: &str, after_ms: i64) -> u64 {
        ledger.book(key, RATE, NOW + after_ms * NS_PER_MS).unwrap().as_millis() as u64
    }

    #[test]
    fn so_many_go_at_once_and_the_rest_waits_its_turn() {
        let ledger = Ledger::in_memory().unwrap();
        let waits: Vec<u64> = (0..7).map(|_| book(&ledger, "kraken", 0)).collect();
        assert_eq!(waits, [0, 0, 0, PERIOD_MS, PERIOD_MS, PERIOD_MS, 2 * PERIOD_MS]);
        assert_eq!(book(&ledger, "binance", 0), 0, "each venue has its own");
    }

    #[test]
    fn no_period_ever_holds_more_than_the_rate() {
        let ledger = Ledger::in_memory().unwrap();
        let mut now_ms = 0;
        let mut gone: Vec<u64> = Vec::new();
        for round in 0..400_u64 {
            now_ms += [0, 1, 700, 4_000, 25_000, 3_333][(round * round % 6) as usize];
            gone.push(now_ms + book(&ledger, "kraken", now_ms as i64));
        }
        gone.sort_unstable();
        for four in gone.windows(RATE.count as usize + 1) {
            assert!(four[3] - four[0] > 10_000, "four attempts within a period: {four:?}");
        }
    }

    /// Kraken's: 150 in ten minutes.
    const LONG: Rate = Rate { count: 150, per_ms: 600_000 };

    #[test]
    fn whoever_goes_on_and_on_is_slowed_down_and_leaves_a_reserve() {
        let ledger = Ledger::in_memory().unwrap();
        let claim = [Claim { key: "kraken", rate: LONG, is_spread: true }];
        let (mut now_ms, mut gone): (i64, Vec<i64>) = (0, Vec::new());
        while now_ms < 3_600_000 {
            let booked = ledger.book_all(&claim, NOW + now_ms * NS_PER_MS).unwrap();
            now_ms += booked.wait.as_millis() as i64;
            gone.push(now_ms);
            // It lives so long each time.
            now_ms += 450;
        }
        let waits: Vec<i64> = gone.windows(2).map(|two| two[1] - two[0]).collect();
        assert!(waits[..74].iter().all(|wait| *wait == 450), "half of them at once: {waits:?}");
        assert!(waits[74..100].iter().all(|wait| *wait >= 10_000), "then a steady pace: {waits:?}");
        assert!(waits.iter().all(|wait| *wait < 30_000), "never dark for long: {waits:?}");
        let most =
            gone.iter().map(|from| gone.iter().filter(|at| (*from..*from + 600_000).contains(*at)).count()).max();
        assert!(most.unwrap() <= 135, "a tenth is left: {most:?}");
    }

    #[test]
    fn two_claims_are_booked_for_the_moment_that_suits_both() {
        let ledger = Ledger::in_memory().unwrap();
        let messages = Claim { key: "messages", rate: Rate { count: 2, per_ms: 1_000 }, is_spread: false };
        let attempts = Claim { key: "attempts", rate: RATE, is_spread: false };
        let wait = |claims: &[Claim<'_>]| ledger.book_all(claims, NOW).unwrap().wait.as_millis() as u64;
        let waits: Vec<u64> = (0..5).map(|_| wait(&[attempts, messages])).collect();
        assert_eq!(waits, [0, 0, 1_250, PERIOD_MS, PERIOD_MS], "by messages, then by attempts");
        assert_eq!(wait(&[messages]), PERIOD_MS + 1_250, "what was booked ahead counts");
        ledger.close("attempts", NOW + 60_000 * NS_PER_MS, NOW).unwrap();
        let booked = ledger.book_all(&[attempts, messages], NOW).unwrap();
        assert_eq!(booked, Booked { wait: Duration::from_secs(60), is_banned: true });
        assert!(!ledger.book_all(&[messages], NOW).unwrap().is_banned);
    }

    #[test]
    fn a_restart_knows_what_was_before() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().to_owned();
        for _ in 0..RATE.count {
            assert_eq!(book(&Ledger::open(&folder).unwrap(), "kraken", 0), 0);
        }
        assert_eq!(book(&Ledger::open(&folder).unwrap(), "kraken", 1), PERIOD_MS - 1);
        let mode = std::fs::metadata(folder.join(file_name())).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_ban_holds_for_everybody_and_ends() {
        let ledger = Ledger::in_memory().unwrap();
        ledger.close("kraken", NOW + 60_000 * NS_PER_MS, NOW).unwrap();
        ledger.close("kraken", NOW + 5_000 * NS_PER_MS, NOW).unwrap();
        assert_eq!(ledger.closed_for("kraken", NOW).unwrap(), Duration::from_secs(60), "a shorter one ends none");
        assert_eq!(book(&ledger, "kraken", 1_000), 59_000);
        assert_eq!(ledger.closed_for("kraken", NOW + 60_000 * NS_PER_MS).unwrap(), Duration::ZERO);
    }

    #[test]
    fn a_clock_that_was_set_back_and_damage_delay_nobody_for_long() {
        let root = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(root.path()).unwrap();
        for _ in 0..9 {
            book(&ledger, "kraken", 0);
        }
        ledger.close("kraken", NOW + 1_000 * NS_PER_MS, NOW).unwrap();
        let year_ms = 365 * 24 * 3_600_000;
        assert_eq!(book(&ledger, "kraken", -year_ms), 0, "what lies a year ahead says nothing");

        std::fs::write(root.path().join(file_name()), vec![0x7f; PAGES * PAGE]).unwrap();
        assert_eq!(book(&Ledger::open(root.path()).unwrap(), "kraken", 0), 0);
        std::fs::write(root.path().join(file_name()), b"short").unwrap();
        assert_eq!(book(&Ledger::open(root.path()).unwrap(), "kraken", 0), 0);
    }

    #[test]
    fn a_full_ledger_forgets_what_matters_least() {
        let ledger = Ledger::in_memory().unwrap();
        for _ in 0..RATE.count {
            book(&ledger, "kraken", 0);
        }
        for number in 0..200 {
            book(&ledger, &format!("kraken 127.0.0.1:{number}"), -20_000);
        }
        assert!(book(&ledger, "kraken", 1) > 0, "a live key is kept as long as there are dead ones");
    }
}
