//! How often the rows of one series were asked for: what the venue cannot give is not asked for ever.

use std::ops::Range;

const NS_PER_SECOND: u64 = 1_000_000_000;
/// How long after each answer rows that are still missing are asked for again; then never.
const AGAIN_NS: [u64; 2] = [60 * NS_PER_SECOND, 600 * NS_PER_SECOND];

/// Rows that were asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Tried {
    rows: Range<u64>,
    answers: usize,
    /// Not again before this; `u64::MAX` for never.
    until_ns: u64,
}

/// The tries of one series, at most a few ranges.
#[derive(Clone, Debug, Default)]
pub(super) struct Tries(Vec<Tried>);

impl Tries {
    /// The venue answered for these rows; as many as came are no longer missing.
    pub(super) fn answered(&mut self, rows: Range<u64>, now_ns: u64) {
        let answers = self.answers(&rows);
        let until_ns = AGAIN_NS.get(answers).map_or(u64::MAX, |wait_ns| now_ns + wait_ns);
        self.put(Tried { rows, answers: answers + 1, until_ns });
    }

    /// No answer came, again and again: that says nothing about the rows, which wait.
    pub(super) fn postponed(&mut self, rows: Range<u64>, until_ns: u64) {
        let answers = self.answers(&rows);
        self.put(Tried { rows, answers, until_ns });
    }

    /// The parts of these rows that may be asked for now.
    pub(super) fn due(&self, rows: Range<u64>, now_ns: u64) -> Vec<Range<u64>> {
        let mut due = vec![rows];
        for tried in self.0.iter().filter(|tried| now_ns < tried.until_ns) {
            due = due.into_iter().flat_map(|rows| without(&rows, &tried.rows)).collect();
        }
        due
    }

    /// Forgets rows that the series no longer holds.
    pub(super) fn forget_before(&mut self, row: u64) {
        self.0.retain(|tried| tried.rows.end > row);
    }

    fn answers(&self, rows: &Range<u64>) -> usize {
        let touched = self.0.iter().filter(|tried| tried.rows.start < rows.end && rows.start < tried.rows.end);
        touched.map(|tried| tried.answers).max().unwrap_or(0)
    }

    fn put(&mut self, tried: Tried) {
        let rest = |old: Tried| {
            let parts = without(&old.rows, &tried.rows);
            parts.into_iter().map(move |rows| Tried { rows, ..old.clone() })
        };
        self.0 = std::mem::take(&mut self.0).into_iter().flat_map(rest).collect();
        self.0.push(tried);
    }
}

/// What is left of `rows` without `gone`.
pub(super) fn without(rows: &Range<u64>, gone: &Range<u64>) -> Vec<Range<u64>> {
    let parts = [rows.start..rows.end.min(gone.start), rows.start.max(gone.end)..rows.end];
    parts.into_iter().filter(|part| !part.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_asked_for_three_times_later_and_later() {
        let mut tries = Tries::default();
        assert_eq!(tries.due(10..20, 0), [10..20]);
        for wait_ns in AGAIN_NS {
            tries.answered(10..20, 0);
            assert_eq!(tries.due(5..30, wait_ns - 1), [5..10, 20..30]);
            assert_eq!(tries.due(5..30, wait_ns), [5..30]);
        }
        tries.answered(12..14, 0);
        assert_eq!(tries.due(10..20, u64::MAX - 1), [10..12, 14..20], "two rows are given up");
        tries.forget_before(14);
        assert_eq!(tries.due(12..14, 0), [12..14]);
    }

    #[test]
    fn without_an_answer_nothing_is_given_up() {
        let mut tries = Tries::default();
        for round in 1..50 {
            tries.postponed(10..20, round * 10);
            assert_eq!(tries.due(10..20, round * 10 - 1), []);
            assert_eq!(tries.due(10..20, round * 10), [10..20]);
        }
    }
}
