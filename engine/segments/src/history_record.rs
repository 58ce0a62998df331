//! An exchange's history record, in the hands of the cold thread and as readers see it.

use std::sync::Arc;

use tickplane_layout::Word;
use tickplane_layout::health::RECORD_EPOCH;
use tickplane_layout::histogram::add;
use tickplane_layout::history::{
    HISTORY_COUNTERS, HISTORY_ETA, HISTORY_FILLED, HISTORY_PRICE_DIFFERENCE, HISTORY_REQUESTS_LEFT, HISTORY_SERIES,
    HISTORY_VOLUME_DIFFERENCE, HISTORY_WORDS, HISTORY_WORST, HistoryCounter, history_header,
};
use tickplane_layout::region::RegionKind;
use tickplane_layout::sync::Ordering;
use tickplane_model::ExchangeId;

use crate::EntryId;
use crate::arena::Claim;
use crate::segment::Segment;
use crate::status::records;

/// The owner's side of an exchange's history record.
#[derive(Debug)]
pub struct HistoryRecord {
    claim: Claim,
}

impl HistoryRecord {
    pub(crate) fn new(claim: Claim, epoch: u64) -> Self {
        let words = &claim.region.words()[..HISTORY_WORDS];
        words[RECORD_EPOCH + 1..].iter().for_each(|word| word.store(0, Ordering::Relaxed));
        words[RECORD_EPOCH].store(epoch, Ordering::Relaxed);
        Self { claim }
    }

    fn word(&self, at: usize) -> &Word {
        &self.claim.region.words()[at]
    }

    /// Adds to a counter.
    pub fn count(&mut self, counter: HistoryCounter, amount: u64) {
        add(self.word(HISTORY_COUNTERS + counter as usize), amount);
    }

    /// How far the history is: series, those filled, requests left, and about how long they take.
    pub fn progress(&mut self, series: u64, filled: u64, requests_left: u64, eta_ns: u64) {
        let places = [HISTORY_SERIES, HISTORY_FILLED, HISTORY_REQUESTS_LEFT, HISTORY_ETA];
        for (at, value) in places.into_iter().zip([series, filled, requests_left, eta_ns]) {
            self.word(at).store(value, Ordering::Relaxed);
        }
    }

    /// Rows of a series, by its entry in the exchange's directory, differ by so much from the venue's.
    pub fn differed(&mut self, entry: EntryId, price: f64, volume: f64) {
        let known = |at| f64::from_bits(self.word(at).load(Ordering::Relaxed));
        let worst = known(HISTORY_PRICE_DIFFERENCE).max(known(HISTORY_VOLUME_DIFFERENCE));
        if price.max(volume) > worst || self.word(HISTORY_WORST).load(Ordering::Relaxed) == 0 {
            self.word(HISTORY_WORST).store(entry.to_word(), Ordering::Relaxed);
        }
        for (at, difference) in [(HISTORY_PRICE_DIFFERENCE, price), (HISTORY_VOLUME_DIFFERENCE, volume)] {
            self.word(at).store(known(at).max(difference).to_bits(), Ordering::Relaxed);
        }
    }
}

/// What was fetched of an exchange's candles, and how its own compare with ours.
#[derive(Clone, PartialEq, Debug)]
pub struct HistoryStatus {
    /// The exchange.
    pub exchange: ExchangeId,
    /// Series the venue has candles for.
    pub series: u64,
    /// Those of which nothing is outstanding.
    pub filled: u64,
    /// Requests outstanding, as far as known.
    pub requests_left: u64,
    /// About how long they take, in nanoseconds.
    pub eta_ns: u64,
    /// The greatest relative difference of a price.
    pub price_difference_max: f64,
    /// The greatest relative difference of a volume.
    pub volume_difference_max: f64,
    /// The entry of the series with the greatest difference: [`Plane::key_of`](crate::Plane::key_of) names it.
    pub worst_entry: Option<EntryId>,
    /// Its counters, in the order of [`HistoryCounter::ALL`].
    pub counters: Vec<(HistoryCounter, u64)>,
}

impl HistoryStatus {
    /// One counter.
    #[must_use]
    pub fn count(&self, counter: HistoryCounter) -> u64 {
        self.counters.iter().find(|(of, _)| *of == counter).map_or(0, |(_, count)| *count)
    }

    fn read(exchange: ExchangeId, words: &[Word]) -> Self {
        let load = |at: usize| words[at].load(Ordering::Relaxed);
        let counter = |of: &HistoryCounter| (*of, load(HISTORY_COUNTERS + *of as usize));
        Self {
            exchange,
            series: load(HISTORY_SERIES),
            filled: load(HISTORY_FILLED),
            requests_left: load(HISTORY_REQUESTS_LEFT),
            eta_ns: load(HISTORY_ETA),
            price_difference_max: f64::from_bits(load(HISTORY_PRICE_DIFFERENCE)),
            volume_difference_max: f64::from_bits(load(HISTORY_VOLUME_DIFFERENCE)),
            worst_entry: EntryId::from_word(load(HISTORY_WORST)),
            counters: HistoryCounter::ALL.iter().map(counter).collect(),
        }
    }
}

pub(crate) fn histories(segment: &Arc<Segment>) -> Vec<HistoryStatus> {
    let records = records(segment, RegionKind::History, history_header());
    let read = |(region, exchange, _): (crate::region::Region, u8, String)| {
        Some(HistoryStatus::read(ExchangeId::from_number(exchange)?, region.words()))
    };
    records.into_iter().filter_map(read).collect()
}
