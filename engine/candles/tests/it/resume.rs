//! A series goes on where an earlier process left it.

use tickplane_candles::{Outcome, Series};
use tickplane_model::{Candle, Trade, TradeFlags};

use crate::{Call, Log, brief, seconds, series, trade};

/// The rows 10 (traded), 11 (synthetic) and 12 (gap) as an earlier process published them.
fn earlier_rows() -> Vec<Candle> {
    let (mut series, mut log) = (series(), Log::default());
    series.trade(&trade(10.2, 5.0), &mut log);
    series.trade(&trade(10.6, 7.0), &mut log);
    series.advance(seconds(12.5), &mut log);
    series.stream_down(seconds(12.0));
    series.advance(seconds(13.5), &mut log);
    log.calls
        .iter()
        .filter_map(|call| match call {
            Call::Closed(_, candle) => Some(*candle),
            _ => None,
        })
        .collect()
}

fn resumed() -> Series {
    let mut series = series();
    let rows = earlier_rows();
    assert_eq!(rows.len(), 3);
    series.resume(13, &rows);
    series
}

#[test]
fn before_anything_is_heard_the_open_row_is_a_gap() {
    let series = resumed();
    assert_eq!(
        series.live().map(|(row, candle)| format!("{row} {}", brief(&candle))).unwrap(),
        "13 NaN/NaN/NaN/NaN v0 n0 gap=1ms"
    );
    assert_eq!(series.next_close_ns(), Some(seconds(14.5)));
}

#[test]
fn rows_between_are_gaps_and_the_first_trade_opens_a_partial_one() {
    let (mut series, mut log) = (resumed(), Log::default());
    assert_eq!(series.trade(&trade(15.3, 6.0), &mut log), Outcome::Live);
    assert_eq!(
        log.take(),
        ["closed 13 NaN/NaN/NaN/NaN v0 n0 final|gap=1000ms", "closed 14 NaN/NaN/NaN/NaN v0 n0 final|gap=1000ms"]
    );
    series.advance(seconds(17.5), &mut log);
    // The gap is rounded up: the trade's own instant counts as unheard.
    assert_eq!(
        log.take(),
        ["closed 15 6/6/6/6 v1 n1 final|partial|gap=301ms", "closed 16 6/6/6/6 v0 n0 final|synthetic"]
    );
}

#[test]
fn the_same_row_goes_on_as_partial_with_a_gap() {
    let (mut series, mut log) = (resumed(), Log::default());
    series.trade(&trade(13.0, 6.0), &mut log);
    assert_eq!(
        series.live().map(|(row, candle)| format!("{row} {}", brief(&candle))).unwrap(),
        "13 6/6/6/6 v1 n1 partial|gap=1ms"
    );
    assert_eq!(log.take(), [""; 0]);
}

#[test]
fn in_silence_rows_are_gaps_until_the_stream_is_up_then_synthetic_at_the_last_known_close() {
    let (mut series, mut log) = (resumed(), Log::default());
    series.advance(seconds(14.6), &mut log);
    assert_eq!(log.take(), ["closed 13 NaN/NaN/NaN/NaN v0 n0 final|gap=1000ms"]);
    series.stream_up(seconds(15.5));
    series.advance(seconds(17.5), &mut log);
    assert_eq!(
        log.take(),
        [
            "closed 14 NaN/NaN/NaN/NaN v0 n0 final|gap=1000ms",
            "closed 15 NaN/NaN/NaN/NaN v0 n0 final|partial|gap=500ms",
            "closed 16 7/7/7/7 v0 n0 final|synthetic"
        ]
    );
    series.trade(&trade(17.2, 6.0), &mut log);
    assert_eq!(series.live().map(|(_, candle)| brief(&candle)).unwrap(), "6/6/6/6 v1 n1 open");
}

#[test]
fn earlier_rows_are_revised_by_late_trades_but_not_by_history() {
    let (mut series, mut log) = (resumed(), Log::default());
    let history = Trade { flags: TradeFlags::HISTORY, ..trade(10.9, 9.0) };
    assert_eq!(series.trade(&history, &mut log), Outcome::TooLate);
    assert_eq!(series.trade(&trade(10.9, 9.0), &mut log), Outcome::Revised);
    // The times of the earlier trades are not known: open and close stay.
    assert_eq!(log.take(), ["revised 10 5/9/5/7 v3 n3 final|partial|revised=1"]);
    assert_eq!(series.trade(&trade(12.1, 4.0), &mut log), Outcome::Revised);
    assert_eq!(log.take(), ["revised 12 4/4/4/4 v1 n1 final|gap=1000ms|revised=1"]);
    assert_eq!(series.trade(&trade(9.1, 4.0), &mut log), Outcome::TooLate);
}

#[test]
fn history_from_the_open_row_on_ends_the_gap() {
    let (mut series, mut log) = (resumed(), Log::default());
    let history = Trade { flags: TradeFlags::HISTORY, ..trade(13.25, 9.0) };
    assert_eq!(series.trade(&history, &mut log), Outcome::Live);
    series.trade(&trade(14.5, 8.0), &mut log);
    assert_eq!(log.take(), ["closed 13 9/9/9/9 v1 n1 final|partial|gap=251ms"]);
}

#[test]
fn without_rows_and_without_a_close_silence_is_a_gap() {
    let (mut series, mut log) = (series(), Log::default());
    series.resume(13, &[]);
    series.stream_up(seconds(13.5));
    series.advance(seconds(15.5), &mut log);
    assert_eq!(
        log.take(),
        ["closed 13 NaN/NaN/NaN/NaN v0 n0 final|partial|gap=500ms", "closed 14 NaN/NaN/NaN/NaN v0 n0 final|gap=1000ms"]
    );
    assert_eq!(series.trade(&trade(12.9, 4.0), &mut log), Outcome::TooLate);
}
