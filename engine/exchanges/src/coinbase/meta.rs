//! The constant facts of Coinbase Advanced Trade.

use tickplane_model::{Calendar, ExchangeId, Product, Timeframe};

use crate::{CandleFacts, Fees, Limits, Meta, Quirk, Rate, Regions, Scope, TradeIds, TradePages};

pub(super) const META: Meta = Meta {
    id: ExchangeId::Coinbase,
    name: "Coinbase",
    products: &[Product::Spot],
    websocket: &["wss://advanced-trade-ws.coinbase.com"],
    rest: "https://api.coinbase.com",
    limits: Limits {
        // Not stated; 250 products fit many times over.
        message_bytes_max: 16_384,
        // Unauthenticated messages, eight a second and IP.
        outgoing: Some(Rate { count: 8, per_ms: 1_000 }),
        outgoing_scope: Scope::Ip,
        connects: Some(Rate { count: 8, per_ms: 1_000 }),
        requests: Some(Rate { count: 10, per_ms: 1_000 }),
        subscribe_deadline_ms: Some(5_000),
        // The heartbeats channel speaks each second.
        silence_max_ms: 10_000,
        // Whole books are large: the official SDK allows 10 MiB.
        incoming_bytes_max: 16 << 20,
        ..Limits::UNSTATED
    },
    fees: Fees { maker_percent: 0.60, taker_percent: 1.20 },
    restricted: Regions { codes: &[], as_of: "2025-11-04", source: "coinbase.com user agreement, which has no list" },
    timeframes: &[
        Timeframe::M1,
        Timeframe::M5,
        Timeframe::M15,
        Timeframe::M30,
        Timeframe::H1,
        Timeframe::H2,
        Timeframe::H6,
        Timeframe::D1,
    ],
    candles: CandleFacts {
        rows_per_answer: 350,
        rows_back: None,
        leaves_out_empty: true,
        // Not stated; trades are told in batches of 250 ms.
        lag_ms: 5_000,
        volume_places: 8,
    },
    calendar: Calendar::AlwaysOpen,
    // Grow per product; losses show in the connection's sequence numbers.
    trade_ids: TradeIds::Increasing,
    // Ours: the venue states no maximum, and the busiest product has fewer between two looks.
    trades_per_answer: 500,
    // The newest, up to `end` where one is given.
    trade_pages: TradePages::Backward,
    // The heartbeats channel speaks each second.
    heartbeat_ms: Some(1_000),
    quirks: &[Quirk {
        text: "BTC-USDC and other pairs with USDC are the same book as those with USD, and their messages say USD",
        link: "https://docs.cdp.coinbase.com/coinbase-app/advanced-trade-apis/websocket/websocket-channels",
    }],
    links: &["https://docs.cdp.coinbase.com/advanced-trade/docs/ws-overview"],
};
