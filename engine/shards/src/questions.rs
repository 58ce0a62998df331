//! The questions a shard has out, and how many more it may ask.

use tickplane_exchanges::Limits;
use tickplane_model::ExchangeId;

use crate::budget::Budget;
use crate::now::Now;
use crate::tape::Seam;

/// Questions out at a time, in all and per venue.
const OUT_MAX: usize = 8;
const OUT_OF_VENUE_MAX: usize = 4;
/// A question without an answer counts as failed after this long.
const ANSWER_MS_MAX: u64 = 30_000;
/// Percent of the venue's REST limit that one shard spends on asking whether quiet streams live, and on repairs. The
/// rest is for listings and history.
const NEWS_PERCENT: u64 = 25;
const REPAIR_PERCENT: u64 = 50;

/// How long a venue whose budget is spent is not thought of.
const SPENT_MS: u64 = 500;

/// Slots of the table of venues.
const EXCHANGES: usize = ExchangeId::ALL.len() + 1;

/// Why a question was asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Purpose {
    /// To close a seam.
    Seam(Seam),
    /// To fetch anew what a worker did not get.
    Owed,
    /// To learn what an interruption missed.
    Doubt,
    /// To learn whether a silent stream lives.
    News,
}

/// A question that waits for its answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question {
    pub(crate) ticket: u64,
    pub(crate) exchange: ExchangeId,
    pub(crate) instrument: usize,
    pub(crate) purpose: Purpose,
    /// The life of the stream in which it was asked.
    pub(crate) epoch: u64,
    pub(crate) asked_ns: u64,
}

#[derive(Clone, Copy, Debug)]
struct Venue {
    news: Budget,
    repairs: Budget,
    /// No questions about silent streams, and none at all, until then.
    news_from_ns: u64,
    any_from_ns: u64,
}

/// All questions of a shard.
#[derive(Debug)]
pub(crate) struct Questions {
    out: Vec<Question>,
    tickets: u64,
    venues: [Option<Venue>; EXCHANGES],
}

impl Questions {
    pub(crate) fn new() -> Self {
        Self { out: Vec::with_capacity(OUT_MAX), tickets: 0, venues: [None; EXCHANGES] }
    }

    /// Whether any more may be asked now, whoever is asked.
    pub(crate) fn has_room(&self) -> bool {
        self.out.len() < OUT_MAX
    }

    /// Whether a question about this instrument is out.
    pub(crate) fn is_out(&self, instrument: usize) -> bool {
        self.out.iter().any(|question| question.instrument == instrument)
    }

    /// Whether a question to this venue is worth being put into words.
    pub(crate) fn may_ask(&self, exchange: ExchangeId, purpose: Purpose, now: Now) -> bool {
        let from_ns = |venue: &Venue| match purpose {
            Purpose::News => venue.any_from_ns.max(venue.news_from_ns),
            _ => venue.any_from_ns,
        };
        self.venues[exchange as usize].as_ref().is_none_or(|venue| now.monotonic_ns >= from_ns(venue))
    }

    /// Notes a question and gives its ticket; `None` when the venue may not be asked now.
    pub(crate) fn ask(
        &mut self,
        exchange: ExchangeId,
        limits: &Limits,
        weight: u32,
        (instrument, purpose, epoch): (usize, Purpose, u64),
        now: Now,
    ) -> Option<u64> {
        let out = self.out.iter().filter(|question| question.exchange == exchange).count();
        let venue = self.venues[exchange as usize].get_or_insert_with(|| Venue {
            news: Budget::new(limits.requests, NEWS_PERCENT, now),
            repairs: Budget::new(limits.requests, REPAIR_PERCENT, now),
            news_from_ns: 0,
            any_from_ns: 0,
        });
        let (budget, from_ns) = match purpose {
            Purpose::News => (&mut venue.news, &mut venue.news_from_ns),
            _ => (&mut venue.repairs, &mut venue.any_from_ns),
        };
        if out >= OUT_OF_VENUE_MAX || !budget.take(weight, now) {
            *from_ns = (*from_ns).max(now.after_ms(SPENT_MS));
            return None;
        }
        self.tickets += 1;
        let ticket = self.tickets;
        self.out.push(Question { ticket, exchange, instrument, purpose, epoch, asked_ns: now.monotonic_ns });
        Some(ticket)
    }

    /// The question of an answer.
    pub(crate) fn answered(&mut self, ticket: u64) -> Option<Question> {
        let at = self.out.iter().position(|question| question.ticket == ticket)?;
        Some(self.out.swap_remove(at))
    }

    /// A question that waited too long for its answer.
    pub(crate) fn overdue(&mut self, now: Now) -> Option<Question> {
        let is_overdue = |question: &Question| now.monotonic_ns >= question.asked_ns + ANSWER_MS_MAX * 1_000_000;
        let at = self.out.iter().position(is_overdue)?;
        Some(self.out.swap_remove(at))
    }

    /// The venue wants to be left alone.
    pub(crate) fn pause(&mut self, exchange: ExchangeId, seconds: u32, now: Now) {
        if let Some(venue) = &mut self.venues[exchange as usize] {
            venue.any_from_ns = venue.any_from_ns.max(now.after_ms(u64::from(seconds) * 1_000));
        }
    }

    /// Nobody waits for a venue's answers any more.
    pub(crate) fn forget(&mut self, exchange: ExchangeId) {
        self.out.retain(|question| question.exchange != exchange);
    }
}
