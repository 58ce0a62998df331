//! The JSON of Kraken's channels. Numbers are JSON numbers with the pair's own digits: `0.00044780`.

use crate::decimal::Decimal;
use crate::market::{Bar, Instrument, Listing, MarketTrade};
use crate::stamp;

use super::names::Pair;

pub(super) fn price(listing: &Listing, ticks: i64) -> Decimal {
    Decimal::new(ticks, listing.price_decimals)
}

pub(super) fn quantity(listing: &Listing, lots: impl Into<i128>) -> Decimal {
    Decimal::new(lots, listing.lot_decimals)
}

/// The average price of a bar, in the pair's digits.
pub(super) fn average(listing: &Listing, bar: &Bar) -> Decimal {
    Decimal::new(bar.average(0), listing.price_decimals)
}

/// The taker's order type: chance, but the same whenever the trade is shown.
pub(super) fn is_limit(trade: &MarketTrade) -> bool {
    !trade.aggregate.is_multiple_of(3)
}

pub(super) fn trade(listing: &Listing, pair: &Pair, trade: &MarketTrade) -> String {
    format!(
        r#"{{"symbol":"{}","side":"{}","price":{},"qty":{},"ord_type":"{}","trade_id":{},"timestamp":"{}"}}"#,
        pair.symbol,
        if trade.buy { "buy" } else { "sell" },
        price(listing, trade.price),
        quantity(listing, trade.quantity),
        if is_limit(trade) { "limit" } else { "market" },
        trade.id,
        stamp::rfc3339(trade.time_ns, 6)
    )
}

/// A data message.
pub(super) fn data(channel: &str, kind: &str, rows: &[String]) -> String {
    format!(r#"{{"channel":"{channel}","type":"{kind}","data":[{}]}}"#, rows.join(","))
}

pub(super) fn ticker(instrument: &Instrument, pair: &Pair, day: &Bar, kind: &str, time_ns: i64) -> String {
    let (listing, quote) = (&instrument.listing, &instrument.quote);
    let change = i128::from(day.close - day.open) * 10_000 / i128::from(day.open.max(1));
    let row = format!(
        r#"{{"symbol":"{}","bid":{},"bid_qty":{},"ask":{},"ask_qty":{},"last":{},"volume":{},"vwap":{},"low":{},"high":{},"change":{},"change_pct":{},"trades":{},"timestamp":"{}"}}"#,
        pair.symbol,
        price(listing, quote.bid),
        quantity(listing, quote.bid_quantity),
        price(listing, quote.ask),
        quantity(listing, quote.ask_quantity),
        price(listing, day.close),
        quantity(listing, day.volume),
        average(listing, day),
        price(listing, day.low),
        price(listing, day.high),
        price(listing, day.close - day.open),
        Decimal::new(change, 2),
        day.count,
        stamp::rfc3339(time_ns, 6)
    );
    data("ticker", kind, &[row])
}

pub(super) fn ohlc_row(listing: &Listing, pair: &Pair, bar: &Bar) -> String {
    format!(
        r#"{{"symbol":"{}","open":{},"high":{},"low":{},"close":{},"trades":{},"volume":{},"vwap":{},"interval_begin":"{}","interval":{},"timestamp":"{}"}}"#,
        pair.symbol,
        price(listing, bar.open),
        price(listing, bar.high),
        price(listing, bar.low),
        price(listing, bar.close),
        bar.count,
        quantity(listing, bar.volume),
        average(listing, bar),
        stamp::rfc3339(bar.open_ns, 9),
        bar.length_ns / 60_000_000_000,
        stamp::rfc3339(bar.end_ns(), 6)
    )
}

pub(super) fn ohlc(kind: &str, now_ns: i64, rows: &[String]) -> String {
    let timestamp = stamp::rfc3339(now_ns, 9);
    format!(r#"{{"channel":"ohlc","type":"{kind}","timestamp":"{timestamp}","data":[{}]}}"#, rows.join(","))
}

pub(super) fn status(connection_id: u64) -> String {
    format!(
        r#"{{"channel":"status","type":"update","data":[{{"version":"2.0.10","system":"online","api_version":"v2","connection_id":{connection_id},"upcoming_maintenance":[],"emergency":[]}}]}}"#
    )
}

/// Reference data of every pair and asset.
pub(super) fn instruments<'a>(rows: impl Iterator<Item = (&'a Listing, &'a Pair)>) -> String {
    let (mut assets, mut pairs) = (std::collections::BTreeSet::new(), Vec::new());
    for (listing, pair) in rows {
        assets.insert(&listing.base);
        assets.insert(&listing.quote);
        let (increment, step) = (price(listing, 1), quantity(listing, 1));
        pairs.push(format!(
            r#"{{"symbol":"{}","base":"{}","quote":"{}","status":"online","qty_precision":{},"qty_increment":{step},"price_precision":{},"price_increment":{increment},"tick_size":{increment},"cost_precision":5,"cost_min":0.50,"qty_min":{step},"marginable":false,"has_index":true}}"#,
            pair.symbol, listing.base, listing.quote, listing.lot_decimals, listing.price_decimals
        ));
    }
    let assets: Vec<String> = assets
        .into_iter()
        .map(|id| format!(r#"{{"id":"{id}","status":"enabled","precision":10,"precision_display":5,"borrowable":false,"collateral_value":1.00}}"#))
        .collect();
    format!(
        r#"{{"channel":"instrument","type":"snapshot","data":{{"assets":[{}],"pairs":[{}]}}}}"#,
        assets.join(","),
        pairs.join(",")
    )
}
