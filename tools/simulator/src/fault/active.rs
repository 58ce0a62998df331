//! The faults of one venue: those to come and those in force.

use tickplane_model::{ExchangeId, NS_PER_SECOND};

use super::edits::TradeRule;
use super::kind::{FaultKind, FaultScope};
use super::label::Label;
use crate::market::Market;

/// A fault in force.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Active {
    /// Counts the venue's faults.
    pub(crate) serial: u64,
    pub(crate) kind: FaultKind,
    pub(crate) until_ns: i64,
    /// The instrument it strikes; all if absent.
    index: Option<u32>,
    /// The streams it strikes, where it chooses among them.
    pub(crate) label: Option<Label>,
}

/// What changed.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Change {
    Begins(Active),
    Ends(Active),
}

#[derive(Clone, PartialEq, Debug)]
struct Waiting {
    kind: FaultKind,
    at_ns: i64,
    duration_ns: i64,
}

/// The faults of a venue.
#[derive(Clone, Debug)]
pub(crate) struct Faults {
    exchange: ExchangeId,
    waiting: Vec<Waiting>,
    active: Vec<Active>,
    serial: u64,
}

impl Faults {
    /// None yet.
    pub(crate) fn new(exchange: ExchangeId) -> Self {
        Self { exchange, waiting: Vec::new(), active: Vec::new(), serial: 0 }
    }

    /// One more, to begin at `at_ns`.
    pub(crate) fn order(&mut self, kind: FaultKind, at_ns: i64, duration_ns: i64) {
        self.waiting.push(Waiting { kind, at_ns, duration_ns });
        self.waiting.sort_by_key(|waiting| waiting.at_ns);
    }

    /// When something begins or ends next.
    pub(crate) fn due_ns(&self) -> i64 {
        let begins = self.waiting.first().map_or(i64::MAX, |waiting| waiting.at_ns);
        self.active.iter().map(|active| active.until_ns).fold(begins, i64::min)
    }

    /// Ends what is over and begins what is due; those without a duration begin and end at once.
    pub(crate) fn turn(&mut self, now_ns: i64, market: &Market) -> Vec<Change> {
        if now_ns < self.due_ns() {
            return Vec::new();
        }
        let mut changes = Vec::new();
        while self.waiting.first().is_some_and(|waiting| waiting.at_ns <= now_ns) {
            let active = self.begin(now_ns, market);
            changes.push(Change::Begins(active.clone()));
            self.active.push(active);
        }
        self.active.retain(|active| {
            let over = active.until_ns <= now_ns;
            if over {
                changes.push(Change::Ends(active.clone()));
            }
            !over
        });
        changes
    }

    fn begin(&mut self, now_ns: i64, market: &Market) -> Active {
        let Waiting { kind, duration_ns, .. } = self.waiting.remove(0);
        self.serial += 1;
        let index = match kind.scope() {
            Some(FaultScope::Busiest) => Some(0),
            Some(FaultScope::Symbol(symbol)) => market.index_of(symbol),
            Some(FaultScope::All) | None => None,
        };
        let trades_only = matches!(kind, FaultKind::DeadSubscription { trades_only: true, .. });
        let symbol = index.map(|index| &market.instrument(index).listing.symbol);
        let label = kind.scope().map(|_| Label::new(self.exchange, symbol, trades_only));
        Active { serial: self.serial, kind, until_ns: now_ns.saturating_add(duration_ns), index, label }
    }

    /// Those in force.
    pub(crate) fn active(&self) -> &[Active] {
        &self.active
    }

    /// What the newest fault in force that says anything says.
    pub(crate) fn find<'a, T>(&'a self, look: impl Fn(&'a FaultKind) -> Option<T>) -> Option<T> {
        self.active.iter().rev().find_map(|active| look(&active.kind))
    }

    /// Whether a fault of this very kind is in force.
    pub(crate) fn has(&self, kind: &FaultKind) -> bool {
        self.active.iter().any(|active| active.kind == *kind)
    }

    /// How far the clock in messages is from the truth.
    pub(crate) fn skew_ns(&self) -> i64 {
        let skew = |active: &Active| match active.kind {
            FaultKind::ClockJump { seconds } => i64::from(seconds) * NS_PER_SECOND,
            _ => 0,
        };
        self.active.iter().map(skew).sum()
    }

    /// The streams of which nothing is sent to anybody.
    pub(crate) fn withheld(&self) -> impl Iterator<Item = &Label> {
        self.active
            .iter()
            .filter(|active| matches!(active.kind, FaultKind::DeadSubscription { .. }))
            .filter_map(|active| active.label.as_ref())
    }

    /// Whether any fault changes which trades are sent.
    pub(crate) fn edit_trades(&self) -> bool {
        use FaultKind::{DuplicatedTrades, LostTrades, ReorderedTrades};
        let edits =
            |active: &Active| matches!(active.kind, DuplicatedTrades(_) | ReorderedTrades(_) | LostTrades { .. });
        self.active.iter().any(edits)
    }

    /// What becomes of an instrument's trade.
    pub(crate) fn trade_rule(&self, index: u32) -> TradeRule {
        let mut rule = TradeRule::default();
        for active in self.active.iter().filter(|active| active.index.is_none_or(|struck| struck == index)) {
            match active.kind {
                FaultKind::LostTrades { count, .. } => rule.lost = Some((active.serial, count)),
                FaultKind::DuplicatedTrades(_) => rule.doubled = true,
                FaultKind::ReorderedTrades(_) => rule.swapped = true,
                _ => {}
            }
        }
        rule
    }
}
