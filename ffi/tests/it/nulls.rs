//! NULL in every place, and what a program may do wrong: refused with TP_EINVAL, or harmless.

use std::mem::zeroed;
use std::ptr::{null, null_mut};

use tickplane::*;

use crate::fixture::*;

#[test]
fn null_is_refused_everywhere() {
    let scratch = Scratch::new();
    let mut writer = Writer::new(&scratch);
    writer.fill(30);
    writer.trade(3);
    let plane = open(&scratch);
    let series = find(plane);
    let instrument = find_instrument(plane);
    let (root, key, trades_key) = (scratch.c_root(), KEY.as_ptr(), TRADES_KEY.as_ptr());
    // SAFETY: handles of this test and locals for results; NULL is what is tested.
    unsafe {
        let (mut no_plane, mut no_series, mut no_view, mut view) = (null_mut(), null_mut(), null_mut(), null_mut());
        let (mut no_keys, mut no_instrument, mut no_trades, mut trades) =
            (null_mut(), null_mut(), null_mut(), null_mut());
        let (mut no_events, mut events) = (null_mut(), null_mut());
        let (mut candle, mut status, mut trade): (CandleRow, PlaneSigns, TradeRow) = (zeroed(), zeroed(), zeroed());
        let (mut event, mut quote, mut facts): (EventRow, QuoteRow, Facts) = (zeroed(), zeroed(), zeroed());
        let (mut connection, mut stream): (Connection, Stream) = (zeroed(), zeroed());
        let (mut count, mut column, mut row, mut head, mut value) = (0, 0, 0, 0, 0.0);
        let (mut integer, mut word, mut letter) = (0, 0, 0);
        let (c, n, r) = (&raw mut candle, &raw mut count, &raw mut row);
        assert_eq!(tp_view(series, 5, &raw mut view), TP_OK);
        assert_eq!(tp_follow_trades(instrument, null(), &raw mut trades), TP_OK);
        assert_eq!(tp_follow_events(plane, null(), &raw mut events), TP_OK);
        let refused: &[(&str, &[i32])] = &[
            (
                "tp_open",
                &[
                    tp_open(root.as_ptr(), null(), &raw mut no_plane),
                    tp_open(root.as_ptr(), c"test".as_ptr(), null_mut()),
                ],
            ),
            ("tp_open_with", &[tp_open_with(null(), null_mut())]),
            ("tp_open_options_init", &[tp_open_options_init(null_mut(), size_of::<OpenOptions>())]),
            ("tp_filter_init", &[tp_filter_init(null_mut(), size_of::<Filter>())]),
            ("tp_trades_options_init", &[tp_trades_options_init(null_mut(), size_of::<TradesOptions>())]),
            ("tp_events_options_init", &[tp_events_options_init(null_mut(), size_of::<EventsOptions>())]),
            ("tp_changed", &[tp_changed(null())]),
            ("tp_reattach", &[tp_reattach(null_mut())]),
            ("tp_status", &[tp_status(null(), &raw mut status), tp_status(plane, null_mut())]),
            ("tp_wait", &[tp_wait(null(), r, 0), tp_wait(plane, null_mut(), 0)]),
            ("tp_keys", &[tp_keys(null(), null(), &raw mut no_keys), tp_keys(plane, null(), null_mut())]),
            (
                "tp_find",
                &[
                    tp_find(null(), key, &raw mut no_series),
                    tp_find(plane, null(), &raw mut no_series),
                    tp_find(plane, key, null_mut()),
                ],
            ),
            ("tp_series_renew", &[tp_series_renew(null_mut())]),
            ("tp_live", &[tp_live(null(), c, null_mut()), tp_live(series, null_mut(), null_mut())]),
            (
                "tp_live_values",
                &[
                    tp_live_values(null(), c, null_mut(), 1, &raw mut value, n),
                    tp_live_values(series, null_mut(), null_mut(), 1, &raw mut value, n),
                    tp_live_values(series, c, null_mut(), 1, null_mut(), n),
                    tp_live_values(series, c, null_mut(), 1, &raw mut value, null_mut()),
                ],
            ),
            (
                "tp_column",
                &[
                    tp_column(null(), c"close".as_ptr(), &raw mut column),
                    tp_column(series, null(), &raw mut column),
                    tp_column(series, c"close".as_ptr(), null_mut()),
                ],
            ),
            ("tp_column_seed_row", &[tp_column_seed_row(null(), 10, r), tp_column_seed_row(series, 10, null_mut())]),
            (
                "tp_candles",
                &[
                    tp_candles(null(), 1, c, n, null_mut()),
                    tp_candles(series, 0, c, n, null_mut()),
                    tp_candles(series, 1, null_mut(), n, null_mut()),
                    tp_candles(series, 1, c, null_mut(), null_mut()),
                ],
            ),
            (
                "tp_rows",
                &[
                    tp_rows(null(), 0, 1, c, n, null_mut()),
                    tp_rows(series, 0, 0, c, n, null_mut()),
                    tp_rows(series, 0, 1, null_mut(), n, null_mut()),
                    tp_rows(series, 0, 1, c, null_mut(), null_mut()),
                ],
            ),
            (
                "tp_row_range",
                &[
                    tp_row_range(null(), r, &raw mut head),
                    tp_row_range(series, null_mut(), &raw mut head),
                    tp_row_range(series, r, null_mut()),
                ],
            ),
            (
                "tp_copy_f64",
                &[
                    tp_copy_f64(null(), 1, 1, &raw mut value, n, null_mut()),
                    tp_copy_f64(series, 1, 0, &raw mut value, n, null_mut()),
                    tp_copy_f64(series, 1, 1, null_mut(), n, null_mut()),
                    tp_copy_f64(series, 1, 1, &raw mut value, null_mut(), null_mut()),
                ],
            ),
            (
                "tp_copy_i64",
                &[
                    tp_copy_i64(null(), 0, 1, &raw mut integer, n, null_mut()),
                    tp_copy_i64(series, 0, 1, null_mut(), n, null_mut()),
                    tp_copy_i64(series, 0, 1, &raw mut integer, null_mut(), null_mut()),
                ],
            ),
            (
                "tp_copy_u64",
                &[
                    tp_copy_u64(null(), 9, 1, &raw mut word, n, null_mut()),
                    tp_copy_u64(series, 9, 1, null_mut(), n, null_mut()),
                    tp_copy_u64(series, 9, 1, &raw mut word, null_mut(), null_mut()),
                ],
            ),
            (
                "tp_view",
                &[
                    tp_view(null(), 1, &raw mut no_view),
                    tp_view(series, 0, &raw mut no_view),
                    tp_view(series, 1, null_mut()),
                ],
            ),
            ("tp_view_renew", &[tp_view_renew(null_mut(), 1), tp_view_renew(view, 0)]),
            ("tp_view_validate", &[tp_view_validate(null())]),
            (
                "tp_find_instrument",
                &[
                    tp_find_instrument(null(), trades_key, &raw mut no_instrument),
                    tp_find_instrument(plane, null(), &raw mut no_instrument),
                    tp_find_instrument(plane, trades_key, null_mut()),
                ],
            ),
            ("tp_instrument_renew", &[tp_instrument_renew(null_mut())]),
            ("tp_facts", &[tp_facts(null(), &raw mut facts), tp_facts(instrument, null_mut())]),
            ("tp_quote", &[tp_quote(null(), &raw mut quote), tp_quote(instrument, null_mut())]),
            ("tp_stream", &[tp_stream(null(), &raw mut stream), tp_stream(instrument, null_mut())]),
            (
                "tp_follow_trades",
                &[
                    tp_follow_trades(null(), null(), &raw mut no_trades),
                    tp_follow_trades(instrument, null(), null_mut()),
                ],
            ),
            (
                "tp_trades_read",
                &[
                    tp_trades_read(null_mut(), 1, &raw mut trade, n, r),
                    tp_trades_read(trades, 0, &raw mut trade, n, r),
                    tp_trades_read(trades, 1, null_mut(), n, r),
                    tp_trades_read(trades, 1, &raw mut trade, null_mut(), r),
                    tp_trades_read(trades, 1, &raw mut trade, n, null_mut()),
                ],
            ),
            ("tp_trades_renew", &[tp_trades_renew(null_mut())]),
            (
                "tp_follow_events",
                &[tp_follow_events(null(), null(), &raw mut no_events), tp_follow_events(plane, null(), null_mut())],
            ),
            (
                "tp_events_read",
                &[
                    tp_events_read(null_mut(), 1, &raw mut event, n, r),
                    tp_events_read(events, 0, &raw mut event, n, r),
                    tp_events_read(events, 1, null_mut(), n, r),
                    tp_events_read(events, 1, &raw mut event, null_mut(), r),
                    tp_events_read(events, 1, &raw mut event, n, null_mut()),
                ],
            ),
            ("tp_events_renew", &[tp_events_renew(null_mut())]),
            (
                "tp_event_key",
                &[
                    tp_event_key(null(), &raw const event, &raw mut letter, 1),
                    tp_event_key(plane, null(), &raw mut letter, 1),
                    tp_event_key(plane, &raw const event, null_mut(), 1),
                ],
            ),
            (
                "tp_connections",
                &[
                    tp_connections(null(), 1, &raw mut connection, n),
                    tp_connections(plane, 1, null_mut(), n),
                    tp_connections(plane, 1, &raw mut connection, null_mut()),
                ],
            ),
            (
                "tp_streams",
                &[
                    tp_streams(null(), c"binance".as_ptr(), 1, &raw mut stream, n),
                    tp_streams(plane, null(), 1, &raw mut stream, n),
                    tp_streams(plane, c"binance".as_ptr(), 1, null_mut(), n),
                    tp_streams(plane, c"binance".as_ptr(), 1, &raw mut stream, null_mut()),
                ],
            ),
            (
                "tp_number",
                &[
                    tp_number(TP_NAMES_EXCHANGE, null(), &raw mut column),
                    tp_number(TP_NAMES_EXCHANGE, c"okx".as_ptr(), null_mut()),
                ],
            ),
        ];
        for (name, statuses) in refused {
            for (at, status) in statuses.iter().enumerate() {
                assert_eq!(*status, TP_EINVAL, "{name}, case {at}");
            }
        }
        assert!(no_plane.is_null() && no_series.is_null() && no_view.is_null() && no_keys.is_null());
        assert!(no_instrument.is_null() && no_trades.is_null() && no_events.is_null());

        // Functions that give a value give the one of nothing.
        assert_eq!((tp_view_first_row(null()), tp_view_count(null())), (0, 0));
        assert!(tp_view_f64(null(), 1).is_null() && tp_view_i64(null(), 0).is_null());
        assert!(tp_view_u64(null(), TP_COLUMN_QUALITY).is_null());
        assert_eq!((tp_keys_count(null()), tp_column_count(null()), tp_live_seq(null())), (0, 0, 0));
        assert!(tp_keys_at(null(), 0).is_null() && tp_column_name(null(), 0).is_null());
        assert_eq!((tp_trades_next(null()), tp_trades_lost(null()), tp_events_lost(null())), (0, 0, 0));
        assert_eq!((tp_event_is_of(null(), series), tp_event_is_of(&raw const event, null())), (0, 0));
        let mut valued = vec!["tp_strerror", "tp_strerror_name", "tp_version", "tp_abi_version", "tp_layout_version"];
        valued.extend(["tp_view_first_row", "tp_view_count", "tp_view_f64", "tp_view_i64", "tp_view_u64", "tp_name"]);
        valued.extend(["tp_keys_count", "tp_column_count", "tp_live_seq", "tp_keys_at", "tp_column_name"]);
        valued.extend(["tp_trades_next", "tp_trades_lost", "tp_events_lost", "tp_event_is_of"]);

        tp_view_release(null_mut());
        tp_keys_release(null_mut());
        tp_series_release(null_mut());
        tp_instrument_release(null_mut());
        tp_trades_release(null_mut());
        tp_events_release(null_mut());
        tp_close(null_mut());
        valued.extend(["tp_view_release", "tp_keys_release", "tp_series_release", "tp_instrument_release"]);
        valued.extend(["tp_trades_release", "tp_events_release", "tp_close"]);

        // Nothing is forgotten here.
        let mut covered: Vec<&str> = refused.iter().map(|(name, _)| *name).chain(valued).collect();
        covered.sort_unstable();
        let symbols = std::fs::read_to_string(crate::library::path("symbols.txt")).unwrap();
        let mut all: Vec<&str> = symbols.lines().collect();
        all.sort_unstable();
        assert_eq!(covered, all, "a function came or went: say here what it does with NULL");

        assert_eq!((tp_view_count(view), tp_view_validate(view)), (5, TP_OK), "a refused renewal keeps the view");
        tp_view_release(view);
        tp_trades_release(trades);
        tp_events_release(events);
        tp_instrument_release(instrument);
        tp_series_release(series);
        tp_close(plane);
    }
}
