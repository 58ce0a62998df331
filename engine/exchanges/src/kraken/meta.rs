//! The constant facts of Kraken spot.

use tickplane_model::{Calendar, ExchangeId, Product, Timeframe};

use crate::{CandleFacts, Fees, Limits, Meta, Quirk, Rate, Regions, TradeIds, TradePages};

pub(super) const META: Meta = Meta {
    id: ExchangeId::Kraken,
    name: "Kraken",
    products: &[Product::Spot],
    websocket: &["wss://ws.kraken.com/v2"],
    rest: "https://api.kraken.com",
    limits: Limits {
        // No number is published; bursts lose symbols ("Exceeded msg rate"), so arrays of symbols, slowly.
        subscriptions_per_message: 50,
        message_bytes_max: 8_192,
        outgoing: Some(Rate { count: 4, per_ms: 1_000 }),
        // Often quoted, not verified: 150 attempts in ten minutes.
        connects: Some(Rate { count: 150, per_ms: 600_000 }),
        requests: Some(Rate { count: 1, per_ms: 1_000 }),
        // A heartbeat each second without other traffic.
        silence_max_ms: 10_000,
        incoming_bytes_max: 8 << 20,
        ..Limits::UNSTATED
    },
    fees: Fees { maker_percent: 0.25, taker_percent: 0.40 },
    restricted: Regions {
        codes: &["AF", "BY", "RU", "IR", "IQ", "KP", "JP", "SY", "LY", "SD", "SS", "CD", "CU"],
        as_of: "2025",
        source: "support.kraken.com by way of datawallet.com",
    },
    // Its weeks open on Thursdays, and so are no weeks of ours.
    timeframes: &[
        Timeframe::M1,
        Timeframe::M5,
        Timeframe::M15,
        Timeframe::M30,
        Timeframe::H1,
        Timeframe::H4,
        Timeframe::D1,
    ],
    candles: CandleFacts {
        rows_per_answer: 720,
        rows_back: Some(720),
        leaves_out_empty: false,
        // Not stated.
        lag_ms: 3_000,
        volume_places: 8,
    },
    calendar: Calendar::AlwaysOpen,
    trade_ids: TradeIds::Contiguous,
    trades_per_answer: 1_000,
    // `since` and on.
    trade_pages: TradePages::Forward,
    // `heartbeat` about once a second when there is no other traffic.
    heartbeat_ms: Some(1_000),
    quirks: &[Quirk {
        text: "weeks open on Thursdays: its weekly candles are not ours",
        link: "https://docs.kraken.com/api/docs/websocket-v2/ohlc",
    }],
    links: &["https://docs.kraken.com/api/docs/websocket-v2/trade", "https://docs.kraken.com/api/docs/rest-api"],
};
