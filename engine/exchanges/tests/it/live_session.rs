//! Sessions of a live connection: only what was subscribed, aliases, pings.

use tickplane_exchanges::{Payload, all, exchange};
use tickplane_model::{Event, ExchangeId, Instrument, InstrumentIndex, Product, RejectReason};

use crate::fixtures::{Fixture, fixtures};
use crate::instruments::{made, named};
use crate::shown::RECEIVE_NS;
use crate::words::hosts;

/// The instruments of the trades, and the rejects, of one message.
fn outcome(
    id: ExchangeId,
    instruments: &[(InstrumentIndex, &Instrument)],
    text: &str,
) -> (Vec<Option<InstrumentIndex>>, Vec<RejectReason>) {
    let (mut trades, mut rejects) = (Vec::new(), Vec::new());
    let session = exchange(id).expect("registered");
    let carried: Vec<Instrument> = instruments.iter().map(|(_, instrument)| (*instrument).clone()).collect();
    let plans = session.plan(&hosts(session, &carried[0]), &carried);
    let route = plans.iter().find(|plan| plan.has_trades).expect("a home of the trades").route;
    let mut session = session.session(route, instruments);
    session.message(Payload::Text(text.as_bytes()), RECEIVE_NS, &mut |event: Event<'_>| match event {
        Event::Trade { of, .. } => trades.push(of.instrument),
        Event::Reject { reason } => rejects.push(reason),
        _ => {}
    });
    (trades, rejects)
}

#[test]
fn other_symbols_are_rejected() {
    // A market that is no longer carried has decoders only.
    let is_live = |fixture: &&Fixture| {
        let exchange = exchange(fixture.exchange).expect("registered");
        exchange.markets().iter().any(|market| market.products.contains(&fixture.product))
    };
    for fixture in fixtures().iter().filter(|fixture| fixture.name.starts_with("trade")).filter(is_live) {
        let exchange = exchange(fixture.exchange).expect("registered");
        let other = &made(exchange, fixture.product, 1)[0];
        let (trades, rejects) = outcome(fixture.exchange, &[(0, other)], &fixture.messages[0]);
        assert!(trades.is_empty(), "{}", fixture.name);
        let are_unknown = rejects.iter().all(|reason| *reason == RejectReason::UnknownSymbol) && !rejects.is_empty();
        assert!(are_unknown, "{} {}: {rejects:?}", fixture.exchange, fixture.name);
    }
}

#[test]
fn subscribed_symbols_carry_their_index() {
    let text = r#"{"e":"trade","s":"BTCUSDT","t":1,"p":"1","q":"1","T":1,"m":true}"#;
    let binance = exchange(ExchangeId::Binance).unwrap();
    let (eth, btc) = (named(binance, "ETH-USDT"), named(binance, "BTC-USDT"));
    let (trades, rejects) = outcome(ExchangeId::Binance, &[(7, &eth), (3, &btc)], text);
    assert_eq!((trades, rejects), (vec![Some(3)], vec![]));
}

#[test]
fn one_book_with_two_names_feeds_both() {
    let coinbase = exchange(ExchangeId::Coinbase).unwrap();
    let (usd, mut usdc) = (named(coinbase, "BTC-USD"), named(coinbase, "BTC-USDC"));
    usdc.venue_symbol = "BTC-USD".into();
    let text = concat!(
        r#"{"channel":"market_trades","sequence_num":0,"events":[{"type":"update","trades":[{"product_id":"BTC-USD","#,
        r#""trade_id":"1","price":"1","size":"1","time":"2026-09-30T01:41:25Z","side":"SELL"}]}]}"#
    );
    let (trades, rejects) = outcome(ExchangeId::Coinbase, &[(4, &usd), (9, &usdc)], text);
    assert_eq!((trades, rejects), (vec![Some(4), Some(9)], vec![]));
    let (trades, _) = outcome(ExchangeId::Coinbase, &[(9, &usdc)], text);
    assert_eq!(trades, [Some(9)], "alone, the alias is fed by the book's own name");
}

#[test]
fn a_decoder_says_once_what_a_message_says_once() {
    let coinbase = exchange(ExchangeId::Coinbase).unwrap();
    let (usd, mut usdc) = (named(coinbase, "BTC-USD"), named(coinbase, "BTC-USDC"));
    usdc.venue_symbol = "BTC-USD".into();
    let text = concat!(
        r#"{"channel":"market_trades","sequence_num":0,"events":[{"type":"update","trades":[{"product_id":"BTC-USD","#,
        r#""trade_id":"1","price":"1","size":"1","time":"2026-09-30T01:41:25Z","side":"SELL"}]}]}"#
    );
    for instruments in [[(4, &usd), (9, &usdc)], [(9, &usdc), (4, &usd)]] {
        let mut found = Vec::new();
        let mut decoder = coinbase.decoder(Product::Spot, &instruments);
        decoder.message(Payload::Text(text.as_bytes()), RECEIVE_NS, &mut |event: Event<'_>| match event {
            Event::Trade { of, .. } => found.push(of.instrument),
            other => panic!("{other:?}"),
        });
        assert_eq!(found, [Some(4)], "the book's own name, not its alias");
    }
}

#[test]
fn binary_messages_are_the_wrong_payload() {
    for exchange in all() {
        let mut rejects = Vec::new();
        let mut session = exchange.session("", &[]);
        session.message(Payload::Binary(b"{}"), RECEIVE_NS, &mut |event: Event<'_>| {
            if let Event::Reject { reason } = event {
                rejects.push(reason);
            }
        });
        assert_eq!(rejects, [RejectReason::WrongPayload]);
    }
}
