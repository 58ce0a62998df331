//! Series are filled in order, within the venue's limit, each row asked for once; what fails is tried again.

use std::collections::BTreeMap;
use std::ops::Range;

use tickplane_control::history::{Action, Answer, Input, Look, Missing, Planner, SeriesId, Unanswered};
use tickplane_exchanges::{Exchange, exchange};
use tickplane_model::{Candle, ExchangeId, Instrument, InstrumentStatus, Product, Quality, Timeframe};

const S: u64 = 1_000_000_000;
/// 2026-09-25, a Friday, some seconds into a minute.
const EPOCH_NS: i64 = 1_790_358_487 * S as i64;

fn instruments(count: u32) -> Vec<Instrument> {
    let instrument = |number| Instrument {
        exchange: ExchangeId::Binance,
        symbol: format!("S{number}-USD").parse().unwrap(),
        venue_symbol: format!("S{number}USD"),
        product: Product::Spot,
        tick_size: 0.1,
        lot_size: 0.1,
        contract_size: 1.0,
        quote_volume_24h: 1.0,
        status: InstrumentStatus::Trading,
    };
    (0..count).map(instrument).collect()
}

fn candle(open_time_ns: i64) -> Candle {
    Candle {
        open_time_ns,
        open: 1.0,
        high: 1.0,
        low: 1.0,
        close: 1.0,
        volume: 1.0,
        quote_volume: 1.0,
        taker_buy_volume: 1.0,
        trade_count: 1,
        quality: Quality::VENUE.with(Quality::FINAL),
    }
}

/// A plane's cold path and its venue.
struct World {
    exchange: &'static dyn Exchange,
    planner: Planner,
    now_ns: u64,
    answer_ns: u64,
    pending: BTreeMap<u64, Asked>,
    /// When each request went out, what it weighed, and its path.
    log: Vec<(u64, u32, String)>,
    filled: Vec<Answer>,
    compared: Vec<Answer>,
    told: Vec<String>,
    /// What the venue answers instead of candles.
    trouble: Option<Unanswered>,
}

#[derive(Clone)]
struct Asked {
    due_ns: u64,
    timeframe: Timeframe,
    path: String,
}

impl World {
    fn new(id: ExchangeId, symbols: u32, timeframes: &[Timeframe], compare_every_ns: Option<u64>) -> Self {
        let exchange = exchange(id).unwrap();
        Self {
            exchange,
            planner: Planner::new(exchange, instruments(symbols), timeframes, compare_every_ns, 0),
            now_ns: 0,
            answer_ns: S / 10,
            pending: BTreeMap::new(),
            log: Vec::new(),
            filled: Vec::new(),
            compared: Vec::new(),
            told: Vec::new(),
            trouble: None,
        }
    }

    /// The cold path looks at every series: all of them lack these many rows.
    fn look_everywhere(&mut self, rows: u64) {
        for series in self.planner.series().collect::<Vec<_>>() {
            let head = self.exchange.meta().calendar.row(series.timeframe, EPOCH_NS);
            self.look(series, head - rows..head);
        }
    }

    fn look(&mut self, series: SeriesId, rows: Range<u64>) {
        let missing = if rows.is_empty() { Vec::new() } else { vec![Missing { rows, carry: f64::NAN }] };
        let look = Look { missing, comparable: None, floor: 0, epoch_ns: EPOCH_NS };
        self.input(Input::Looked(series, look));
    }

    fn input(&mut self, input: Input) {
        let actions = self.planner.handle(input, self.now_ns);
        self.act(actions);
    }

    fn act(&mut self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Ask { ticket, timeframe, request, .. } => {
                    self.log.push((self.now_ns, request.weight, request.path.clone()));
                    let due_ns = self.now_ns + self.answer_ns;
                    self.pending.insert(ticket, Asked { due_ns, timeframe, path: request.path });
                    assert!(self.pending.len() <= 2, "no more than two at once");
                }
                Action::Fill(answer) => self.filled.push(answer),
                Action::Compare(answer) => self.compared.push(answer),
                Action::Tell(text) => self.told.push(text),
            }
        }
    }

    fn step(&mut self) {
        self.now_ns += S / 100;
        let due = self.pending.iter().find(|(_, asked)| asked.due_ns <= self.now_ns);
        if let Some((ticket, asked)) = due.map(|(ticket, asked)| (*ticket, asked.clone())) {
            self.pending.remove(&ticket);
            let answer = self.trouble.clone().map_or_else(|| Ok(page(&asked)), Err);
            self.input(Input::Answered { ticket, answer });
        }
        let actions = self.planner.timeout(self.now_ns);
        self.act(actions);
    }

    fn run_for(&mut self, ns: u64) {
        let end_ns = self.now_ns + ns;
        while self.now_ns < end_ns {
            self.step();
        }
    }

    fn run_until_filled(&mut self) {
        while self.planner.progress(self.now_ns).requests_left > 0 {
            self.run_for(S);
            assert!(self.now_ns < 3_600 * S, "it takes an hour");
        }
    }

    /// The most that went out in any period.
    fn weight_max(&self, period_ns: u64) -> u32 {
        let from = |first: usize| {
            let period = self.log[first..].iter().take_while(|(at_ns, ..)| at_ns - self.log[first].0 < period_ns);
            period.map(|(_, weight, _)| weight).sum()
        };
        (0..self.log.len()).map(from).max().unwrap_or(0)
    }
}

fn parameter(path: &str, name: &str) -> i64 {
    let value = path.split(['?', '&']).find_map(|part| part.strip_prefix(&format!("{name}=")));
    value.unwrap_or_else(|| panic!("no {name} in {path}")).parse().unwrap()
}

/// Binance's answer: a candle for each interval.
fn page(asked: &Asked) -> Vec<Candle> {
    let length_ms = asked.timeframe.seconds() * 1_000;
    let (from, to) = (parameter(&asked.path, "startTime"), parameter(&asked.path, "endTime"));
    let rows: Vec<Candle> =
        (from..=to).step_by(length_ms as usize).map(|open_ms| candle(open_ms * 1_000_000)).collect();
    assert!(rows.len() <= 1_000 && !rows.is_empty(), "{}", asked.path);
    rows
}

#[test]
fn every_series_is_filled_whole_and_in_order_within_the_limit() {
    let timeframes = [Timeframe::S1, Timeframe::S15, Timeframe::M1, Timeframe::H4];
    let mut world = World::new(ExchangeId::Binance, 200, &timeframes, None);
    let forecast = world.planner.forecast(500, 0);
    world.look_everywhere(500);
    let first = world.planner.progress(0);
    assert_eq!((first.series, first.filled, first.requests_left), (800, 0, forecast.requests_left));
    assert_eq!(forecast.requests_left, 200 * (1 + 8 + 1 + 1), "15s rows are made of 7,500 seconds");
    world.run_until_filled();
    assert_eq!(world.planner.progress(world.now_ns).filled, 800);

    // A quarter of 6,000 a minute.
    let most = world.weight_max(60 * S);
    assert!((1_400..=1_500).contains(&most), "{most} in a minute");
    let (took, told) = (world.now_ns, first.eta_ns);
    assert!(took <= told + 65 * S && told <= took + 65 * S, "took {took}, told {told}");

    let asked = world.log.iter().map(|(_, _, path)| {
        let part = |name: &str| path.split(['?', '&']).find_map(|part| part.strip_prefix(name)).unwrap().to_owned();
        (part("symbol="), part("interval="))
    });
    let mut order: Vec<(String, String)> = asked.collect();
    order.dedup();
    // Fifteen seconds are made of single ones, and come last.
    let of_symbol = |rank| ["1s", "1m", "4h", "1s"].map(|interval| (format!("S{rank}USD"), interval.to_owned()));
    assert_eq!(order, (0..200).flat_map(of_symbol).collect::<Vec<_>>());
    for answer in &world.filled {
        let rows = 500 * (answer.series.timeframe.seconds() / answer.source.seconds()) as usize;
        assert_eq!(answer.candles.len(), rows, "{:?}", answer.series);
        let length_ns = answer.source.length_ns();
        assert!(answer.candles.windows(2).all(|pair| pair[1].open_time_ns - pair[0].open_time_ns == length_ns));
    }
    let mut paths: Vec<&String> = world.log.iter().map(|(_, _, path)| path).collect();
    paths.sort_unstable();
    let count = paths.len();
    paths.dedup();
    assert_eq!(paths.len(), count, "nothing is asked for twice");
}

#[test]
fn only_what_is_missing_is_asked_for_and_not_for_ever() {
    let mut world = World::new(ExchangeId::Binance, 1, &[Timeframe::M1], None);
    let series = SeriesId { rank: 0, timeframe: Timeframe::M1 };
    world.look(series, 1_000..1_010);
    world.look(series, 1_000..1_012);
    world.run_until_filled();
    let rows: Vec<Range<u64>> = world.filled.iter().map(|answer| answer.rows.clone()).collect();
    assert_eq!(rows, [1_000..1_010, 1_010..1_012], "what is on its way is not asked for again");
    // The venue had nothing better: the rows stay as they are, and are asked for twice more.
    for _ in 0..200 {
        world.run_for(30 * S);
        world.look(series, 1_000..1_012);
    }
    let asked = |row: u64| world.filled.iter().filter(|answer| answer.rows.contains(&row)).count();
    assert_eq!((asked(1_000), asked(1_011)), (3, 3));
    world.look(series, 0..0);
    assert_eq!(world.planner.progress(world.now_ns).filled, 1);
}

#[test]
fn failures_are_retried_later_and_later_and_told_once() {
    let mut world = World::new(ExchangeId::Binance, 3, &[Timeframe::M1], None);
    world.trouble = Some(Unanswered::Failed("the line is cut".to_owned()));
    world.look_everywhere(500);
    world.run_for(20 * S);
    assert!(world.log.len() <= 3 * 5, "{}", world.log.len());
    assert_eq!(world.told.len(), 1, "{:?}", world.told);
    assert!(
        world.told[0].contains("binance: history of S0-USD 1m: the line is cut; next try in 2 s"),
        "{:?}",
        world.told
    );
    world.trouble = None;
    world.run_for(60 * S);
    assert_eq!(world.filled.len(), 3);

    world.trouble = Some(Unanswered::RetryAfter(30));
    let (asked, start_ns) = (world.log.len(), world.now_ns);
    world.look(SeriesId { rank: 0, timeframe: Timeframe::M1 }, 10..20);
    world.run_for(29 * S);
    assert_eq!(world.log.len(), asked + 1, "the venue wants to be left alone");
    assert!(world.planner.progress(world.now_ns).eta_ns > S / 2);
    world.trouble = None;
    world.run_until_filled();
    assert!(world.now_ns >= start_ns + 30 * S && world.filled.len() == 4);
}

#[test]
fn a_venue_that_never_answers_is_asked_seldom_and_fills_in_the_end() {
    let mut world = World::new(ExchangeId::Binance, 1, &[Timeframe::M1], None);
    let series = SeriesId { rank: 0, timeframe: Timeframe::M1 };
    world.trouble = Some(Unanswered::Failed("HTTP 500".to_owned()));
    for _ in 0..240 {
        world.look(series, 1_000..1_100);
        world.run_for(15 * S);
    }
    assert!(world.log.len() < 240, "{} requests in an hour", world.log.len());
    assert!(world.told.iter().any(|text| text.contains("no history of S0-USD 1m for now")), "{:?}", world.told);
    world.trouble = None;
    world.run_for(70 * S);
    world.look(series, 1_000..1_100);
    world.run_for(70 * S);
    assert_eq!(world.filled.len(), 1);
}

#[test]
fn comparisons_wait_for_the_history_and_go_round() {
    let mut world = World::new(ExchangeId::Binance, 3, &[Timeframe::S5, Timeframe::M1], Some(10 * S));
    world.look_everywhere(100);
    let comparable = |world: &mut World, rows: Range<u64>| {
        for series in world.planner.series().collect::<Vec<_>>() {
            let look = Look { comparable: Some(rows.clone()), epoch_ns: EPOCH_NS, ..Look::default() };
            world.input(Input::Looked(series, look));
        }
    };
    comparable(&mut world, 5_000..7_000);
    world.run_for(35 * S);
    assert_eq!(world.filled.len(), 6);
    let seen: Vec<(u32, Range<u64>)> =
        world.compared.iter().map(|answer| (answer.series.rank, answer.rows.clone())).collect();
    assert_eq!(seen, [(0, 6_000..7_000), (1, 6_000..7_000), (2, 6_000..7_000)], "one page each, native ones only");
    world.run_for(60 * S);
    assert_eq!(world.compared.len(), 3, "nothing is compared twice");
    comparable(&mut world, 5_000..7_002);
    world.run_for(11 * S);
    assert_eq!(world.compared.last().map(|answer| answer.rows.clone()), Some(7_000..7_002));
}

#[test]
fn a_venue_that_keeps_its_newest_rows_only_is_not_asked_for_older_ones() {
    let mut world = World::new(ExchangeId::Kraken, 1, &[Timeframe::M1, Timeframe::H2], None);
    world.answer_ns = 100 * S;
    world.look_everywhere(5_000);
    world.run_for(2 * S);
    let since: Vec<i64> = world.log.iter().map(|(_, _, path)| parameter(path, "since")).collect();
    let oldest = |length_s: i64| (EPOCH_NS / S as i64 / length_s - 719) * length_s;
    let rows: Vec<i64> =
        [60, 3_600].into_iter().zip(&since).map(|(length_s, since)| (since - oldest(length_s)) / length_s).collect();
    assert_eq!(world.log.len(), 2, "720 rows are one page");
    assert!(
        since[0] >= oldest(60) - 1 && since[1] >= oldest(3_600) - 1 && rows.iter().all(|rows| *rows <= 1),
        "{rows:?}"
    );
}
