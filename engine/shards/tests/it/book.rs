//! One symbol's worker over a real segment, with a clock and a stream moved by hand.

use std::cell::Cell;

use tickplane_candles::SeriesConfig;
use tickplane_indicators::{IndicatorSet, IndicatorSpec};
use tickplane_model::{
    Calendar, Candle, ExchangeId, Instrument, InstrumentStatus, NS_PER_SECOND, Product, Quality, Timeframe, Trade,
    TradeFlags, TradeId,
};
use tickplane_rings::{Sender, WorkerEvent, ring};
use tickplane_segments::{
    ArenaShape, EventFollower, EventKind, Instance, InstrumentShape, Next, Plane, PlaneShape, PlaneWriter,
    SeriesReader, SeriesShape,
};
use tickplane_shards::{Clock, Feed, History, Now, Purpose, SymbolFeeds, Worker};

/// When books begin: a Monday midnight.
pub(crate) const START_S: i64 = 1_790_553_600;

/// Indicators of one output, of several, of two speeds.
pub(crate) const NAMES: [&str; 4] = ["ema_5", "rsi_3", "macd_3_6_4", "obv"];

/// A clock that moves by so much with every look.
pub(crate) struct StepClock {
    monotonic_ns: Cell<u64>,
    pub(crate) step_ns: Cell<u64>,
}

impl StepClock {
    /// The time, without moving it.
    pub(crate) fn now_ns(&self) -> u64 {
        self.monotonic_ns.get()
    }

    /// Lets so many seconds pass.
    pub(crate) fn pass(&self, seconds: f64) {
        self.monotonic_ns.set(self.monotonic_ns.get() + (seconds * 1e9) as u64);
    }
}

impl Clock for StepClock {
    fn now(&self) -> Now {
        let monotonic_ns = self.monotonic_ns.get() + self.step_ns.get();
        self.monotonic_ns.set(monotonic_ns);
        Now { monotonic_ns, epoch_ns: START_S * NS_PER_SECOND + monotonic_ns as i64 }
    }
}

pub(crate) struct Book {
    pub(crate) worker: Worker,
    pub(crate) clock: StepClock,
    pub(crate) reader: SeriesReader,
    events: EventFollower,
    sender: Sender,
    seq: u64,
    specs: Vec<IndicatorSpec>,
    depth: usize,
    _writer: PlaneWriter,
    _root: Option<tempfile::TempDir>,
}

/// What a book is made of.
pub(crate) struct BookShape<'a> {
    pub(crate) depth: u64,
    pub(crate) revise_rows: u32,
    pub(crate) names: &'a [&'a str],
    pub(crate) root: Option<&'a std::path::Path>,
}

impl Default for BookShape<'_> {
    fn default() -> Self {
        Self { depth: 300, revise_rows: 120, names: &NAMES, root: None }
    }
}

impl Book {
    pub(crate) fn new() -> Self {
        Self::of(&BookShape::default())
    }

    pub(crate) fn of(shape: &BookShape<'_>) -> Self {
        let root = shape.root.is_none().then(|| tempfile::tempdir().unwrap());
        let path = shape.root.or(root.as_ref().map(tempfile::TempDir::path)).unwrap();
        let instance = Instance::new(Some(path), "book").unwrap();
        let mut writer = PlaneWriter::open(&instance, &PlaneShape::default(), 1).unwrap();
        let exchange = ExchangeId::Kraken;
        let mut arena = writer.exchange(exchange, &ArenaShape::holding(16, 4 << 20)).unwrap();
        let facts = facts();
        let trades = arena.instrument(&facts, &InstrumentShape::default()).unwrap().trades();
        let specs: Vec<IndicatorSpec> = shape.names.iter().map(|name| name.parse().unwrap()).collect();
        let indicators = specs.iter().flat_map(IndicatorSpec::columns).collect();
        let series = SeriesShape { depth: shape.depth, slack: 8, indicators };
        let series = arena.series(&facts.symbol, Timeframe::S1, &series).unwrap();
        let config = SeriesConfig {
            timeframe: Timeframe::S1,
            calendar: Calendar::AlwaysOpen,
            grace_ns: 0,
            revise_rows: shape.revise_rows,
            filler_rows_max: shape.depth as u32,
        };
        let (mut sender, receiver) = ring(4_096);
        sender.add_slot(0);
        let (events, health) = (writer.events("worker-0").unwrap(), writer.thread("worker-0").unwrap());
        let mut worker = Worker::new(vec![receiver], events, health);
        let feeds = vec![Feed::new(config, &specs, series)];
        worker.add_symbol(SymbolFeeds { exchange, trades, feeds });
        let plane = Plane::open(&instance).unwrap();
        let reader = plane.series(&"candles:kraken:BTC-USD:1s".parse().unwrap()).unwrap();
        let events = plane.events();
        let clock = StepClock { monotonic_ns: Cell::new(0), step_ns: Cell::new(0) };
        let depth = shape.depth as usize;
        Self { worker, clock, reader, events, sender, seq: 0, specs, depth, _writer: writer, _root: root }
    }

    /// Passes a trade of the stream on, so many milliseconds after the start; the next turn folds it.
    pub(crate) fn trade(&mut self, at_ms: i64, price: f64, flags: TradeFlags) {
        let exchange_ns = START_S * NS_PER_SECOND + at_ms * 1_000_000;
        self.seq += 1;
        let id = TradeId::number(u128::from(self.seq));
        let trade = Trade { exchange_ns, receive_ns: exchange_ns, price, quantity: 1.0, id, flags };
        assert!(self.sender.trade(0, self.seq, &trade));
    }

    pub(crate) fn tell(&mut self, event: WorkerEvent) {
        self.sender.tell(event);
    }

    /// Turns until nothing is left to do; gives how many turns that took.
    pub(crate) fn settle(&mut self) -> usize {
        let mut turns = 0;
        while self.worker.turn(&self.clock) {
            turns += 1;
            assert!(turns < 100_000, "the work ends");
        }
        turns
    }

    /// One trade a second, each followed by a turn.
    pub(crate) fn live(&mut self, seconds: std::ops::Range<i64>) {
        for second in seconds {
            self.trade(second * 1_000 + 500, price(second), TradeFlags::default());
            self.settle();
        }
    }

    pub(crate) fn history(&mut self, purpose: Purpose, candles: Vec<Candle>) {
        self.worker.history(History { slot: 0, timeframe: Timeframe::S1, candles, purpose });
    }

    /// The first row and the candles from it on.
    pub(crate) fn rows(&self) -> (i64, Vec<Candle>) {
        let rows = self.reader.candles(self.depth).unwrap();
        (rows.first_row as i64 - START_S, rows.candles)
    }

    /// One line a row: second, close, trades, quality.
    pub(crate) fn lines(&self) -> Vec<String> {
        let (first, rows) = self.rows();
        let line = |(at, row): (i64, &Candle)| format!("{at} {} n{} {}", row.close, row.trade_count, row.quality);
        (first..).zip(&rows).map(line).collect()
    }

    /// Closes and revisions told since the last look, by second.
    pub(crate) fn told(&mut self) -> Vec<String> {
        let mut told = Vec::new();
        while let Next::Item(announced) = self.events.poll() {
            let kind = match announced.event.kind {
                EventKind::CandleClose => "close",
                EventKind::CandleRevise => "revise",
                other => panic!("{other:?}"),
            };
            told.push(format!("{kind} {}", announced.event.row as i64 - START_S));
        }
        told
    }

    /// The values of every row, output by output.
    pub(crate) fn values(&self) -> Vec<Vec<f64>> {
        let held = self.rows().1.len();
        let columns = self.specs.iter().flat_map(IndicatorSpec::columns);
        let column = |name: String| {
            let mut out = vec![0.0; held];
            self.reader.column(&name, &mut out).unwrap();
            out
        };
        columns.map(column).collect()
    }

    /// What indicators say that saw the rows of the table and nothing else.
    pub(crate) fn fresh(&self) -> (IndicatorSet, Vec<Vec<f64>>) {
        let mut set = IndicatorSet::new(&self.specs);
        let (first, rows) = self.rows();
        let mut columns = vec![Vec::new(); set.outputs()];
        let mut values = vec![0.0; set.outputs()];
        for (row, candle) in (first + START_S..).zip(&rows) {
            set.update(row as u64, candle, &mut values);
            columns.iter_mut().zip(&values).for_each(|(column, value)| column.push(*value));
        }
        (set, columns)
    }

    /// Every value, provisional ones and seed rows too, is what fresh indicators say of the rows in the table.
    pub(crate) fn assert_values_of_rows(&self) {
        let (set, fresh) = self.fresh();
        assert_eq!(bits(&self.values()), bits(&fresh));
        let live = self.reader.live().unwrap();
        let mut values = vec![0.0; set.outputs()];
        set.peek(&live.candle, &mut values);
        assert_eq!(bits(&[live.indicators]), bits(&[values]), "the open row");
        let columns = self.reader.columns();
        for (output, column) in columns[columns.len() - set.outputs()..].iter().enumerate() {
            assert_eq!(column.seed_row, set.settled(output), "{}", column.name);
        }
    }
}

impl Book {
    /// The same for a table that has lost rows its indicators saw: from where on fresh ones are settled. The last output
    /// is a total since the first row: its level is another.
    pub(crate) fn assert_settled_values_of_rows(&self) {
        let (set, fresh) = self.fresh();
        let first = self.reader.row_range().unwrap().start;
        for (output, (ours, fresh)) in self.values().iter().zip(&fresh).enumerate() {
            let settled = (set.settled(output).unwrap() - first) as usize;
            let level = if output + 1 == set.outputs() { ours[settled] - fresh[settled] } else { 0.0 };
            for (ours, fresh) in ours[settled..].iter().zip(&fresh[settled..]) {
                assert!((ours - level - fresh).abs() <= 1e-4 * fresh.abs().max(1.0), "{output}: {ours} {fresh}");
            }
        }
    }
}

fn bits(columns: &[Vec<f64>]) -> Vec<Vec<u64>> {
    columns.iter().map(|column| column.iter().map(|value| value.to_bits()).collect()).collect()
}

/// A price that never repeats.
pub(crate) fn price(second: i64) -> f64 {
    let x = second as f64;
    100.0 + ((x * 0.37).sin() * 9.0 + (x * 0.011).cos() * 30.0).round()
}

/// The venue's candle of a second, at another price than the stream's.
pub(crate) fn venue(second: i64) -> Candle {
    let close = price(second) + 0.5;
    Candle {
        open_time_ns: (START_S + second) * NS_PER_SECOND,
        open: close,
        high: close + 1.0,
        low: close - 1.0,
        close,
        volume: 3.0,
        quote_volume: f64::NAN,
        taker_buy_volume: f64::NAN,
        trade_count: 3,
        quality: Quality::VENUE.with(Quality::FINAL),
    }
}

pub(crate) fn facts() -> Instrument {
    Instrument {
        exchange: ExchangeId::Kraken,
        symbol: "BTC-USD".parse().unwrap(),
        venue_symbol: "BTC/USD".to_owned(),
        product: Product::Spot,
        tick_size: 0.1,
        lot_size: 0.1,
        contract_size: 1.0,
        quote_volume_24h: 0.0,
        status: InstrumentStatus::Trading,
    }
}
