//! The questions a shard has out, and how many more it may ask. How much a venue is asked in all is decided where all
//! shards, listings and histories are seen: by whoever carries the questions.

use tickplane_model::ExchangeId;

use crate::now::Now;
use crate::seams::Seam;

/// Questions out at a time, in all and per venue.
const OUT_MAX: usize = 8;
const OUT_OF_VENUE_MAX: usize = 4;
/// Of these, questions whether silent streams live: they wait for others, and nothing may wait for them.
const NEWS_OF_VENUE_MAX: usize = 2;
/// A question without an answer counts as failed after this long.
const ANSWER_MS_MAX: u64 = 30_000;

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

/// When one venue may be asked again, in monotonic nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
struct Pause {
    /// About silent streams.
    news_until_ns: u64,
    /// Anything.
    any_until_ns: u64,
}

/// All questions of a shard.
#[derive(Debug)]
pub(crate) struct Questions {
    out: Vec<Question>,
    tickets: u64,
    pauses: [Pause; EXCHANGES],
}

impl Questions {
    pub(crate) fn new() -> Self {
        Self { out: Vec::with_capacity(OUT_MAX), tickets: 0, pauses: [Pause::default(); EXCHANGES] }
    }

    /// Whether any more may be asked now, whoever is asked.
    pub(crate) fn has_room(&self) -> bool {
        self.out.len() < OUT_MAX
    }

    /// Whether a question about this instrument is out.
    pub(crate) fn is_out(&self, instrument: usize) -> bool {
        self.out.iter().any(|question| question.instrument == instrument)
    }

    /// Whether a question to this venue may go out now.
    pub(crate) fn may_ask(&self, exchange: ExchangeId, purpose: Purpose, now: Now) -> bool {
        let of_venue = self.out.iter().filter(|question| question.exchange == exchange);
        let (out, news) = of_venue
            .fold((0, 0), |(out, news), question| (out + 1, news + usize::from(question.purpose == Purpose::News)));
        let Pause { news_until_ns, any_until_ns } = self.pauses[exchange as usize];
        let (until_ns, has_room) = match purpose {
            Purpose::News => (any_until_ns.max(news_until_ns), news < NEWS_OF_VENUE_MAX),
            _ => (any_until_ns, true),
        };
        has_room && out < OUT_OF_VENUE_MAX && now.monotonic_ns >= until_ns
    }

    /// A ticket for a question that is noted elsewhere.
    pub(crate) fn ticket(&mut self) -> u64 {
        self.tickets += 1;
        self.tickets
    }

    /// Notes a question and gives its ticket.
    pub(crate) fn ask(
        &mut self,
        exchange: ExchangeId,
        (instrument, purpose, epoch): (usize, Purpose, u64),
        now: Now,
    ) -> u64 {
        let ticket = self.ticket();
        self.out.push(Question { ticket, exchange, instrument, purpose, epoch, asked_ns: now.monotonic_ns });
        ticket
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
        let pause = &mut self.pauses[exchange as usize];
        pause.any_until_ns = pause.any_until_ns.max(now.after_ms(u64::from(seconds) * 1_000));
    }

    /// There was no room for this question, so there is none for others that are no more urgent.
    pub(crate) fn make_room(&mut self, question: &Question, seconds: u32, now: Now) {
        let pause = &mut self.pauses[question.exchange as usize];
        let until_ns = match question.purpose {
            Purpose::News => &mut pause.news_until_ns,
            _ => &mut pause.any_until_ns,
        };
        *until_ns = (*until_ns).max(now.after_ms(u64::from(seconds) * 1_000));
    }

    /// Nobody waits for a venue's answers any more.
    pub(crate) fn forget(&mut self, exchange: ExchangeId) {
        self.out.retain(|question| question.exchange != exchange);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Now = Now { monotonic_ns: 1_000_000_000, epoch_ns: 0 };

    /// Asks for as many instruments as there is room for; gives how many that were.
    fn fill(questions: &mut Questions, exchange: ExchangeId, purpose: Purpose, from: usize) -> usize {
        let may = |questions: &Questions| questions.has_room() && questions.may_ask(exchange, purpose, NOW);
        (from..100).take_while(|at| may(questions) && questions.ask(exchange, (*at, purpose, 0), NOW) > 0).count()
    }

    #[test]
    fn questions_that_are_out_are_bounded_and_those_about_silence_leave_room() {
        let mut questions = Questions::new();
        assert_eq!(fill(&mut questions, ExchangeId::Binance, Purpose::News, 0), NEWS_OF_VENUE_MAX);
        let rest = OUT_OF_VENUE_MAX - NEWS_OF_VENUE_MAX;
        assert_eq!(fill(&mut questions, ExchangeId::Binance, Purpose::Doubt, 10), rest);
        assert_eq!(fill(&mut questions, ExchangeId::Kraken, Purpose::Doubt, 20), OUT_OF_VENUE_MAX);
        assert_eq!(fill(&mut questions, ExchangeId::Coinbase, Purpose::Doubt, 30), 0, "in all");
        assert!(questions.is_out(0) && questions.answered(1).is_some() && !questions.is_out(0));
        assert!(questions.may_ask(ExchangeId::Binance, Purpose::News, NOW));
    }
}
