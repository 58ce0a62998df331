//! The constant facts of an exchange's markets.

use tickplane_model::{Calendar, ExchangeId, Product, Timeframe};

/// So many of something in so much time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rate {
    /// How many.
    pub count: u32,
    /// In how many milliseconds.
    pub per_ms: u32,
}

/// Of what a venue counts something together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    /// Of one connection.
    Connection,
    /// Of all connections from one IP.
    Ip,
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
    /// Outgoing messages, control frames included where the venue counts them.
    pub outgoing: Option<Rate>,
    /// Of what those are counted together.
    pub outgoing_scope: Scope,
    /// Connection attempts from one IP.
    pub connects: Option<Rate>,
    /// Requests to subscribe or unsubscribe on one connection; pings are none.
    pub subscribes: Option<Rate>,
    /// Connections that may be open from one IP at a time.
    pub connections_per_ip: usize,
    /// Subscriptions that all connections from one IP may hold.
    pub subscriptions_per_ip: usize,
    /// REST requests from one IP, in their weight.
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

impl Limits {
    /// What holds where the venue states nothing: for `..Limits::UNSTATED`.
    pub const UNSTATED: Self = Self {
        subscriptions_per_connection: 0,
        subscriptions_per_message: 0,
        message_bytes_max: 0,
        outgoing: None,
        outgoing_scope: Scope::Connection,
        connects: None,
        subscribes: None,
        connections_per_ip: 0,
        subscriptions_per_ip: 0,
        requests: None,
        subscribe_deadline_ms: None,
        silence_max_ms: 60_000,
        connection_life_ms: None,
        incoming_bytes_max: 8 << 20,
    };

    /// Whether the first message is booked together with the attempt to connect: it has a deadline, and would wait for the
    /// messages of other connections otherwise.
    #[must_use]
    pub fn books_first_message(&self) -> bool {
        self.outgoing_scope == Scope::Ip && self.outgoing.is_some() && self.subscribe_deadline_ms.is_some()
    }
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

/// Where one of a venue's markets is reached. Config may replace each part.
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

/// The regions a venue does not serve, as far as known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Regions {
    /// ISO 3166 codes of countries (`US`) and of their parts (`CA-ON`).
    pub codes: &'static [&'static str],
    /// When that was so: `YYYY-MM` or `YYYY-MM-DD`.
    pub as_of: &'static str,
    /// Who says so.
    pub source: &'static str,
}

/// Something about a venue that surprises people.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Quirk {
    /// What, in a sentence.
    pub text: &'static str,
    /// Where it is told: an address.
    pub link: &'static str,
}

/// The constant facts of a market of a venue: of products that are reached at the same hosts and behave alike. Their
/// sources stand in the venue's folder.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Meta {
    /// The venue.
    pub id: ExchangeId,
    /// The name people use.
    pub name: &'static str,
    /// The products of this market.
    pub products: &'static [Product],
    /// Public WebSocket bases, the preferred first. Paths by route or product are the venue's to add.
    pub websocket: &'static [&'static str],
    /// Public REST base.
    pub rest: &'static str,
    /// What it limits.
    pub limits: Limits,
    /// Fees, lowest tier.
    pub fees: Fees,
    /// Where the venue is not for use.
    pub restricted: Regions,
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
    /// What to know before relying on it.
    pub quirks: &'static [Quirk],
    /// Official documentation.
    pub links: &'static [&'static str],
}
