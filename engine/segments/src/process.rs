//! Whether a process lives, and is the one it was.
#![allow(clippy::disallowed_methods, reason = "a writer is known by its process, which the system describes in files")]

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

/// Room for the path, and for the line up to the field: the command has at most 64 bytes, the numbers before it 20 each.
const PATH_BYTES: usize = 32;
const LINE_BYTES: usize = 1024;

/// Clock ticks since boot at which a process started: field 22 of /proc/PID/stat. `None` if there is no such process.
/// Allocates nothing.
pub(crate) fn start_ticks(pid: u32) -> Option<u64> {
    let (mut path, mut line) = ([0; PATH_BYTES], [0; LINE_BYTES]);
    let mut room = &mut path[..];
    write!(room, "/proc/{pid}/stat").ok()?;
    let length = PATH_BYTES - room.len();
    let mut file = File::open(Path::new(std::str::from_utf8(&path[..length]).ok()?)).ok()?;
    let count = file.read(&mut line).ok()?;
    // The second field is the command in parentheses: any bytes, spaces and parentheses included. Counted after it.
    let after_command = line[..count].rsplit(|byte| *byte == b')').next()?;
    let stat = std::str::from_utf8(after_command).ok()?;
    stat.split_ascii_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_a_start_and_a_free_number_has_none() {
        assert!(start_ticks(std::process::id()).is_some_and(|ticks| ticks > 0));
        assert_eq!(start_ticks(u32::MAX), None);
    }
}
