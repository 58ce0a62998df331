//! The facts of every exchange make sense, and damaged answers do no harm.

use tickplane_exchanges::{all, decoder, exchange};
use tickplane_model::{ExchangeId, Product, Timeframe};

#[test]
fn facts_are_sane() {
    for meta in all().iter().flat_map(|exchange| exchange.markets()) {
        let limits = meta.limits;
        let what = format!("{} {:?}", meta.id, meta.products);
        assert!(!meta.name.is_empty() && !meta.links.is_empty() && !meta.products.is_empty(), "{what}");
        assert!(meta.websocket.iter().all(|url| url.starts_with("wss://") && !url.ends_with('/')), "{what}");
        assert!(!meta.websocket.is_empty() && meta.rest.starts_with("https://") && !meta.rest.ends_with('/'), "{what}");
        assert!((5_000..=120_000).contains(&limits.silence_max_ms), "{what}");
        assert!((1 << 16..=64 << 20).contains(&limits.incoming_bytes_max), "{what}");
        let rates = [limits.outgoing, limits.connects, limits.subscribes, limits.requests];
        for rate in rates.into_iter().flatten() {
            assert!(rate.count > 0 && rate.per_ms > 0, "{what}");
        }
        assert!(
            (0.0..2.0).contains(&meta.fees.maker_percent) && (0.0..2.0).contains(&meta.fees.taker_percent),
            "{what}"
        );
        assert!(meta.timeframes.contains(&Timeframe::M1) && meta.timeframes.is_sorted(), "{what}");
        let candles = meta.candles;
        assert!((100..=5_000).contains(&candles.rows_per_answer), "{what}");
        assert!(candles.rows_back.is_none_or(|rows| rows >= 500), "{what}: the aim is 500 rows");
        assert!((1..=60_000).contains(&candles.lag_ms) && (2..=18).contains(&candles.volume_places), "{what}");
        assert!(meta.trades_per_answer > 0, "{what}");
    }
}

/// `US`, `CA-ON`, `UA-43`.
fn is_region(code: &str) -> bool {
    let (country, part) = code.split_once('-').unwrap_or((code, "00"));
    let is_code = |text: &str| text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase()) && part.len() == 2 && is_code(part)
}

#[test]
fn what_is_said_of_regions_and_quirks_names_its_source() {
    for meta in all().iter().flat_map(|exchange| exchange.markets()) {
        let regions = meta.restricted;
        assert!(regions.codes.iter().all(|code| is_region(code)), "{}", meta.id);
        assert!(
            regions.as_of.starts_with("20") && regions.as_of.len() >= 4 && !regions.source.is_empty(),
            "{}",
            meta.id
        );
        assert!(!meta.quirks.is_empty(), "{}: every venue surprises", meta.id);
        for quirk in meta.quirks {
            assert!(!quirk.text.is_empty() && quirk.link.starts_with("https://"), "{}: {}", meta.id, quirk.text);
        }
    }
}

#[test]
fn a_product_is_of_one_market_and_markets_are_of_one_exchange() {
    for exchange in all() {
        let markets = exchange.markets();
        assert_eq!(*exchange.meta(), markets[0], "the main market comes first");
        for market in markets {
            assert!(market.id == exchange.meta().id && market.name == exchange.meta().name);
            for product in market.products {
                assert!(std::ptr::eq(exchange.market(*product), market) || markets.len() == 1, "{product}");
            }
        }
        let products: Vec<Product> = markets.iter().flat_map(|market| market.products).copied().collect();
        assert!((1..products.len()).all(|at| !products[..at].contains(&products[at])), "{products:?}");
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
