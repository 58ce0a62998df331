//! What simulated exchanges keep on the machine while they run: a folder for their CA, and the instance of their name.
//! Both end with them; what a killed process left, the next one clears.

use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fs::{FlockOperation, flock};
use tickplane_segments::{DEFAULT_ROOT, Instance};

use crate::arguments::Global;
use crate::failure::Failure;

/// The file in a folder that its process keeps locked. The lock ends with the process, however that ends, and is seen
/// from every container that shares the folder: process ids, which come again, prove nothing.
const OWNER: &str = "owner";
/// A folder without that file may be in the making, unless it is older than this.
const MAKING: Duration = Duration::from_secs(10);

/// The commands that simulate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Purpose {
    /// `demo`, whose plane lives in its own process.
    Demo,
    /// `simulate`, whose plane is the user's.
    Simulate,
}

impl Purpose {
    const ALL: [Self; 2] = [Self::Demo, Self::Simulate];

    const fn prefix(self) -> &'static str {
        match self {
            Self::Demo => "demo-",
            Self::Simulate => "simulate-",
        }
    }
}

/// Where one simulation lives.
pub(crate) struct Scratch {
    pub(crate) instance: Instance,
    pub(crate) root: Option<PathBuf>,
    folder: PathBuf,
    /// Locked until the end.
    _owner: File,
}

impl Scratch {
    /// Clears what dead processes left, and takes the name of this one.
    pub(crate) fn new(global: &Global, purpose: Purpose) -> Result<Self, Failure> {
        let root = global.root.clone();
        clear(root.as_deref());
        let own = format!("{}{}", purpose.prefix(), std::process::id());
        let instance = Instance::new(root.as_deref(), global.instance.as_deref().unwrap_or(&own))?;
        if purpose == Purpose::Demo && instance.directory().exists() {
            let name = instance.name();
            let text =
                format!("instance \"{name}\" exists; a demo removes its own at the end: choose another --instance");
            return Err(Failure::Usage(text));
        }
        let folder = folder_of(&own);
        let failed = |error| Failure::failed(format!("cannot make {}: {error}; set TMPDIR", folder.display()));
        let owner = make(&folder).map_err(failed)?;
        Ok(Self { instance, root, folder, _owner: owner })
    }

    /// A file of this run, removed with it.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The file of the simulation's CA.
    pub(crate) fn ca_path(&self) -> PathBuf {
        self.file("ca.pem")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed is a few kilobytes in a temporary folder, and is tried again by the next.
        let _ = fs::remove_dir_all(&self.folder);
        // A plane that lives goes on; without it nobody needs what simulated exchanges said.
        if purpose_of(self.instance.name()).is_some() && self.instance.is_held() == Some(false) {
            let _ = fs::remove_dir_all(self.instance.directory());
        }
    }
}

/// The temporary folder of a name.
fn folder_of(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("tickplane-{name}"))
}

/// Makes a folder that is this process's own.
fn make(folder: &Path) -> std::io::Result<File> {
    DirBuilder::new().mode(0o700).create(folder)?;
    let owner = File::create_new(folder.join(OWNER))?;
    flock(&owner, FlockOperation::NonBlockingLockExclusive)?;
    Ok(owner)
}

/// Which command takes such a name by itself.
fn purpose_of(name: &str) -> Option<Purpose> {
    let is_number = |pid: &str| !pid.is_empty() && pid.bytes().all(|byte| byte.is_ascii_digit());
    Purpose::ALL.into_iter().find(|purpose| name.strip_prefix(purpose.prefix()).is_some_and(is_number))
}

/// Removes the folders and instances of simulations that were killed. What is another user's stays: it is not ours.
fn clear(root: Option<&Path>) {
    for name in names_in(&std::env::temp_dir()) {
        let folder = name.strip_prefix("tickplane-").filter(|name| purpose_of(name).is_some()).map(folder_of);
        if let Some(folder) = folder.filter(|folder| is_left(folder)) {
            let _ = fs::remove_dir_all(folder);
        }
    }
    for name in names_in(root.unwrap_or(Path::new(DEFAULT_ROOT))) {
        if purpose_of(&name).is_none() || folder_of(&name).exists() {
            continue;
        }
        if let Ok(instance) = Instance::new(root, &name)
            && instance.is_held() == Some(false)
        {
            let _ = fs::remove_dir_all(instance.directory());
        }
    }
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

/// Whether the process of a folder is gone.
fn is_left(folder: &Path) -> bool {
    match File::open(folder.join(OWNER)) {
        Ok(owner) => flock(&owner, FlockOperation::NonBlockingLockExclusive).is_ok(),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound && age(folder) > MAKING,
    }
}

fn age(path: &Path) -> Duration {
    let modified = fs::symlink_metadata(path).and_then(|metadata| metadata.modified());
    modified.map_or(Duration::ZERO, |modified| SystemTime::now().duration_since(modified).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_simulations_are_cleared() {
        for (name, purpose) in [
            ("demo-12", Some(Purpose::Demo)),
            ("simulate-7", Some(Purpose::Simulate)),
            ("demo-", None),
            ("demo-mine", None),
            ("simulate-7a", None),
            ("default", None),
        ] {
            assert_eq!(purpose_of(name), purpose, "{name}");
        }
    }

    #[test]
    fn a_folder_is_left_when_nobody_holds_it() {
        let scratch = std::env::temp_dir().join(format!("tickplane-test-{}", std::process::id()));
        let owner = make(&scratch).unwrap();
        assert!(!is_left(&scratch), "its process lives");
        assert_eq!(make(&scratch).unwrap_err().kind(), std::io::ErrorKind::AlreadyExists);
        drop(owner);
        assert!(is_left(&scratch));
        fs::remove_file(scratch.join(OWNER)).unwrap();
        assert!(!is_left(&scratch), "perhaps it is being made");
        fs::remove_dir_all(&scratch).unwrap();
        assert!(!is_left(&scratch), "there is nothing to remove");
    }
}
