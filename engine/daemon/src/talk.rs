//! What the plane says to people: one line with its time per event.

use crossbeam_channel::Sender;
use tickplane_model::format_time;
use tickplane_runtimes::SystemClock;
use tickplane_shards::Clock;

/// Where lines for people go; clones speak to the same listener.
#[derive(Clone)]
pub(crate) struct Talk(Sender<String>);

impl Talk {
    pub(crate) const fn new(listener: Sender<String>) -> Self {
        Self(listener)
    }

    pub(crate) fn say(&self, text: &str) {
        // Nobody has to listen.
        let _ = self.0.send(format!("{} {text}", format_time(SystemClock::new().now().epoch_ns)));
    }
}
