//! Bybit v5: spot and linear perpetual contracts. Facts: github.com/bybit-exchange/docs (docs/v5, July 2026), and frames
//! recorded in April 2023.
//!
//! One product class a socket; both classes share hosts, and most tickers: `BTCUSDT` is spot and a perpetual.

mod asked;
mod history;
mod meta;
mod parse;
mod subscribe;
mod symbol;
mod top;

use tickplane_model::{Candle, Instrument, InstrumentIndex, Product, Symbol, Timeframe, Trade};

use crate::symbols::Symbols;
use crate::text_session::TextSession;
use crate::{AnswerError, ConnectionPlan, Exchange, Hosts, Meta, Request, Session, WantedTrades, plan};

/// Bybit v5.
pub(crate) struct Bybit;

impl Exchange for Bybit {
    fn meta(&self) -> &'static Meta {
        &meta::MARKETS[0]
    }

    fn markets(&self) -> &'static [Meta] {
        &meta::MARKETS
    }

    fn instrument_requests(&self, product: Product) -> Vec<Request> {
        history::instrument_requests(product)
    }

    fn next_instrument_request(&self, product: Product, answers: &[Vec<u8>]) -> Option<Request> {
        history::next_instrument_request(product, answers)
    }

    fn instruments(&self, product: Product, answers: &[Vec<u8>]) -> Result<Vec<Instrument>, AnswerError> {
        history::instruments(product, answers)
    }

    fn plan(&self, hosts: &Hosts, instruments: &[Instrument]) -> Vec<ConnectionPlan> {
        let Some(first) = instruments.first() else { return Vec::new() };
        let url = subscribe::url(hosts, first.product);
        plan::connections(instruments, subscribe::TICKERS_PER_CONNECTION, subscribe::TOPICS.len(), &url)
    }

    fn session(&self, _route: &'static str, instruments: &[(InstrumentIndex, &Instrument)]) -> Box<dyn Session> {
        let product = instruments.first().map_or(Product::Spot, |(_, instrument)| instrument.product);
        let asked = asked::Asked::new(instruments);
        let protocol = parse::Protocol::new(product, Symbols::subscribed(instruments), asked);
        Box::new(TextSession::new(&meta::MARKETS[0].limits, protocol))
    }

    fn decoder(&self, product: Product, instruments: &[(InstrumentIndex, &Instrument)]) -> Box<dyn Session> {
        let protocol = parse::Protocol::new(product, Symbols::any(instruments), asked::Asked::new(&[]));
        Box::new(TextSession::new(&meta::MARKETS[0].limits, protocol))
    }

    fn symbol(&self, product: Product, venue_symbol: &str) -> Option<Symbol> {
        symbol::canonical(product, venue_symbol)
    }

    fn venue_symbol(&self, product: Product, symbol: &Symbol) -> Option<String> {
        symbol::ticker(product, symbol)
    }

    fn trades_request(&self, instrument: &Instrument, _wanted: WantedTrades) -> Request {
        history::trades_request(instrument)
    }

    fn trades(&self, _instrument: &Instrument, answer: &[u8]) -> Result<Vec<Trade>, AnswerError> {
        history::trades(answer)
    }

    fn candles_request(
        &self,
        instrument: &Instrument,
        timeframe: Timeframe,
        from_ns: i64,
        to_ns: i64,
    ) -> Option<Request> {
        history::candles_request(instrument, timeframe, from_ns, to_ns)
    }

    fn candles(&self, _: &Instrument, _: Timeframe, answer: &[u8]) -> Result<Vec<Candle>, AnswerError> {
        history::candles(answer)
    }
}
