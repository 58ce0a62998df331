//! `docs/format.md` against the constants of the code: every table of it, row by row.

use std::collections::BTreeMap;

use tickplane_layout::calendar::{Calendar, Weekdays};
use tickplane_layout::directory::*;
use tickplane_layout::double_slot::DoubleSlot;
use tickplane_layout::event::EventRecord;
use tickplane_layout::header::*;
use tickplane_layout::health::*;
use tickplane_layout::history::*;
use tickplane_layout::instrument::*;
use tickplane_layout::region::{self, RegionKind};
use tickplane_layout::rest::*;
use tickplane_layout::series::{self, CANDLE_COLUMNS, ColumnType, SeriesLayout};
use tickplane_layout::stream::*;
use tickplane_layout::{LINE_WORDS, histogram, table};
use tickplane_model::{ExchangeId, IdForm, Quality, RejectReason, Timeframe, TradeFlags};
use tickplane_segments::EventKind;

const DOCUMENT: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/format.md"));

/// First cell and name of every row of every marked table, by the words of its mark.
fn tables() -> BTreeMap<String, Vec<(u64, String)>> {
    let mut tables = BTreeMap::new();
    for piece in DOCUMENT.split("<!-- ").skip(1) {
        let (mark, rest) = piece.split_once(" -->\n").expect("a mark ends on its line");
        let lines: Vec<&str> = rest.lines().take_while(|line| line.starts_with('|')).collect();
        let at = lines[0].split('|').position(|cell| cell.trim() == "name").expect("a table has a column of names");
        let row = |line: &&str| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            (cells[1].parse().expect("a row begins with a number"), cells[at].trim_matches('`').to_owned())
        };
        let rows = lines[2..].iter().map(row).collect();
        assert!(tables.insert(mark.to_owned(), rows).is_none(), "{mark} appears twice");
    }
    tables
}

/// Names and words, as bytes.
fn words(rows: &[(&str, usize)]) -> Vec<(u64, String)> {
    rows.iter().map(|(name, word)| (*word as u64 * 8, (*name).to_owned())).collect()
}

fn numbers<T: Copy>(all: &[T], number: impl Fn(T) -> u64, name: impl Fn(T) -> &'static str) -> Vec<(u64, String)> {
    all.iter().map(|item| (number(*item), name(*item).to_owned())).collect()
}

macro_rules! counted {
    ($($kind:ty),*) => { [$(numbers(<$kind>::ALL, |item| item as u64, <$kind>::as_str)),*] };
}

/// A slot whose words the code numbers one after the other.
fn slot(names: &[&str]) -> Vec<(u64, String)> {
    let rows: Vec<(&str, usize)> = names.iter().enumerate().map(|(word, name)| (*name, word)).collect();
    words(&rows)
}

fn files() -> Vec<(&'static str, Vec<(u64, String)>)> {
    let header = [
        ("magic", WORD_MAGIC),
        ("version", WORD_VERSION),
        ("endian", WORD_ENDIAN),
        ("compat", WORD_COMPAT),
        ("ro_compat", WORD_RO_COMPAT),
        ("incompat", WORD_INCOMPAT),
        ("kind", WORD_KIND),
        ("checksum", WORD_CHECKSUM),
        ("total_bytes", WORD_TOTAL_BYTES),
        ("directory_offset", WORD_DIRECTORY_OFFSET),
        ("entries_max", WORD_ENTRIES_MAX),
        ("entry_bytes", WORD_ENTRY_BYTES),
        ("regions_offset", WORD_REGIONS_OFFSET),
        ("created_ns", WORD_CREATED),
        ("generation", WORD_GENERATION),
        ("state", WORD_STATE),
        ("heartbeat_ns", WORD_HEARTBEAT),
        ("successor", WORD_SUCCESSOR),
        ("writer_minor", WORD_WRITER_MINOR),
        ("bell", WORD_BELL),
        ("writer_latest", WORD_WRITER),
        ("writer", WORD_WRITER + LINE_WORDS),
        ("count", WORD_COUNT),
        ("release", WORD_RELEASE),
    ];
    let entry = [
        ("key", 0),
        ("offset", ENTRY_OFFSET),
        ("bytes", ENTRY_LENGTH),
        ("generation", ENTRY_GENERATION),
        ("state", ENTRY_STATE),
        ("successor", ENTRY_SUCCESSOR),
        ("created_ns", ENTRY_CREATED),
        ("checksum", ENTRY_CHECKSUM),
        ("name", ENTRY_NAME),
    ];
    let region = [
        ("kind", region::WORD_KIND),
        ("bytes", region::WORD_BYTES),
        ("shape", region::WORD_SHAPE),
        ("reserved", region::WORD_SHAPE + 4),
        ("checksum", region::WORD_CHECKSUM),
    ];
    // The order in which `Header::take_over` puts them; the tests of liveness hold it.
    let writer =
        [("seq", 0), ("pid", 1), ("start_ticks", 2), ("opened_ns", 3), ("boot_id", 4), ("pid_namespace", WRITER_WORDS)];
    vec![
        ("table: header tpr_header_t", words(&header)),
        ("table: writer_slot tpr_writer_slot_t", words(&writer)),
        ("table: entry tpr_entry_t", words(&entry)),
        ("table: region tpr_region_t", words(&region)),
    ]
}

fn series_tables() -> Vec<(&'static str, Vec<(u64, String)>)> {
    let control = [
        ("first_row", table::FIRST_ROW),
        ("begin", table::BEGIN),
        ("head", table::HEAD),
        ("revise_begin", table::REVISE_BEGIN),
        ("revise_end", table::REVISE_END),
        ("epoch", table::EPOCH),
    ];
    let column = [("name", 0), ("seed_row", series::COLUMN_SEED_ROW), ("type", series::COLUMN_TYPE)];
    let journal = [
        ("seq", table::JOURNAL_SEQ),
        ("kind", table::JOURNAL_KIND),
        ("row", table::JOURNAL_ROW),
        ("cells", table::JOURNAL_CELLS),
    ];
    // The order in which `SeriesWriter::publish_live` puts them; the round trips of the readers hold it.
    let live = slot(&["seq", "row", "trade_seq", "publish_ns", "cells"]);
    assert_eq!(live.len(), 2 + series::LIVE_HEAD_WORDS);
    vec![
        ("table: control tpr_control_t", words(&control)),
        ("table: column tpr_column_entry_t", words(&column)),
        ("table: live_slot tpr_live_slot_t", live),
        ("table: journal tpr_journal_t", words(&journal)),
        ("example: series 520 512 12", example()),
    ]
}

/// The places of the worked example.
fn example() -> Vec<(u64, String)> {
    let layout = SeriesLayout::new(512, 8, 2).expect("a shape");
    assert_eq!((layout.capacity, layout.columns), (520, 12));
    let live = series::WORD_COLUMNS + layout.columns * series::COLUMN_WORDS;
    words(&[
        ("control", series::WORD_CONTROL),
        ("columns", series::WORD_COLUMNS),
        ("live", live),
        ("journal", live + DoubleSlot::words(series::LIVE_HEAD_WORDS + layout.columns)),
        ("cells", layout.column_start(0)),
        ("cells of column 1", layout.column_start(1)),
        ("end, on a page", layout.header().bytes as usize / 8),
    ])
}

fn instrument_tables() -> Vec<(&'static str, Vec<(u64, String)>)> {
    let instrument = [
        ("region", 0),
        ("facts_latest", WORD_FACTS),
        ("facts", WORD_FACTS + LINE_WORDS),
        ("quote_latest", WORD_QUOTE),
        ("quote", WORD_QUOTE + LINE_WORDS),
        ("trades_head", WORD_TRADES),
        ("trades", WORD_TRADES + LINE_WORDS),
    ];
    let facts = [
        ("seq", 0),
        ("tick_size", 1),
        ("lot_size", 2),
        ("contract_size", 3),
        ("quote_volume_24h", 4),
        ("product_status", 5),
        ("venue_symbol", 1 + FACT_VENUE_SYMBOL),
        ("epoch", 1 + FACT_EPOCH),
    ];
    let stream = [
        ("state", STREAM_STATE),
        ("since_ns", STREAM_SINCE),
        ("last_trade_ns", STREAM_LAST_TRADE),
        ("seams", STREAM_SEAMS),
        ("missing", STREAM_MISSING),
        ("counters", STREAM_COUNTERS),
    ];
    let quote =
        ["seq", "exchange_ns", "receive_ns", "publish_ns", "bid_price", "bid_quantity", "ask_price", "ask_quantity"];
    let trade = ["seq", "exchange_ns", "receive_ns", "price", "quantity", "id_high", "id_low", "flags"];
    vec![
        ("table: instrument tpr_instrument_head_t", words(&instrument)),
        ("table: facts_slot tpr_facts_slot_t", words(&facts)),
        ("table: quote_slot tpr_quote_slot_t", slot(&quote)),
        ("table: trade_slot tpr_trade_slot_t", slot(&trade)),
        ("table: stream tpr_stream_t", words(&stream)),
    ]
}

fn plane_tables() -> Vec<(&'static str, Vec<(u64, String)>)> {
    let events = [("region", 0), ("events_head", region::HEADER_WORDS), ("events", region::HEADER_WORDS + LINE_WORDS)];
    let event = ["seq", "what", "row", "publish_ns", "detail"];
    let record = EventRecord { kind: 1, exchange: 2, generation: 7, entry: 3, row: 4, publish_ns: 5, detail: 6 };
    assert_eq!(record.pack()[..4], [1 | 2 << 8 | 7 << 16 | 3 << 32, 4, 5, 6], "the words of an event");
    let connection = [
        ("region", 0),
        ("epoch", RECORD_EPOCH),
        ("state", CONNECTION_STATE),
        ("connected_at_ns", CONNECTION_CONNECTED_AT),
        ("last_heartbeat_ns", CONNECTION_LAST_HEARTBEAT),
        ("last_data_ns", CONNECTION_LAST_DATA),
        ("attempts", CONNECTION_ATTEMPTS),
        ("last_attempt_ns", CONNECTION_LAST_ATTEMPT),
        ("counters", CONNECTION_COUNTERS),
        ("rejects", CONNECTION_REJECTS),
        ("closes", CONNECTION_CLOSES),
        ("last_close", CONNECTION_LAST_CLOSE),
        ("next_attempt_ns", CONNECTION_NEXT_ATTEMPT),
        ("hold", CONNECTION_HOLD),
    ];
    let thread = [
        ("region", 0),
        ("epoch", RECORD_EPOCH),
        ("runtime", THREAD_RUNTIME),
        ("core", THREAD_CORE),
        ("counters", THREAD_COUNTERS),
        ("stages", THREAD_HISTOGRAMS),
    ];
    let counts =
        [("count", histogram::COUNT), ("sum_ns", histogram::SUM), ("max_ns", histogram::MAX), ("buckets", LINE_WORDS)];
    let history = [
        ("region", 0),
        ("epoch", RECORD_EPOCH),
        ("series", HISTORY_SERIES),
        ("filled", HISTORY_FILLED),
        ("requests_left", HISTORY_REQUESTS_LEFT),
        ("eta_ns", HISTORY_ETA),
        ("price_difference", HISTORY_PRICE_DIFFERENCE),
        ("volume_difference", HISTORY_VOLUME_DIFFERENCE),
        ("worst", HISTORY_WORST),
        ("counters", HISTORY_COUNTERS),
    ];
    let rest = [
        ("region", 0),
        ("epoch", RECORD_EPOCH),
        ("closed_until_ns", REST_CLOSED_UNTIL),
        ("last_answer_ns", REST_LAST_ANSWER),
        ("last_status", REST_LAST_STATUS),
        ("counters", REST_COUNTERS),
    ];
    vec![
        ("table: events tpr_events_head_t", words(&events)),
        ("table: event_slot tpr_event_slot_t", slot(&event)),
        ("table: connection tpr_connection_t", words(&connection)),
        ("table: thread tpr_thread_t", words(&thread)),
        ("table: histogram tpr_histogram_t", words(&counts)),
        ("table: history tpr_history_t", words(&history)),
        ("table: rest tpr_rest_t", words(&rest)),
    ]
}

/// Bit numbers and names of flags.
fn bits(flags: &[(u64, &str)]) -> Vec<(u64, String)> {
    flags.iter().map(|(flag, name)| (u64::from(flag.trailing_zeros()), (*name).to_owned())).collect()
}

fn kinds() -> Vec<(&'static str, Vec<(u64, String)>)> {
    // Exhaustive, so that a new kind does not compile until it is named here, and then must be in the document.
    let region = |kind| match kind {
        RegionKind::Instrument => "instrument",
        RegionKind::Series => "series",
        RegionKind::Events => "events",
        RegionKind::Thread => "thread",
        RegionKind::Connection => "connection",
        RegionKind::History => "history",
        RegionKind::Rest => "rest",
    };
    let regions: Vec<RegionKind> = (0..=0xff).filter_map(RegionKind::from_number).collect();
    let event = |kind| match kind {
        EventKind::CandleClose => "candle-close",
        EventKind::CandleRevise => "candle-revise",
        EventKind::Lifecycle => "lifecycle",
        EventKind::Alert => "alert",
        EventKind::Stream => "stream",
    };
    let events =
        [EventKind::CandleClose, EventKind::CandleRevise, EventKind::Lifecycle, EventKind::Alert, EventKind::Stream];
    let form = |form| match form {
        IdForm::None => "none",
        IdForm::Number => "number",
        IdForm::Uuid => "uuid",
        IdForm::Hash => "hash",
    };
    let forms = [IdForm::None, IdForm::Number, IdForm::Uuid, IdForm::Hash];
    let session = Calendar::Weekdays(Weekdays { open_s: 1, close_s: 2, zone_quarters: 0 }).pack();
    let is_known = |rule: &u64| Calendar::unpack(session & !0xff | *rule).is_some();
    let rules: Vec<u64> = (0..=0xff).filter(is_known).collect();
    let rule = |number| if number == 0 { "always-open" } else { "weekdays" };
    vec![
        ("numbers: calendar", numbers(&rules, |number| number, rule)),
        ("numbers: column-type", numbers(&ColumnType::ALL, |kind| kind as u64, ColumnType::as_str)),
        ("numbers: region-kind", numbers(&regions, |kind| kind as u64, region)),
        ("numbers: event-kind", numbers(&events, |kind| kind as u64, event)),
        ("numbers: id-form", numbers(&forms, |form| form as u64, form)),
        ("numbers: exchange", numbers(&ExchangeId::ALL, |id| id as u64, ExchangeId::as_str)),
        ("numbers: timeframe", numbers(&Timeframe::ALL, |timeframe| timeframe as u64, Timeframe::as_str)),
        ("numbers: reject", numbers(&RejectReason::ALL, |reason| reason as u64, RejectReason::as_str)),
        ("numbers: connection-state", numbers(&ConnectionState::ALL, |state| state as u64, ConnectionState::as_str)),
        ("numbers: stream-state", numbers(&StreamState::ALL, |state| state as u64, StreamState::as_str)),
    ]
}

fn number_tables() -> Vec<(&'static str, Vec<(u64, String)>)> {
    let [connection, close, hold, thread, stage, runtime, stream, history, rest] = counted!(
        ConnectionCounter,
        CloseKind,
        HoldKind,
        ThreadCounter,
        Stage,
        ThreadRuntime,
        StreamCounter,
        HistoryCounter,
        RestCounter
    );
    let columns = CANDLE_COLUMNS.iter().enumerate().map(|(at, name)| (at as u64, (*name).to_owned())).collect();
    // What the quality word itself prints for each of its flags.
    let quality: Vec<(u64, String)> =
        (0..16).map(|bit| (bit, Quality(1 << bit).to_string())).filter(|(_, name)| name != "open").collect();
    let flags = [
        (TradeFlags::SELL, "sell"),
        (TradeFlags::HISTORY, "history"),
        (TradeFlags::BACKFILLED, "backfilled"),
        (TradeFlags::AGGREGATE, "aggregate"),
        (TradeFlags::CONTRACTS, "contracts"),
        (TradeFlags::DERIVED, "derived"),
    ];
    vec![
        ("numbers: connection-counter", connection),
        ("numbers: close-kind", close),
        ("numbers: hold-kind", hold),
        ("numbers: thread-counter", thread),
        ("numbers: stage", stage),
        ("numbers: runtime", runtime),
        ("numbers: stream-counter", stream),
        ("numbers: history-counter", history),
        ("numbers: rest-counter", rest),
        ("numbers: column", columns),
        ("numbers: quality", quality),
        ("numbers: trade-flag", bits(&flags.map(|(flag, name)| (u64::from(flag.0), name)))),
    ]
}

#[test]
fn every_table_of_the_document_is_the_codes() {
    let mut document = tables();
    let code = [files(), series_tables(), instrument_tables(), plane_tables(), kinds(), number_tables()];
    for (mark, rows) in code.into_iter().flatten() {
        let written = document.remove(mark).unwrap_or_else(|| panic!("docs/format.md has no table marked \"{mark}\""));
        assert_eq!(written, rows, "docs/format.md, {mark}: the document left, the code right");
    }
    assert!(document.is_empty(), "tables that nothing is compared with: {:?}", document.keys());
}

#[test]
fn the_document_names_the_present_version() {
    assert!(DOCUMENT.starts_with(&format!("# The segment format, layout {MAJOR}.{MINOR}\n")));
}
