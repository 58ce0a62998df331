//! Whether a process lives, and is the one it was.
#![allow(clippy::disallowed_methods, reason = "a writer is known by its process, which the system describes in files")]

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use tickplane_layout::header::Host;

/// Room for the path, and for the line up to the field: the command has at most 64 bytes, the numbers before it 20 each.
const PATH_BYTES: usize = 32;
const LINE_BYTES: usize = 1024;
/// A UUID as text.
const UUID_BYTES: usize = 36;

/// Clock ticks since boot at which a process started: field 22 of /proc/PID/stat. Allocates nothing.
///
/// # Errors
/// When there is no such process, or the system does not say: see [`is_unknown`].
pub(crate) fn start_ticks(pid: u32) -> io::Result<u64> {
    let (mut path, mut line) = ([0; PATH_BYTES], [0; LINE_BYTES]);
    let mut room = &mut path[..];
    write!(room, "/proc/{pid}/stat")?;
    let length = PATH_BYTES - room.len();
    let path = std::str::from_utf8(&path[..length]).map_err(|_| io::ErrorKind::InvalidData)?;
    let count = File::open(Path::new(path))?.read(&mut line)?;
    field_22(&line[..count]).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// Whether an error of [`start_ticks`] says nothing about the process: this one has no descriptor or memory left to ask.
pub(crate) fn is_unknown(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE | libc::ENOMEM))
}

/// Where this process's ids mean something; what the system does not say is zero. Allocates nothing.
pub(crate) fn host() -> Host {
    let mut text = [0; UUID_BYTES];
    let read = File::open("/proc/sys/kernel/random/boot_id").and_then(|mut file| file.read_exact(&mut text));
    let boot_id = read.ok().and_then(|()| uuid(&text)).unwrap_or_default();
    Host { boot_id, pid_namespace: Path::new("/proc/self/ns/pid").metadata().map_or(0, |facts| facts.ino()) }
}

/// The bytes of a UUID, the most significant first.
fn uuid(text: &[u8]) -> Option<[u8; 16]> {
    let mut digits = text.iter().filter(|byte| **byte != b'-').map(|byte| char::from(*byte).to_digit(16));
    let mut bytes = [0; 16];
    for byte in &mut bytes {
        *byte = (digits.next()?? << 4 | digits.next()??) as u8;
    }
    Some(bytes)
}

fn field_22(line: &[u8]) -> Option<u64> {
    // The second field is the command in parentheses: any bytes, spaces and parentheses included. Counted after it.
    let after_command = line.rsplit(|byte| *byte == b')').next()?;
    std::str::from_utf8(after_command).ok()?.split_ascii_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_a_start_and_a_free_number_has_none() {
        assert!(start_ticks(std::process::id()).is_ok_and(|ticks| ticks > 0));
        assert_eq!(start_ticks(u32::MAX).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn this_boot_has_an_id_and_this_process_a_namespace() {
        let text = b"3f2504e0-4f89-11d3-9a0c-0305e82c3301";
        assert_eq!(uuid(text).map(u128::from_be_bytes), Some(0x3f25_04e0_4f89_11d3_9a0c_0305_e82c_3301));
        assert_eq!((uuid(&text[..35]), uuid(b"z")), (None, None));
        let own = host();
        assert!(own.shares_pids(&host()), "{own:?}");
        let elsewhere = Host { pid_namespace: own.pid_namespace + 1, ..own };
        assert!(own.is_same_boot(&elsewhere) && !own.shares_pids(&elsewhere));
        let unknown = Host { pid_namespace: 0, ..own };
        assert!(!unknown.shares_pids(&unknown) && !Host::default().is_same_boot(&Host::default()));
        assert!(!own.shares_pids(&Host { boot_id: [7; 16], ..own }));
    }

    #[test]
    fn a_command_may_look_like_fields() {
        let numbers: Vec<String> = (3..=52).map(|field| field.to_string()).collect();
        assert_eq!(field_22(format!("7 (a) b (1 2) {}", numbers.join(" ")).as_bytes()), Some(22));
    }
}
