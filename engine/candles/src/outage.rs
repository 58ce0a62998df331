//! When the stream was down, as far as the rows it touches are not closed yet.

/// A span of venue time in which trades may be missing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outage {
    pub(crate) from_ns: i64,
    pub(crate) to_ns: i64,
    /// The plane did not listen at all before `to_ns`: the row in which it ends is partial.
    pub(crate) start: bool,
}

impl Outage {
    /// How much of `from_ns..to_ns` it covers.
    pub(crate) fn overlap_ns(&self, from_ns: i64, to_ns: i64) -> i64 {
        (self.to_ns.min(to_ns) - self.from_ns.max(from_ns)).max(0)
    }

    /// Whether the plane began to listen inside `from_ns..to_ns`, later than its first instant.
    pub(crate) fn starts_inside(&self, from_ns: i64, to_ns: i64) -> bool {
        self.start && from_ns < self.to_ns && self.to_ns < to_ns
    }
}

/// How many finished outages can wait for the rows they touch. They wait only until the next row opens; one more
/// than this is joined with the last, which overstates the gap rather than hiding it.
const PENDING_MAX: usize = 8;

/// The outage that goes on now, and those that reach beyond the open row.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outages {
    down_since_ns: Option<i64>,
    /// Before the first sign of life after a resume.
    starting: bool,
    pending: [Option<Outage>; PENDING_MAX],
}

impl Outages {
    /// The stream is down from `at_ns`; the earliest of several reports holds. Says until when that is news: the
    /// outage known before began then.
    pub(crate) fn down(&mut self, at_ns: i64) -> i64 {
        let known_ns = self.down_since_ns.unwrap_or(i64::MAX);
        self.down_since_ns = Some(known_ns.min(at_ns));
        known_ns
    }

    /// Nothing has been heard since `at_ns`, when an earlier process ended.
    pub(crate) fn start(&mut self, at_ns: i64) {
        self.down(at_ns);
        self.starting = true;
    }

    /// Whether nothing has been heard since a resume.
    pub(crate) fn is_starting(&self) -> bool {
        self.starting
    }

    /// The stream is up again: the outage that is over, at least 1 ns of it.
    pub(crate) fn up(&mut self, at_ns: i64) -> Option<Outage> {
        let from_ns = self.down_since_ns.take()?;
        let start = std::mem::take(&mut self.starting);
        Some(Outage { from_ns, to_ns: at_ns.max(from_ns + 1), start })
    }

    /// How much of `from_ns..to_ns` the outage of now covers.
    pub(crate) fn ongoing_ns(&self, from_ns: i64, to_ns: i64) -> i64 {
        self.down_since_ns.map_or(0, |since_ns| (to_ns - since_ns.max(from_ns)).max(0))
    }

    /// Keeps a finished outage for rows that are not open yet.
    pub(crate) fn keep(&mut self, outage: Outage) {
        if let Some(free) = self.pending.iter_mut().find(|slot| slot.is_none()) {
            *free = Some(outage);
        } else if let Some(last) = &mut self.pending[PENDING_MAX - 1] {
            last.from_ns = last.from_ns.min(outage.from_ns);
            last.to_ns = last.to_ns.max(outage.to_ns);
            last.start |= outage.start;
        }
    }

    /// What the finished outages mean for a row that opens: its gap, and whether it is partial. Those that end in it
    /// are forgotten.
    pub(crate) fn of_row(&mut self, from_ns: i64, to_ns: i64) -> (i64, bool) {
        let (mut gap_ns, mut partial) = (0, false);
        for slot in &mut self.pending {
            if let Some(outage) = slot {
                gap_ns += outage.overlap_ns(from_ns, to_ns);
                partial |= outage.starts_inside(from_ns, to_ns);
                if outage.to_ns <= to_ns {
                    *slot = None;
                }
            }
        }
        (gap_ns, partial)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outage(from_ns: i64, to_ns: i64) -> Outage {
        Outage { from_ns, to_ns, start: false }
    }

    #[test]
    fn an_outage_waits_for_every_row_it_touches_and_no_longer() {
        let mut outages = Outages::default();
        outages.keep(outage(95, 230));
        outages.keep(outage(240, 250));
        assert_eq!(outages.of_row(100, 200), (100, false));
        assert_eq!(outages.of_row(200, 300), (40, false));
        assert_eq!(outages.of_row(200, 300), (0, false), "both ended in that row");
    }

    #[test]
    fn more_than_can_wait_overstate_the_gap() {
        let mut outages = Outages::default();
        for n in 0..20 {
            outages.keep(outage(100 + 10 * n, 101 + 10 * n));
        }
        let (gap_ns, _) = outages.of_row(100, 300);
        assert_eq!(gap_ns, 7 + (291 - 170), "seven by themselves, the rest joined");
    }
}
