//! The exchanges with limits that hold for shorter times, so that thousands of connections take minutes.

use std::sync::OnceLock;

use tickplane_exchanges::{
    AnswerError, ConnectionPlan, Exchange, Hosts, Limits, Meta, Rate, Request, Session, WantedTrades,
};
use tickplane_model::{Candle, ExchangeId, Instrument, InstrumentIndex, Product, Symbol, Timeframe, Trade};

/// How many times shorter than the venue's the periods of limits on connections and requests are. Coinbase counts by
/// the second: nothing is gained there. Messages are counted by the second everywhere.
pub(super) const FASTER: [(ExchangeId, u32); 3] =
    [(ExchangeId::Binance, 60), (ExchangeId::Coinbase, 1), (ExchangeId::Kraken, 120)];

/// An exchange in a hurry, with a connection for each instrument.
pub(super) struct Hurried {
    inner: &'static dyn Exchange,
    meta: Meta,
}

/// Every exchange of [`FASTER`].
pub(super) fn exchanges() -> Vec<&'static dyn Exchange> {
    static ALL: OnceLock<Vec<Hurried>> = OnceLock::new();
    let of = |(id, faster): (ExchangeId, u32)| Hurried::new(id, faster);
    ALL.get_or_init(|| FASTER.map(of).into()).iter().map(|hurried| hurried as &dyn Exchange).collect()
}

/// What a venue allows while it is in a hurry.
pub(super) fn limits(id: ExchangeId) -> Limits {
    let faster = FASTER.iter().find(|(of, _)| *of == id).map_or(1, |(_, faster)| *faster);
    Hurried::new(id, faster).meta.limits
}

impl Hurried {
    fn new(id: ExchangeId, faster: u32) -> Self {
        let inner = tickplane_exchanges::exchange(id).unwrap();
        let meta = *inner.meta();
        let hurry = |rate: Rate| Rate { per_ms: rate.per_ms / faster, ..rate };
        let (connects, requests) = (meta.limits.connects.map(hurry), meta.limits.requests.map(hurry));
        Self { inner, meta: Meta { limits: Limits { connects, requests, ..meta.limits }, ..meta } }
    }
}

impl Exchange for Hurried {
    fn meta(&self) -> &'static Meta {
        static METAS: OnceLock<Vec<Meta>> = OnceLock::new();
        let metas = METAS.get_or_init(|| FASTER.map(|(id, faster)| Hurried::new(id, faster).meta).into());
        metas.iter().find(|meta| meta.id == self.meta.id).unwrap()
    }

    fn plan(&self, hosts: &Hosts, instruments: &[Instrument]) -> Vec<ConnectionPlan> {
        let alone = |(at, instrument): (usize, &Instrument)| {
            let plans = self.inner.plan(hosts, std::slice::from_ref(instrument));
            plans.into_iter().map(move |plan| ConnectionPlan { instruments: vec![at], ..plan })
        };
        instruments.iter().enumerate().flat_map(alone).collect()
    }

    fn instrument_requests(&self, product: Product) -> Vec<Request> {
        self.inner.instrument_requests(product)
    }

    fn instruments(&self, product: Product, answers: &[Vec<u8>]) -> Result<Vec<Instrument>, AnswerError> {
        self.inner.instruments(product, answers)
    }

    fn session(&self, route: &'static str, instruments: &[(InstrumentIndex, &Instrument)]) -> Box<dyn Session> {
        self.inner.session(route, instruments)
    }

    fn decoder(&self, product: Product, instruments: &[(InstrumentIndex, &Instrument)]) -> Box<dyn Session> {
        self.inner.decoder(product, instruments)
    }

    fn symbol(&self, product: Product, venue_symbol: &str) -> Option<Symbol> {
        self.inner.symbol(product, venue_symbol)
    }

    fn venue_symbol(&self, product: Product, symbol: &Symbol) -> Option<String> {
        self.inner.venue_symbol(product, symbol)
    }

    fn trades_request(&self, instrument: &Instrument, wanted: WantedTrades) -> Request {
        self.inner.trades_request(instrument, wanted)
    }

    fn trades(&self, instrument: &Instrument, answer: &[u8]) -> Result<Vec<Trade>, AnswerError> {
        self.inner.trades(instrument, answer)
    }

    fn candles_request(
        &self,
        instrument: &Instrument,
        timeframe: Timeframe,
        from_ns: i64,
        to_ns: i64,
    ) -> Option<Request> {
        self.inner.candles_request(instrument, timeframe, from_ns, to_ns)
    }

    fn candles(
        &self,
        instrument: &Instrument,
        timeframe: Timeframe,
        answer: &[u8],
    ) -> Result<Vec<Candle>, AnswerError> {
        self.inner.candles(instrument, timeframe, answer)
    }
}
