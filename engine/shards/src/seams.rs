//! The seams of one tape: between which trades that were seen others are missing.

use tickplane_exchanges::{TradeIds, TradeMark};

/// Seams remembered; one more, and the oldest is given up.
pub(crate) const SEAMS_MAX: usize = 16;

/// Two trades that were seen, between which some are missing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Seam {
    pub(crate) after: TradeMark,
    pub(crate) before: TradeMark,
}

/// The seams of one instrument, in the order of the tape, at most [`SEAMS_MAX`].
#[derive(Debug)]
pub(crate) struct Seams {
    ids: TradeIds,
    all: Vec<Seam>,
}

impl Seams {
    pub(crate) fn new(ids: TradeIds) -> Self {
        Self { ids, all: Vec::with_capacity(SEAMS_MAX) }
    }

    /// Oldest first.
    pub(crate) fn all(&self) -> &[Seam] {
        &self.all
    }

    /// What orders trades: their ids, or time where ids order nothing.
    pub(crate) fn key(&self, at: TradeMark) -> u128 {
        match self.ids {
            TradeIds::Opaque => u128::from(at.exchange_ns.max(0).unsigned_abs()),
            _ => at.id.bits(),
        }
    }

    /// How many trades are missing in a seam, where ids tell; else 0.
    pub(crate) fn width(&self, seam: &Seam) -> u64 {
        match self.ids {
            TradeIds::Contiguous => {
                u64::try_from(seam.before.id.bits().saturating_sub(seam.after.id.bits() + 1)).unwrap_or(u64::MAX)
            }
            _ => 0,
        }
    }

    /// The seam in which a trade would lie.
    pub(crate) fn around(&self, at: TradeMark) -> Option<Seam> {
        self.place_of(at).map(|place| self.all[place])
    }

    /// Notes the newest seam. Gives back the oldest one where there is no room for both.
    pub(crate) fn push(&mut self, seam: Seam) -> Option<Seam> {
        let oldest = (self.all.len() == SEAMS_MAX).then(|| self.all.remove(0));
        self.all.push(seam);
        oldest
    }

    /// Forgets a seam; `false` if it is not there.
    pub(crate) fn remove(&mut self, seam: Seam) -> bool {
        let at = self.all.iter().position(|known| *known == seam);
        at.map(|at| self.all.remove(at)).is_some()
    }

    /// Takes one trade out of the seam in which it lies. `None` if it lies in none, `false` when there is no room for
    /// the two that are left. Between `known` and the trade nothing is missing.
    pub(crate) fn fill(&mut self, trade: TradeMark, known: Option<TradeMark>) -> Option<bool> {
        let at = self.place_of(trade)?;
        let seam = self.all[at];
        let follows = known.is_some_and(|known| known.id == seam.after.id);
        let [before, after] = [Seam { before: trade, ..seam }, Seam { after: trade, ..seam }];
        match (follows || is_empty(&before), is_empty(&after)) {
            (true, true) => drop(self.all.remove(at)),
            (true, false) => self.all[at] = after,
            (false, true) => self.all[at] = before,
            (false, false) if self.all.len() == SEAMS_MAX => return Some(false),
            (false, false) => {
                self.all[at] = before;
                self.all.insert(at + 1, after);
            }
        }
        Some(true)
    }

    /// Nothing else than what is known is missing from `first` to `last`. Says whether seams shrank.
    pub(crate) fn cover(&mut self, first: TradeMark, last: TradeMark) -> bool {
        let mut changed = false;
        for at in (0..self.all.len()).rev() {
            let seam = self.all[at];
            let (reaches_back, reaches_on) =
                (self.key(first) <= self.key(seam.after), self.key(last) >= self.key(seam.before));
            let touches = self.key(last) > self.key(seam.after) && self.key(first) < self.key(seam.before);
            changed |= touches;
            match (reaches_back, reaches_on) {
                _ if !touches => {}
                (true, true) => drop(self.all.remove(at)),
                (true, false) => self.all[at].after = last,
                (false, true) => self.all[at].before = first,
                (false, false) if self.all.len() < SEAMS_MAX => {
                    self.all[at].before = first;
                    self.all.insert(at + 1, Seam { after: last, ..seam });
                }
                (false, false) => self.all[at].after = last,
            }
        }
        if self.ids == TradeIds::Contiguous {
            self.all.retain(|seam| !is_empty(seam));
        }
        changed
    }

    fn place_of(&self, at: TradeMark) -> Option<usize> {
        let key = self.key(at);
        let holds = |seam: &Seam| match self.ids {
            // Trades of the same instant lie on either side.
            TradeIds::Opaque => (self.key(seam.after)..=self.key(seam.before)).contains(&key),
            _ => self.key(seam.after) < key && key < self.key(seam.before),
        };
        self.all.iter().position(holds)
    }
}

/// Whether no id lies between the two of a seam.
fn is_empty(seam: &Seam) -> bool {
    seam.after.id.bits() + 1 >= seam.before.id.bits()
}
