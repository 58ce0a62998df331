//! The market's promises: replayable, exact, and shaped like a market.

use std::collections::BTreeMap;

use tickplane_model::{ExchangeId, NS_PER_MS, NS_PER_SECOND};

use super::*;

const ORIGIN_NS: i64 = 1_790_358_300 * NS_PER_SECOND;

fn market(seed: u64, symbols: usize, rate: f64) -> Market {
    Market::new(ExchangeId::Binance, listings(ExchangeId::Binance, symbols, rate), seed, ORIGIN_NS)
}

#[test]
fn the_same_seed_is_the_same_market_whatever_the_steps() {
    let (mut once, mut stepwise, mut other) = (market(7, 5, 1.0), market(7, 5, 1.0), market(8, 5, 1.0));
    once.advance(ORIGIN_NS + 20 * NS_PER_SECOND);
    for ms in (0..=20_000).step_by(7) {
        stepwise.advance(ORIGIN_NS + ms * NS_PER_MS);
    }
    stepwise.advance(ORIGIN_NS + 20 * NS_PER_SECOND);
    other.advance(ORIGIN_NS + 20 * NS_PER_SECOND);
    let (a, b, c) = (once.take_events(), stepwise.take_events(), other.take_events());
    assert!(a.len() > 500);
    assert_eq!(a, b);
    assert_ne!(a, c);
}

#[test]
fn a_later_origin_moves_the_times_and_nothing_else() {
    let listings = listings(ExchangeId::Kraken, 3, 1.0);
    let mut early = Market::new(ExchangeId::Kraken, listings.clone(), 3, ORIGIN_NS);
    let mut late = Market::new(ExchangeId::Kraken, listings, 3, ORIGIN_NS + NS_PER_SECOND);
    early.advance(ORIGIN_NS + 9 * NS_PER_SECOND);
    late.advance(ORIGIN_NS + 10 * NS_PER_SECOND);
    let shape = |events: Vec<MarketEvent>| -> Vec<(u32, u64, i64, i64)> {
        let trade = |event| match event {
            MarketEvent::Trade(index, t) => Some((index, t.id, t.price, t.quantity)),
            MarketEvent::Quote(..) | MarketEvent::Lost(_) => None,
        };
        events.into_iter().filter_map(trade).collect()
    };
    assert_eq!(shape(early.take_events()), shape(late.take_events()));
}

#[test]
fn quotes_straddle_and_orders_fill_at_them() {
    let mut market = market(1, 8, 1.0);
    market.advance(ORIGIN_NS + 60 * NS_PER_SECOND);
    let mut quotes: BTreeMap<u32, MarketQuote> = BTreeMap::new();
    let mut last: BTreeMap<u32, MarketTrade> = BTreeMap::new();
    let (mut checked, mut same_ms) = (0, 0);
    for event in market.take_events() {
        match event {
            MarketEvent::Quote(index, quote) => {
                assert!(quote.bid < quote.ask && quote.bid > 0 && quote.bid_quantity > 0 && quote.ask_quantity > 0);
                quotes.insert(index, quote);
            }
            MarketEvent::Lost(_) => panic!("nobody loses a trade here"),
            MarketEvent::Trade(index, trade) => {
                let before = last.insert(index, trade);
                let first = before.is_none_or(|before| before.time_ns != trade.time_ns);
                if let (true, Some(quote)) = (first, quotes.get(&index)) {
                    assert_eq!(trade.price, if trade.buy { quote.ask } else { quote.bid });
                    checked += 1;
                }
                if let Some(before) = before {
                    assert_eq!(trade.id, before.id + 1);
                    assert!(trade.time_ns >= before.time_ns && trade.aggregate >= before.aggregate);
                    same_ms += u64::from(trade.time_ns / NS_PER_MS == before.time_ns / NS_PER_MS);
                }
            }
        }
    }
    assert!(checked > 500 && same_ms > 100, "{checked} {same_ms}");
}

#[test]
fn rates_are_near_what_the_listings_say() {
    let mut market = market(5, 20, 1.0);
    market.advance(ORIGIN_NS + 300 * NS_PER_SECOND);
    let busiest = market.trades_of(0) as f64 / 300.0;
    let quietest = market.trades_of(19) as f64 / 300.0;
    assert!((20.0..50.0).contains(&busiest), "{busiest}");
    assert!(quietest > 0.1 && quietest < 1.5, "{quietest}");
    assert_eq!(market.trades(), (0..20).map(|index| market.trades_of(index)).sum::<u64>());
}

#[test]
fn the_past_joins_the_present() {
    let mut market = market(2, 3, 1.0);
    let now_ns = ORIGIN_NS + 200 * NS_PER_SECOND;
    market.advance(now_ns);
    let minute = 60 * NS_PER_SECOND;
    let minutes = market.filled(0, minute, 0, now_ns - 600 * minute, i64::MAX);
    assert_eq!(minutes.len(), 600);
    assert!(minutes.windows(2).all(|pair| pair[1].open_ns - pair[0].open_ns == minute));
    assert!(minutes.iter().all(|bar| bar.low <= bar.open.min(bar.close) && bar.high >= bar.open.max(bar.close)));
    let hours = market.filled(0, 60 * minute, 0, now_ns - 5 * 60 * minute, i64::MAX);
    for hour in &hours[..hours.len() - 1] {
        let inside: Vec<&Bar> =
            minutes.iter().filter(|bar| bar.open_ns >= hour.open_ns && bar.open_ns < hour.end_ns()).collect();
        assert_eq!(hour.volume, inside.iter().map(|bar| bar.volume).sum::<i128>());
        assert_eq!((hour.open, hour.close), (inside[0].open, inside[inside.len() - 1].close));
        assert_eq!(hour.high, inside.iter().map(|bar| bar.high).max().unwrap());
    }
    assert!(market.traded(0, 1_440 * minute, 0, 0, i64::MAX).len() >= 1_000);
    for minutes in [1, 3, 5, 15, 30, 60, 120, 240, 360, 480] {
        let length_ns = minutes * minute;
        let rows = market.filled(0, length_ns, 0, now_ns - 500 * length_ns, i64::MAX);
        assert_eq!(rows.len(), 500, "{minutes} minutes");
    }
    let day = market.day(0);
    assert!(day.volume > hours.iter().map(|bar| bar.volume).sum());
}

#[test]
fn intervals_without_trades_are_flat_at_the_last_close() {
    let mut market = market(2, 400, 1.0);
    let now_ns = ORIGIN_NS + 240 * NS_PER_SECOND;
    market.advance(now_ns);
    let rows = market.filled(399, NS_PER_SECOND, 0, ORIGIN_NS, i64::MAX);
    let traded = market.traded(399, NS_PER_SECOND, 0, ORIGIN_NS, i64::MAX);
    assert!(rows.len() > 2 * traded.len(), "a quiet symbol is quiet");
    for pair in rows.windows(2).filter(|pair| pair[1].count == 0) {
        assert_eq!((pair[1].open, pair[1].high, pair[1].low, pair[1].close), {
            let close = pair[0].close;
            (close, close, close, close)
        });
    }
    assert_eq!(rows.iter().map(|row| row.count).sum::<u64>(), market.trades_of(399));
}

#[test]
fn changes_turn_one_book_into_the_next_at_any_depth() {
    let mut market = market(4, 3, 1.0);
    for (depth, truncating) in [(LEVELS, false), (10, true)] {
        let mut client = Book::new(market.instrument(1), depth);
        let mut server = client.clone();
        let mut moves = 0;
        for ms in (0..60_000).step_by(50) {
            market.advance(market.now_ns().max(ORIGIN_NS + ms * NS_PER_MS));
            let new = Book::new(market.instrument(1), depth);
            let changes = server.changes(&new, truncating);
            moves += usize::from(!changes.is_empty());
            client = applied(&client, &changes, depth);
            server = new;
            assert_eq!(client, server);
            assert!(server.bids.windows(2).all(|pair| pair[0].0 > pair[1].0));
            assert!(server.asks.windows(2).all(|pair| pair[0].0 < pair[1].0));
            assert!(server.bids[0].0 < server.asks[0].0 && server.bids.len() == depth);
        }
        assert!(truncating || moves > 100, "{moves}");
        market.advance(market.now_ns() + NS_PER_SECOND);
    }
}

#[test]
fn the_past_has_a_thousand_rows_of_every_interval_and_finer_ones_make_the_coarser() {
    let mut market = market(5, 2, 0.05);
    market.advance(ORIGIN_NS + 90 * NS_PER_SECOND);
    let now_ns = market.now_ns();
    // Wherever a page begins, quiet intervals are told: the rarer instrument trades less than once a second.
    let all = market.filled(1, NS_PER_SECOND, 0, now_ns - 600 * NS_PER_SECOND, now_ns);
    for from in (0..400).step_by(7) {
        let from_ns = all[from].open_ns;
        assert_eq!(market.filled(1, NS_PER_SECOND, 0, from_ns, now_ns), all[from..], "{from}");
    }
    for timeframe in tickplane_model::Timeframe::ALL {
        let length_ns = timeframe.length_ns();
        let offset_ns = if length_ns == 7 * NS_PER_DAY { 4 * NS_PER_DAY } else { 0 };
        // 5 s and 15 s are nobody's own candles.
        if !matches!(timeframe.as_str(), "5s" | "15s") {
            let from_ns = aligned(now_ns, length_ns, offset_ns) - 1_000 * length_ns;
            let rows = market.filled(0, length_ns, offset_ns, from_ns, now_ns);
            assert!(rows.len() >= 999, "{timeframe}: {}", rows.len());
            assert!(rows.windows(2).all(|pair| pair[1].open_ns - pair[0].open_ns == length_ns), "{timeframe}");
        }
        if length_ns > 60 * NS_PER_SECOND && length_ns <= NS_PER_DAY / 2 {
            let day_ns = aligned(now_ns - NS_PER_DAY, length_ns, offset_ns);
            let minutes = market.traded(0, 60 * NS_PER_SECOND, 0, day_ns, i64::MAX);
            let coarse = market.traded(0, length_ns, offset_ns, day_ns, i64::MAX);
            assert_eq!(bar::regroup(minutes.iter(), length_ns, offset_ns), coarse, "{timeframe} of minutes");
            let one = market.traded(0, length_ns, offset_ns, day_ns, day_ns + 1);
            assert_eq!(one, coarse[..1], "{timeframe}: a row is whole whatever is asked for after it");
        }
    }
}

#[test]
fn a_misstated_candle_is_wrong_and_the_account_is_not() {
    let mut market = market(5, 1, 1.0);
    market.advance(ORIGIN_NS + 60 * NS_PER_SECOND);
    let rows = |market: &Market| market.traded(0, NS_PER_SECOND, 0, ORIGIN_NS, i64::MAX);
    let (before, account) = (rows(&market), market.tally(0, NS_PER_SECOND, 0));
    market.misstate(0, before[7].open_ns + 1);
    let after = rows(&market);
    let wrong: Vec<usize> = (0..before.len()).filter(|at| before[*at] != after[*at]).collect();
    assert_eq!(wrong, [7]);
    assert!(after[7].high > before[7].high && after[7].volume > before[7].volume);
    assert_eq!(market.tally(0, NS_PER_SECOND, 0), account);
}
