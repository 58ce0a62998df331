//! The first reading of a recording: whose it is, what it names, and with how many digits.

use std::collections::HashMap;
use std::path::Path;

use tickplane_model::{ExchangeId, Product, Symbol};

use super::message::{self, Message, Reading};
use super::rows::{Row, Rows};
use super::{Capture, CaptureError, CaptureSummary};
use crate::decimal::Digits;
use crate::market::{Bar, Listing};

/// Price and lot decimals of a symbol of which the recording shows neither.
const DECIMALS: u32 = 8;

/// What a recording holds.
pub(crate) struct Survey {
    pub(crate) summary: CaptureSummary,
    /// The symbols, by turnover, and all of each one's trades as one bar.
    pub(crate) listings: Vec<(Listing, Bar)>,
    /// The symbols in the venue's spelling and their positions in the listings.
    pub(crate) symbols: HashMap<String, u32>,
}

/// One symbol while it is being counted. Its sums are for ranking only.
#[derive(Default)]
struct Seen {
    price_decimals: u32,
    lot_decimals: u32,
    /// First, highest, lowest, last.
    prices: Option<[f64; 4]>,
    volume: f64,
    turnover: f64,
    trades: u64,
    last_id: Option<u64>,
}

impl Survey {
    /// Reads the whole recording once.
    pub(crate) fn new(capture: &Capture, simulated: &[ExchangeId]) -> Result<Self, CaptureError> {
        let path = capture.path.as_path();
        let mut rows = Rows::open(path)?;
        let mut symbols: HashMap<String, Seen> = HashMap::new();
        let (mut venue, mut all, mut messages, mut quotes, mut span) = (None, 0, 0, 0, (i64::MAX, i64::MIN));
        while let Some(row) = rows.next()? {
            all += 1;
            let Some((exchange, message)) = recognise(venue, &row.text, path, simulated)? else { continue };
            venue = Some(exchange);
            messages += 1;
            span = (span.0.min(row.time_ns), span.1.max(row.time_ns));
            quotes += u64::from(message.quote.is_some());
            count(&mut symbols, &message, &row, path)?;
        }
        let Some(exchange) = venue else { return Err(CaptureError::Nothing { path: path.to_owned(), rows: all }) };
        let trades = symbols.values().map(|seen| seen.trades).sum();
        let (from_ns, to_ns) = span;
        let passed_over = all - messages;
        let summary = CaptureSummary { exchange, messages, passed_over, trades, quotes, from_ns, to_ns };
        let mut ranked: Vec<(String, Seen)> = symbols.into_iter().collect();
        ranked.sort_by(|(a, x), (b, y)| y.turnover.total_cmp(&x.turnover).then_with(|| a.cmp(b)));
        let listed = ranked.into_iter().filter_map(|(name, seen)| Some((listing(exchange, &name, &seen)?, name)));
        let (listings, names): (Vec<_>, Vec<_>) = listed.unzip();
        Ok(Self { summary, listings, symbols: names.into_iter().zip(0..).collect() })
    }
}

/// Reads a message: as the venue's that is known already, or as whoever's it is.
fn recognise(
    venue: Option<ExchangeId>,
    text: &str,
    path: &Path,
    simulated: &[ExchangeId],
) -> Result<Option<(ExchangeId, Message)>, CaptureError> {
    let known = [ExchangeId::Binance, ExchangeId::Coinbase, ExchangeId::Kraken];
    let mismatch = |found: &str| {
        let simulated = simulated.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        CaptureError::Venue { path: path.to_owned(), found: found.to_owned(), simulated }
    };
    for exchange in known.into_iter().filter(|exchange| venue.is_none_or(|venue| venue == *exchange)) {
        match message::read(exchange, text) {
            Reading::Data(_) if !simulated.contains(&exchange) => return Err(mismatch(exchange.as_str())),
            Reading::Data(message) => return Ok(Some((exchange, message))),
            Reading::Foreign(market) => return Err(mismatch(market)),
            Reading::Other => {}
        }
    }
    Ok(None)
}

fn count(symbols: &mut HashMap<String, Seen>, message: &Message, row: &Row, path: &Path) -> Result<(), CaptureError> {
    let digits = |text: &str| {
        let number = || CaptureError::Number { path: path.to_owned(), line: row.line, text: text.to_owned() };
        Digits::new(text).ok_or_else(number)
    };
    for symbol in &message.symbols {
        let seen = symbols.entry(symbol.clone()).or_default();
        for [price, quantity] in message.quote.iter().flat_map(|quote| [&quote.bid, &quote.ask]) {
            seen.price_decimals = seen.price_decimals.max(digits(price)?.decimals());
            seen.lot_decimals = seen.lot_decimals.max(digits(quantity)?.decimals());
        }
    }
    for trade in &message.trades {
        let (price, quantity) = (digits(&trade.price)?, digits(&trade.quantity)?);
        let seen = symbols.entry(trade.symbol.clone()).or_default();
        seen.price_decimals = seen.price_decimals.max(price.decimals());
        seen.lot_decimals = seen.lot_decimals.max(quantity.decimals());
        if seen.last_id.is_none_or(|last| trade.id > last) {
            seen.last_id = Some(trade.id);
            seen.add(price.nearest(), quantity.nearest());
        }
    }
    Ok(())
}

impl Seen {
    fn add(&mut self, price: f64, quantity: f64) {
        let [first, high, low, _] = self.prices.unwrap_or([price; 4]);
        self.prices = Some([first, high.max(price), low.min(price), price]);
        self.volume += quantity;
        self.turnover += price * quantity;
        self.trades += 1;
    }
}

/// The listing of a symbol and its trades as one bar; nothing for a name that is no pair.
fn listing(exchange: ExchangeId, name: &str, seen: &Seen) -> Option<(Listing, Bar)> {
    let (base, quote) = message::parts(exchange, name)?;
    let symbol = Symbol::new(&format!("{base}-{quote}")).ok()?;
    let quiet = seen.price_decimals == 0 && seen.lot_decimals == 0;
    let (price_decimals, lot_decimals) =
        if quiet { (DECIMALS, DECIMALS) } else { (seen.price_decimals, seen.lot_decimals) };
    let scaled = |value: f64, decimals: u32| (value * 10_f64.powi(decimals as i32)).round();
    let [open, high, low, close] = seen.prices.unwrap_or([1.0; 4]).map(|price| scaled(price, price_decimals) as i64);
    let volume = scaled(seen.volume, lot_decimals) as i128;
    let turnover = scaled(seen.turnover, price_decimals + lot_decimals) as i128;
    let bar = Bar { high, low, close, volume, turnover, count: seen.trades, ..Bar::flat(0, 0, open) };
    let quantity = (volume / i128::from(seen.trades.max(1))) as i64;
    let (price, quantity, rate) = (open.max(1), quantity.max(1), 0.0);
    let product = Product::Spot;
    Some((Listing { symbol, product, base, quote, price_decimals, lot_decimals, price, quantity, rate }, bar))
}
