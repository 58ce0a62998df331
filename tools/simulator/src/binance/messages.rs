//! The JSON of Binance's streams. Prices and quantities are strings of 8 decimals, times numbers.

use std::fmt::Write as _;

use crate::capture::Message;
use crate::decimal::Decimal;
use crate::market::{Bar, Listing, Market, MarketQuote, MarketTrade};

use super::stream::Interval;
use super::ticker;

/// Fraction digits of every price and quantity.
const PLACES: u32 = 8;

/// Times as the connection shows them: in milliseconds, or microseconds on request, by a clock that may be wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Unit {
    pub(super) length_ns: i64,
    pub(super) skew_ns: i64,
}

impl Unit {
    pub(super) fn of(self, time_ns: i64) -> i64 {
        (time_ns + self.skew_ns) / self.length_ns
    }
}

pub(super) fn price(listing: &Listing, ticks: i64) -> Decimal {
    Decimal::new(ticks, listing.price_decimals).places(PLACES)
}

pub(super) fn quantity(listing: &Listing, lots: impl Into<i128>) -> Decimal {
    Decimal::new(lots, listing.lot_decimals).places(PLACES)
}

pub(super) fn turnover(listing: &Listing, turnover: i128) -> Decimal {
    Decimal::new(turnover, listing.price_decimals + listing.lot_decimals).places(PLACES)
}

pub(super) fn trade(listing: &Listing, t: &MarketTrade, now_ns: i64, unit: Unit) -> String {
    format!(
        r#"{{"e":"trade","E":{},"s":"{}","t":{},"p":"{}","q":"{}","T":{},"m":{},"M":true}}"#,
        unit.of(now_ns),
        ticker(listing),
        t.id,
        price(listing, t.price),
        quantity(listing, t.quantity),
        unit.of(t.time_ns),
        !t.buy
    )
}

/// Fills of one order at one price.
pub(super) fn agg_trade(listing: &Listing, fills: &[MarketTrade], now_ns: i64, unit: Unit) -> Option<String> {
    let (first, last) = (fills.first()?, fills.last()?);
    let sum: i128 = fills.iter().map(|fill| i128::from(fill.quantity)).sum();
    Some(format!(
        r#"{{"e":"aggTrade","E":{},"s":"{}","a":{},"p":"{}","q":"{}","f":{},"l":{},"T":{},"m":{},"M":true}}"#,
        unit.of(now_ns),
        ticker(listing),
        first.aggregate,
        price(listing, first.price),
        quantity(listing, sum),
        first.id,
        last.id,
        unit.of(first.time_ns),
        !first.buy
    ))
}

/// No event name and no time: Binance sends none.
pub(super) fn book_ticker(listing: &Listing, quote: &MarketQuote) -> String {
    format!(
        r#"{{"u":{},"s":"{}","b":"{}","B":"{}","a":"{}","A":"{}"}}"#,
        quote.update_id,
        ticker(listing),
        price(listing, quote.bid),
        quantity(listing, quote.bid_quantity),
        price(listing, quote.ask),
        quantity(listing, quote.ask_quantity)
    )
}

/// A recorded message in the form the socket asked for; as it was recorded where that is the same.
pub(super) fn recorded(message: &Message, combined: bool) -> String {
    let Message { text, stream, payload_at, .. } = message;
    match (combined, *payload_at) {
        (true, 0) => format!(r#"{{"stream":"{stream}","data":{text}}}"#),
        (false, payload_at) if payload_at > 0 => text[payload_at..text.len() - 1].to_owned(),
        _ => text.clone(),
    }
}

pub(super) fn kline(listing: &Listing, bar: &Bar, interval: Interval, closed: bool, now_ns: i64, unit: Unit) -> String {
    let symbol = ticker(listing);
    let (first, last) = match bar.count {
        0 => (-1, -1),
        count => (bar.first_id as i64, (bar.first_id + count - 1) as i64),
    };
    let mut text = format!(
        r#"{{"e":"kline","E":{},"s":"{symbol}","k":{{"t":{},"T":{},"s":"{symbol}","i":"{}","f":{first},"L":{last},"#,
        unit.of(now_ns),
        unit.of(bar.open_ns),
        unit.of(bar.end_ns()) - 1,
        interval.name
    );
    let _ = write!(
        text,
        r#""o":"{}","c":"{}","h":"{}","l":"{}","v":"{}","n":{},"x":{closed},"q":"{}","V":"{}","Q":"{}","B":"0"}}}}"#,
        price(listing, bar.open),
        price(listing, bar.close),
        price(listing, bar.high),
        price(listing, bar.low),
        quantity(listing, bar.volume),
        bar.count,
        turnover(listing, bar.turnover),
        quantity(listing, bar.buy_volume),
        turnover(listing, bar.buy_turnover)
    );
    text
}

pub(super) fn mini_ticker(listing: &Listing, day: &Bar, now_ns: i64, unit: Unit) -> String {
    format!(
        r#"{{"e":"24hrMiniTicker","E":{},"s":"{}","c":"{}","o":"{}","h":"{}","l":"{}","v":"{}","q":"{}"}}"#,
        unit.of(now_ns),
        ticker(listing),
        price(listing, day.close),
        price(listing, day.open),
        price(listing, day.high),
        price(listing, day.low),
        quantity(listing, day.volume),
        turnover(listing, day.turnover)
    )
}

/// Price change in per cent, to three digits.
pub(super) fn change_percent(day: &Bar) -> Decimal {
    let change = i128::from(day.close - day.open) * 100_000 / i128::from(day.open.max(1));
    Decimal::new(change, 3)
}

pub(super) fn ticker_24h(
    listing: &Listing,
    day: &Bar,
    last: Option<&MarketTrade>,
    quote: &MarketQuote,
    now_ns: i64,
    unit: Unit,
) -> String {
    let average = Decimal::new(day.average(2), listing.price_decimals + 2).places(PLACES);
    let mut text = format!(
        r#"{{"e":"24hrTicker","E":{},"s":"{}","p":"{}","P":"{}","w":"{average}","x":"{}","c":"{}","Q":"{}","#,
        unit.of(now_ns),
        ticker(listing),
        price(listing, day.close - day.open),
        change_percent(day),
        price(listing, day.open),
        price(listing, day.close),
        quantity(listing, last.map_or(0, |trade| trade.quantity)),
    );
    let _ = write!(
        text,
        r#""b":"{}","B":"{}","a":"{}","A":"{}","o":"{}","h":"{}","l":"{}","v":"{}","q":"{}","O":{},"C":{},"F":{},"L":{},"n":{}}}"#,
        price(listing, quote.bid),
        quantity(listing, quote.bid_quantity),
        price(listing, quote.ask),
        quantity(listing, quote.ask_quantity),
        price(listing, day.open),
        price(listing, day.high),
        price(listing, day.low),
        quantity(listing, day.volume),
        turnover(listing, day.turnover),
        unit.of(day.open_ns),
        unit.of(now_ns),
        day.first_id,
        (day.first_id + day.count).saturating_sub(1),
        day.count
    );
    text
}

/// One instrument's rolling day, in full or mini form.
pub(super) fn ticker_message(index: u32, full: bool, market: &mut Market, now_ns: i64, unit: Unit) -> String {
    let day = market.day(index);
    let instrument = market.instrument(index);
    if full {
        ticker_24h(&instrument.listing, &day, instrument.log.back(), &instrument.quote, now_ns, unit)
    } else {
        mini_ticker(&instrument.listing, &day, now_ns, unit)
    }
}
