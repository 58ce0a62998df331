//! Segment files of every layout minor, committed with what they say: today's code reads them all.
//!
//! `cargo test -p tickplane-segments write_golden -- --ignored` writes those of the present minor. The C header and the
//! library read the same files in the tests of `ffi`.

use std::fmt::{Display, Write as _};
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use tickplane_layout::header::{MAJOR, MINOR, version_word};
use tickplane_layout::region::checksum;
use tickplane_model::{
    Calendar, Candle, ExchangeId, Instrument, Key, Product, Quality, Sessions, Symbol, Timeframe, TradeId,
};
use tickplane_segments::{
    ArenaShape, CloseKind, ColumnType, ConnectionState, EntryId, EventKind, HistoryCounter, InstrumentShape, Next,
    Plane, PlaneEvent, PlaneShape, PlaneWriter, SegmentError, Stage, StreamCounter, StreamState, ThreadCounter,
    ThreadRuntime,
};

use crate::fixture::*;

const FILES: [&str; 2] = ["plane.seg", "binance.seg"];
const KEYS: [&str; 2] = ["candles:binance:BTC-USDT:1m", "candles:binance:ETH-USDT-PERP:1h"];

fn folder() -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden")).to_owned()
}

fn minor_folder(minor: u16) -> PathBuf {
    folder().join(format!("{MAJOR}.{minor}"))
}

// ---- what they hold ----

/// Something in every structure, with values that any language prints alike.
fn make(scratch: &Scratch) {
    let shape =
        PlaneShape { event_rings: 1, event_capacity: 16, threads: 1, connections: 1, histories: 1, rest_hosts: 1 };
    let arena = ArenaShape { bytes_max: 256 << 10, entries_max: 16 };
    // A first writer, whose series the second one reshapes: a moved region, and epoch 2.
    let mut writer = PlaneWriter::open(&scratch.instance, &shape, NOW_NS).unwrap();
    let mut exchange = writer.exchange(ExchangeId::Binance, &arena).unwrap();
    let mut series = exchange.series(&symbol(), Timeframe::M1, &series_shape(8, &[])).unwrap();
    series.begin_at(100);
    (100..104).for_each(|row| assert_eq!(series.append(&round(row), &[]), row));
    drop((series, exchange, writer));

    let mut writer = PlaneWriter::open(&scratch.instance, &shape, NOW_NS).unwrap();
    let mut exchange = writer.exchange(ExchangeId::Binance, &arena).unwrap();
    let bitcoin = Instrument { tick_size: 0.5, lot_size: 0.25, ..instrument() };
    let mut btc = exchange.instrument(&bitcoin, &InstrumentShape { trade_capacity: 8 }).unwrap();
    let shape = series_shape(16, &["ema_9", "macd_12_26_9.hist"]);
    let mut series = exchange.series(&symbol(), Timeframe::M1, &shape).unwrap();
    for row in 104..124 {
        series.append(&round(row), &[row as f64 * 2.0, -(row as f64)]);
    }
    series.set_seed_row(0, Some(110));
    assert!(series.revise(120, &Candle { quality: Quality::FINAL.revised(), ..round(1120) }, &[0.5, f64::NAN]));
    series.publish_live(124, 13, NOW_NS + 1, &Candle { quality: Quality(0), ..round(124) }, &[1.5, 2.5]);
    fill_instrument(&mut btc);
    fill_plane(&mut writer, series.entry(), btc.entry());
    fill_second(&mut exchange);
}

/// A candle whose values are halves.
fn round(row: u64) -> Candle {
    Candle { open: row as f64 + 0.5, quality: Quality::FINAL, ..candle(row) }
}

fn fill_instrument(btc: &mut tickplane_segments::InstrumentWriter) {
    for n in 1..=13 {
        let id = match n % 4 {
            0 => TradeId::NONE,
            1 => TradeId::number(u128::from(n) << 70),
            form => TradeId {
                high: n,
                low: !n,
                form: if form == 2 { tickplane_model::IdForm::Uuid } else { tickplane_model::IdForm::Hash },
            },
        };
        btc.publish_trade(&tickplane_model::Trade { id, ..trade(n) }, NOW_NS + 2000 + n as i64);
        btc.publish_quote(&quote(n), n as i64 + 2);
    }
    btc.set_stream_state(StreamState::Live, NOW_NS + 3);
    btc.set_last_trade_ns(NOW_NS + 4);
    btc.set_seams(2, 5);
    btc.count_stream(StreamCounter::Backfilled, 7);
}

fn fill_plane(writer: &mut PlaneWriter, series: EntryId, instrument: EntryId) {
    let mut events = writer.events("worker-0").unwrap();
    for row in 104..124 {
        let (kind, entry) =
            if row % 5 == 0 { (EventKind::Stream, instrument) } else { (EventKind::CandleClose, series) };
        let exchange = ExchangeId::Binance;
        events.publish(&PlaneEvent { kind, exchange, entry, row, publish_ns: NOW_NS + row as i64, detail: row * 3 });
    }
    let mut thread = writer.thread("worker-0").unwrap();
    thread.runs(ThreadRuntime::Park, Some(3));
    thread.count(ThreadCounter::Turns, 17);
    [100, 1_000, 1_000_000].into_iter().for_each(|ns| thread.record(Stage::ReadToCandle, ns));
    let mut connection = writer.connection(ExchangeId::Binance, "binance-0").unwrap();
    connection.attempted(NOW_NS + 5);
    connection.connected(NOW_NS + 6);
    connection.received(321, NOW_NS + 7);
    connection.trade(NOW_NS + 8);
    connection.reject(tickplane_model::RejectReason::BadTime);
    connection.closed(CloseKind::Silent);
    connection.set_state(ConnectionState::Waiting);
    let mut history = writer.history(ExchangeId::Binance).unwrap();
    history.count(HistoryCounter::Fetched, 4);
    history.progress(3, 2, 1, 1_000_000_000);
    history.differed(series, 0.25, 0.5);
    writer.heartbeat(NOW_NS + 9);
    writer.close(NOW_NS + 10);
}

/// A second series: gaps, and rows put before the first.
fn fill_second(exchange: &mut tickplane_segments::ExchangeWriter) {
    let symbol = Symbol::new("ETH-USDT-PERP").unwrap();
    let eth = Instrument {
        symbol: symbol.clone(),
        venue_symbol: "ETHUSDT".into(),
        product: Product::Perpetual,
        ..instrument()
    };
    let eth = Instrument { tick_size: 0.25, lot_size: 0.125, ..eth };
    exchange.instrument(&eth, &InstrumentShape { trade_capacity: 2 }).unwrap();
    exchange.keep_calendar(Calendar::Sessions(Sessions::NSE));
    let mut series = exchange.series(&symbol, Timeframe::H1, &series_shape(16, &[])).unwrap();
    series.begin_at(50);
    let nan = f64::NAN;
    let gap = Quality::FINAL.with_gap_ms(3_600_000);
    let gap = Candle { open: nan, high: nan, low: nan, close: nan, quality: gap, ..round(50) };
    series.append(&gap, &[]);
    series.append(&Candle { quality: Quality::FINAL.with(Quality::SYNTHETIC), ..round(51) }, &[]);
    assert_eq!(series.prepend(&Candle { quality: Quality::FINAL.with(Quality::VENUE), ..round(49) }, &[]), Some(49));
}

// ---- what they say ----

/// Words after each other; the same text comes out of `ffi/tests/raw/golden.c`.
struct Line(String);

impl Line {
    fn new(first: &str, key: &str) -> Self {
        Self(format!("{first} {key}"))
    }

    fn all<T: Display>(mut self, values: impl IntoIterator<Item = T>) -> Self {
        values.into_iter().for_each(|value| write!(self.0, " {value}").unwrap());
        self
    }

    fn candle(self, candle: &Candle) -> Self {
        let Candle { open, high, low, close, volume, quote_volume, taker_buy_volume, .. } = *candle;
        self.all([candle.open_time_ns])
            .all([open, high, low, close, volume, quote_volume, taker_buy_volume])
            .all([candle.trade_count, candle.quality.0])
    }
}

/// Everything the public readers say about a plane, but what no two planes share (process ids).
fn describe(plane: &Plane) -> String {
    let mut lines = Vec::new();
    for key in KEYS {
        describe_series(plane, &key.parse().unwrap(), &mut lines);
    }
    describe_instrument(plane, &mut lines);
    describe_plane(plane, &mut lines);
    lines.into_iter().fold(String::new(), |text, line| text + &line.0 + "\n")
}

fn describe_series(plane: &Plane, key: &Key, lines: &mut Vec<Line>) {
    let (series, name) = (plane.series(key).unwrap(), key.to_string());
    let columns = series.columns();
    for column in &columns {
        let seed = column.seed_row.map_or_else(|| "none".to_owned(), |row| row.to_string());
        let kind = column.kind.map_or("unknown", ColumnType::as_str);
        lines.push(Line::new("column", &name).all([&column.name, kind, &seed]));
    }
    let copy = series.candles(usize::MAX).unwrap();
    let Key::Candles { timeframe, .. } = key else { panic!("{name} is no series") };
    let opens =
        [0, 1, 2, 35, 1_000].map(|more| series.calendar().unwrap().open_time_ns(*timeframe, copy.first_row + more));
    lines.push(Line::new("opens", &name).all(opens));
    let indicators: Vec<Vec<f64>> = columns[10..]
        .iter()
        .map(|column| {
            let mut values = vec![0.0; copy.candles.len()];
            series.column(&column.name, &mut values).unwrap();
            values
        })
        .collect();
    for (at, candle) in copy.candles.iter().enumerate() {
        let line = Line::new("row", &name).all([copy.first_row + at as u64]).candle(candle);
        lines.push(line.all(indicators.iter().map(|values| values[at])));
    }
    if let Ok(live) = series.live() {
        let line = Line::new("live", &name).all([live.row, live.trade_seq]).all([live.publish_ns]);
        lines.push(line.candle(&live.candle).all(live.indicators));
    }
}

fn describe_instrument(plane: &Plane, lines: &mut Vec<Line>) {
    let quote = plane.quote(&quote_key()).unwrap().read().unwrap();
    let (seq, publish_ns, quote) = (quote.seq, quote.publish_ns, quote.quote);
    let line = Line::new("quote", "binance:BTC-USDT").all([seq]);
    let line = line.all([quote.exchange_ns, quote.receive_ns, publish_ns]);
    lines.push(line.all([quote.bid_price, quote.bid_quantity, quote.ask_price, quote.ask_quantity]));
    let mut trades = plane.trades(&trades_key()).unwrap();
    trades.rewind(u64::MAX);
    while let Next::Item(record) = trades.poll() {
        let trade = record.trade;
        let line = Line::new("trade", "binance:BTC-USDT").all([record.seq]);
        let line = line.all([trade.exchange_ns, trade.receive_ns, record.publish_ns]);
        let line = line.all([trade.price, trade.quantity]).all([trade.id.high, trade.id.low]);
        lines.push(line.all([trade.id.form as u32, trade.flags.0]));
    }
    for facts in plane.instruments(ExchangeId::Binance).unwrap() {
        let line = Line::new("facts", facts.symbol.as_str()).all([&facts.venue_symbol]);
        let line = line.all([facts.product as u8, facts.status as u8]);
        lines.push(line.all([facts.tick_size, facts.lot_size, facts.contract_size, facts.quote_volume_24h]));
    }
    for stream in plane.streams(ExchangeId::Binance).unwrap() {
        let line = Line::new("stream", stream.symbol.as_str()).all([stream.state as u64]);
        let line = line.all([stream.since_ns, stream.last_trade_ns]).all([stream.seams, stream.missing]);
        lines.push(line.all(stream.counters.iter().take(8).map(|(_, count)| *count)));
    }
}

fn describe_plane(plane: &Plane, lines: &mut Vec<Line>) {
    let status = plane.status();
    let line = Line::new("plane", "plane").all([status.state as u64, status.epoch]);
    lines.push(line.all([status.opened_ns, status.heartbeat_ns]));
    let mut events = plane.events();
    events.rewind();
    while let Next::Item(announced) = events.poll() {
        let event = announced.event;
        let line = Line::new("event", &announced.ring.to_string()).all([announced.seq, event.kind as u64]);
        let line = line.all([event.exchange as u32, event.entry.generation().into(), event.entry.number()]);
        let symbol = plane.symbol_of(event.exchange, event.entry).unwrap();
        let line = line.all([symbol.map_or_else(|| "none".to_owned(), |symbol| symbol.to_string())]).all([event.row]);
        lines.push(line.all([event.publish_ns]).all([event.detail]));
    }
    for connection in plane.connections() {
        let line = Line::new("connection", &connection.label).all([connection.state as u64]);
        let line = line.all([connection.connected_at_ns, connection.last_heartbeat_ns, connection.last_data_ns]);
        let line = line.all([connection.attempts]).all([connection.last_attempt_ns]);
        let line = line.all(connection.counters.iter().take(11).map(|(_, count)| *count));
        let line = line.all(connection.rejects.iter().take(9).map(|(_, count)| *count));
        lines.push(line.all(connection.last_close.map(|kind| kind as u64)));
    }
    for history in plane.histories() {
        let line = Line::new("history", history.exchange.as_str()).all([history.series, history.filled]);
        let line = line.all([history.requests_left, history.eta_ns]);
        let line = line.all([history.price_difference_max, history.volume_difference_max]);
        let worst = history.worst_entry.map(|entry| [entry.generation().into(), entry.number()]);
        lines.push(line.all(worst.into_iter().flatten()).all(history.counters.iter().take(6).map(|(_, count)| *count)));
    }
    for thread in plane.threads() {
        let line = Line::new("thread", &thread.name).all(thread.runtime.map(|runtime| runtime as u64));
        let line = line.all(thread.core).all(thread.counters.iter().take(9).map(|(_, count)| *count));
        let stages = thread.stages.iter().take(4);
        lines.push(line.all(stages.flat_map(|stage| [stage.histogram.len(), stage.sum_ns, stage.max_ns])));
    }
}

// ---- the files ----

fn unpack(packed: &Path, file: &Path) {
    let mut bytes = Vec::new();
    GzDecoder::new(File::open(packed).unwrap()).read_to_end(&mut bytes).unwrap();
    std::fs::write(file, bytes).unwrap();
}

/// The golden instance of a minor in a folder of the test's own.
fn unpacked(minor: u16) -> Scratch {
    let scratch = Scratch::new("golden");
    std::fs::create_dir_all(scratch.instance.directory()).unwrap();
    for name in FILES {
        unpack(&minor_folder(minor).join(format!("{name}.gz")), &scratch.path(name));
    }
    scratch
}

#[test]
#[ignore = "writes the golden files of the present layout minor"]
fn write_golden() {
    let scratch = Scratch::new("golden");
    make(&scratch);
    let folder = minor_folder(MINOR);
    std::fs::create_dir_all(&folder).unwrap();
    for name in FILES {
        let bytes = std::fs::read(scratch.path(name)).unwrap();
        let mut packed = GzEncoder::new(File::create(folder.join(format!("{name}.gz"))).unwrap(), Compression::best());
        packed.write_all(&bytes).unwrap();
        packed.finish().unwrap();
    }
    std::fs::write(folder.join("expected.txt"), describe(&Plane::open(&scratch.instance).unwrap())).unwrap();
}

#[test]
fn files_of_every_minor_say_what_they_said() {
    let mut minors = 0;
    for entry in std::fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let minor = name.strip_prefix(&format!("{MAJOR}.")).expect("files of this major").parse().unwrap();
        let expected = std::fs::read_to_string(minor_folder(minor).join("expected.txt")).unwrap();
        let scratch = unpacked(minor);
        let plane = Plane::open(&scratch.instance).unwrap();
        let said = describe(&plane);
        for (at, (said, due)) in said.lines().zip(expected.lines()).enumerate() {
            assert_eq!(said, due, "{name}, line {}", at + 1);
        }
        assert_eq!(said.lines().count(), expected.lines().count(), "{name}");
        minors += 1;
    }
    assert!(minors > 0);
    assert!(minor_folder(MINOR).exists(), "the present minor has no golden files: run write_golden");
}

/// The code of today writes what the golden files say, too.
#[test]
fn the_writer_still_makes_the_golden_plane() {
    let scratch = Scratch::new("golden");
    make(&scratch);
    let expected = std::fs::read_to_string(minor_folder(MINOR).join("expected.txt")).unwrap();
    assert_eq!(describe(&Plane::open(&scratch.instance).unwrap()), expected);
}

// ---- versions ----

fn set(scratch: &Scratch, at: u64, value: u64) {
    for name in FILES {
        let file = OpenOptions::new().read(true).write(true).open(scratch.path(name)).unwrap();
        file.write_all_at(&value.to_le_bytes(), at).unwrap();
        // The checksum vouches for it: this is a file of another release, not a damaged one.
        let mut bytes = [0; 128];
        file.read_exact_at(&mut bytes, 0).unwrap();
        let mut words: Vec<u64> =
            bytes.chunks_exact(8).map(|chunk| u64::from_le_bytes(chunk.try_into().unwrap())).collect();
        (words[1], words[7]) = (0, 0);
        file.write_all_at(&checksum(&words).to_le_bytes(), 56).unwrap();
    }
}

#[test]
fn later_releases_are_read_or_refused_as_the_format_promises() {
    let expected = std::fs::read_to_string(minor_folder(MINOR).join("expected.txt")).unwrap();
    let write = |scratch: &Scratch| PlaneWriter::open(&scratch.instance, &PLANE, NOW_NS).map(|_| ());
    // A later minor, features that everybody may ignore, and reserved words in use: read, and written on.
    for (at, value) in [(8, version_word(MAJOR, MINOR + 7)), (24, 1 << 40), (120, 77)] {
        let scratch = unpacked(MINOR);
        set(&scratch, at, value);
        assert_eq!(describe(&Plane::open(&scratch.instance).unwrap()), expected, "byte {at}");
        write(&scratch).unwrap();
    }
    // Features that only a writer must know.
    let scratch = unpacked(MINOR);
    set(&scratch, 32, 1 << 3);
    assert_eq!(describe(&Plane::open(&scratch.instance).unwrap()), expected);
    let error = write(&scratch).unwrap_err();
    assert!(matches!(error, SegmentError::Refused { .. }), "{error}");
    assert!(error.to_string().contains("features this program does not know (bits 0x8)"), "{error}");
    // Features that nobody may ignore, and another major.
    for (at, value, words) in [
        (40, 1 << 2, "features this program does not know (bits 0x4)".to_owned()),
        (8, version_word(MAJOR + 1, 3), format!("layout version {}.3, this program reads {MAJOR}.{MINOR}", MAJOR + 1)),
    ] {
        let scratch = unpacked(MINOR);
        set(&scratch, at, value);
        for error in [Plane::open(&scratch.instance).unwrap_err().to_string(), write(&scratch).unwrap_err().to_string()]
        {
            assert!(error.contains(&words) && error.contains("use the same release"), "{error}");
        }
    }
}
