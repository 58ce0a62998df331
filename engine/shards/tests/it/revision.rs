//! A revised row recomputes the indicators behind it: once, in slices, before the revision is told.

use tickplane_model::TradeFlags;

use crate::book::{Book, BookShape, NAMES, price};

#[test]
fn values_follow_a_late_trade_as_if_it_had_come_in_time() {
    let (mut late, mut timely) = (Book::new(), Book::new());
    late.live(0..150);
    for second in 0..150 {
        if second == 100 {
            timely.trade(100_900, 250.0, TradeFlags::default());
        }
        timely.trade(second * 1_000 + 500, price(second), TradeFlags::default());
        timely.settle();
    }
    late.told();
    late.trade(100_900, 250.0, TradeFlags::default());
    late.settle();
    assert_eq!(late.told(), ["revise 100"]);
    assert_eq!(format!("{:?}", late.values()), format!("{:?}", timely.values()));
    late.assert_values_of_rows();
    assert_ne!(late.values()[0][120], 0.0);
}

#[test]
fn many_late_trades_of_one_batch_are_told_once_a_row() {
    let mut book = Book::new();
    book.live(0..150);
    book.told();
    for at_ms in [140_100, 60_100, 100_100, 60_200, 140_300, 60_300] {
        book.trade(at_ms, 90.0, TradeFlags::BACKFILLED);
    }
    book.settle();
    assert_eq!(book.told(), ["revise 140", "revise 60", "revise 100"]);
    assert!(book.lines()[60].ends_with("n4 final|backfilled|revised=3"), "{}", book.lines()[60]);
    book.assert_values_of_rows();
}

#[test]
fn a_revision_is_told_when_its_values_are_there_however_many_turns_that_takes() {
    let mut book = Book::new();
    book.live(0..200);
    let before = book.values();
    book.told();
    book.trade(90_100, 50.0, TradeFlags::BACKFILLED);
    book.clock.step_ns.set(70_000);
    let mut turns = 0;
    let told = loop {
        book.worker.turn(&book.clock);
        turns += 1;
        let told = book.told();
        if !told.is_empty() {
            break told;
        }
        let now = book.values();
        let reached = (0..199).rfind(|row| now[0][*row].to_bits() != before[0][*row].to_bits()).unwrap_or(90);
        let is_old = |row: &usize| now[0][*row].to_bits() == before[0][*row].to_bits();
        assert!((0..90).all(|row| is_old(&row)) && (reached + 1..199).all(|row| is_old(&row)));
        assert!(turns < 100, "it is told in the end");
    };
    assert_eq!(told, ["revise 90"]);
    assert!(turns > 2, "{turns} turns");
    book.assert_values_of_rows();
}

#[test]
fn a_revision_of_quiet_rows_carries_and_is_told_of_each() {
    let mut book = Book::new();
    book.live(0..100);
    book.live(104..110);
    book.told();
    book.trade(100_500, 77.0, TradeFlags::BACKFILLED);
    book.settle();
    assert_eq!(book.told(), ["revise 100", "revise 101", "revise 102", "revise 103"]);
    assert_eq!(book.lines()[103], "103 77 n0 final|synthetic|revised=1");
    book.assert_values_of_rows();
}

#[test]
fn a_restart_takes_up_rows_and_values_and_computes_new_columns() {
    let root = tempfile::tempdir().unwrap();
    let shape = |names| BookShape { depth: 200, names, root: Some(root.path()), ..BookShape::default() };
    let mut book = Book::of(&shape(&NAMES[..2]));
    book.live(0..400);
    let (first, values, lines) = (book.rows().0, book.values(), book.lines());
    let seeds: Vec<_> = book.reader.columns().into_iter().map(|column| column.seed_row).collect();
    drop(book);
    let book = Book::of(&shape(&NAMES));
    assert_eq!((book.rows().0, book.lines()), (first, lines));
    let again = book.values();
    for (output, column) in values.iter().enumerate() {
        for (row, value) in column.iter().enumerate() {
            let close = (again[output][row] - value).abs() <= 1e-4 * value.abs();
            assert!(close, "{} row {row}: {} was {value}", NAMES[output], again[output][row]);
        }
    }
    let (set, fresh) = book.fresh();
    for (output, column) in again.iter().enumerate() {
        let settled = (set.settled(output).unwrap() - (book.reader.row_range().unwrap().start)) as usize;
        assert_eq!(format!("{:?}", &column[settled..]), format!("{:?}", &fresh[output][settled..]));
        let seed = book.reader.columns()[10 + output].seed_row;
        let kept = seeds.get(10 + output).copied().flatten();
        assert_eq!(seed, kept.or(set.settled(output)), "values that stayed are as settled as they were");
    }
}
