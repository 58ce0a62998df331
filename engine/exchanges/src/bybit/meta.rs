//! The constant facts of Bybit's spot and linear markets.

use tickplane_model::{Calendar, ExchangeId, Product, Timeframe};

use crate::{CandleFacts, Fees, Limits, Meta, Quirk, Rate, Regions, TradeIds, TradePages};

const SPOT: Meta = Meta {
    id: ExchangeId::Bybit,
    name: "Bybit",
    products: &[Product::Spot],
    websocket: &["wss://stream.bybit.com"],
    rest: "https://api.bybit.com",
    limits: Limits {
        // Spot; of the others no number is stated, and fewer topics a request do no harm.
        subscriptions_per_message: 10,
        // Ours: nothing is stated. Some fifty requests fill a connection.
        outgoing: Some(Rate { count: 10, per_ms: 1_000 }),
        connects: Some(Rate { count: 500, per_ms: 300_000 }),
        // By market type.
        connections_per_ip: 1_000,
        requests: Some(Rate { count: 600, per_ms: 5_000 }),
        // It answers our pings, one in 20 s; one answer may be lost.
        silence_max_ms: 45_000,
        incoming_bytes_max: 4 << 20,
        ..Limits::UNSTATED
    },
    fees: Fees { maker_percent: 0.10, taker_percent: 0.10 },
    restricted: Regions {
        codes: &["US", "CN", "SG", "CA-QC", "CA-ON", "UZ", "SY", "KP", "CU", "IR", "UA-43", "UA-14", "UA-09"],
        as_of: "2026-07-24",
        source: "bybit-exchange/docs, docs/v5/guide.mdx (US and CN: HTTP 403 by IP); the others by campaign terms, undated",
    },
    // On which day its weeks open is not stated, so they are not taken for ours.
    timeframes: &[
        Timeframe::M1,
        Timeframe::M3,
        Timeframe::M5,
        Timeframe::M15,
        Timeframe::M30,
        Timeframe::H1,
        Timeframe::H2,
        Timeframe::H4,
        Timeframe::H6,
        Timeframe::H12,
        Timeframe::D1,
    ],
    candles: CandleFacts {
        rows_per_answer: 1_000,
        rows_back: None,
        // Users see flat rows; nothing is stated.
        leaves_out_empty: false,
        lag_ms: 3_000,
        volume_places: 8,
    },
    calendar: Calendar::AlwaysOpen,
    // 19 digits in spot that look as if they grew, UUIDs in contracts.
    trade_ids: TradeIds::Opaque,
    trades_per_answer: 60,
    // The newest, and no way to ask for others.
    trade_pages: TradePages::Backward,
    heartbeat_ms: None,
    quirks: &[
        Quirk {
            text: "recent trades by REST reach back 60 trades in spot: a longer loss is a gap",
            link: "https://bybit-exchange.github.io/docs/v5/market/recent-trade",
        },
        Quirk {
            text: "spot tickers carry no best bid and ask: these come from the book's first level",
            link: "https://bybit-exchange.github.io/docs/v5/websocket/public/ticker",
        },
        Quirk {
            text: "answers HTTP 403 from the United States and mainland China",
            link: "https://bybit-exchange.github.io/docs/v5/guide",
        },
    ],
    links: &["https://bybit-exchange.github.io/docs/v5/intro", "https://bybit-exchange.github.io/docs/v5/ws/connect"],
};

const LINEAR: Meta = Meta {
    products: &[Product::Perpetual],
    fees: Fees { maker_percent: 0.02, taker_percent: 0.055 },
    trades_per_answer: 1_000,
    quirks: &[
        Quirk {
            text: "1000PEPE and the like are a thousand coins a unit, as the venue counts them",
            link: "https://bybit-exchange.github.io/docs/v5/market/instrument",
        },
        Quirk {
            text: "answers HTTP 403 from the United States and mainland China",
            link: "https://bybit-exchange.github.io/docs/v5/guide",
        },
    ],
    ..SPOT
};

pub(super) static MARKETS: [Meta; 2] = [SPOT, LINEAR];

/// The market of a product.
pub(super) fn of(product: Product) -> &'static Meta {
    &MARKETS[usize::from(product != Product::Spot)]
}
