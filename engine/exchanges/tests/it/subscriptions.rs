//! What is sent stays within the venue's limits and names every instrument as often as it is counted.

use tickplane_exchanges::{ConnectionPlan, Exchange, Limits, all};
use tickplane_model::{Instrument, Product};

use crate::instruments::made;
use crate::words::{hosts, opening, session};

/// Each planned connection and the messages that it sends at first.
fn sent(exchange: &dyn Exchange, instruments: &[Instrument]) -> Vec<(ConnectionPlan, Vec<String>)> {
    let plans = exchange.plan(&hosts(exchange, &instruments[0]), instruments);
    let with_texts = |plan: ConnectionPlan| {
        let texts = opening(&mut *session(exchange, &plan, instruments));
        (plan, texts)
    };
    plans.into_iter().map(with_texts).collect()
}

/// Every product that is carried.
fn products() -> impl Iterator<Item = (&'static dyn Exchange, Product)> {
    let of = |exchange: &'static dyn Exchange| exchange.markets().iter().flat_map(|market| market.products);
    all().iter().flat_map(move |exchange| of(*exchange).map(|product| (*exchange, *product)))
}

/// How often a text names a ticker, in whatever case, and not as a part of a longer one.
fn names(text: &str, ticker: &str) -> usize {
    let (text, ticker) = (text.to_lowercase(), ticker.to_lowercase());
    let is_apart = |byte: Option<&u8>| byte.is_none_or(|byte| !byte.is_ascii_alphanumeric());
    let bytes = text.as_bytes();
    let stands_alone = |at: usize| {
        is_apart(at.checked_sub(1).and_then(|before| bytes.get(before))) && is_apart(bytes.get(at + ticker.len()))
    };
    text.match_indices(&ticker).filter(|(at, _)| stands_alone(*at)).count()
}

fn within(count: usize, limit: usize) -> bool {
    limit == 0 || count <= limit
}

fn check_connection(limits: &Limits, plan: &ConnectionPlan, texts: &[String], instruments: &[Instrument]) {
    for text in texts {
        let tickers = plan.instruments.iter().map(|at| names(text, &instruments[*at].venue_symbol)).sum();
        assert!(within(tickers, limits.subscriptions_per_message), "{tickers} subscriptions: {text}");
        assert!(within(text.len(), limits.message_bytes_max), "{} bytes: {text}", text.len());
    }
    assert!(
        within(plan.subscriptions, limits.subscriptions_per_connection),
        "{} on one connection",
        plan.subscriptions
    );
}

#[test]
fn texts_keep_to_the_limits_at_any_size() {
    for (exchange, product) in products() {
        let limits = exchange.market(product).limits;
        for count in [1, 50, 1_000] {
            let instruments = made(exchange, product, count);
            for (plan, texts) in sent(exchange, &instruments) {
                check_connection(&limits, &plan, &texts, &instruments);
            }
        }
    }
}

#[test]
fn every_instrument_is_subscribed_as_often_as_any_other() {
    for (exchange, product) in products() {
        let id = exchange.meta().id;
        let instruments = made(exchange, product, 300);
        let sent = sent(exchange, &instruments);
        for (at, instrument) in instruments.iter().enumerate() {
            let carrying = |plan: &ConnectionPlan| plan.instruments.contains(&at);
            let homes = sent.iter().filter(|(plan, _)| carrying(plan) && plan.has_trades).count();
            assert_eq!(homes, 1, "{id}: the trades of an instrument come on one connection");
            let texts = || sent.iter().filter(|(plan, _)| carrying(plan)).flat_map(|(_, texts)| texts);
            let named: usize = texts().map(|text| names(text, &instrument.venue_symbol)).sum();
            let planned: usize = sent.iter().map(|(plan, _)| plan.subscriptions).sum();
            assert!(named >= 1, "{id}: {} is not subscribed", instrument.venue_symbol);
            assert_eq!(named * instruments.len(), planned, "{id}: {} is named {named} times", instrument.venue_symbol);
        }
    }
}

#[test]
fn two_names_of_one_book_are_subscribed_once() {
    for (exchange, product) in products() {
        let mut instruments = made(exchange, product, 3);
        let planned = |instruments: &[Instrument]| {
            let sent = sent(exchange, instruments);
            let texts: usize = sent.iter().map(|(_, texts)| texts.len()).sum();
            (sent.iter().map(|(plan, _)| plan.subscriptions).sum::<usize>(), texts)
        };
        let two = planned(&instruments[..2]);
        instruments[2].venue_symbol = instruments[0].venue_symbol.clone();
        assert_eq!(planned(&instruments), two, "{}", exchange.meta().id);
        // They share a connection even where the tickers between them fill it.
        let mut many = made(exchange, product, 1_200);
        many[1_199].venue_symbol = many[0].venue_symbol.clone();
        let plans = exchange.plan(&hosts(exchange, &many[0]), &many);
        assert!(plans[0].instruments.contains(&1_199));
    }
}
