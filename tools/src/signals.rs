//! Ctrl-C and SIGTERM as an event that a loop can wait for.

use std::io::Read;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::low_level::pipe;

use crate::failure::Failure;

/// A request to end, from the user or the system.
#[derive(Debug)]
pub(crate) struct Stop {
    asked: Receiver<()>,
}

impl Stop {
    /// Takes over SIGINT and SIGTERM.
    pub(crate) fn on_signals() -> Result<Self, Failure> {
        let failed = |error| Failure::Failed(format!("signal handling: {error}"));
        let (mut reader, writer) = UnixStream::pair().map_err(failed)?;
        pipe::register(SIGINT, writer.try_clone().map_err(failed)?).map_err(failed)?;
        pipe::register(SIGTERM, writer).map_err(failed)?;
        let (sender, asked) = bounded(1);
        std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || {
                // The pipe cannot end while its writers are registered.
                while reader.read(&mut [0]).is_ok() {
                    if sender.try_send(()).is_err_and(|error| error.is_disconnected()) {
                        return;
                    }
                }
            })
            .map_err(failed)?;
        Ok(Self { asked })
    }

    /// Waits for the request.
    pub(crate) fn wait(&self) {
        // The sender ends with the process.
        let _ = self.asked.recv();
    }

    /// Waits so long at most, and says whether the request came.
    pub(crate) fn wait_for(&self, time: Duration) -> bool {
        !matches!(self.asked.recv_timeout(time), Err(RecvTimeoutError::Timeout))
    }

    /// The request, to select on.
    pub(crate) const fn receiver(&self) -> &Receiver<()> {
        &self.asked
    }
}
