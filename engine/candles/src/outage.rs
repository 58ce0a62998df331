//! When the stream was down, as far as rows still need to know or may still be told otherwise.

/// A span of venue time in which trades may be missing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outage {
    pub(crate) from_ns: i64,
    pub(crate) to_ns: i64,
    /// The plane did not listen at all before `to_ns`: the row in which it ends is partial.
    pub(crate) start: bool,
    /// Nothing can bring back what is missing.
    pub(crate) for_good: bool,
}

impl Outage {
    /// An outage that may still be filled.
    pub(crate) fn new(from_ns: i64, to_ns: i64) -> Self {
        Self { from_ns, to_ns, start: false, for_good: false }
    }

    /// How much of `from_ns..to_ns` it covers.
    pub(crate) fn overlap_ns(&self, from_ns: i64, to_ns: i64) -> i64 {
        (self.to_ns.min(to_ns) - self.from_ns.max(from_ns)).max(0)
    }

    /// Whether the plane began to listen inside `from_ns..to_ns`, later than its first instant.
    pub(crate) fn starts_inside(&self, from_ns: i64, to_ns: i64) -> bool {
        self.start && from_ns < self.to_ns && self.to_ns < to_ns
    }

    fn is_empty(&self) -> bool {
        self.from_ns >= self.to_ns
    }
}

/// How many finished outages are remembered. Those that reach beyond the open row must be: one more than this is
/// joined with another, which overstates the gap rather than hiding it. Of the others the oldest is forgotten: its gap
/// stays in its rows for good.
const SPANS_MAX: usize = 16;

/// The outage that goes on now, and those that are over.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outages {
    down_since_ns: Option<i64>,
    /// Before the first sign of life after a resume.
    starting: bool,
    /// What the rows they touch were told, or will be when they open.
    spans: [Option<Outage>; SPANS_MAX],
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
        Some(Outage { start, ..Outage::new(from_ns, at_ns.max(from_ns + 1)) })
    }

    /// How much of `from_ns..to_ns` the outage of now covers.
    pub(crate) fn ongoing_ns(&self, from_ns: i64, to_ns: i64) -> i64 {
        self.down_since_ns.map_or(0, |since_ns| (to_ns - since_ns.max(from_ns)).max(0))
    }

    /// Remembers a finished outage; rows from `open_end_ns` on have yet to be told of it.
    pub(crate) fn keep(&mut self, outage: Outage, open_end_ns: i64) {
        if let Some(free) = self.spans.iter_mut().find(|slot| slot.is_none()) {
            *free = Some(outage);
            return;
        }
        let end_ns = |slot: &&mut Option<Outage>| slot.map_or(i64::MAX, |span| span.to_ns);
        let Some(Some(oldest)) = self.spans.iter_mut().min_by_key(end_ns) else { return };
        if oldest.to_ns <= open_end_ns {
            *oldest = outage;
        } else {
            oldest.from_ns = oldest.from_ns.min(outage.from_ns);
            oldest.to_ns = oldest.to_ns.max(outage.to_ns);
            oldest.start |= outage.start;
            oldest.for_good |= outage.for_good;
        }
    }

    /// What the finished outages mean for a row that opens: its gap, and whether it is partial.
    pub(crate) fn of_row(&self, from_ns: i64, to_ns: i64) -> (i64, bool) {
        let spans = self.spans.iter().flatten();
        spans.fold((0, false), |(gap_ns, partial), span| {
            (gap_ns + span.overlap_ns(from_ns, to_ns), partial | span.starts_inside(from_ns, to_ns))
        })
    }

    /// Nothing is missing in `from_ns..to_ns`: takes that part out of a remembered outage and gives it; `None` when no
    /// outage touches it any more.
    pub(crate) fn fill(&mut self, from_ns: i64, to_ns: i64, open_end_ns: i64) -> Option<Outage> {
        let touches = |span: &Outage| !span.for_good && span.overlap_ns(from_ns, to_ns) > 0;
        let slot = self.spans.iter_mut().find(|slot| slot.as_ref().is_some_and(touches))?;
        let whole = slot.take()?;
        let filled = Outage { from_ns: whole.from_ns.max(from_ns), to_ns: whole.to_ns.min(to_ns), ..whole };
        let before = Outage { to_ns: filled.from_ns, start: false, ..whole };
        let after = Outage { from_ns: filled.to_ns, ..whole };
        if !after.is_empty() {
            self.keep(after, open_end_ns);
        }
        // Rows know of it already: without a place it is forgotten, and its gap stays.
        if !before.is_empty()
            && let Some(free) = self.spans.iter_mut().find(|slot| slot.is_none())
        {
            *free = Some(before);
        }
        Some(Outage { start: whole.start && filled.to_ns == whole.to_ns, ..filled })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_waits_for_every_row_it_touches() {
        let mut outages = Outages::default();
        outages.keep(Outage::new(95, 230), 100);
        outages.keep(Outage::new(240, 250), 100);
        assert_eq!(outages.of_row(100, 200), (100, false));
        assert_eq!(outages.of_row(200, 300), (40, false));
        assert_eq!(outages.of_row(300, 400), (0, false));
    }

    #[test]
    fn more_than_can_wait_overstate_the_gap() {
        let mut outages = Outages::default();
        for n in 0..20 {
            outages.keep(Outage::new(100 + 10 * n, 101 + 10 * n), 50);
        }
        let (gap_ns, _) = outages.of_row(100, 300);
        assert!(gap_ns >= 20, "{gap_ns} of at least 20");
    }

    #[test]
    fn what_the_rows_know_already_is_forgotten_first() {
        let mut outages = Outages::default();
        for n in 0..20 {
            outages.keep(Outage::new(100 + 10 * n, 101 + 10 * n), 1_000);
        }
        assert!(outages.fill(100, 140, 1_000).is_none(), "the four oldest are forgotten");
        assert!(outages.fill(140, 141, 1_000).is_some());
    }

    #[test]
    fn a_part_is_filled_once_and_the_rest_stays() {
        let mut outages = Outages::default();
        outages.keep(Outage::new(100, 200), 1_000);
        outages.keep(Outage { for_good: true, ..Outage::new(150, 151) }, 1_000);
        let filled = outages.fill(120, 150, 1_000).unwrap();
        assert_eq!((filled.from_ns, filled.to_ns), (120, 150));
        assert!(outages.fill(120, 150, 1_000).is_none());
        assert_eq!(outages.of_row(100, 200), (20 + 50 + 1, false));
        while outages.fill(i64::MIN, i64::MAX, 1_000).is_some() {}
        assert_eq!(outages.of_row(100, 200), (1, false), "what is lost for good stays lost");
    }
}
