//! Whether a process lives, and is the one it was.
#![allow(clippy::disallowed_methods, reason = "a writer is known by its process, which the system describes in files")]

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

/// Room for the path, and for the line up to the field: the command has at most 64 bytes, the numbers before it 20 each.
const PATH_BYTES: usize = 32;
const LINE_BYTES: usize = 1024;

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
    fn a_command_may_look_like_fields() {
        let numbers: Vec<String> = (3..=52).map(|field| field.to_string()).collect();
        assert_eq!(field_22(format!("7 (a) b (1 2) {}", numbers.join(" ")).as_bytes()), Some(22));
    }
}
