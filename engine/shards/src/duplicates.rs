//! Tells a trade that was seen before, and trades that are missing, by the venue's ids.

use tickplane_exchanges::TradeIds;
use tickplane_model::{IdForm, TradeId};

/// Opaque ids remembered: more than any venue sends as history on subscribe.
const REMEMBERED: usize = 1_024;

/// What the id of a trade says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// The trade is new.
    New,
    /// The trade is new, and this many before it are missing.
    NewAfter {
        /// How many ids are missing.
        lost: u64,
    },
    /// The trade was seen before.
    Duplicate,
}

/// The ids one instrument has seen.
#[derive(Debug)]
pub(crate) struct Duplicates {
    ids: TradeIds,
    newest: Option<u128>,
    recent: Vec<u128>,
    next: usize,
}

impl Duplicates {
    /// `newest` is the last trade an earlier process published.
    pub(crate) fn new(ids: TradeIds, newest: Option<TradeId>) -> Self {
        let recent = if ids == TradeIds::Opaque { Vec::with_capacity(REMEMBERED) } else { Vec::new() };
        let newest = newest.filter(|id| id.form == IdForm::Number).map(TradeId::bits);
        Self { ids, newest, recent, next: 0 }
    }

    /// Judges the id of a trade and remembers it. A trade without id is always new.
    pub(crate) fn judge(&mut self, id: TradeId) -> Verdict {
        match (id.form, self.ids) {
            (IdForm::None, _) => Verdict::New,
            (IdForm::Number, TradeIds::Contiguous | TradeIds::Increasing) => self.judge_number(id.bits()),
            _ => self.judge_opaque(id.bits()),
        }
    }

    fn judge_number(&mut self, id: u128) -> Verdict {
        match self.newest {
            Some(newest) if id <= newest => return Verdict::Duplicate,
            Some(newest) if self.ids == TradeIds::Contiguous && id > newest + 1 => {
                self.newest = Some(id);
                return Verdict::NewAfter { lost: u64::try_from(id - newest - 1).unwrap_or(u64::MAX) };
            }
            _ => self.newest = Some(id),
        }
        Verdict::New
    }

    fn judge_opaque(&mut self, id: u128) -> Verdict {
        if self.recent.contains(&id) {
            return Verdict::Duplicate;
        }
        if self.recent.len() < REMEMBERED {
            self.recent.push(id);
        } else {
            self.recent[self.next] = id;
            self.next = (self.next + 1) % REMEMBERED;
        }
        Verdict::New
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(id: u128) -> TradeId {
        TradeId::number(id)
    }

    #[test]
    fn contiguous_ids_tell_duplicates_and_losses() {
        let mut seen = Duplicates::new(TradeIds::Contiguous, None);
        let verdicts = [10, 11, 11, 9, 12, 16, 15, 17].map(|id| seen.judge(number(id)));
        use Verdict::{Duplicate, New, NewAfter};
        assert_eq!(verdicts, [New, New, Duplicate, Duplicate, New, NewAfter { lost: 3 }, Duplicate, New]);
    }

    #[test]
    fn a_restart_goes_on_where_the_segment_ends() {
        let mut seen = Duplicates::new(TradeIds::Contiguous, Some(number(100)));
        assert_eq!(seen.judge(number(100)), Verdict::Duplicate);
        assert_eq!(seen.judge(number(102)), Verdict::NewAfter { lost: 1 });
    }

    #[test]
    fn increasing_ids_have_holes_that_are_no_loss() {
        let mut seen = Duplicates::new(TradeIds::Increasing, None);
        assert_eq!(seen.judge(number(5)), Verdict::New);
        assert_eq!(seen.judge(number(50)), Verdict::New);
        assert_eq!(seen.judge(number(50)), Verdict::Duplicate);
    }

    #[test]
    fn opaque_ids_are_remembered_in_a_window() {
        let mut seen = Duplicates::new(TradeIds::Opaque, None);
        let uuid = |bits: u64| TradeId { high: 7, low: bits, form: IdForm::Uuid };
        for bits in 0..REMEMBERED as u64 {
            assert_eq!(seen.judge(uuid(bits)), Verdict::New);
        }
        assert_eq!(seen.judge(uuid(0)), Verdict::Duplicate);
        assert_eq!(seen.judge(uuid(9_999)), Verdict::New);
        assert_eq!(seen.judge(uuid(0)), Verdict::New, "the oldest is forgotten first");
        assert_eq!(seen.judge(TradeId::NONE), Verdict::New);
        assert_eq!(seen.judge(TradeId::NONE), Verdict::New);
    }
}
