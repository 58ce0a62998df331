//! The interface every exchange implements.

use tickplane_model::{Candle, EventSink, Instrument, InstrumentIndex, Product, Symbol, Timeframe, Trade};

use crate::{AnswerError, Hosts, Meta, Request, WantedTrades, answer};

/// How the WebSocket address of a connection is found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Endpoint {
    /// It is known: `wss://host[:port]/path?query`.
    Url(String),
    /// The venue hands out an address with a token first (KuCoin): each attempt asks, and gives the answer to
    /// [`Exchange::grant`].
    Request(Request),
}

/// What a venue grants before a connection: its address, and how to keep it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Grant {
    /// `wss://host[:port]/path?query`, token and all.
    pub url: String,
    /// The venue wants a ping this often; `None` where it does not say.
    pub ping_ms: Option<u32>,
}

/// One connection to open: where, and which instruments it carries.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConnectionPlan {
    /// Where to connect.
    pub endpoint: Endpoint,
    /// The venue's word for what this socket serves, where one instrument needs several (OKX's public and business,
    /// Binance USD-M's public and market); the session is told. Empty where a socket serves everything.
    pub route: &'static str,
    /// Headers of the upgrade that the venue demands.
    pub headers: Vec<(&'static str, String)>,
    /// Whether the trades of its instruments come on it; false for a route that brings their quotes only. Exactly one
    /// connection brings an instrument's trades.
    pub has_trades: bool,
    /// Subscriptions it will hold, as the venue counts them against [`Limits`](crate::Limits).
    pub subscriptions: usize,
    /// Positions in the list of instruments that was given to [`Exchange::plan`].
    pub instruments: Vec<usize>,
}

/// A message's payload as it came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Payload<'a> {
    /// A text message.
    Text(&'a [u8]),
    /// A binary message.
    Binary(&'a [u8]),
}

/// One message to send.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outgoing {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Vec<u8>),
}

/// Messages to send, in order. The shard paces them by the venue's [`Limits`](crate::Limits).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Outbox(pub Vec<Outgoing>);

impl Outbox {
    /// Queues a text message.
    pub fn text(&mut self, text: impl Into<String>) {
        self.0.push(Outgoing::Text(text.into()));
    }
}

/// One connection's side of the venue's protocol: what to say, and what the answers mean.
///
/// A session lives as long as its socket. It allocates when it opens, not per message.
pub trait Session: Send {
    /// What the venue granted for this connection, before it opens; only where it was asked.
    fn granted(&mut self, _grant: &Grant) {}

    /// The socket is open: queues the login and subscriptions. `now_ns` is for venues that want the time in them.
    fn opened(&mut self, now_ns: i64, outbox: &mut Outbox);

    /// Reads one message. `receive_ns` goes into the events as it is.
    fn message(&mut self, payload: Payload<'_>, receive_ns: i64, sink: &mut dyn EventSink);

    /// Called about once a second: queues the venue's application-level pings when they are due.
    fn tick(&mut self, now_ns: i64, outbox: &mut Outbox);

    /// Cancels the subscriptions to one instrument's trades and quotes and takes them anew: what a stream that died
    /// needs. For instruments that share a ticker once is enough. Nothing is queued for one that the session does not carry.
    fn resubscribe(&mut self, instrument: InstrumentIndex, outbox: &mut Outbox);
}

/// An exchange.
pub trait Exchange: Sync {
    /// The constant facts of its main market: what it is known for, spot where it has that.
    fn meta(&self) -> &'static Meta;

    /// The facts of every market, the main one first. One entry where all products share hosts and behave alike.
    fn markets(&self) -> &'static [Meta] {
        std::slice::from_ref(self.meta())
    }

    /// The facts of a product's market; those of the main one for a product that is not carried.
    fn market(&self, product: Product) -> &'static Meta {
        self.markets().iter().find(|market| market.products.contains(&product)).unwrap_or_else(|| self.meta())
    }

    /// REST bases that serve a market too, for where its own refuses this address or region.
    fn other_rest(&self, _market: &Meta) -> &'static [&'static str] {
        &[]
    }

    /// The requests whose answers, in order, [`Exchange::instruments`] needs for a product: the listing first, then 24 h
    /// volumes.
    fn instrument_requests(&self, product: Product) -> Vec<Request>;

    /// What to ask after those answers: the next page of a listing that comes in pages.
    fn next_instrument_request(&self, _product: Product, _answers: &[Vec<u8>]) -> Option<Request> {
        None
    }

    /// Reads the instruments of a product, with their 24 h quote volume, from those answers. The listing alone is enough:
    /// the volumes are NaN then.
    ///
    /// # Errors
    /// When an answer is the venue's error or not of the documented form.
    fn instruments(&self, product: Product, answers: &[Vec<u8>]) -> Result<Vec<Instrument>, AnswerError>;

    /// Distributes instruments of one market over connections within its limits. An instrument stands in several plans
    /// where it needs several routes.
    fn plan(&self, hosts: &Hosts, instruments: &[Instrument]) -> Vec<ConnectionPlan>;

    /// What the answer to an [`Endpoint::Request`] grants. `connection` names the connection to the venue, where it wants
    /// a name.
    ///
    /// # Errors
    /// When the answer grants nothing.
    fn grant(&self, _answer: &[u8], _connection: u64) -> Result<Grant, AnswerError> {
        Err(answer::unexpected("the address of this venue needs no request"))
    }

    /// A session for a connection of [`ConnectionPlan::route`] that carries these instruments.
    fn session(&self, route: &'static str, instruments: &[(InstrumentIndex, &Instrument)]) -> Box<dyn Session>;

    /// A session that reads any symbol: what `decode` uses. Symbols outside `instruments` give events without an
    /// instrument instead of rejects.
    fn decoder(&self, product: Product, instruments: &[(InstrumentIndex, &Instrument)]) -> Box<dyn Session>;

    /// The canonical symbol of a venue ticker, `None` where the ticker alone does not tell it (Binance's `BTCUSDT` has
    /// no separator): then only the listing knows.
    fn symbol(&self, product: Product, venue_symbol: &str) -> Option<Symbol>;

    /// The venue's ticker of a canonical symbol.
    fn venue_symbol(&self, product: Product, symbol: &Symbol) -> Option<String>;

    /// Asks for trades of an instrument.
    fn trades_request(&self, instrument: &Instrument, wanted: WantedTrades) -> Request;

    /// Reads that answer: trades oldest first, flagged backfilled, `receive_ns` 0 (the caller knows when it came).
    ///
    /// # Errors
    /// When the answer is the venue's error or not of the documented form.
    fn trades(&self, instrument: &Instrument, answer: &[u8]) -> Result<Vec<Trade>, AnswerError>;

    /// Asks for candles that open at or after `from_ns` and before `to_ns`, one page of them at most; `None` if the
    /// venue lacks the timeframe.
    fn candles_request(
        &self,
        instrument: &Instrument,
        timeframe: Timeframe,
        from_ns: i64,
        to_ns: i64,
    ) -> Option<Request>;

    /// Reads that answer: candles oldest first, the forming one without the final flag. Where the venue does not mark
    /// the forming one, the newest row goes without: the caller, who knows the time, judges it by its end.
    ///
    /// # Errors
    /// When the answer is the venue's error or not of the documented form.
    fn candles(&self, instrument: &Instrument, timeframe: Timeframe, answer: &[u8])
    -> Result<Vec<Candle>, AnswerError>;
}
