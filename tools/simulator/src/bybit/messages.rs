//! The JSON of Bybit's topics. Prices and quantities are strings with the instrument's own digits, times are milliseconds.

use tickplane_model::{NS_PER_MS, Product};

use crate::decimal::Decimal;
use crate::market::{Bar, Book, Instrument, Level, Listing, MarketTrade};

pub(super) fn price(listing: &Listing, ticks: i64) -> Decimal {
    Decimal::new(ticks, listing.price_decimals)
}

pub(super) fn quantity(listing: &Listing, lots: impl Into<i128>) -> Decimal {
    Decimal::new(lots, listing.lot_decimals)
}

/// Traded value in quote currency.
pub(super) fn turnover(listing: &Listing, bar: &Bar) -> Decimal {
    Decimal::new(bar.turnover, listing.price_decimals + listing.lot_decimals)
}

pub(super) const fn ms(ns: i64) -> i64 {
    ns.div_euclid(NS_PER_MS)
}

/// 19 digits in spot, a UUID in contracts.
pub(super) fn trade_id(product: Product, id: u64) -> String {
    match product {
        Product::Spot => (2_290_000_000_000_000_000 + id).to_string(),
        _ => format!("20f43950-d8dd-5b31-9{:03x}-{:012x}", id >> 48, id & 0xffff_ffff_ffff),
    }
}

pub(super) const fn side(trade: &MarketTrade) -> &'static str {
    if trade.buy { "Buy" } else { "Sell" }
}

pub(super) fn trades(listing: &Listing, ticker: &str, trades: &[MarketTrade], now_ns: i64) -> String {
    let row = |trade: &MarketTrade| {
        format!(
            r#"{{"i":"{}","T":{},"p":"{}","v":"{}","S":"{}","s":"{ticker}","BT":false,"RPI":false,"seq":{}}}"#,
            trade_id(listing.product, trade.id),
            ms(trade.time_ns),
            price(listing, trade.price),
            quantity(listing, trade.quantity),
            side(trade),
            trade.aggregate
        )
    };
    let rows: Vec<String> = trades.iter().map(row).collect();
    let ts = ms(now_ns);
    format!(r#"{{"topic":"publicTrade.{ticker}","ts":{ts},"type":"snapshot","data":[{}]}}"#, rows.join(","))
}

/// A book or what changed of it; `number` is its count of messages.
pub(super) fn book(
    (listing, ticker): (&Listing, &str),
    (depth, book): (usize, &Book),
    (kind, number): (&str, u64),
    (matched_ns, now_ns): (i64, i64),
) -> String {
    let levels = |levels: &[Level]| {
        let level = |(ticks, lots): &Level| format!(r#"["{}","{}"]"#, price(listing, *ticks), quantity(listing, *lots));
        levels.iter().map(level).collect::<Vec<_>>().join(",")
    };
    let (bids, asks, ts, cts) = (levels(&book.bids), levels(&book.asks), ms(now_ns), ms(matched_ns));
    let data = format!(r#"{{"s":"{ticker}","b":[{bids}],"a":[{asks}],"u":{number},"seq":{}}}"#, 10 * number);
    format!(r#"{{"topic":"orderbook.{depth}.{ticker}","ts":{ts},"type":"{kind}","data":{data},"cts":{cts}}}"#)
}

/// The 24 hours of an instrument, as a ticker has them; contracts add the best bid and ask.
pub(super) fn ticker_fields(instrument: &Instrument, ticker: &str, day: &Bar, with_quote: bool) -> String {
    let (listing, quote) = (&instrument.listing, &instrument.quote);
    let change = Decimal::new(i128::from(day.close - day.open) * 10_000 / i128::from(day.open.max(1)), 4);
    let mut fields = format!(
        r#""symbol":"{ticker}","lastPrice":"{}","highPrice24h":"{}","lowPrice24h":"{}","prevPrice24h":"{}","volume24h":"{}","turnover24h":"{}","price24hPcnt":"{change}""#,
        price(listing, day.close),
        price(listing, day.high),
        price(listing, day.low),
        price(listing, day.open),
        quantity(listing, day.volume),
        turnover(listing, day),
    );
    if with_quote {
        fields.push_str(&format!(
            r#","bid1Price":"{}","bid1Size":"{}","ask1Price":"{}","ask1Size":"{}""#,
            price(listing, quote.bid),
            quantity(listing, quote.bid_quantity),
            price(listing, quote.ask),
            quantity(listing, quote.ask_quantity)
        ));
    }
    if listing.product != Product::Spot {
        // Clients tell contracts by these.
        let (mark, interest) = (price(listing, day.close), quantity(listing, day.volume / 8));
        let worth = Decimal::new(bar_worth(day), listing.price_decimals + listing.lot_decimals);
        fields.push_str(&format!(
            r#","markPrice":"{mark}","indexPrice":"{mark}","openInterest":"{interest}","openInterestValue":"{worth}","fundingRate":"0.0001","nextFundingTime":"1790380800000""#
        ));
    }
    fields
}

/// What an eighth of a day's volume is worth now.
fn bar_worth(day: &Bar) -> i128 {
    day.volume / 8 * i128::from(day.close)
}

pub(super) fn ticker(instrument: &Instrument, ticker: &str, day: &Bar, now_ns: i64) -> String {
    let fields = ticker_fields(instrument, ticker, day, instrument.listing.product != Product::Spot);
    let ts = ms(now_ns);
    format!(r#"{{"topic":"tickers.{ticker}","type":"snapshot","data":{{{fields}}},"cs":{ts},"ts":{ts}}}"#)
}

pub(super) fn kline(
    listing: &Listing,
    ticker: &str,
    (interval, bar): (&str, &Bar),
    is_closed: bool,
    now_ns: i64,
) -> String {
    let ts = ms(now_ns);
    format!(
        r#"{{"topic":"kline.{interval}.{ticker}","data":[{{"start":{},"end":{},"interval":"{interval}","open":"{}","close":"{}","high":"{}","low":"{}","volume":"{}","turnover":"{}","confirm":{is_closed},"timestamp":{ts}}}],"ts":{ts},"type":"snapshot"}}"#,
        ms(bar.open_ns),
        ms(bar.end_ns()) - 1,
        price(listing, bar.open),
        price(listing, bar.close),
        price(listing, bar.high),
        price(listing, bar.low),
        quantity(listing, bar.volume),
        turnover(listing, bar),
    )
}
