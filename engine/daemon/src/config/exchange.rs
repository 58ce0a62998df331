//! The settings of one exchange.
#![allow(clippy::disallowed_methods, reason = "a config names files, which must be there")]

use std::fmt;
use std::path::{Path, PathBuf};

use tickplane_exchanges::Meta;
use tickplane_model::{ExchangeId, Product, Symbol};
use toml::de::DeTable;

use super::TOP;
use super::reader::{Field, Reader, fields};

/// What the plane carries of one exchange, and where it finds it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ExchangeConfig {
    /// Start with the plane.
    pub autostart: bool,
    /// Canonical symbols or the venue's own tickers; empty for the venue's `top`.
    pub symbols: Vec<String>,
    /// How many symbols, by 24 h volume in quote currency, when `symbols` is empty.
    pub top: usize,
    /// Of which products those are.
    pub products: Vec<Product>,
    /// WebSocket base instead of the venue's, `wss://host[:port][/path]`.
    pub websocket: Option<String>,
    /// REST base instead of the venue's, `https://host[:port]`.
    pub rest: Option<String>,
    /// The same for perpetual contracts, where the venue has them on other hosts.
    pub perp: MarketHosts,
    /// File of certificates in PEM to trust instead of the public ones, for sockets and REST of this exchange.
    pub ca: Option<PathBuf>,
}

/// Hosts of one market instead of the venue's.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct MarketHosts {
    /// WebSocket base.
    pub websocket: Option<String>,
    /// REST base.
    pub rest: Option<String>,
}

impl Default for ExchangeConfig {
    fn default() -> Self {
        Self {
            autostart: false,
            symbols: Vec::new(),
            top: 20,
            products: vec![Product::Spot],
            websocket: None,
            rest: None,
            perp: MarketHosts::default(),
            ca: None,
        }
    }
}

/// Whether the exchange can be run: it has an entry in the registry.
#[must_use]
pub fn carried(id: ExchangeId) -> bool {
    tickplane_exchanges::exchange(id).is_some()
}

/// The exchange is known by name only.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotCarried(pub ExchangeId);

impl fmt::Display for NotCarried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exchange \"{}\" is not carried yet; carried are:", self.0)?;
        for exchange in tickplane_exchanges::all() {
            write!(f, " {}", exchange.meta().id)?;
        }
        Ok(())
    }
}

impl std::error::Error for NotCarried {}

pub(super) const KEYS: [&str; 7] = ["autostart", "symbols", "top", "products", "websocket", "rest", "ca"];
/// Tables within the table of an exchange, and their keys.
const TABLES: [&str; 1] = ["perp"];
const MARKET_KEYS: [&str; 2] = ["websocket", "rest"];

impl ExchangeConfig {
    /// Settings with which every product of an exchange is found at one place, as a simulation has it.
    #[must_use]
    pub fn at(websocket: &str, rest: &str) -> Self {
        let (websocket, rest) = (Some(websocket.to_owned()), Some(rest.to_owned()));
        let perp = MarketHosts { websocket: websocket.clone(), rest: rest.clone() };
        let products = vec![Product::Spot, Product::Perpetual];
        Self { products, websocket, rest, perp, ..Self::default() }
    }

    /// Where a market is found instead of at the venue's own hosts. What replaces a host of the main market holds for
    /// those markets too that share it.
    #[must_use]
    pub fn market(&self, main: &Meta, market: &Meta) -> MarketHosts {
        let is_perp = main.products != market.products && market.products.contains(&Product::Perpetual);
        let own = if is_perp { self.perp.clone() } else { MarketHosts::default() };
        let shared = |is_shared: bool, host: &Option<String>| if is_shared { host.clone() } else { None };
        MarketHosts {
            websocket: own.websocket.or_else(|| shared(main.websocket == market.websocket, &self.websocket)),
            rest: own.rest.or_else(|| shared(main.rest == market.rest, &self.rest)),
        }
    }

    /// Reads an exchange's table. With a `folder`, the CA file is looked for in it and must be there.
    pub(super) fn read<'t>(reader: &mut Reader<'t>, table: &'t DeTable<'t>, folder: Option<&Path>) -> Self {
        let mut config = Self::default();
        for field in fields(table) {
            match field.key {
                "autostart" => config.autostart = reader.flag(&field).unwrap_or_default(),
                "symbols" => config.symbols = reader.list(&field, symbol).unwrap_or_default(),
                "top" => config.top = reader.number(&field, TOP).unwrap_or(config.top),
                "products" => config.products = products(reader, &field).unwrap_or(config.products),
                "websocket" => config.websocket = websocket(reader, &field),
                "rest" => config.rest = rest(reader, &field),
                "perp" => config.perp = reader.table(&field).map(|table| hosts(reader, table)).unwrap_or_default(),
                "ca" => config.ca = file(reader, &field, folder),
                _ => reader.unknown_key(&field, &[&KEYS[..], &TABLES].concat()),
            }
        }
        config
    }
}

fn symbol(text: &str) -> Result<String, String> {
    let ticker = |byte: u8| byte.is_ascii_alphanumeric() || b"._+@#/-".contains(&byte);
    if text.is_empty() || text.len() > Symbol::LENGTH_MAX || !text.bytes().all(ticker) {
        return Err(format!("symbol \"{text}\" is none; write it like BTC-USDT, or as the venue does, like BTCUSDT"));
    }
    Ok(text.to_owned())
}

fn products<'t>(reader: &mut Reader<'t>, field: &Field<'t>) -> Option<Vec<Product>> {
    let products = reader.list(field, str::parse::<Product>)?;
    if products.is_empty() {
        reader.error(field.value.span(), "products must name at least one");
    }
    Some(products)
}

fn hosts<'t>(reader: &mut Reader<'t>, table: &'t DeTable<'t>) -> MarketHosts {
    let mut market = MarketHosts::default();
    for field in fields(table) {
        match field.key {
            "websocket" => market.websocket = websocket(reader, &field),
            "rest" => market.rest = rest(reader, &field),
            _ => reader.unknown_key(&field, &MARKET_KEYS),
        }
    }
    market
}

fn websocket<'t>(reader: &mut Reader<'t>, field: &Field<'t>) -> Option<String> {
    address(reader, field, |url| check_url(url, ["wss", "ws"]))
}

fn rest<'t>(reader: &mut Reader<'t>, field: &Field<'t>) -> Option<String> {
    address(reader, field, |url| check_url(url, ["https", "http"]))
}

fn address<'t>(reader: &mut Reader<'t>, field: &Field<'t>, check: fn(&str) -> Result<(), String>) -> Option<String> {
    reader.checked(field, check).map(|url| url.trim_end_matches('/').to_owned())
}

fn check_url(url: &str, schemes: [&str; 2]) -> Result<(), String> {
    let fail = |reason: &str| Err(format!("address \"{url}\" {reason}; write it like {}://host:port", schemes[0]));
    let Some((scheme, rest)) = url.split_once("://") else {
        return fail("has no scheme");
    };
    if !schemes.contains(&scheme) {
        return fail(&format!("must begin with {}:// or {}://", schemes[0], schemes[1]));
    }
    let authority = rest.split('/').next().unwrap_or("");
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    if host.is_empty() || url.chars().any(|c| c.is_whitespace() || c.is_control()) || authority.contains('@') {
        return fail("has no proper host");
    }
    if port.is_some_and(|port| port.parse::<u16>().is_ok_and(|port| port > 0)) || port.is_none() {
        Ok(())
    } else {
        fail("has a port that is none")
    }
}

fn file<'t>(reader: &mut Reader<'t>, field: &Field<'t>, folder: Option<&Path>) -> Option<PathBuf> {
    let text = reader.text(field)?;
    let Some(folder) = folder else {
        return Some(PathBuf::from(text));
    };
    let path = folder.join(text);
    if let Err(error) = std::fs::File::open(&path) {
        reader.error(field.value.span(), format!("{} file {}: {error}", field.key, path.display()));
    }
    Some(path)
}
