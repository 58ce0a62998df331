//! The ids seen last, where ids only tell whether two trades are the same.

use tickplane_exchanges::TradeIds;
use tickplane_model::TradeId;

/// Ids remembered: more than any venue sends as history on subscribe.
pub(crate) const REMEMBERED: usize = 1_024;

/// A window of ids; where ids order trades, it stays empty.
#[derive(Debug)]
pub(crate) struct Recent {
    is_kept: bool,
    /// The oldest stands at `next` once there are [`REMEMBERED`].
    ids: Vec<u128>,
    next: usize,
}

impl Recent {
    pub(crate) fn new(ids: TradeIds) -> Self {
        let is_kept = ids == TradeIds::Opaque;
        Self { is_kept, ids: if is_kept { Vec::with_capacity(REMEMBERED) } else { Vec::new() }, next: 0 }
    }

    pub(crate) fn contains(&self, id: TradeId) -> bool {
        self.ids.contains(&id.bits())
    }

    pub(crate) fn remember(&mut self, id: TradeId) {
        if !self.is_kept {
            return;
        }
        if self.ids.len() < REMEMBERED {
            self.ids.push(id.bits());
        } else {
            self.ids[self.next] = id.bits();
            self.next = (self.next + 1) % REMEMBERED;
        }
    }
}
