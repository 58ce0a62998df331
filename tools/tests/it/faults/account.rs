//! What a plane counted of a fault, and what it may count.

use std::fmt;

use tickplane_segments::{CloseKind, ConnectionCounter, Plane, StreamCounter, ThreadCounter};

/// The least and the most of something.
pub(super) type Bounds = (u64, u64);

/// No more than nothing.
pub(super) const NONE: Bounds = (0, 0);
/// At least one.
pub(super) const SOME: Bounds = (1, u64::MAX);
/// As many as there are.
pub(super) const ANY: Bounds = (0, u64::MAX);

/// What may be counted, of each kind, from a fault's injection to its repair. What is not named may not be counted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Allowed {
    pub(super) gaps: Bounds,
    pub(super) reconnects: Bounds,
    pub(super) rejects: Bounds,
    pub(super) duplicates: Bounds,
    pub(super) backfilled: Bounds,
    pub(super) revisions: Bounds,
    /// Questions by REST that failed.
    pub(super) failures: Bounds,
    /// Why connections may end, besides the sign of the fault.
    pub(super) closes: &'static [CloseKind],
}

impl Allowed {
    /// As if nothing had happened.
    pub(super) const NOTHING: Self = Self {
        gaps: NONE,
        reconnects: NONE,
        rejects: NONE,
        duplicates: NONE,
        backfilled: NONE,
        revisions: NONE,
        failures: NONE,
        closes: &[],
    };

    /// Trades were missed, on a connection that stood, and fetched.
    pub(super) const FETCHED: Self =
        Self { gaps: SOME, duplicates: ANY, backfilled: SOME, revisions: SOME, ..Self::NOTHING };

    /// One connection was lost for a moment: the venue's snapshot may hold all that was missed.
    pub(super) const RECONNECTED: Self =
        Self { gaps: ANY, reconnects: (1, 1), duplicates: ANY, backfilled: ANY, revisions: ANY, ..Self::NOTHING };

    /// Connections failed for a while, at growing distances, and what was missed was fetched.
    pub(super) const RETRIED: Self =
        Self { reconnects: (2, 8), closes: &[CloseKind::TcpClosed, CloseKind::TcpReset], ..Self::FETCHED };
}

/// What was counted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Account {
    counts: [(u64, &'static str); 7],
    closes: Vec<(CloseKind, u64)>,
}

impl Account {
    /// What a plane has counted so far.
    pub(super) fn of(plane: &Plane) -> Self {
        let connections = plane.connections();
        let of = |counter| connections.iter().map(|connection| connection.count(counter)).sum();
        let streams = plane.exchanges().into_iter().flat_map(|exchange| plane.streams(exchange).unwrap_or_default());
        let counts = [
            (of(ConnectionCounter::Gaps), "gaps"),
            (connections.iter().map(|connection| connection.attempts.saturating_sub(1)).sum(), "reconnects"),
            (connections.iter().map(|connection| connection.rejected()).sum(), "rejects"),
            (of(ConnectionCounter::Duplicates), "duplicates"),
            (of(ConnectionCounter::Backfilled), "backfilled"),
            (plane.threads().iter().map(|thread| thread.count(ThreadCounter::Revisions)).sum(), "revisions"),
            (streams.map(|stream| stream.count(StreamCounter::Failures)).sum(), "failed questions"),
        ];
        let closed = |kind| connections.iter().map(|connection| connection.closed(kind)).sum();
        Self { counts, closes: CloseKind::ALL.iter().map(|kind| (*kind, closed(*kind))).collect() }
    }

    /// What was counted since.
    pub(super) fn since(mut self, before: &Self) -> Self {
        for ((count, _), (old, _)) in self.counts.iter_mut().zip(&before.counts) {
            *count = count.saturating_sub(*old);
        }
        for ((_, count), (_, old)) in self.closes.iter_mut().zip(&before.closes) {
            *count = count.saturating_sub(*old);
        }
        self
    }

    /// What is counted and may not be, or has to be and is not.
    pub(super) fn problem(&self, allowed: &Allowed, expected: Option<CloseKind>) -> Option<String> {
        let Allowed { gaps, reconnects, rejects, duplicates, backfilled, revisions, failures, closes } = *allowed;
        let bounds = [gaps, reconnects, rejects, duplicates, backfilled, revisions, failures];
        let mut wrong: Vec<String> = self
            .counts
            .iter()
            .zip(bounds)
            .filter(|((count, _), (least, most))| count < least || count > most)
            .map(|((count, name), (least, most))| match most {
                u64::MAX => format!("{count} {name}, not {least} or more"),
                most => format!("{count} {name}, not {least} to {most}"),
            })
            .collect();
        let is_allowed = |kind: &CloseKind| closes.contains(kind) || expected == Some(*kind);
        let others = self.closes.iter().filter(|(kind, count)| *count > 0 && !is_allowed(kind));
        wrong.extend(others.map(|(kind, count)| format!("{count} {}, not expected", kind.as_str())));
        (!wrong.is_empty()).then(|| wrong.join(", "))
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let closes = self.closes.iter().map(|(kind, count)| (*count, kind.as_str()));
        let words = self.counts.into_iter().chain(closes).filter(|(count, _)| *count > 0);
        let words: Vec<String> = words.map(|(count, name)| format!("{count} {name}")).collect();
        f.write_str(if words.is_empty() { "nothing counted" } else { "" })?;
        f.write_str(&words.join(", "))
    }
}
