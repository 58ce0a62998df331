//! The constant facts of Binance spot.

use tickplane_model::{Calendar, ExchangeId, Product, Timeframe};

use crate::{CandleFacts, Fees, Limits, Meta, Quirk, Rate, Regions, TradeIds, TradePages};

pub(super) const META: Meta = Meta {
    id: ExchangeId::Binance,
    name: "Binance",
    products: &[Product::Spot],
    websocket: &[
        "wss://stream.binance.com:9443",
        "wss://stream.binance.com:443",
        // Market data only; reachable from more places.
        "wss://data-stream.binance.vision",
    ],
    rest: "https://api.binance.com",
    limits: Limits {
        subscriptions_per_connection: 1024,
        // Not stated; with the longest names this stays near 5 KB a message.
        subscriptions_per_message: 200,
        message_bytes_max: 8192,
        // Pings, pongs and texts together.
        outgoing: Some(Rate { count: 5, per_ms: 1_000 }),
        connects: Some(Rate { count: 300, per_ms: 300_000 }),
        // In request weight.
        requests: Some(Rate { count: 6_000, per_ms: 60_000 }),
        // The server pings every 20 s.
        silence_max_ms: 30_000,
        connection_life_ms: Some(24 * 3_600_000),
        incoming_bytes_max: 4 << 20,
        ..Limits::UNSTATED
    },
    fees: Fees { maker_percent: 0.10, taker_percent: 0.10 },
    restricted: Regions {
        codes: &["US", "CA", "NL", "MY"],
        as_of: "2024-10",
        source: "freqtrade's documentation, exchanges.md: HTTP 451 by IP",
    },
    timeframes: &[
        Timeframe::S1,
        Timeframe::M1,
        Timeframe::M3,
        Timeframe::M5,
        Timeframe::M15,
        Timeframe::M30,
        Timeframe::H1,
        Timeframe::H2,
        Timeframe::H4,
        Timeframe::H6,
        Timeframe::H8,
        Timeframe::H12,
        Timeframe::D1,
        Timeframe::W1,
    ],
    candles: CandleFacts {
        rows_per_answer: 1_000,
        rows_back: None,
        // Flat rows stand for quiet intervals; the venue's own outages leave holes (ccxt issue 8068).
        leaves_out_empty: false,
        // Closing pushes came up to 2 s after the end.
        lag_ms: 3_000,
        volume_places: 8,
    },
    calendar: Calendar::AlwaysOpen,
    trade_ids: TradeIds::Contiguous,
    trades_per_answer: 1_000,
    // `fromId` and on.
    trade_pages: TradePages::Forward,
    // The server pings every 20 s only.
    heartbeat_ms: None,
    quirks: &[
        Quirk {
            text: "best bid and ask (bookTicker) carry no time of the venue",
            link: "https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams",
        },
        Quirk {
            text: "connections are cut after 24 hours",
            link: "https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams",
        },
    ],
    links: &["https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams"],
};
