//! What a tape says of a trade.

/// What the tape says of a trade.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// It is new.
    New,
    /// It is new, and shows that the interruption before it missed nothing.
    Settles,
    /// It is new, and trades before it are missing.
    NewAfter(Loss),
    /// It was missing.
    Fills,
    /// It was seen before, or nobody knows.
    Duplicate,
    /// It was seen before, and shows that the history it came with reaches back to it.
    ReachesBack,
}

/// Trades that are missing between two others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Loss {
    /// How many, where the ids tell; else 0.
    pub(crate) trades: u64,
    /// Time of the last trade before them.
    pub(crate) from_ns: i64,
    /// Time of the first one after them.
    pub(crate) to_ns: i64,
}
