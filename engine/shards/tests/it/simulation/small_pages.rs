//! Kraken, but for some of its facts: the length of its REST answers, the end of the tape they begin at, its limits.

use tickplane_exchanges::{
    AnswerError, ConnectionPlan, Exchange, Hosts, Meta, Request, Session, TradePages, WantedTrades, exchange,
};
use tickplane_model::{Candle, ExchangeId, Instrument, InstrumentIndex, Product, Symbol, Timeframe, Trade};

use std::sync::LazyLock;

use crate::simulation::venue::PAGE;

/// Answers go on from the mark, as Kraken's do.
pub(crate) static FORWARD: Altered = Altered(&FORWARD_META);
/// Answers are the newest trades, as Coinbase's are: up to the end of a seam, or of all.
pub(crate) static BACKWARD: Altered = Altered(&BACKWARD_META);

static FORWARD_META: LazyLock<Meta> = LazyLock::new(|| meta(TradePages::Forward));
static BACKWARD_META: LazyLock<Meta> = LazyLock::new(|| meta(TradePages::Backward));

fn meta(trade_pages: TradePages) -> Meta {
    Meta { trades_per_answer: PAGE, trade_pages, ..*kraken().meta() }
}

pub(crate) fn kraken() -> &'static dyn Exchange {
    exchange(ExchangeId::Kraken).unwrap()
}

pub(crate) struct Altered(pub(crate) &'static LazyLock<Meta>);

impl Exchange for Altered {
    fn meta(&self) -> &'static Meta {
        self.0
    }

    fn instrument_requests(&self, product: Product) -> Vec<Request> {
        kraken().instrument_requests(product)
    }

    fn instruments(&self, product: Product, answers: &[Vec<u8>]) -> Result<Vec<Instrument>, AnswerError> {
        kraken().instruments(product, answers)
    }

    fn plan(&self, hosts: &Hosts, instruments: &[Instrument]) -> Vec<ConnectionPlan> {
        kraken().plan(hosts, instruments)
    }

    fn session(&self, route: &'static str, instruments: &[(InstrumentIndex, &Instrument)]) -> Box<dyn Session> {
        kraken().session(route, instruments)
    }

    fn decoder(&self, product: Product, instruments: &[(InstrumentIndex, &Instrument)]) -> Box<dyn Session> {
        kraken().decoder(product, instruments)
    }

    fn symbol(&self, product: Product, venue_symbol: &str) -> Option<Symbol> {
        kraken().symbol(product, venue_symbol)
    }

    fn venue_symbol(&self, product: Product, symbol: &Symbol) -> Option<String> {
        kraken().venue_symbol(product, symbol)
    }

    fn trades_request(&self, instrument: &Instrument, wanted: WantedTrades) -> Request {
        let until = match (self.0.trade_pages, wanted) {
            (TradePages::Forward, _) | (_, WantedTrades::Newest) => return kraken().trades_request(instrument, wanted),
            (TradePages::Backward, WantedTrades::After { before, .. }) => {
                before.map_or(String::new(), |before| format!("&until={}", before.exchange_ns))
            }
        };
        Request::get(format!("/0/public/Trades?pair={}{until}", instrument.venue_symbol), 1)
    }

    fn trades(&self, instrument: &Instrument, answer: &[u8]) -> Result<Vec<Trade>, AnswerError> {
        kraken().trades(instrument, answer)
    }

    fn candles_request(&self, of: &Instrument, timeframe: Timeframe, from_ns: i64, to_ns: i64) -> Option<Request> {
        kraken().candles_request(of, timeframe, from_ns, to_ns)
    }

    fn candles(&self, of: &Instrument, timeframe: Timeframe, answer: &[u8]) -> Result<Vec<Candle>, AnswerError> {
        kraken().candles(of, timeframe, answer)
    }
}
