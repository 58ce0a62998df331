//! When a venue is due its next application-level ping.

/// Counts the time between pings, from the first tick of a session on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pinger {
    every_ns: i64,
    /// `None` before the first tick.
    due_ns: Option<i64>,
}

impl Pinger {
    pub(crate) const fn new(every_ns: i64) -> Self {
        Self { every_ns, due_ns: None }
    }

    /// Whether one is due at `now_ns`; then the next one is due a period later.
    pub(crate) fn is_due(&mut self, now_ns: i64) -> bool {
        let is_due = now_ns >= *self.due_ns.get_or_insert(now_ns.saturating_add(self.every_ns));
        if is_due {
            self.due_ns = Some(now_ns.saturating_add(self.every_ns));
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_ping_comes_a_period_after_the_first_tick() {
        let mut pinger = Pinger::new(20);
        let mut due = |now_ns| pinger.is_due(now_ns);
        assert_eq!(
            [100, 119, 120, 121, 139, 145, 164, 165].map(&mut due),
            [false, false, true, false, false, true, false, true]
        );
    }
}
