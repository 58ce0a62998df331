//! One trade message and one quote message of each of three venues, as they were sent.

use tickplane_model::ExchangeId;

/// A venue's message and what it says.
#[derive(Clone, Copy, Debug)]
pub struct Message {
    /// The venue.
    pub exchange: ExchangeId,
    /// `trade` or `quote`.
    pub kind: &'static str,
    /// The canonical symbol.
    pub symbol: &'static str,
    /// The venue's ticker.
    pub venue_symbol: &'static str,
    /// The text.
    pub text: &'static str,
    /// The numbers of its events in order: price and quantity of each trade; bid price, bid quantity, ask price and
    /// ask quantity of each quote.
    pub numbers: &'static [f64],
}

/// The six messages: 101 to 471 bytes.
pub const MESSAGES: [Message; 6] = [
    // hftbacktest btcusdt_20240808, unwrapped.
    Message {
        exchange: ExchangeId::Binance,
        kind: "trade",
        symbol: "BTC-USDT",
        venue_symbol: "BTCUSDT",
        text: r#"{"e":"trade","E":1723161255343,"s":"BTCUSDT","t":3735683259,"p":"61837.63000000","q":"0.02000000","T":1723161255342,"m":true,"M":true}"#,
        numbers: &[61_837.63, 0.02],
    },
    // github.com/binance/binance-spot-api-docs web-socket-streams.md, July 2026.
    Message {
        exchange: ExchangeId::Binance,
        kind: "quote",
        symbol: "BNB-USDT",
        venue_symbol: "BNBUSDT",
        text: r#"{"u":400900217,"s":"BNBUSDT","b":"25.35190000","B":"31.21000000","a":"25.36520000","A":"40.66000000"}"#,
        numbers: &[25.3519, 31.21, 25.3652, 40.66],
    },
    // Recorded 2026-09-30: two trades, newest last.
    Message {
        exchange: ExchangeId::Coinbase,
        kind: "trade",
        symbol: "ETH-USD",
        venue_symbol: "ETH-USD",
        text: r#"{"channel":"market_trades","client_id":"","timestamp":"2026-09-30T01:41:27.834Z","sequence_num":5,"events":[{"type":"update","trades":[{"product_id":"ETH-USD","trade_id":"846149798","price":"2668.35","size":"0.03710506","time":"2026-09-30T01:41:25.375232Z","side":"SELL"},{"product_id":"ETH-USD","trade_id":"846149799","price":"2668.36","size":"1","time":"2026-09-30T01:41:25.375232Z","side":"BUY"}]}]}"#,
        numbers: &[2_668.35, 0.037_105_06, 2_668.36, 1.0],
    },
    // jkorf Coinbase.Net UnitTests, mid-2026 documentation.
    Message {
        exchange: ExchangeId::Coinbase,
        kind: "quote",
        symbol: "ETH-USDT",
        venue_symbol: "ETH-USDT",
        text: r#"{"channel":"ticker","client_id":"","timestamp":"2023-02-09T20:30:37.167359596Z","sequence_num":0,"events":[{"type":"snapshot","tickers":[{"type":"ticker","product_id":"ETH-USDT","price":"21932.98","volume_24_h":"16038.28770938","low_24_h":"21835.29","high_24_h":"23011.18","low_52_w":"15460","high_52_w":"48240","price_percent_chg_24_h":"-4.15775596190603","best_bid":"21931.98","best_bid_quantity":"8000.21","best_ask":"21933.98","best_ask_quantity":"8038.07770938"}]}]}"#,
        numbers: &[21_931.98, 8_000.21, 21_933.98, 8_038.077_709_38],
    },
    // Recorded 2026-09-25.
    Message {
        exchange: ExchangeId::Kraken,
        kind: "trade",
        symbol: "BTC-USD",
        venue_symbol: "BTC/USD",
        text: r#"{"channel":"trade","type":"update","data":[{"symbol":"BTC/USD","side":"buy","price":83744.3,"qty":0.00044780,"ord_type":"limit","trade_id":109116693,"timestamp":"2026-09-25T17:48:26.844359Z"}]}"#,
        numbers: &[83_744.3, 0.000_447_8],
    },
    // Recorded 2026-09-25.
    Message {
        exchange: ExchangeId::Kraken,
        kind: "quote",
        symbol: "BTC-USD",
        venue_symbol: "BTC/USD",
        text: r#"{"channel":"ticker","type":"update","data":[{"symbol":"BTC/USD","bid":83744.2,"bid_qty":0.56251979,"ask":83744.3,"ask_qty":0.00044780,"last":83744.3,"volume":3156.84782110,"vwap":84174.6,"low":83163.6,"high":85247.4,"change":-429.3,"change_pct":-0.51,"trades":135262,"timestamp":"2026-09-25T17:48:26.844359Z"}]}"#,
        numbers: &[83_744.2, 0.562_519_79, 83_744.3, 0.000_447_8],
    },
];
