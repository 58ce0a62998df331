//! What the killed writers write, and a reader that checks all of it: nothing is torn, nothing is missing that it is not
//! told of to the record, and it goes on by itself where a plane was taken over, moved or made anew.

use tickplane_model::{Candle, ExchangeId, Quality, Timeframe};
use tickplane_segments::{
    Announced, ArenaShape, EventFollower, EventKind, EventWriter, ExchangeWriter, InstrumentShape, InstrumentWriter,
    Next, Plane, PlaneEvent, PlaneWriter, ReadError, SegmentError, SeriesReader, SeriesWriter, TradeReader,
};

use crate::fixture::*;

/// The shapes a writer may be told to take: another one moves every region.
pub(crate) const DEPTHS: [u64; 2] = [32, 48];
const TRADE_CAPACITIES: [u64; 2] = [16, 32];
const ARENA: ArenaShape = ArenaShape { bytes_max: 1 << 20, entries_max: 32 };

/// Version v of a row: every field follows from both.
pub(crate) fn version(row: u64, v: u64) -> Candle {
    let x = (row * 8 + v) as f64;
    Candle { trade_count: v, quality: Quality(!v), close: -x, volume: x + 1.0, ..candle(row * 8 + v) }
}

/// The indicator value of version v of a row.
pub(crate) fn value(row: u64, v: u64) -> f64 {
    (row * 8 + v) as f64
}

fn check_row(row: u64, found: &Candle, indicator: f64) {
    let v = found.trade_count;
    assert!(
        v < 8 && *found == version(row, v) && indicator == value(row, v),
        "row {row} is torn: {found:?}, {indicator}"
    );
}

// ---- the writer ----

/// All the writers of a small plane.
pub(crate) struct Writers {
    pub(crate) btc: InstrumentWriter,
    pub(crate) series: SeriesWriter,
    pub(crate) events: EventWriter,
    pub(crate) exchange: ExchangeWriter,
    pub(crate) plane: PlaneWriter,
}

impl Writers {
    /// Takes the plane over, or makes it, and checks what it inherits.
    pub(crate) fn open(instance: &tickplane_segments::Instance, shape: usize) -> Result<Self, SegmentError> {
        let mut plane = PlaneWriter::open(instance, &PLANE, NOW_NS)?;
        let mut exchange = plane.exchange(ExchangeId::Binance, &ARENA)?;
        let (btc, series) = Self::claim(&mut exchange, shape)?;
        let events = plane.events("worker-0")?;
        let writers = Self { btc, series, events, exchange, plane };
        writers.check_inheritance();
        Ok(writers)
    }

    /// Claims the instrument and its series in a shape.
    pub(crate) fn claim(
        exchange: &mut ExchangeWriter,
        shape: usize,
    ) -> Result<(InstrumentWriter, SeriesWriter), SegmentError> {
        let trades = InstrumentShape { trade_capacity: TRADE_CAPACITIES[shape] };
        let btc = exchange.instrument(&instrument(), &trades)?;
        Ok((btc, exchange.series(&symbol(), Timeframe::M1, &series_shape(DEPTHS[shape], &["ema_9"]))?))
    }

    fn check_inheritance(&self) {
        let last = self.btc.trade_seq();
        assert_eq!(self.btc.last_trade(), (last > 0).then(|| trade(last)), "the newest trade of {last}");
        for row in self.series.rows() {
            let mut values = [0.0];
            assert!(self.series.values(row, &mut values));
            check_row(row, &self.series.candle(row).unwrap(), values[0]);
        }
    }

    pub(crate) fn trade(&mut self) {
        let seq = self.btc.trade_seq() + 1;
        assert_eq!(self.btc.publish_trade(&trade(seq), 0), seq);
    }

    pub(crate) fn live(&mut self, v: u64) {
        let row = self.series.rows().end;
        self.series.publish_live(row, self.btc.trade_seq(), 0, &version(row, v), &[value(row, v)]);
    }

    pub(crate) fn append(&mut self) {
        let row = self.series.rows().end;
        assert_eq!(self.series.append(&version(row, 0), &[value(row, 0)]), row);
    }

    /// Puts a row before the first where there is room.
    pub(crate) fn prepend(&mut self) {
        let first = self.series.rows().start;
        if first > 0 {
            self.series.prepend(&version(first - 1, 1), &[value(first - 1, 1)]);
        }
    }

    /// Version v of the row that is so many before the newest; nothing where there is none.
    pub(crate) fn revise(&mut self, back: u64, v: u64) {
        if let Some(row) = self.series.rows().end.checked_sub(1 + back) {
            self.series.revise(row, &version(row, v), &[value(row, v)]);
        }
    }

    pub(crate) fn event(&mut self) {
        let row = self.series.rows().end;
        let entry = self.series.entry();
        let (kind, exchange) = (EventKind::CandleClose, ExchangeId::Binance);
        self.events.publish(&PlaneEvent { kind, exchange, entry, row, publish_ns: 0, detail: !row });
    }

    /// Everything a data thread does, in the order of the number of the turn.
    pub(crate) fn turn(&mut self, n: u64) {
        self.trade();
        self.btc.publish_quote(&quote(n), 0);
        self.live(n % 8);
        match n % 16 {
            0 => {
                self.append();
                self.event();
            }
            1..=8 => self.revise(n % (DEPTHS[0] / 2), n % 8),
            14 => self.prepend(),
            15 if n.is_multiple_of(4095) => self.series.begin_at(self.series.rows().end + 3),
            _ => {}
        }
    }
}

// ---- the reader ----

/// What one round of reads met.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Seen {
    /// The first of the rows, and the rows.
    pub(crate) first_row: u64,
    pub(crate) rows: Vec<Candle>,
    pub(crate) live_seq: u64,
    pub(crate) quote_seq: u64,
    /// Reads that the writer overtook in every attempt.
    pub(crate) busy: u64,
}

/// A reader that stays attached for good.
pub(crate) struct Witness {
    pub(crate) plane: Plane,
    series: Option<SeriesReader>,
    trades: Option<TradeReader>,
    events: EventFollower,
    due_event: Option<u64>,
    /// The first trade it asked for.
    first_trade: u64,
    pub(crate) looks: u64,
    pub(crate) busy: u64,
    pub(crate) attached: u64,
    pub(crate) trades_read: u64,
    pub(crate) events_read: u64,
    events_lost: u64,
}

impl Witness {
    pub(crate) fn open(instance: &tickplane_segments::Instance) -> Self {
        let plane = Plane::open(instance).unwrap();
        let events = plane.events();
        let [first_trade, looks, busy, attached, trades_read, events_read, events_lost] = [0; 7];
        Self {
            plane,
            series: None,
            trades: None,
            events,
            due_event: None,
            first_trade,
            looks,
            busy,
            attached,
            trades_read,
            events_read,
            events_lost,
        }
    }

    /// Attaches again where another writer took over or a file was made anew, and finds its keys where they are now.
    pub(crate) fn keep_attached(&mut self) {
        if self.plane.changed() && self.plane.reattach().is_ok() {
            self.attached += 1;
            // A writer that died between naming the new file and marking the old one leaves nothing that says moved.
            self.series = None;
            self.plane.renew_events(&mut self.events);
        }
        self.go_on();
    }

    fn go_on(&mut self) {
        if self.series.as_ref().is_none_or(SeriesReader::is_moved) {
            self.series = self.plane.series(&candles_key()).ok();
        }
        match &mut self.trades {
            None => {
                self.trades = self.plane.trades(&trades_key()).ok();
                if let Some(trades) = &mut self.trades {
                    trades.rewind(u64::MAX);
                    self.first_trade = trades.next_seq();
                }
            }
            Some(trades) => {
                if let Ok(successor) = self.plane.trades(&trades_key()) {
                    assert!(trades.go_on_in(successor), "the numbers of the trades began anew");
                }
            }
        }
    }

    /// Follows what there is to follow, at most so much of it; says whether that was all.
    pub(crate) fn follow(&mut self, limit: u64) -> bool {
        let trades = self.follow_trades(limit);
        self.follow_events(limit) && trades
    }

    fn follow_trades(&mut self, limit: u64) -> bool {
        let Some(trades) = &mut self.trades else { return true };
        for _ in 0..limit {
            let due = trades.next_seq();
            match trades.poll() {
                Next::Item(record) => {
                    assert_eq!((record.seq, record.trade), (due, trade(due)), "a torn trade, or one out of order");
                    self.trades_read += 1;
                }
                Next::Lost(lost) => {
                    assert!(lost > 0 && trades.next_seq() == due + lost, "an inexact loss");
                }
                Next::Empty => return true,
            }
        }
        false
    }

    fn follow_events(&mut self, limit: u64) -> bool {
        for _ in 0..limit {
            match self.events.poll() {
                Next::Item(Announced { seq, event, .. }) => {
                    assert_eq!(event.detail, !event.row, "a torn event");
                    assert_eq!(seq, self.due_event.unwrap_or(seq), "an event out of order, or an inexact loss");
                    self.due_event = Some(seq + 1);
                    self.events_read += 1;
                }
                Next::Lost(lost) => {
                    self.events_lost += lost;
                    self.due_event = self.due_event.map(|due| due + lost);
                }
                Next::Empty => return true,
            }
        }
        false
    }

    /// The trades it read and lost are all there ever were, and so are the events since it came.
    pub(crate) fn check_account(&self) {
        let Some(trades) = &self.trades else { return };
        let asked_for = trades.next_seq() - self.first_trade;
        assert_eq!(self.trades_read + trades.lost(), asked_for, "trades read and lost are not all there were");
        assert_eq!(self.events.lost(), self.events_lost, "the count of lost events");
    }

    pub(crate) fn trades_lost(&self) -> u64 {
        self.trades.as_ref().map_or(0, TradeReader::lost)
    }

    /// The newest trade it has met.
    pub(crate) fn newest_trade(&self) -> u64 {
        self.trades.as_ref().map_or(0, |trades| trades.next_seq() - 1)
    }

    /// Reads everything once; panics at anything torn.
    pub(crate) fn look(&mut self) -> Seen {
        let mut seen = Seen::default();
        self.look_at_quote(&mut seen);
        if let Some(series) = self.series.clone() {
            look_at_live(&series, &mut seen);
            look_at_rows(&series, &mut seen);
            look_at_view(&series);
        }
        self.looks += 1;
        self.busy += seen.busy;
        seen
    }

    fn look_at_quote(&self, seen: &mut Seen) {
        match self.plane.quote(&quote_key()).map(|quotes| quotes.read()) {
            Ok(Ok(read)) => {
                assert_eq!(read.quote, quote(read.quote.bid_price as u64), "a torn quote");
                seen.quote_seq = read.seq;
            }
            Ok(Err(error)) => seen.busy += u64::from(error == ReadError::Busy),
            Err(_) => {}
        }
    }
}

fn look_at_live(series: &SeriesReader, seen: &mut Seen) {
    let mut indicators = [0.0];
    match series.live_record(&mut indicators) {
        Ok(live) => {
            check_row(live.row, &live.candle, indicators[0]);
            seen.live_seq = live.seq;
        }
        Err(error) => seen.busy += u64::from(error == ReadError::Busy),
    }
}

fn look_at_rows(series: &SeriesReader, seen: &mut Seen) {
    match series.candles(usize::MAX) {
        Ok(copy) => {
            for (row, found) in (copy.first_row..).zip(&copy.candles) {
                check_row(row, found, value(row, found.trade_count));
            }
            (seen.first_row, seen.rows) = (copy.first_row, copy.candles);
        }
        Err(error) => seen.busy += u64::from(error == ReadError::Busy),
    }
}

fn look_at_view(series: &SeriesReader) {
    let Ok(view) = series.view(usize::MAX) else { return };
    let columns: Vec<Vec<f64>> = [4, 5, 10].map(|column| view.values(column).collect()).into();
    if view.validate() {
        for (at, row) in view.rows().enumerate() {
            let x = columns[2][at];
            let of_row = x >= value(row, 0) && x < value(row, 8);
            assert!(of_row && columns[0][at] == -x && columns[1][at] == x + 1.0, "row {row} of a view is torn");
        }
    }
}
