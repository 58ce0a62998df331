//! The segment of one exchange in the hands of the cold thread.

use tickplane_layout::Word;
use tickplane_layout::instrument::InstrumentLayout;
use tickplane_layout::region::RegionKind;
use tickplane_layout::ring::Slot;
use tickplane_layout::series::SeriesLayout;
use tickplane_model::{Calendar, ExchangeId, Instrument, Symbol, Timeframe};

use crate::arena::{Arena, Claim, EntryKey, Plan};
use crate::region::Region;
use crate::series_writer::{copy_rows, has_columns, name_columns};
use crate::{InstrumentShape, InstrumentWriter, SegmentError, SeriesShape, SeriesWriter, convert};

/// Gives out the writers of an exchange's instruments and series.
#[derive(Debug)]
pub struct ExchangeWriter {
    exchange: ExchangeId,
    arena: Arena,
    calendar: Calendar,
    now_ns: i64,
}

impl ExchangeWriter {
    pub(crate) const fn new(exchange: ExchangeId, arena: Arena, now_ns: i64) -> Self {
        Self { exchange, arena, calendar: Calendar::AlwaysOpen, now_ns }
    }

    /// The exchange.
    #[must_use]
    pub const fn exchange(&self) -> ExchangeId {
        self.exchange
    }

    /// The rows of its series are those of this calendar; without a word those of a market that is always open. Rows that
    /// an earlier writer counted by another calendar do not come along.
    pub const fn keep_calendar(&mut self, calendar: Calendar) {
        self.calendar = calendar;
    }

    /// Takes an instrument: publishes its facts and goes on with its trades where the last writer stopped. With
    /// another capacity the newest trades move to a new region, sequence numbers and all.
    ///
    /// # Errors
    /// When there is no room, the venue's symbol is longer than 64 bytes, or this process has a writer for it.
    pub fn instrument(
        &mut self,
        instrument: &Instrument,
        shape: &InstrumentShape,
    ) -> Result<InstrumentWriter, SegmentError> {
        let facts = convert::fact_words(instrument, self.arena.epoch()).ok_or_else(|| SegmentError::Shape {
            what: format!("the instrument {}", instrument.symbol),
            reason: format!("its venue symbol \"{}\" is longer than 64 bytes", instrument.venue_symbol),
        })?;
        let layout = shape.layout();
        let key = EntryKey::new(RegionKind::Instrument, self.exchange as u8, 0, instrument.symbol.as_str())?;
        let plan =
            Plan { header: layout.header(), keep: &|_| true, fill: &|words, old| copy_trades(layout, words, old) };
        let claim = self.arena.claim(key, &plan, self.now_ns)?;
        let words = claim.region.words();
        layout.facts(words).recover();
        layout.facts(words).publish(facts.into_iter());
        Ok(InstrumentWriter::new(claim, layout))
    }

    /// Takes a series and goes on with its rows where the last writer stopped. With another depth or other columns the
    /// rows move to a new region, column by column by name; new columns hold NaN.
    ///
    /// # Errors
    /// When there is no room, the shape is outside the limits, or this process has a writer for it.
    pub fn series(
        &mut self,
        symbol: &Symbol,
        timeframe: Timeframe,
        shape: &SeriesShape,
    ) -> Result<SeriesWriter, SegmentError> {
        let layout =
            shape.layout(&format!("{symbol} {timeframe}"))?.with_calendar(convert::calendar_word(self.calendar));
        let key = EntryKey::new(RegionKind::Series, self.exchange as u8, timeframe as u8, symbol.as_str())?;
        let plan = Plan {
            header: layout.header(),
            keep: &|region| has_columns(layout, region.words(), &shape.indicators),
            fill: &|words, old| fill_series(layout, shape, words, old),
        };
        let claim: Claim = self.arena.claim(key, &plan, self.now_ns)?;
        layout.table(claim.region.words()).set_epoch(self.arena.epoch());
        Ok(SeriesWriter::new(claim, layout))
    }
}

fn fill_series(layout: SeriesLayout, shape: &SeriesShape, words: &[Word], old: Option<&Region>) {
    name_columns(layout, words, &shape.indicators);
    if let Some((old_words, old_layout)) = old.and_then(|old| {
        let (_, header) = crate::arena::open_region(old.segment(), old.entry())?;
        // By another calendar the same number is another time.
        let old_layout = SeriesLayout::from_header(&header).filter(|old| old.calendar == layout.calendar)?;
        Some((old.words(), old_layout))
    }) {
        copy_rows(old_layout, old_words, layout, words);
    }
}

/// Takes the newest trades, the last quote and the place in both sequences over from a region of another capacity.
fn copy_trades(layout: InstrumentLayout, words: &[Word], old: Option<&Region>) {
    let Some((old_words, old_layout)) = old.and_then(|old| {
        let (_, header) = crate::arena::open_region(old.segment(), old.entry())?;
        Some((old.words(), InstrumentLayout::from_header(&header)?))
    }) else {
        return;
    };
    let (source, target) = (old_layout.trades(old_words), layout.trades(words));
    source.recover();
    let head = source.head();
    for sequence in head.saturating_sub(source.capacity().min(target.capacity())) + 1..=head {
        if let Slot::Record(record) = source.read(sequence) {
            target.restore(sequence, &record);
        }
    }
    target.start_after(head);
    old_layout.quote(old_words).recover();
    layout.quote(words).copy_from(&old_layout.quote(old_words));
}
