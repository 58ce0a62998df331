//! Single cases of the closing rule, each with the calls it must make.

use tickplane_candles::{AHEAD_MAX_NS, NUMBER_MIN, Outcome, Rows, Series, SeriesConfig};
use tickplane_model::{Calendar, Sessions, Timeframe, Trade, TradeFlags, TradeId, days_from_civil};

use crate::{Log, brief, config, seconds, series, trade};

fn live(series: &Series) -> String {
    series.live().map_or("none".into(), |(row, candle)| format!("{row} {}", brief(&candle)))
}

#[test]
fn a_row_closes_on_the_first_trade_at_its_end_and_not_before() {
    let (mut series, mut log) = (series(), Log::default());
    assert_eq!((live(&series), series.next_close_ns()), ("none".into(), None));
    series.trade(&trade(10.2, 5.0), &mut log);
    series.trade(&trade(10.999, 7.0), &mut log);
    assert_eq!(log.take(), [""; 0]);
    assert_eq!(live(&series), "10 5/7/5/7 v2 n2 partial");
    assert_eq!(series.trade(&trade(11.0, 6.0), &mut log), Outcome::Live);
    assert_eq!(log.take(), ["closed 10 5/7/5/7 v2 n2 final|partial"]);
    assert_eq!(live(&series), "11 6/6/6/6 v1 n1 open");
}

#[test]
fn in_silence_a_row_closes_at_its_end_and_the_grace() {
    let (mut series, mut log) = (series(), Log::default());
    series.trade(&trade(10.2, 5.0), &mut log);
    assert_eq!(series.next_close_ns(), Some(seconds(11.5)));
    series.advance(seconds(11.5) - 1, &mut log);
    assert_eq!(log.take(), [""; 0]);
    series.advance(seconds(11.5), &mut log);
    assert_eq!(log.take(), ["closed 10 5/5/5/5 v1 n1 final|partial"]);
    assert_eq!(live(&series), "11 5/5/5/5 v0 n0 synthetic");
    series.advance(seconds(13.6), &mut log);
    assert_eq!(log.take(), ["closed 11 5/5/5/5 v0 n0 final|synthetic", "closed 12 5/5/5/5 v0 n0 final|synthetic"]);
    series.advance(seconds(3.0), &mut log);
    assert_eq!(log.take(), [""; 0], "time that goes back changes nothing");
}

#[test]
fn open_and_close_go_by_exchange_time_then_arrival() {
    let (mut series, mut log) = (series(), Log::default());
    for (at, price) in [(10.5, 1.0), (10.5, 2.0), (10.1, 3.0), (10.1, 4.0), (10.3, 9.0)] {
        series.trade(&trade(at, price), &mut log);
    }
    assert_eq!(live(&series), "10 3/9/1/2 v5 n5 partial");
}

#[test]
fn a_late_trade_revises_its_row_and_the_quiet_rows_that_stand_on_it() {
    let (mut series, mut log) = (series(), Log::default());
    series.trade(&trade(10.2, 5.0), &mut log);
    series.advance(seconds(13.6), &mut log);
    log.calls.clear();
    assert_eq!(series.trade(&trade(11.5, 8.0), &mut log), Outcome::Revised);
    assert_eq!(
        log.take(),
        ["revised 11 8/8/8/8 v1 n1 final|revised=1", "revised 12 8/8/8/8 v0 n0 final|synthetic|revised=1"]
    );
    assert_eq!(live(&series), "13 8/8/8/8 v0 n0 synthetic");
    // Earlier in the same row: the close stays, so nothing else moves.
    series.trade(&trade(11.4, 4.0), &mut log);
    assert_eq!(log.take(), ["revised 11 4/8/4/8 v2 n2 final|revised=2"]);
    assert_eq!(series.trade(&trade(9.9, 4.0), &mut log), Outcome::TooLate, "before the first row");
}

#[test]
fn an_outage_never_looks_like_a_quiet_market() {
    let (mut series, mut log) = (series(), Log::default());
    series.trade(&trade(10.2, 5.0), &mut log);
    series.stream_down(seconds(10.8));
    series.advance(seconds(12.9), &mut log);
    assert_eq!(
        log.take(),
        ["closed 10 5/5/5/5 v1 n1 final|partial|gap=200ms", "closed 11 NaN/NaN/NaN/NaN v0 n0 final|gap=1000ms"]
    );
    series.stream_up(seconds(13.25));
    series.trade(&trade(15.5, 6.0), &mut log);
    assert_eq!(
        log.take(),
        [
            "closed 12 NaN/NaN/NaN/NaN v0 n0 final|gap=1000ms",
            "closed 13 NaN/NaN/NaN/NaN v0 n0 final|gap=250ms",
            "closed 14 5/5/5/5 v0 n0 final|synthetic"
        ]
    );
}

#[test]
fn an_outage_noticed_late_revises_what_looked_quiet() {
    let (mut series, mut log) = (series(), Log::default());
    series.trade(&trade(10.2, 5.0), &mut log);
    series.advance(seconds(12.9), &mut log);
    log.calls.clear();
    series.stream_down(seconds(11.5));
    assert_eq!(series.next_close_ns(), Some(seconds(12.0)), "at once");
    assert_eq!(live(&series), "12 NaN/NaN/NaN/NaN v0 n0 gap=901ms", "to this instant, rounded up");
    series.advance(seconds(12.9), &mut log);
    assert_eq!(log.take(), ["revised 11 NaN/NaN/NaN/NaN v0 n0 final|gap=500ms|revised=1"]);
    // A backfilled trade turns the gap into a row; that part of it was missing stays on record.
    let found = Trade { flags: TradeFlags::BACKFILLED, ..trade(11.7, 6.0) };
    assert_eq!(series.trade(&found, &mut log), Outcome::Revised);
    assert_eq!(log.take(), ["revised 11 6/6/6/6 v1 n1 final|backfilled|gap=500ms|revised=2"]);
}

#[test]
fn a_loss_is_a_gap_of_at_least_a_millisecond() {
    let (mut series, mut log) = (series(), Log::default());
    series.lost(seconds(9.0));
    series.trade(&trade(10.2, 5.0), &mut log);
    series.lost(seconds(10.3));
    series.trade(&trade(11.2, 5.0), &mut log);
    assert_eq!(log.take(), ["closed 10 5/5/5/5 v1 n1 final|partial|gap=1ms"]);
    series.lost(seconds(10.9));
    series.lost(seconds(12.5));
    series.advance(seconds(13.6), &mut log);
    assert_eq!(
        log.take(),
        [
            "revised 10 5/5/5/5 v1 n1 final|partial|gap=1ms|revised=1",
            "closed 11 5/5/5/5 v1 n1 final",
            "closed 12 NaN/NaN/NaN/NaN v0 n0 final|gap=1ms"
        ]
    );
}

#[test]
fn a_filled_outage_leaves_the_rows_of_a_stream_that_was_never_down() {
    let (mut series, mut log) = (series(), Log::default());
    series.trade(&trade(10.2, 5.0), &mut log);
    series.stream_down(seconds(10.8));
    series.stream_up(seconds(12.1));
    series.lost_for_good(seconds(12.3));
    series.trade(&trade(14.2, 5.0), &mut log);
    log.calls.clear();
    let found = Trade { flags: TradeFlags::BACKFILLED, ..trade(11.7, 6.0) };
    series.trade(&found, &mut log);
    series.filled(seconds(10.2), seconds(13.0));
    assert_eq!(series.next_close_ns(), Some(seconds(14.0)), "at once");
    series.advance(seconds(14.3), &mut log);
    assert_eq!(
        log.take(),
        [
            "revised 11 6/6/6/6 v1 n1 final|backfilled|gap=1000ms|revised=1",
            "revised 13 6/6/6/6 v0 n0 final|synthetic|revised=1",
            "revised 10 5/5/5/5 v1 n1 final|partial|revised=1",
            "revised 11 6/6/6/6 v1 n1 final|backfilled|revised=2",
            "revised 12 NaN/NaN/NaN/NaN v0 n0 final|gap=1ms|revised=1",
        ]
    );
}

#[test]
fn a_trade_fetched_later_finds_its_place_among_equal_times() {
    let (mut series, mut log) = (series(), Log::default());
    for (number, price) in [(7, 1.0), (9, 2.0), (8, 3.0), (6, 4.0)] {
        series.trade(&Trade { id: TradeId::number(number), ..trade(10.5, price) }, &mut log);
    }
    assert_eq!(live(&series), "10 4/4/1/2 v4 n4 partial");
}

#[test]
fn a_hole_longer_than_a_table_is_skipped_not_walked() {
    let mut series = Series::new(SeriesConfig { filler_rows_max: 2, ..config(Timeframe::S1) });
    let mut log = Log::default();
    series.trade(&trade(10.0, 5.0), &mut log);
    series.trade(&trade(13.0, 5.0), &mut log);
    assert_eq!(log.take().len(), 3, "two fillers are not skipped");
    series.trade(&trade(1e9, 6.0), &mut log);
    let last = "5/5/5/5 v0 n0 final|synthetic";
    assert_eq!(
        log.take(),
        [
            "closed 13 5/5/5/5 v1 n1 final".to_owned(),
            "skipped 14..999999998".to_owned(),
            format!("closed 999999998 {last}"),
            format!("closed 999999999 {last}")
        ]
    );
    assert_eq!(series.trade(&trade(13.5, 5.0), &mut log), Outcome::TooLate);
    assert_eq!(series.trade(&trade(999_999_998.5, 5.5), &mut log), Outcome::Revised);
    assert_eq!(log.take().len(), 2);
}

#[test]
fn numbers_that_cannot_be_summed_are_refused() {
    let (mut series, mut log) = (series(), Log::default());
    for (price, quantity) in
        [(f64::NAN, 1.0), (0.0, 1.0), (-1.0, 1.0), (1.0, -1.0), (1.0, f64::INFINITY), (1.0, NUMBER_MIN / 2.0)]
    {
        let bad = Trade { quantity, ..trade(10.0, price) };
        assert_eq!(series.trade(&bad, &mut log), Outcome::Refused, "{price} {quantity}");
    }
    for at in [-1.0, 5e9] {
        assert_eq!(series.trade(&trade(at, 1.0), &mut log), Outcome::Refused, "{at}");
    }
    assert_eq!(live(&series), "none");
}

#[test]
fn one_trade_from_the_future_is_refused_two_that_agree_are_not() {
    let (mut series, mut log) = (series(), Log::default());
    let ahead = |by_ns: i64, at: f64| Trade { exchange_ns: seconds(at) + by_ns, ..trade(at, 9.0) };
    series.trade(&trade(10_000.0, 5.0), &mut log);
    assert_eq!(series.trade(&ahead(AHEAD_MAX_NS + 1, 10_000.5), &mut log), Outcome::Refused);
    assert_eq!(series.trade(&trade(10_000.6, 5.0), &mut log), Outcome::Live, "nothing has moved");
    assert_eq!(series.trade(&ahead(3 * AHEAD_MAX_NS, 10_000.7), &mut log), Outcome::Refused, "another future");
    assert_eq!(log.take(), [""; 0]);
    assert_eq!(series.trade(&ahead(3 * AHEAD_MAX_NS, 10_000.8), &mut log), Outcome::Live, "the clocks do differ");
}

#[test]
fn a_clock_an_hour_off_either_way_changes_no_row() {
    let run = |local_off: f64| {
        let (mut series, mut log) = (series(), Log::default());
        for n in 0..50 {
            let at = 100_000.0 + f64::from(n) * 0.4;
            let step = if n < 25 { 0.0 } else { local_off };
            series.trade(&Trade { receive_ns: seconds(at + step), ..trade(at, f64::from(n + 1)) }, &mut log);
        }
        log.take()
    };
    assert_eq!(run(0.0).len(), 19);
    assert_eq!(run(3_600.0), run(0.0));
    assert_eq!(run(-3_600.0), run(0.0));
    assert_eq!(run(-9_000.0), run(0.0));
}

#[test]
fn all_sixteen_timeframes_hold_the_same_trades() {
    struct Total(u64);
    impl Rows for Total {
        fn closed(&mut self, _: u64, candle: &tickplane_model::Candle) {
            self.0 += candle.trade_count;
        }
        fn revised(&mut self, _: u64, _: &tickplane_model::Candle) {}
        fn skipped(&mut self, _: u64, _: u64) {}
    }
    for timeframe in Timeframe::ALL {
        let mut series = Series::new(config(timeframe));
        let mut total = Total(0);
        for n in 0..3_000 {
            series.trade(&trade(1.7e9 + 611.0 * f64::from(n), 1.0), &mut total);
        }
        let open = series.live().map_or(0, |(_, candle)| candle.trade_count);
        assert_eq!(total.0 + open, 3_000, "{timeframe}");
        assert!(total.0 > 1_000, "{timeframe}");
    }
}

#[test]
fn a_clock_an_hour_off_neither_closes_rows_nor_rewrites_old_ones() {
    let (mut series, mut log) = (series(), Log::default());
    for second in 0..110 {
        series.trade(&trade(5_000.0 + f64::from(second), 5.0), &mut log);
    }
    log.calls.clear();
    let received = |at: f64, exchange_ns: i64| Trade { exchange_ns, ..trade(at, 9.0) };
    let ahead = received(5_109.52, seconds(5_109.5 + 3_600.0));
    assert_eq!(series.trade(&ahead, &mut log), Outcome::Refused, "on its way for 20 ms, so less than an hour ahead");
    let behind = received(8_709.52, seconds(5_109.5 + 3_600.0));
    assert_eq!(series.trade(&behind, &mut log), Outcome::Live, "an hour of silence");
    let mut series = Series::new(SeriesConfig { revise_rows: 4_000, filler_rows_max: 4_000, ..config(Timeframe::S1) });
    series.trade(&trade(5_000.0, 5.0), &mut log);
    series.trade(&trade(8_600.0, 5.0), &mut log);
    log.calls.clear();
    let back = received(8_600.1, seconds(5_000.05));
    assert_eq!(series.trade(&back, &mut log), Outcome::Refused);
    assert_eq!(log.take(), [""; 0]);
    let fetched = Trade { flags: TradeFlags::BACKFILLED, ..back };
    assert_eq!(series.trade(&fetched, &mut log), Outcome::Revised, "but what was asked for belongs there");
}

#[test]
fn in_sessions_rows_exist_for_their_intervals_only() {
    let friday = days_from_civil(2026, 11, 20) * 86_400;
    let at = |days: i64, hour: i64, minute: i64| (friday + days * 86_400 + hour * 3_600 + minute * 60 - 19_800) as f64;
    // The Monday is a holiday.
    const MONDAY: [i64; 1] = [20_780];
    let calendar = Calendar::Sessions(Sessions::NSE.with_holidays(&MONDAY));
    let mut series = Series::new(SeriesConfig { calendar, ..config(Timeframe::H2) });
    let mut log = Log::default();
    assert_eq!(series.trade(&trade(at(0, 9, 14), 5.0), &mut log), Outcome::Refused, "before the opening");
    series.trade(&trade(at(0, 11, 20), 5.0), &mut log);
    assert_eq!(series.trade(&trade(at(0, 15, 30), 6.0), &mut log), Outcome::Refused, "the close belongs to no row");
    series.advance(seconds(at(0, 15, 30)) + 500_000_000, &mut log);
    let row = series.live().unwrap().0;
    assert_eq!(calendar.open_time_ns(Timeframe::H2, row), seconds(at(3, 9, 15)), "Monday's first is open");
    assert_eq!(
        log.take(),
        [
            format!("closed {} 5/5/5/5 v1 n1 final|partial", row - 3),
            format!("closed {} 5/5/5/5 v0 n0 final|synthetic", row - 2),
            format!("closed {} 5/5/5/5 v0 n0 final|synthetic", row - 1),
        ]
    );
    series.trade(&trade(at(4, 9, 15), 7.0), &mut log);
    let closed = log.take();
    assert_eq!(closed.len(), 4);
    assert!(closed.iter().all(|line| line.ends_with("NaN/NaN/NaN/NaN v0 n0 final|market-closed")), "{closed:?}");
    assert_eq!(live(&series), format!("{} 7/7/7/7 v1 n1 open", row + 4));
}
