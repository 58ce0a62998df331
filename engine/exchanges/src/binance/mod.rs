//! Binance spot. Facts: github.com/binance/binance-spot-api-docs (web-socket-streams.md, rest-api.md), July 2026.

mod asked;
mod history;
mod meta;
mod parse;
mod subscribe;
mod symbol;

use tickplane_model::{Candle, Instrument, InstrumentIndex, Product, Symbol, Timeframe, Trade};

use self::asked::Asked;
use crate::symbols::Symbols;
use crate::text_session::TextSession;
use crate::{AnswerError, ConnectionPlan, Exchange, Hosts, Meta, Request, Session, WantedTrades, plan};

/// Binance spot.
pub(crate) struct Binance;

impl Exchange for Binance {
    fn meta(&self) -> &'static Meta {
        &meta::META
    }

    fn other_rest(&self, _market: &Meta) -> &'static [&'static str] {
        // Market data only; reachable from more places.
        &["https://data-api.binance.vision"]
    }

    fn instrument_requests(&self, _product: Product) -> Vec<Request> {
        history::instrument_requests()
    }

    fn instruments(&self, _product: Product, answers: &[Vec<u8>]) -> Result<Vec<Instrument>, AnswerError> {
        history::instruments(answers)
    }

    fn plan(&self, hosts: &Hosts, instruments: &[Instrument]) -> Vec<ConnectionPlan> {
        plan::connections(
            instruments,
            subscribe::SYMBOLS_PER_CONNECTION,
            subscribe::STREAMS.len(),
            &subscribe::url(hosts),
        )
    }

    fn session(&self, _route: &'static str, instruments: &[(InstrumentIndex, &Instrument)]) -> Box<dyn Session> {
        let asked = Asked::new(instruments);
        let protocol = parse::Protocol::new(Product::Spot, Symbols::subscribed(instruments), asked);
        Box::new(TextSession::new(&meta::META.limits, protocol))
    }

    fn decoder(&self, product: Product, instruments: &[(InstrumentIndex, &Instrument)]) -> Box<dyn Session> {
        let protocol = parse::Protocol::new(product, Symbols::any(instruments), Asked::new(&[]));
        Box::new(TextSession::new(&meta::META.limits, protocol))
    }

    fn symbol(&self, _product: Product, _venue_symbol: &str) -> Option<Symbol> {
        None
    }

    fn venue_symbol(&self, _product: Product, symbol: &Symbol) -> Option<String> {
        symbol::ticker(symbol)
    }

    fn trades_request(&self, instrument: &Instrument, wanted: WantedTrades) -> Request {
        history::trades_request(instrument, wanted)
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
