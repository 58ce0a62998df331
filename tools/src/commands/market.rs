//! What simulated venues play, and what goes wrong with them: the options that `simulate` and `demo` share.

use std::path::PathBuf;

use clap::Args;
use tickplane_simulator::{Capture, Fault, FaultKind, Speed};

use crate::failure::Failure;

/// What the venues play, and what goes wrong.
#[derive(Args, Debug)]
pub(crate) struct Market {
    /// What goes wrong, and when; the kinds stand below. May be given again
    #[arg(long = "fault", value_name = "VENUE:KIND@SECONDS[+DURATION][:ARGUMENT...]")]
    faults: Vec<Fault>,
    /// Faults from a file, one a line, # for comments. May be given again
    #[arg(long = "fault-script", value_name = "FILE")]
    scripts: Vec<PathBuf>,
    /// Plays a recorded session of one of the venues in place of its made market
    #[arg(long, value_name = "FILE")]
    capture: Option<PathBuf>,
    /// How fast the recording is played: so many times as fast as it was, or as fast as clients read
    #[arg(long, value_name = "N|max", default_value_t, requires = "capture")]
    speed: Speed,
}

impl Market {
    /// Every fault, of the command line and of the scripts.
    pub(crate) fn faults(&self) -> Result<Vec<Fault>, Failure> {
        let mut faults = self.faults.clone();
        for script in &self.scripts {
            faults.extend(Fault::read_script(script).map_err(Failure::usage)?);
        }
        Ok(faults)
    }

    /// The recording to play.
    pub(crate) fn capture(&self) -> Option<Capture> {
        self.capture.clone().map(|path| Capture { path, speed: self.speed })
    }
}

/// The end of a command's help: its own words, and then what can go wrong.
pub(crate) fn help(own: &str) -> String {
    format!(
        "{own}\n\nFaults: VENUE:KIND@SECONDS[+DURATION][:ARGUMENT...], times in seconds from the start; the kinds with \
         their arguments:\n{}",
        FaultKind::HELP
    )
}
