//! The venue's candles in a series: before its rows, in their gaps, in their place; and what follows from it.

use tickplane_model::{NS_PER_SECOND, TradeFlags};
use tickplane_rings::WorkerEvent;
use tickplane_shards::{Clock as _, Purpose};

use crate::book::{Book, BookShape, NAMES, START_S, price, venue};

/// A local time, so many seconds after the start; in these books it is venue time too.
fn at_ns(second: f64) -> i64 {
    START_S * NS_PER_SECOND + (second * 1e9) as i64
}

/// Live from second 100 on, down from 110.2 to 113.7: rows 111 and 112 are gaps, 110 and 113 have some.
fn interrupted() -> Book {
    let mut book = Book::new();
    book.live(100..111);
    book.tell(WorkerEvent::Down { slot: 0, at_ns: at_ns(110.2) });
    book.trade(110_900, price(110), TradeFlags::default());
    book.tell(WorkerEvent::Up { slot: 0, at_ns: at_ns(113.7) });
    book.trade(113_900, price(113), TradeFlags::default());
    book.live(114..120);
    assert_eq!(
        book.lines()[9..15],
        [
            format!("109 {} n1 final", price(109)),
            format!("110 {} n2 final|gap=800ms", price(110)),
            "111 NaN n0 final|gap=1000ms".to_owned(),
            "112 NaN n0 final|gap=1000ms".to_owned(),
            format!("113 {} n1 final|gap=700ms", price(113)),
            format!("114 {} n1 final", price(114)),
        ]
    );
    book.told();
    book
}

#[test]
fn candles_before_the_first_row_come_before_it_without_a_hole() {
    let mut book = Book::new();
    book.live(100..104);
    let candles = [90, 91, 95, 96].map(venue).to_vec();
    book.history(Purpose::Fill, candles);
    book.settle();
    let close = |second: i64| venue(second).close;
    assert_eq!(
        book.lines(),
        [
            format!("90 {} n3 final|venue", close(90)),
            format!("91 {} n3 final|venue", close(91)),
            format!("92 {} n0 final|synthetic|venue", close(91)),
            format!("93 {} n0 final|synthetic|venue", close(91)),
            format!("94 {} n0 final|synthetic|venue", close(91)),
            format!("95 {} n3 final|venue", close(95)),
            format!("96 {} n3 final|venue", close(96)),
            "97 NaN n0 final|gap=1000ms".to_owned(),
            "98 NaN n0 final|gap=1000ms".to_owned(),
            "99 NaN n0 final|gap=1000ms".to_owned(),
            format!("100 {} n1 final|partial", price(100)),
            format!("101 {} n1 final", price(101)),
            format!("102 {} n1 final", price(102)),
        ]
    );
    book.assert_values_of_rows();
}

#[test]
fn a_later_answer_closes_what_the_first_left_open_and_nothing_else() {
    let mut book = Book::new();
    book.live(100..104);
    book.history(Purpose::Fill, [90, 96].map(venue).to_vec());
    book.settle();
    book.told();
    // Silence after 96, and the first row was partial.
    book.history(Purpose::Fill, [96, 100, 101].map(venue).to_vec());
    book.settle();
    let (carried, whole) = (venue(96).close, venue(100).close);
    assert_eq!(
        book.lines()[6..12],
        [
            format!("96 {} n3 final|venue", venue(96).close),
            format!("97 {carried} n0 final|synthetic|backfilled|venue|revised=1"),
            format!("98 {carried} n0 final|synthetic|backfilled|venue|revised=1"),
            format!("99 {carried} n0 final|synthetic|backfilled|venue|revised=1"),
            format!("100 {whole} n3 final|backfilled|venue|revised=1"),
            format!("101 {} n1 final", price(101)),
        ]
    );
    assert_eq!(book.told(), ["revise 97", "revise 98", "revise 99", "revise 100"]);
    book.assert_values_of_rows();
}

#[test]
fn a_series_that_heard_nothing_yet_begins_after_the_newest_candle() {
    let mut book = Book::new();
    book.tell(WorkerEvent::Up { slot: 0, at_ns: at_ns(95.0) });
    book.settle();
    book.history(Purpose::Fill, (90..100).map(venue).collect());
    book.settle();
    assert_eq!((book.rows().0, book.lines().len()), (90, 10));
    assert_eq!(book.told(), [""; 0], "nothing of that closed just now");
    assert_eq!(book.reader.live().unwrap().row as i64, START_S + 100);
    book.trade(102_500, 7.0, TradeFlags::default());
    book.settle();
    // The stream was up: silence is silence.
    let close = venue(99).close;
    assert_eq!(
        book.lines()[10..],
        [format!("100 {close} n0 final|synthetic"), format!("101 {close} n0 final|synthetic")]
    );
    book.assert_values_of_rows();
}

#[test]
fn without_a_word_of_the_stream_what_follows_the_newest_candle_is_a_gap() {
    let mut book = Book::new();
    book.history(Purpose::Fill, (90..100).map(venue).collect());
    book.settle();
    book.trade(101_500, 7.0, TradeFlags::default());
    book.settle();
    assert_eq!(book.lines()[10..], ["100 NaN n0 final|gap=1000ms"]);
}

/// At local second 100 of a venue that no trade has come from, with its candles of the seconds 90 to 97.
fn silent(is_up: bool) -> Book {
    let mut book = Book::new();
    book.clock.pass(100.0);
    if is_up {
        book.tell(WorkerEvent::Up { slot: 0, at_ns: at_ns(96.5) });
        book.settle();
    }
    book.history(Purpose::Fill, (90..98).map(venue).collect());
    book.settle();
    book
}

#[test]
fn a_venue_that_stays_silent_goes_by_the_local_clock() {
    let mut book = silent(true);
    assert_eq!(book.worker.next_close_in_ns(book.clock.now()), Some(10_000_000_000), "a parked worker wakes for it");
    book.clock.pass(9.9);
    book.settle();
    assert_eq!(book.lines().len(), 8, "a trade may still come and tell the venue's time");
    book.clock.pass(0.6);
    book.settle();
    // Local second 110.5, and two seconds for a clock that is ahead.
    let quiet = |second: i64| format!("{second} {} n0 final|synthetic", venue(97).close);
    let quiet: Vec<String> = (98..108).map(quiet).collect();
    assert_eq!(book.lines()[8..], quiet);
    book.assert_values_of_rows();
    assert_eq!(book.worker.next_close_in_ns(book.clock.now()), Some(500_000_000));
    // Its first trade tells its time from then on; the local clock was right.
    book.trade(111_200, 7.0, TradeFlags::default());
    book.settle();
    assert_eq!(book.lines().len(), 21);
    assert_eq!(book.reader.live().unwrap().candle.close, 7.0);
}

#[test]
fn silence_of_a_stream_that_is_not_up_is_a_gap() {
    let mut book = silent(false);
    book.clock.pass(12.5);
    book.settle();
    let lines = book.lines();
    assert_eq!(lines.len(), 20);
    assert!(lines[8..].iter().all(|line| line.ends_with("NaN n0 final|gap=1000ms")), "{lines:#?}");
}

#[test]
fn only_as_much_goes_in_as_the_table_serves() {
    let mut book = Book::of(&BookShape { depth: 32, ..BookShape::default() });
    book.live(100..110);
    book.history(Purpose::Fill, (0..100).map(venue).collect());
    book.settle();
    assert_eq!((book.rows().0, book.rows().1.len()), (109 - 32, 32));
    book.assert_values_of_rows();
    book.live(110..112);
    assert_eq!(book.rows().0, 111 - 32);
}

#[test]
fn gaps_are_filled_and_whole_rows_left_alone() {
    let mut book = interrupted();
    book.history(Purpose::Fill, (108..116).map(venue).collect());
    book.settle();
    let theirs = |second: i64| format!("{second} {} n3 final|backfilled|venue|revised=1", venue(second).close);
    assert_eq!(
        book.lines()[8..16],
        [
            format!("108 {} n1 final", price(108)),
            format!("109 {} n1 final", price(109)),
            theirs(110),
            theirs(111),
            theirs(112),
            theirs(113),
            format!("114 {} n1 final", price(114)),
            format!("115 {} n1 final", price(115)),
        ]
    );
    assert_eq!(book.told(), ["revise 110", "revise 111", "revise 112", "revise 113"]);
    book.assert_values_of_rows();
}

#[test]
fn a_row_of_the_venue_counts_no_trade_twice() {
    let mut book = interrupted();
    book.history(Purpose::Fill, (110..114).map(venue).collect());
    book.settle();
    let before = book.lines();
    for at_ms in [111_200, 112_300, 113_100] {
        book.trade(at_ms, 50.0, TradeFlags::BACKFILLED);
    }
    book.tell(WorkerEvent::Filled { slot: 0, from_ns: at_ns(109.0), to_ns: at_ns(114.0) });
    book.trade(119_600, price(119), TradeFlags::default());
    book.settle();
    assert_eq!(book.lines(), before);
}

#[test]
fn a_repair_replaces_what_differs_and_only_that() {
    let mut book = interrupted();
    let mut same = venue(115);
    let ours = book.rows().1[15];
    (same.open, same.high, same.low, same.close) = (ours.open, ours.high, ours.low, ours.close);
    (same.volume, same.trade_count) = (ours.volume, ours.trade_count);
    book.history(Purpose::Repair, vec![venue(109), venue(114), same]);
    book.settle();
    let lines = book.lines();
    assert_eq!(lines[9], format!("109 {} n3 final|backfilled|venue|revised=1", venue(109).close));
    assert_eq!(lines[11], "111 NaN n0 final|gap=1000ms", "no candle was given for it");
    assert_eq!(lines[14], format!("114 {} n3 final|backfilled|venue|revised=1", venue(114).close));
    assert_eq!(lines[15], format!("115 {} n1 final", price(115)));
    assert_eq!(book.told(), ["revise 109", "revise 114"]);
    book.assert_values_of_rows();
}

#[test]
fn rows_beyond_those_that_trades_revise_are_mended_in_the_table() {
    let mut book = Book::of(&BookShape { revise_rows: 4, ..BookShape::default() });
    book.live(100..103);
    book.tell(WorkerEvent::Down { slot: 0, at_ns: at_ns(103.0) });
    book.tell(WorkerEvent::Up { slot: 0, at_ns: at_ns(105.0) });
    // Silence to second 120, known as such from 105 on.
    book.live(120..123);
    let (first, last) = (price(102), venue(104).close);
    assert_eq!(book.lines()[5], format!("105 {first} n0 final|synthetic"));
    book.history(Purpose::Fill, vec![venue(103), venue(104)]);
    book.settle();
    let lines = book.lines();
    assert_eq!(lines[3], format!("103 {} n3 final|backfilled|venue|revised=1", venue(103).close));
    assert_eq!(lines[5], format!("105 {last} n0 final|synthetic|revised=1"));
    assert_eq!(lines[19], format!("119 {last} n0 final|synthetic|revised=1"));
    assert_eq!(lines[20], format!("120 {} n1 final", price(120)));
    book.assert_values_of_rows();
}

#[test]
fn useless_candles_are_passed_over() {
    let mut book = Book::new();
    book.live(100..104);
    let mut candles: Vec<_> = (94..99).map(venue).collect();
    candles[1].open_time_ns += 1;
    candles[2].high = f64::NAN;
    candles[3].volume = 0.0;
    book.history(Purpose::Fill, candles);
    book.history(Purpose::Fill, Vec::new());
    book.settle();
    let close = |second: i64| venue(second).close;
    assert_eq!(book.rows().0, 94);
    let lines = book.lines();
    assert_eq!(lines[0], format!("94 {} n3 final|venue", close(94)));
    assert_eq!(lines[3], format!("97 {} n0 final|synthetic|venue", close(97)));
    assert_eq!(lines[4], format!("98 {} n3 final|venue", close(98)));
    book.assert_values_of_rows();
}

#[test]
fn a_long_history_takes_many_short_turns_while_trades_go_on() {
    let mut book = Book::of(&BookShape { depth: 4_000, names: &NAMES, ..BookShape::default() });
    book.live(5_000..5_010);
    book.history(Purpose::Fill, (1_000..5_000).map(venue).collect());
    // Every look at the clock costs as much as sixteen rows may.
    book.clock.step_ns.set(20_000);
    let (mut turns, mut second) = (0, 5_010);
    while book.worker.has_work() {
        let started = book.clock.now_ns();
        book.worker.turn(&book.clock);
        assert!(book.clock.now_ns() - started <= 240_000, "a turn ends");
        turns += 1;
        if turns % 100 == 0 {
            book.trade(second * 1_000 + 500, price(second), TradeFlags::default());
            second += 1;
        }
    }
    book.clock.step_ns.set(0);
    book.settle();
    assert!(turns > 80, "{turns} turns");
    assert_eq!((book.rows().0, book.rows().1.len()), (second - 1 - 4_000, 4_000));
    book.live(second..second + 3);
    book.assert_settled_values_of_rows();
}

#[test]
fn a_burst_of_trades_is_taken_in_turns_that_end() {
    let mut book = Book::new();
    // The clock is looked at once in 32 trades, and each look costs as much as a turn may take.
    book.clock.step_ns.set(120_000);
    for at in 0..256 {
        book.trade(100_000 + at, price(at), TradeFlags::default());
    }
    assert!(book.worker.turn(&book.clock));
    assert!(book.worker.has_work(), "the first turn left trades to the next");
    let turns = 1 + (0..20).take_while(|_| book.worker.turn(&book.clock)).count();
    assert!((8..=10).contains(&turns), "{turns} turns of 32 trades");
    assert_eq!(book.reader.live().unwrap().candle.trade_count, 256);
}
