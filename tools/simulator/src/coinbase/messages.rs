//! The JSON of Coinbase's channels. Every number is a string without trailing zeros.

use crate::decimal::Decimal;
use crate::market::{Bar, Instrument, Listing, MarketTrade};
use crate::stamp;

pub(super) fn price(listing: &Listing, ticks: i64) -> Decimal {
    Decimal::new(ticks, listing.price_decimals).trimmed()
}

pub(super) fn quantity(listing: &Listing, lots: impl Into<i128>) -> Decimal {
    Decimal::new(lots, listing.lot_decimals).trimmed()
}

/// One message: `sequence` counts every message of the connection.
pub(super) fn envelope(channel: &str, now_ns: i64, sequence: u64, events: &str) -> String {
    let timestamp = stamp::rfc3339_trimmed(now_ns);
    format!(
        r#"{{"channel":"{channel}","client_id":"","timestamp":"{timestamp}","sequence_num":{sequence},"events":[{events}]}}"#
    )
}

/// The maker's side, as Coinbase reports it: a taker's buy is a SELL.
fn maker_side(trade: &MarketTrade) -> &'static str {
    if trade.buy { "SELL" } else { "BUY" }
}

pub(super) fn trade(listing: &Listing, trade: &MarketTrade) -> String {
    format!(
        r#"{{"product_id":"{}","trade_id":"{}","price":"{}","size":"{}","time":"{}","side":"{}"}}"#,
        listing.symbol,
        trade.id,
        price(listing, trade.price),
        quantity(listing, trade.quantity),
        stamp::rfc3339(trade.time_ns, 6),
        maker_side(trade)
    )
}

pub(super) fn trades_event<'a>(kind: &str, listing: &Listing, trades: impl Iterator<Item = &'a MarketTrade>) -> String {
    let rows: Vec<String> = trades.map(|row| trade(listing, row)).collect();
    format!(r#"{{"type":"{kind}","trades":[{}]}}"#, rows.join(","))
}

/// One product of `ticker`; `ticker_batch` leaves the best bid and ask out.
pub(super) fn ticker(instrument: &Instrument, day: &Bar, best: bool) -> String {
    let (listing, quote) = (&instrument.listing, &instrument.quote);
    let bests = if best {
        format!(
            r#","best_bid":"{}","best_bid_quantity":"{}","best_ask":"{}","best_ask_quantity":"{}""#,
            price(listing, quote.bid),
            quantity(listing, quote.bid_quantity),
            price(listing, quote.ask),
            quantity(listing, quote.ask_quantity)
        )
    } else {
        String::new()
    };
    format!(
        r#"{{"type":"ticker","product_id":"{}","price":"{}","volume_24_h":"{}","low_24_h":"{}","high_24_h":"{}","low_52_w":"{}","high_52_w":"{}","price_percent_chg_24_h":"{}"{bests}}}"#,
        listing.symbol,
        price(listing, day.close),
        quantity(listing, day.volume),
        price(listing, day.low),
        price(listing, day.high),
        price(listing, day.low / 2),
        price(listing, day.high * 2),
        change_percent(day)
    )
}

/// Change of the day in per cent.
pub(super) fn change_percent(day: &Bar) -> Decimal {
    let change = i128::from(day.close - day.open) * 10_000_000_000 / i128::from(day.open.max(1));
    Decimal::new(change, 8).trimmed()
}

pub(super) fn candle(listing: &Listing, bar: &Bar, product: bool) -> String {
    let product = if product { format!(r#","product_id":"{}""#, listing.symbol) } else { String::new() };
    format!(
        r#"{{"start":"{}","high":"{}","low":"{}","open":"{}","close":"{}","volume":"{}"{product}}}"#,
        bar.open_ns / 1_000_000_000,
        price(listing, bar.high),
        price(listing, bar.low),
        price(listing, bar.open),
        price(listing, bar.close),
        quantity(listing, bar.volume)
    )
}

pub(super) fn status_product(listing: &Listing) -> String {
    format!(
        r#"{{"product_type":"SPOT","id":"{}","base_currency":"{}","quote_currency":"{}","base_increment":"{}","quote_increment":"{}","display_name":"{}/{}","status":"online","status_message":"","min_market_funds":"1"}}"#,
        listing.symbol,
        listing.base,
        listing.quote,
        quantity(listing, 1),
        price(listing, 1),
        listing.base,
        listing.quote
    )
}
