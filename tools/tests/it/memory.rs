//! Shared memory that is too small: refused by name, and nothing half-made stays.

use std::path::Path;
use std::process::Command;

use crate::support::tickplane;

/// A file system of two megabytes, taken away with the test. `None`, said aloud, where it cannot be mounted.
struct Small(tempfile::TempDir);

impl Small {
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=2m", "tmpfs"]).arg(folder.path()).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self(folder));
        }
        eprintln!("skipped: mounting a small tmpfs is not permitted here");
        None
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.path()).status();
    }
}

#[test]
fn a_full_file_system_is_told_before_anything_is_made() {
    let Some(small) = Small::mount() else { return };
    let root = small.path().to_str().unwrap();
    let laptop = concat!(env!("CARGO_MANIFEST_DIR"), "/../config/laptop.toml");
    for args in [
        vec!["demo", "--seconds", "2", "--quiet", "--root", root],
        vec!["run", "--autostart", "binance", "--root", root],
        vec!["check-config", laptop, "--root", root, "--quiet"],
    ] {
        let outcome = tickplane(&args);
        assert_eq!(outcome.code, Some(2), "{outcome:?}");
        assert!(outcome.stderr.contains("of shared memory, but its file system has"), "{outcome:?}");
        assert!(outcome.stderr.contains("--shm-size"), "{outcome:?}");
        let left: Vec<_> = std::fs::read_dir(root).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
    }
}
