//! The interface every exchange implements.

use tickplane_model::{
    Calendar, Candle, EventSink, ExchangeId, Instrument, InstrumentIndex, Product, Symbol, Timeframe, Trade, TradeId,
};

/// So many of something in so much time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rate {
    /// How many.
    pub count: u32,
    /// In how many milliseconds.
    pub per_ms: u32,
}

/// What the venue allows. `None` and 0 mean that the venue states no limit.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Limits {
    /// Subscriptions (streams, topics) one connection may hold.
    pub subscriptions_per_connection: usize,
    /// Subscriptions one outgoing message may name.
    pub subscriptions_per_message: usize,
    /// Bytes an outgoing message may have.
    pub message_bytes_max: usize,
    /// Outgoing messages on one connection, control frames included where the venue counts them.
    pub outgoing: Option<Rate>,
    /// Connection attempts from one IP.
    pub connects: Option<Rate>,
    /// REST requests from one IP.
    pub requests: Option<Rate>,
    /// The first subscription must arrive this soon after the connection opens.
    pub subscribe_deadline_ms: Option<u32>,
    /// The venue is silent at most this long on a healthy connection: its heartbeat with a margin.
    pub silence_max_ms: u32,
    /// The venue closes connections of this age.
    pub connection_life_ms: Option<u64>,
    /// The largest message the venue sends.
    pub incoming_bytes_max: usize,
}

/// Maker and taker fees of the lowest tier, in percent.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Fees {
    /// Paid by the resting order.
    pub maker_percent: f64,
    /// Paid by the order that takes it.
    pub taker_percent: f64,
}

/// How the trade ids of one instrument behave, which decides how duplicates and losses are told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TradeIds {
    /// Each trade's id is the one before plus one: a jump is a loss.
    Contiguous,
    /// Ids grow, with holes.
    Increasing,
    /// Ids only tell whether two trades are the same.
    Opaque,
}

/// Which part of the trades after a mark one full REST answer has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TradePages {
    /// The oldest: it goes on from the mark, and only one that is not full shows the venue's newest trade.
    Forward,
    /// The newest: every answer shows the venue's newest trade (or those before the end that was named), and only one
    /// that is not full is sure to reach back to the mark.
    Backward,
}

/// Where a venue is reached. Config may replace each part.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hosts {
    /// WebSocket base, `wss://host[:port][/path]`.
    pub websocket: String,
    /// REST base, `https://host[:port]`.
    pub rest: String,
}

/// What a venue's REST candles are like, so that a series is asked for in pages and compared fairly.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CandleFacts {
    /// Rows one answer has at most.
    pub rows_per_answer: u32,
    /// The venue gives only so many of its newest rows, the forming one among them; `None` where it gives all there are.
    pub rows_back: Option<u32>,
    /// Intervals without trades are left out instead of told at the last close.
    pub leaves_out_empty: bool,
    /// A row may still change for so long after its end.
    pub lag_ms: u32,
    /// Decimal places to which volumes are rounded.
    pub volume_places: u8,
}

/// The constant facts of a venue, with their sources in the venue's folder.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Meta {
    /// The id.
    pub id: ExchangeId,
    /// The name people use.
    pub name: &'static str,
    /// Public WebSocket bases, the preferred first.
    pub websocket: &'static [&'static str],
    /// Public REST base.
    pub rest: &'static str,
    /// What it limits.
    pub limits: Limits,
    /// Spot fees, lowest tier.
    pub fees: Fees,
    /// ISO 3166 codes of regions the venue does not serve.
    pub restricted_regions: &'static [&'static str],
    /// Timeframes its REST candles come in.
    pub timeframes: &'static [Timeframe],
    /// What those candles are like.
    pub candles: CandleFacts,
    /// When it trades.
    pub calendar: Calendar,
    /// How its trade ids behave.
    pub trade_ids: TradeIds,
    /// Trades one REST answer has at most: one that has fewer has all there are.
    pub trades_per_answer: usize,
    /// Which of them it has when there are more.
    pub trade_pages: TradePages,
    /// On a healthy connection the venue says something at least this often, whatever the market does; `None` where it
    /// promises nothing that a short silence would break.
    pub heartbeat_ms: Option<u32>,
    /// Products carried.
    pub products: &'static [Product],
    /// Official documentation.
    pub links: &'static [&'static str],
}

/// HTTP method of a [`Request`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Method {
    /// GET.
    Get,
    /// POST with a body.
    Post,
}

/// One REST request, relative to the REST base.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// Method.
    pub method: Method,
    /// Path and query, beginning with `/`.
    pub path: String,
    /// Body of a POST.
    pub body: String,
    /// Extra headers.
    pub headers: Vec<(&'static str, String)>,
    /// What it counts against the venue's budget.
    pub weight: u32,
}

impl Request {
    /// A GET of weight `weight`.
    #[must_use]
    pub fn get(path: impl Into<String>, weight: u32) -> Self {
        Self { method: Method::Get, path: path.into(), body: String::new(), headers: Vec::new(), weight }
    }
}

/// A trade by which a venue can be told where to begin or end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TradeMark {
    /// Its id.
    pub id: TradeId,
    /// When the venue says it happened.
    pub exchange_ns: i64,
}

/// Which trades of an instrument are wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WantedTrades {
    /// The newest ones, as many as one answer has.
    Newest,
    /// Those after a trade that is known, that trade included so that the answer shows how far back it reaches, up to
    /// another known one if there is any. One answer may have a part of them only: the oldest at some venues, the
    /// newest at others.
    After {
        /// The last trade that is known before them.
        known: TradeMark,
        /// The first one that is known after them.
        before: Option<TradeMark>,
    },
}

/// A REST answer that could not be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AnswerError {
    /// The venue answered with its own error.
    #[error("the venue answered: {0}")]
    Venue(String),
    /// The answer is not what the venue documents.
    #[error("unexpected answer: {0}")]
    Unexpected(String),
}

/// How the WebSocket address of a connection is found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Endpoint {
    /// It is known: `wss://host[:port]/path?query`.
    Url(String),
    /// The venue hands out an address and token first (KuCoin): ask, then give the answer to
    /// [`Exchange::endpoint`].
    Request(Request),
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

/// Messages to send, in order. The shard paces them by [`Limits::outgoing`].
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
    /// Its constant facts.
    fn meta(&self) -> &'static Meta;

    /// The requests whose answers, in order, [`Exchange::instruments`] needs: listings and 24 h volumes.
    fn instrument_requests(&self) -> Vec<Request>;

    /// Reads the instruments, with their 24 h quote volume, from those answers. The first answer alone is enough: the
    /// volumes are NaN then.
    ///
    /// # Errors
    /// When an answer is the venue's error or not of the documented form.
    fn instruments(&self, answers: &[Vec<u8>]) -> Result<Vec<Instrument>, AnswerError>;

    /// Distributes instruments over connections within the venue's limits.
    fn plan(&self, hosts: &Hosts, instruments: &[Instrument]) -> Vec<ConnectionPlan>;

    /// The address in the answer to an [`Endpoint::Request`].
    ///
    /// # Errors
    /// When the answer holds none.
    fn endpoint(&self, answer: &[u8]) -> Result<String, AnswerError>;

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
