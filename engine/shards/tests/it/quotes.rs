//! Quotes that die while trades go on are found out by the trades, and by nothing less.

use tickplane_exchanges::TradeIds;
use tickplane_segments::{StreamCounter, StreamState};
use tickplane_shards::{CloseReason, Happening, StreamChange};

use crate::rig::{Rig, RigShape, ack, quote, rest, texts, trades};

/// The price of the rig's trades in cents, and another one.
const PRICE: u64 = 8_374_430;
const ELSEWHERE: u64 = 8_375_000;

struct Market {
    rig: Rig,
    next_id: u64,
}

impl Market {
    /// Twenty seconds of trades and quotes.
    fn open() -> Self {
        Self::of(Rig::new(1_024))
    }

    fn of(mut rig: Rig) -> Self {
        rig.pass_ms(0);
        rig.accept();
        rig.say(&[ack("BTC-USD"), ack("ETH-USD")]);
        let mut market = Self { rig, next_id: 1 };
        market.seconds(20, PRICE, Some(PRICE));
        market.rig.take_outgoing();
        market
    }

    /// Seconds with a trade each, and with a quote if there is a price for it.
    fn seconds(&mut self, seconds: u64, price: u64, quoted: Option<u64>) {
        for _ in 0..seconds {
            self.rig.heartbeats(1);
            if !self.rig.is_connected {
                return;
            }
            let id = self.next_id;
            self.next_id += 1;
            let trade = trades("BTC-USD", "update", id..id + 1, self.rig.now_ms());
            self.rig.say(&[trade.replace("83744.3", &format!("{}.{:02}", price / 100, price % 100))]);
            if let Some(price) = quoted {
                self.rig.say(&[quote("BTC-USD", price - 10, price)]);
            }
        }
    }

    fn counts(&self) -> [u64; 3] {
        let stream = self.rig.stream("BTC-USD");
        [StreamCounter::StaleQuotes, StreamCounter::Resubscribes, StreamCounter::Reconnects].map(|of| stream.count(of))
    }

    fn told(&self) -> usize {
        let is_told = |what: &&Happening| matches!(what, Happening::Stream { change: StreamChange::StaleQuotes, .. });
        self.rig.reports.iter().filter(is_told).count()
    }

    fn closed(&self) -> usize {
        let is_closed =
            |what: &&Happening| matches!(what, Happening::Closed { reason: CloseReason::StaleQuotes { .. }, .. });
        self.rig.reports.iter().filter(is_closed).count()
    }

    /// The connection is opened again; its quotes come or stay away.
    fn accept(&mut self) {
        while self.rig.attempts.len() < 1 + self.closed() {
            self.rig.pass_ms(100);
        }
        self.rig.accept();
        self.rig.say(&[ack("BTC-USD"), ack("ETH-USD")]);
    }
}

#[test]
fn dead_quotes_are_taken_anew_and_then_cost_the_connection() {
    let mut market = Market::open();
    market.seconds(12, ELSEWHERE, None);
    assert_eq!(market.counts(), [0, 0, 0], "not before they were silent beyond their rhythm for a while");
    market.seconds(8, ELSEWHERE, None);
    assert_eq!((market.counts(), market.told()), ([1, 1, 0], 1));
    assert_eq!(market.rig.stream("BTC-USD").state, StreamState::Live);
    let said: Vec<_> = texts(&market.rig.take_outgoing()).into_iter().filter(|text| text.contains("ticker")).collect();
    assert!(said[0].contains(r#""unsubscribe""#) && said[1].contains(r#""subscribe""#), "{said:?}");
    assert!(said.iter().all(|text| text.contains("BTC/USD")), "{said:?}");
    market.seconds(30, ELSEWHERE, None);
    assert_eq!((market.counts(), market.told(), market.closed()), ([1, 1, 1], 1, 1));
    market.accept();
    market.seconds(50, ELSEWHERE, None);
    assert!(market.rig.is_connected, "not again so soon");
    market.seconds(60, ELSEWHERE, None);
    assert_eq!((market.counts(), market.told(), market.closed()), ([1, 1, 2], 1, 2), "later once more");
    market.accept();
    market.seconds(1, ELSEWHERE, Some(ELSEWHERE));
    market.seconds(20, PRICE, None);
    assert_eq!((market.counts(), market.told()), ([2, 2, 2], 2), "they lived, and die anew");
}

#[test]
fn a_subscription_taken_anew_for_quotes_loses_no_trade() {
    // Where ids have holes, only the confirmation tells that there was an interruption.
    let mut market = Market::of(Rig::of(RigShape { ids: TradeIds::Increasing, ..RigShape::default() }));
    market.seconds(20, ELSEWHERE, None);
    assert_eq!(market.counts(), [1, 1, 0]);
    let newest = market.next_id;
    market.next_id += 3;
    market.rig.say(&[ack("BTC-USD")]);
    market.seconds(1, ELSEWHERE, Some(ELSEWHERE));
    let (path, ticket) = market.rig.asked("BTC-USD", 4);
    assert!(path.contains("since="), "{path}");
    let at_ms = market.rig.now_ms() - 4_000;
    market.rig.answer(ticket, rest("BTC-USD", newest - 1..newest + 4, at_ms));
    let mut published = market.rig.published("BTC-USD");
    published.sort_unstable();
    assert_eq!(published, (1..market.next_id).collect::<Vec<_>>());
}

#[test]
fn quotes_that_no_trade_contradicts_are_quiet() {
    let mut market = Market::open();
    market.seconds(600, PRICE, None);
    assert_eq!(market.counts(), [0, 0, 0]);
}

#[test]
fn trades_that_come_just_before_their_quotes_are_no_sign() {
    let mut market = Market::open();
    for round in 0..40 {
        // Quiet beyond the rhythm, then the price moves in many trades, and the quote comes a second later.
        market.rig.heartbeats(20);
        let price = PRICE + 100 * (round % 2);
        for _ in 0..20 {
            let id = market.next_id;
            market.next_id += 1;
            let trade = trades("BTC-USD", "update", id..id + 1, market.rig.now_ms());
            market.rig.say(&[trade.replace("83744.3", "83900.0")]);
        }
        market.seconds(1, price, Some(price));
    }
    assert_eq!(market.counts(), [0, 0, 0]);
}

#[test]
fn a_quote_ends_what_was_counted_before_it() {
    let mut market = Market::open();
    market.seconds(12, ELSEWHERE, None);
    market.seconds(1, PRICE, Some(PRICE));
    market.seconds(30, ELSEWHERE, None);
    assert_eq!(market.counts(), [0, 0, 0], "the second silence is not much longer than the first one was");
}

#[test]
fn an_instrument_that_never_had_a_quote_is_not_missed_one() {
    let mut market = Market::open();
    for id in 1..600 {
        market.rig.heartbeats(1);
        market.rig.say(&[trades("ETH-USD", "update", id..id + 1, market.rig.now_ms())]);
    }
    assert_eq!(market.rig.stream("ETH-USD").count(StreamCounter::StaleQuotes), 0);
}
