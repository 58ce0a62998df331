//! The facts of every exchange make sense, and damaged answers do no harm.

use tickplane_exchanges::{all, decoder, exchange};
use tickplane_model::{ExchangeId, Product, Timeframe};

#[test]
fn facts_are_sane() {
    for exchange in all() {
        let meta = exchange.meta();
        let limits = meta.limits;
        assert!(!meta.name.is_empty() && !meta.links.is_empty() && !meta.products.is_empty(), "{}", meta.id);
        assert!(meta.websocket.iter().all(|url| url.starts_with("wss://") && !url.ends_with('/')), "{}", meta.id);
        assert!(!meta.websocket.is_empty() && meta.rest.starts_with("https://") && !meta.rest.ends_with('/'));
        assert!((5_000..=120_000).contains(&limits.silence_max_ms), "{}", meta.id);
        assert!((1 << 16..=64 << 20).contains(&limits.incoming_bytes_max), "{}", meta.id);
        for rate in [limits.outgoing, limits.connects, limits.requests].into_iter().flatten() {
            assert!(rate.count > 0 && rate.per_ms > 0, "{}", meta.id);
        }
        assert!((0.0..2.0).contains(&meta.fees.maker_percent) && (0.0..2.0).contains(&meta.fees.taker_percent));
        assert!(meta.restricted_regions.iter().all(|region| region.len() >= 2 && region.is_ascii()));
        assert!(meta.timeframes.contains(&Timeframe::M1), "{}", meta.id);
        assert!(meta.timeframes.is_sorted(), "{}", meta.id);
        let candles = meta.candles;
        assert!((100..=5_000).contains(&candles.rows_per_answer), "{}", meta.id);
        assert!(candles.rows_back.is_none_or(|rows| rows >= 500), "{}: the aim is 500 rows", meta.id);
        assert!((1..=60_000).contains(&candles.lag_ms) && (2..=18).contains(&candles.volume_places), "{}", meta.id);
    }
}

#[test]
fn the_registry_finds_each_exchange_once() {
    for id in ExchangeId::ALL {
        let count = all().iter().filter(|exchange| exchange.meta().id == id).count();
        assert_eq!(exchange(id).is_some(), count == 1, "{id}");
        assert!(count <= 1, "{id}");
        assert_eq!(decoder(id, Product::Spot, &[]).is_some(), count == 1);
    }
}
