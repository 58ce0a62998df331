//! A host's REST record, in the hands of whoever asks it and as readers see it.

use std::sync::Arc;

use tickplane_layout::Word;
use tickplane_layout::health::RECORD_EPOCH;
use tickplane_layout::histogram::add;
use tickplane_layout::region::RegionKind;
use tickplane_layout::rest::{
    REST_CLOSED_UNTIL, REST_COUNTERS, REST_LAST_ANSWER, REST_LAST_STATUS, REST_WORDS, RestCounter, rest_header,
};
use tickplane_layout::sync::Ordering;
use tickplane_model::ExchangeId;

use crate::arena::Claim;
use crate::region::Region;
use crate::segment::Segment;
use crate::status::records;

/// The owner's side of a host's REST record.
#[derive(Debug)]
pub struct RestRecord {
    claim: Claim,
}

impl RestRecord {
    pub(crate) fn new(claim: Claim, epoch: u64) -> Self {
        let words = &claim.region.words()[..REST_WORDS];
        words[RECORD_EPOCH + 1..].iter().for_each(|word| word.store(0, Ordering::Relaxed));
        words[RECORD_EPOCH].store(epoch, Ordering::Relaxed);
        Self { claim }
    }

    fn word(&self, at: usize) -> &Word {
        &self.claim.region.words()[at]
    }

    /// Adds one to a counter.
    pub fn count(&mut self, counter: RestCounter) {
        add(self.word(REST_COUNTERS + counter as usize), 1);
    }

    /// The host answered with this HTTP status, which is counted.
    pub fn answered(&mut self, status: u16, now_ns: i64) {
        self.count(match status {
            200..=299 => RestCounter::Answers,
            403 => RestCounter::Status403,
            418 => RestCounter::Status418,
            429 => RestCounter::Status429,
            451 => RestCounter::Status451,
            500.. => RestCounter::Status5xx,
            _ => RestCounter::StatusOther,
        });
        self.word(REST_LAST_ANSWER).store(now_ns.cast_unsigned(), Ordering::Relaxed);
        self.word(REST_LAST_STATUS).store(status.into(), Ordering::Relaxed);
    }

    /// The host is left alone until then.
    pub fn closed(&mut self, until_ns: i64) {
        self.word(REST_CLOSED_UNTIL).store(until_ns.cast_unsigned(), Ordering::Relaxed);
    }
}

/// What was asked of a host by REST.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RestStatus {
    /// The exchange.
    pub exchange: ExchangeId,
    /// The host.
    pub host: String,
    /// Until when it is left alone; it may be asked where that is past.
    pub closed_until_ns: i64,
    /// When it answered last, 0 if never.
    pub last_answer_ns: i64,
    /// The HTTP status of that answer, 0 if there is none.
    pub last_status: u64,
    /// Its counters, in the order of [`RestCounter::ALL`].
    pub counters: Vec<(RestCounter, u64)>,
}

impl RestStatus {
    /// One counter.
    #[must_use]
    pub fn count(&self, counter: RestCounter) -> u64 {
        self.counters.iter().find(|(of, _)| *of == counter).map_or(0, |(_, count)| *count)
    }

    fn read(exchange: ExchangeId, host: String, words: &[Word]) -> Self {
        let load = |at: usize| words[at].load(Ordering::Relaxed);
        let counter = |of: &RestCounter| (*of, load(REST_COUNTERS + *of as usize));
        Self {
            exchange,
            host,
            closed_until_ns: load(REST_CLOSED_UNTIL).cast_signed(),
            last_answer_ns: load(REST_LAST_ANSWER).cast_signed(),
            last_status: load(REST_LAST_STATUS),
            counters: RestCounter::ALL.iter().map(counter).collect(),
        }
    }
}

pub(crate) fn rests(segment: &Arc<Segment>) -> Vec<RestStatus> {
    let records = records(segment, RegionKind::Rest, rest_header());
    let read = |(region, exchange, host): (Region, u8, String)| {
        Some(RestStatus::read(ExchangeId::from_number(exchange)?, host, region.words()))
    };
    records.into_iter().filter_map(read).collect()
}
