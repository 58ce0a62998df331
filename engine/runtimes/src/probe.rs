//! Whether the machine lets us have a runtime, found out before a thread relies on it.
#![allow(clippy::disallowed_methods, reason = "an executor is tried on a thread that ends with the trial")]

use crate::choice::Runtime;

/// Why a build without the feature has no glommio.
#[cfg(not(feature = "glommio"))]
pub(crate) const NOT_BUILT: &str = "this build is without it (cargo feature \"glommio\")";

/// Tries a runtime for a moment.
///
/// # Errors
/// Why this machine or this build refuses it. `park` is then the next best, as [`crate::spawn`] takes it by itself.
pub fn probe(runtime: Runtime) -> Result<(), String> {
    match runtime {
        Runtime::Poll | Runtime::Park => Ok(()),
        Runtime::Glommio => glommio(),
    }
}

#[cfg(not(feature = "glommio"))]
fn glommio() -> Result<(), String> {
    Err(NOT_BUILT.to_owned())
}

/// Sleeps in an io_uring until another thread wakes it, as a shard's thread would.
#[cfg(feature = "glommio")]
fn glommio() -> Result<(), String> {
    use std::time::{Duration, Instant};

    use crate::ring::Ring;
    use crate::sockets::Sockets;

    /// A ring that does not wake up within this is none to rely on.
    const WAKE_MAX: Duration = Duration::from_secs(1);

    let words = |error: std::io::Error| error.to_string();
    let sockets = Sockets::new(Runtime::Glommio).map_err(words)?;
    let waker = sockets.waker().map_err(words)?;
    let trial = move || {
        let ring = Ring::new()?;
        let start = Instant::now();
        let mut sleeps = [WAKE_MAX].into_iter();
        ring.run(sockets.set().map_err(words)?, || sleeps.next());
        if start.elapsed() < WAKE_MAX { Ok(()) } else { Err("a wake does not end a sleep in io_uring".to_owned()) }
    };
    let thread = std::thread::Builder::new().name("probe".to_owned()).spawn(trial).map_err(words)?;
    std::thread::sleep(Duration::from_millis(1));
    waker.wake().map_err(words)?;
    thread.join().unwrap_or_else(|_| Err("glommio panicked; its message is above".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_every_machine_has_is_never_refused() {
        assert_eq!(probe(Runtime::Poll), Ok(()));
        assert_eq!(probe(Runtime::Park), Ok(()));
    }

    #[test]
    fn glommio_runs_or_says_why_not() {
        if let Err(reason) = probe(Runtime::Glommio) {
            // Every other test is skipped where the machine refuses; a sleep of ours that no wake ends is no refusal.
            let is_refusal = reason.contains("set the runtime to park") || cfg!(not(feature = "glommio"));
            assert!(is_refusal, "{reason}");
            eprintln!("skipped: this machine refuses glommio: {reason}");
        }
    }
}
