//! The instance of one demo: named after its process, with the CA beside it, and cleared of what dead demos left.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tickplane_segments::{DEFAULT_ROOT, Instance, Plane};

use crate::arguments::Global;
use crate::commands::status::now_ns;
use crate::failure::Failure;

const PREFIX: &str = "demo-";
/// A plane in another container may look dead here; one that wrote this recently is not.
const SILENCE: Duration = Duration::from_secs(10);

/// Where a demo runs.
pub(super) struct Scratch {
    pub(super) instance: Instance,
    pub(super) root: Option<PathBuf>,
    ca_path: PathBuf,
}

impl Scratch {
    /// Chooses a name that is free.
    pub(super) fn new(global: &Global) -> Result<Self, Failure> {
        let root = global.root.clone();
        clear(root.as_deref());
        let pid = std::process::id();
        let name = global.instance.clone().unwrap_or_else(|| format!("{PREFIX}{pid}"));
        let instance = Instance::new(root.as_deref(), &name)?;
        if instance.directory().exists() {
            let text =
                format!("instance \"{name}\" exists; a demo removes its own at the end: choose another --instance");
            return Err(Failure::Usage(text));
        }
        let ca_path = ca_path(&format!("{PREFIX}{pid}"));
        Ok(Self { instance, root, ca_path })
    }

    /// The file of the simulation's CA.
    pub(super) fn ca_path(&self) -> PathBuf {
        self.ca_path.clone()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // It is there unless the simulation failed to start.
        let _ = fs::remove_file(&self.ca_path);
    }
}

/// The CA's file beside a demo of this name.
fn ca_path(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("tickplane-{name}.pem"))
}

/// Removes the instances of demos that were killed.
fn clear(root: Option<&Path>) {
    let folder = root.unwrap_or(Path::new(DEFAULT_ROOT));
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| is_demo(name)) else { continue };
        let Ok(instance) = Instance::new(root, name) else { continue };
        if is_dead(&instance) {
            // Another user's stay: they are not ours to remove.
            let _ = fs::remove_dir_all(instance.directory());
            let _ = fs::remove_file(ca_path(name));
        }
    }
}

fn is_demo(name: &str) -> bool {
    name.strip_prefix(PREFIX).is_some_and(|pid| !pid.is_empty() && pid.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_dead(instance: &Instance) -> bool {
    let Ok(plane) = Plane::open(instance) else {
        return false;
    };
    let status = plane.status();
    let silence = Duration::from_nanos(u64::try_from(now_ns() - status.heartbeat_ns).unwrap_or(0));
    !status.alive && silence > SILENCE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_names_of_demos_are_cleared() {
        for (name, is) in [("demo-12", true), ("demo-", false), ("demo-mine", false), ("default", false)] {
            assert_eq!(is_demo(name), is, "{name}");
        }
    }
}
