//! Series are filled from the venues' candles, healed after an outage, kept over a restart, and compared.

use std::time::Duration;

use tickplane_daemon::{Config, HistoryRows, Reconcile};
use tickplane_indicators::{IndicatorSet, IndicatorSpec};
use tickplane_model::{Candle, ExchangeId, Key, Quality, Symbol, Timeframe};
use tickplane_segments::{Candles, HistoryCounter, HistoryStatus, Plane, SeriesReader};
use tickplane_simulator::{FaultKind, SimulationConfig, TallyRow};

use crate::support::{World, start, wait_until};

const NS_PER_SECOND: i64 = 1_000_000_000;

fn world(venue: ExchangeId, symbols: usize) -> World {
    World::of(SimulationConfig { venues: vec![venue], symbols, plain: true, ..SimulationConfig::default() })
}

fn rows(plane: &Plane, exchange: ExchangeId, symbol: &Symbol, timeframe: Timeframe) -> Vec<Candle> {
    let key = Key::Candles { exchange, symbol: symbol.clone(), timeframe };
    let series = plane.series(&key).expect("a series");
    series.candles(series.depth()).map_or_else(|_| Vec::new(), |rows| rows.candles)
}

fn history(plane: &Plane, exchange: ExchangeId) -> HistoryStatus {
    plane.histories().into_iter().find(|history| history.exchange == exchange).expect("a history record")
}

/// Holds rows against the venue's own candles; an interval that it does not tell must be quiet. Values the venue does not
/// give are NaN or 0. Returns how many rows there were.
fn assert_equal_to_the_venue(
    world: &World,
    exchange: ExchangeId,
    symbol: &Symbol,
    timeframe: Timeframe,
    rows: &[Candle],
) {
    let span = (rows[0].open_time_ns, rows[rows.len() - 1].open_time_ns + 1);
    let told = world.simulation.candles(exchange, symbol, timeframe, span);
    for pair in rows.windows(2) {
        let apart_ns = pair[1].open_time_ns - pair[0].open_time_ns;
        assert_eq!(apart_ns, timeframe.length_ns(), "{exchange} {symbol} {timeframe}");
    }
    for row in rows {
        let what = format!("{exchange} {symbol} {timeframe} {row:?}");
        assert!(row.quality.contains(Quality::FINAL) && row.quality.gap_ms() == 0, "{what}");
        let Some(account) = told.iter().find(|told| told.open_time_ns == row.open_time_ns) else {
            assert!(row.quality.contains(Quality::SYNTHETIC) && row.volume == 0.0, "{what}: quiet at the venue");
            continue;
        };
        let prices = (account.open, account.high, account.low, account.close, account.volume);
        assert_eq!((row.open, row.high, row.low, row.close, row.volume), prices, "{what}");
        assert!(row.quote_volume.is_nan() || row.quote_volume == account.quote_volume, "{what}: {account:?}");
        assert!(row.trade_count == 0 || row.trade_count == account.trade_count, "{what}: {account:?}");
    }
}

fn every_series_is_filled(exchange: ExchangeId, symbols: usize, timeframes: Vec<Timeframe>) {
    const DEPTH: usize = 300;
    let world = world(exchange, symbols);
    let config =
        Config { timeframes: timeframes.clone(), depth: DEPTH, history: HistoryRows::Depth, ..world.config(symbols) };
    let (daemon, talk) = start(config);
    daemon.start_exchange(exchange).unwrap_or_else(|error| panic!("{error}"));
    let plane = world.open();
    wait_until("the histories", Duration::from_secs(60), || {
        let status = history(&plane, exchange);
        status.series > 0 && status.filled == status.series
    });
    let symbols = world.simulation.symbols(exchange);
    for symbol in &symbols {
        for timeframe in &timeframes {
            let count = || rows(&plane, exchange, symbol, *timeframe).len();
            wait_until(&format!("{symbol} {timeframe}"), Duration::from_secs(10), || count() >= DEPTH);
            let mut rows = rows(&plane, exchange, symbol, *timeframe);
            // The newest may still wait for its venue.
            rows.retain(|row| row.quality.contains(Quality::VENUE));
            assert!(rows.len() >= DEPTH - 60, "{symbol} {timeframe}: {}", rows.len());
            assert_equal_to_the_venue(&world, exchange, symbol, *timeframe, &rows);
        }
    }
    let status = history(&plane, exchange);
    assert_eq!((status.series, status.requests_left), ((symbols.len() * timeframes.len()) as u64, 0));
    assert_eq!(status.count(HistoryCounter::Failures), 0, "{:?}", talk.try_iter().collect::<Vec<_>>());
    let lines: Vec<String> = talk.try_iter().collect();
    let said = |text: &str| lines.iter().any(|line| line.contains(text));
    assert!(said("rows each: at most") && said("history complete"), "{lines:#?}");

    // A second start takes the record up anew and finds nothing to fetch but the moment between.
    daemon.stop_exchange(exchange).unwrap_or_else(|error| panic!("{error}"));
    daemon.start_exchange(exchange).unwrap_or_else(|error| panic!("{error}"));
    wait_until("the histories again", Duration::from_secs(20), || {
        let status = history(&plane, exchange);
        status.filled == status.series && status.count(HistoryCounter::Fetched) < 60
    });
    let lines: Vec<String> = talk.try_iter().collect();
    assert!(!lines.iter().any(|line| line.contains("no history")), "{lines:#?}");
    daemon.shutdown(false);
}

#[test]
fn binance_fills_every_series_and_rolls_up_seconds() {
    use Timeframe::{D1, H1, H4, M1, M5, S5};
    every_series_is_filled(ExchangeId::Binance, 2, vec![S5, M1, M5, H1, H4, D1]);
}

#[test]
fn coinbase_fills_every_series_and_rolls_up_what_it_lacks() {
    use Timeframe::{D1, H1, H4, M1, M5, W1};
    every_series_is_filled(ExchangeId::Coinbase, 2, vec![M1, M5, H1, H4, D1, W1]);
}

#[test]
fn kraken_fills_every_series_as_far_as_it_tells() {
    use Timeframe::{D1, H1, H2, H4, M1, M5};
    every_series_is_filled(ExchangeId::Kraken, 1, vec![M1, M5, H1, H2, H4, D1]);
}

#[test]
fn symbols_without_a_trade_have_their_history_and_go_on() {
    let exchange = ExchangeId::Binance;
    // A trade in some minutes.
    let config =
        SimulationConfig { venues: vec![exchange], symbols: 2, plain: true, rate: 1e-4, ..SimulationConfig::default() };
    let world = World::of(config);
    let timeframes = vec![Timeframe::S1, Timeframe::M1, Timeframe::H1];
    let config = Config { timeframes: timeframes.clone(), history: HistoryRows::Rows(60), ..world.config(2) };
    let (daemon, talk) = start(config);
    daemon.start_exchange(exchange).unwrap_or_else(|error| panic!("{error}"));
    let plane = world.open();
    let keys = || {
        let symbols = world.simulation.symbols(exchange).into_iter();
        symbols.flat_map(|symbol| timeframes.iter().map(move |timeframe| (symbol.clone(), *timeframe)))
    };
    let of = |(symbol, timeframe): (Symbol, Timeframe)| rows(&plane, exchange, &symbol, timeframe);
    wait_until("the histories", Duration::from_secs(20), || keys().all(|key| of(key).len() >= 55));
    let begun = |row: &Candle| row.quality.contains(Quality::VENUE);
    assert!(keys().all(|key| of(key).iter().all(begun)), "no trade came, and the venue's time is not known yet");
    // From then on the local clock closes rows, until a trade comes.
    let seconds = || keys().filter(|(_, timeframe)| *timeframe == Timeframe::S1).map(of);
    wait_until("quiet seconds", Duration::from_secs(40), || seconds().all(|rows| rows.len() >= 80));
    for rows in seconds() {
        let ours = rows.iter().filter(|row| !row.quality.contains(Quality::VENUE));
        assert!(ours.filter(|row| row.quality.contains(Quality::SYNTHETIC)).count() >= 10, "{rows:#?}");
    }
    let lines: Vec<String> = talk.try_iter().collect();
    assert!(lines.iter().any(|line| line.contains("history complete")), "{lines:#?}");
    daemon.shutdown(false);
}

/// How many of these rows the venue was asked for again since its request number `before`.
fn asked_again(world: &World, before: usize, timeframe: Timeframe, rows: &[Candle]) -> usize {
    let parameter = |target: &str, name: &str| -> String {
        let found = target.split(['?', '&']).find_map(|part| part.strip_prefix(name));
        found.unwrap_or_else(|| panic!("no {name} in {target}")).to_owned()
    };
    let requests = world.simulation.requests(ExchangeId::Binance);
    let klines = requests[before..].iter().filter(|target| target.contains("/klines"));
    let same = klines.filter(|target| parameter(target, "interval=") == timeframe.as_str());
    let rows_in = |target: &String| {
        let bound = |name| parameter(target, name).parse::<i64>().expect("milliseconds") * 1_000_000;
        let span = bound("startTime=")..=bound("endTime=");
        rows.iter().filter(|row| span.contains(&row.open_time_ns)).count()
    };
    same.map(rows_in).sum()
}

fn is_doubtful(row: &Candle) -> bool {
    row.quality.gap_ms() > 0 || row.quality.contains(Quality::PARTIAL)
}

/// Runs a plane until all its series are whole but for their newest seconds; returns the whole rows of some timeframes.
fn run_until_whole(world: &World, config: &Config, timeframes: &[Timeframe], what: &str) -> Vec<Vec<Candle>> {
    let exchange = ExchangeId::Binance;
    let symbol = world.simulation.symbols(exchange)[0].clone();
    let (daemon, _talk) = start(config.clone());
    daemon.start_exchange(exchange).unwrap_or_else(|error| panic!("{error}"));
    let plane = world.open();
    let is_whole = |timeframe: &Timeframe| {
        let rows = rows(&plane, exchange, &symbol, *timeframe);
        let newest_ns = rows.last().map_or(0, |row| row.open_time_ns);
        let is_old = |row: &&Candle| row.open_time_ns + 5 * NS_PER_SECOND < newest_ns;
        rows.len() + 1 >= config.depth && !rows.iter().filter(is_old).any(is_doubtful)
    };
    wait_until(what, Duration::from_secs(30), || {
        let status = history(&plane, exchange);
        status.series > 0 && status.filled == status.series && config.timeframes.iter().all(is_whole)
    });
    let whole = |timeframe: &Timeframe| {
        let mut rows = rows(&plane, exchange, &symbol, *timeframe);
        rows.retain(|row| !is_doubtful(row));
        rows
    };
    let kept = timeframes.iter().map(whole).collect();
    daemon.shutdown(false);
    kept
}

#[test]
fn a_restart_keeps_every_row_and_asks_for_the_hole_only() {
    let timeframes = vec![Timeframe::S1, Timeframe::M1, Timeframe::H1];
    let world = world(ExchangeId::Binance, 1);
    let config = Config {
        timeframes: timeframes.clone(),
        depth: 200,
        history: HistoryRows::Depth,
        heal_ms: 1_000,
        ..world.config(1)
    };
    // Another depth, other indicators and one more timeframe: regions move.
    let other = Config {
        timeframes: vec![Timeframe::S1, Timeframe::M1, Timeframe::M5, Timeframe::H1],
        depth: 260,
        indicators: vec!["sma_5".parse().expect("an indicator")],
        ..config.clone()
    };
    let mut before = run_until_whole(&world, &config, &timeframes, "full tables");
    for (config, what) in [(&config, "full tables after a restart"), (&other, "full tables with another config")] {
        std::thread::sleep(Duration::from_secs(3));
        let asked = world.simulation.requests(ExchangeId::Binance).len();
        let after = run_until_whole(&world, config, &timeframes, what);
        for ((before, after), timeframe) in before.iter().zip(&after).zip(&timeframes) {
            let oldest_ns = after[0].open_time_ns;
            let bare = |row: &Candle| (row.open_time_ns, row.close, row.volume, row.trade_count);
            let kept: Vec<_> = after.iter().map(bare).collect();
            let lost: Vec<_> = before.iter().filter(|row| row.open_time_ns >= oldest_ns).map(bare).collect();
            assert!(lost.iter().all(|row| kept.contains(row)), "{what}: {timeframe} lost rows");
            // Rows beside a hole are asked for with it where that costs nothing.
            let again = asked_again(&world, asked, *timeframe, before);
            assert!(again <= 10, "{what}: {again} rows of {timeframe} were fetched again");
        }
        before = after;
    }
    let symbol = &world.simulation.symbols(ExchangeId::Binance)[0];
    assert_equal_to_the_venue(&world, ExchangeId::Binance, symbol, Timeframe::S1, &before[0][..250]);
}

#[test]
fn what_trades_cannot_mend_the_venues_candles_do() {
    let exchange = ExchangeId::Binance;
    let world = world(exchange, 1);
    let symbol = world.simulation.symbols(exchange)[0].clone();
    // Trades that come back are too late for all rows but two.
    let config = Config {
        timeframes: vec![Timeframe::S1],
        revise_rows: 2,
        history: HistoryRows::Rows(20),
        heal_ms: 2_000,
        ..world.config(1)
    };
    let (daemon, _talk) = start(config);
    daemon.start_exchange(exchange).unwrap_or_else(|error| panic!("{error}"));
    let plane = world.open();
    let rows = || rows(&plane, exchange, &symbol, Timeframe::S1);
    wait_until("the history", Duration::from_secs(20), || rows().len() > 20);
    world.simulation.inject_for(exchange, FaultKind::RefuseConnects, Duration::from_secs(6)).expect("a fault");
    world.simulation.disconnect_all(exchange);
    let gaps = || rows().iter().filter(|row| row.quality.gap_ms() > 0).count();
    wait_until("the outage", Duration::from_secs(30), || gaps() >= 4);
    let outage_ns = rows().iter().find(|row| row.quality.gap_ms() > 0).expect("a gap").open_time_ns;
    let fetched =
        || rows().iter().filter(|row| row.open_time_ns > outage_ns && row.quality.contains(Quality::VENUE)).count();
    wait_until("the venue's candles", Duration::from_secs(30), || gaps() == 0 && fetched() >= 3);
    let rows = rows();
    assert_equal_to_the_venue(&world, exchange, &symbol, Timeframe::S1, &rows[..rows.len() - 2]);
    daemon.shutdown(false);
}

#[test]
fn a_candle_that_differs_is_counted_and_replaced() {
    let exchange = ExchangeId::Binance;
    let world = world(exchange, 1);
    let symbol = world.simulation.symbols(exchange)[0].clone();
    let config = Config {
        timeframes: vec![Timeframe::S1],
        reconcile: Reconcile::Repair,
        reconcile_ms: 1_000,
        heal_ms: 1_000,
        ..world.config(1)
    };
    let (daemon, talk) = start(config);
    daemon.start_exchange(exchange).unwrap_or_else(|error| panic!("{error}"));
    let plane = world.open();
    let rows = || rows(&plane, exchange, &symbol, Timeframe::S1);
    let ours = |row: &&Candle| row.trade_count > 1 && !row.quality.contains(Quality::PARTIAL);
    wait_until("rows of trades", Duration::from_secs(20), || rows().iter().filter(ours).count() >= 3);
    let wrong = *rows().iter().rfind(ours).expect("a row");
    world.simulation.misstate_candles(exchange, &symbol, wrong.open_time_ns);
    let status = || history(&plane, exchange);
    wait_until("a difference", Duration::from_secs(60), || status().count(HistoryCounter::Different) > 0);
    let row = || rows().into_iter().find(|row| row.open_time_ns == wrong.open_time_ns).expect("the row");
    wait_until("the repair", Duration::from_secs(10), || row().quality.contains(Quality::VENUE));
    let (row, status) = (row(), status());
    assert!(row.high > wrong.high && row.volume > wrong.volume && row.quality.revisions() > 0, "{row:?}");
    assert_eq!((status.count(HistoryCounter::Different), status.count(HistoryCounter::Repaired)), (1, 1));
    assert!(status.count(HistoryCounter::Equal) >= 2, "{status:?}");
    assert!((0.009..0.011).contains(&status.price_difference_max), "{status:?}");
    assert!((0.3..0.4).contains(&status.volume_difference_max), "{status:?}");
    let worst = plane.key_of(exchange, status.worst_entry.expect("a series")).expect("a segment");
    assert_eq!(worst, Some(Key::Candles { exchange, symbol: symbol.clone(), timeframe: Timeframe::S1 }));
    let lines: Vec<String> = talk.try_iter().collect();
    assert!(lines.iter().any(|line| line.contains("1 of") && line.contains("differ from the venue's")), "{lines:#?}");
    daemon.shutdown(false);
}

/// Indicators that are settled within the rows of a minute.
const SETTLING: [&str; 7] = ["sma_5", "ema_3", "rsi_3", "atr_3", "macd_3_6_4", "bbands_5_2", "obv"];

/// Holds every settled value of a series against indicators that saw the venue's own account and never an outage; returns
/// how many there were. `ours` are its rows: the first `kept` of them, from before the plane listened, are taken as they are.
fn assert_settled_values(
    reader: &SeriesReader,
    first_row: u64,
    ours: &[Candle],
    account: &[TallyRow],
    kept: usize,
) -> u64 {
    let specs: Vec<IndicatorSpec> = SETTLING.iter().map(|name| name.parse().expect("an indicator")).collect();
    let mut set = IndicatorSet::new(&specs);
    let (mut expected, mut carry) = (vec![vec![0.0; set.outputs()]; ours.len()], f64::NAN);
    for (at, row) in ours.iter().enumerate() {
        let told = account.iter().find(|told| told.open_time_ns == row.open_time_ns);
        let uninterrupted = match told {
            _ if at < kept => *row,
            Some(TallyRow { open, high, low, close, volume, .. }) => Candle {
                open: *open,
                high: *high,
                low: *low,
                close: *close,
                volume: *volume,
                quality: Quality::FINAL,
                ..*row
            },
            None => Candle { open: carry, high: carry, low: carry, close: carry, quality: Quality::SYNTHETIC, ..*row },
        };
        carry = uninterrupted.close;
        set.update(first_row + at as u64, &uninterrupted, &mut expected[at]);
    }
    let (columns, mut compared) = (reader.columns(), 0);
    let outputs = &columns[columns.len() - set.outputs()..];
    for (output, column) in outputs.iter().enumerate() {
        let seed_row = column.seed_row.unwrap_or(u64::MAX);
        let mut values = vec![0.0; ours.len()];
        let held = reader.column(&column.name, &mut values).expect("values");
        for (row, value) in held.zip(&values).filter(|(row, _)| *row >= seed_row) {
            let Some(expected) = expected.get((row - first_row) as usize) else { continue };
            let expected = expected[output];
            let is_near = (value - expected).abs() <= 1e-8 * expected.abs().max(1.0);
            assert!(is_near, "{} of row {row}: {value} and {expected}", column.name);
            compared += 1;
        }
    }
    compared
}

#[test]
fn twenty_seconds_without_a_connection_leave_no_trace() {
    let venues = vec![ExchangeId::Binance, ExchangeId::Kraken];
    let config = SimulationConfig { venues: venues.clone(), symbols: 2, plain: true, ..SimulationConfig::default() };
    let world = World::of(config);
    let timeframes = vec![Timeframe::S1, Timeframe::S5, Timeframe::M1];
    let config = Config {
        timeframes: timeframes.clone(),
        history: HistoryRows::Rows(60),
        indicators: SETTLING.iter().map(|name| name.parse().expect("an indicator")).collect(),
        ..world.config(2)
    };
    let (daemon, talk) = start(config);
    for venue in &venues {
        daemon.start_exchange(*venue).unwrap_or_else(|error| panic!("{error}"));
    }
    let plane = world.open();
    std::thread::sleep(Duration::from_secs(3));
    for venue in &venues {
        world.simulation.inject_for(*venue, FaultKind::RefuseConnects, Duration::from_secs(20)).expect("a fault");
        world.simulation.disconnect_all(*venue);
    }
    std::thread::sleep(Duration::from_secs(21));
    let keys = || {
        let symbols = venues.iter().flat_map(|venue| {
            let symbols = world.simulation.symbols(*venue);
            symbols.into_iter().map(move |symbol| (*venue, symbol))
        });
        symbols.flat_map(|key| timeframes.iter().map(move |timeframe| (key.clone(), *timeframe)))
    };
    wait_until("the repair", Duration::from_secs(40), || {
        let has_gap = |((venue, symbol), timeframe): ((ExchangeId, Symbol), Timeframe)| {
            rows(&plane, venue, &symbol, timeframe).iter().any(|row| row.quality.gap_ms() > 0)
        };
        let streams = venues.iter().flat_map(|venue| plane.streams(*venue).expect("streams"));
        !keys().any(has_gap) && streams.map(|stream| stream.seams).sum::<u64>() == 0
    });
    let (mut compared, mut values) = (0, 0);
    for ((venue, symbol), timeframe) in keys() {
        let key = Key::Candles { exchange: venue, symbol: symbol.clone(), timeframe };
        let series = plane.series(&key).expect("a series");
        let Candles { first_row, candles: rows } = series.candles(series.depth()).expect("rows");
        // The row that the plane began to listen in may still wait for its venue.
        let whole = rows.iter().rposition(|row| row.quality.contains(Quality::PARTIAL)).map_or(0, |at| at + 1);
        if whole < rows.len() {
            assert_equal_to_the_venue(&world, venue, &symbol, timeframe, &rows[whole..]);
            compared += rows.len() - whole;
        }
        let span = (rows[0].open_time_ns, rows[rows.len() - 1].open_time_ns + 1);
        let account = world.simulation.candles(venue, &symbol, timeframe, span);
        values += assert_settled_values(&series, first_row, &rows, &account, whole);
    }
    assert!(compared > 100 && values > 1_000, "{compared}, {values}: {:#?}", talk.try_iter().collect::<Vec<_>>());
    daemon.shutdown(false);
}
