//! `decode`: a venue's raw messages into events, through the parser that runs live.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write, stdin, stdout};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::Value;
use tickplane_exchanges::{Exchange, Payload};
use tickplane_model::{
    Candle, Event, ExchangeId, Instrument, InstrumentIndex, Level, Named, Product, Quote, RejectReason, Side, Ticker,
    Trade, TradeFlags,
};

use crate::arguments::{Global, carried, exchange};
use crate::failure::Failure;
use crate::output::{Format, json_line, json_number};

const AFTER_HELP: &str = "\
Reads one message a line, as text or as hex:0A1B..., in the order one connection received them, and writes one JSON
object per event: line, type, exchange, venue_symbol, symbol (null if unknown), and
    trade      price quantity side id exchange_ns, history:true, unit:\"contract\", fills (of an aggregate: id is the last)
    quote      bid_price bid_quantity ask_price ask_quantity
    ticker     last volume quote_volume exchange_ns (24 hours)
    candle     timeframe open_time_ns open high low close volume closed
    book       snapshot bids asks ([price, quantity] each) sequence
    ack, heartbeat, refusal {reason}, status {text}, reject {reason}
Prices are JSON numbers, ids strings. The exit status is 4 if there were rejects.

Some venues' tickers (Binance's BTCUSDT) need the venue's listing to become symbols: give it with --instruments, as the
venue's REST interface answers it. A file that is not one JSON document is read as one answer a line.

Examples:
    tickplane decode kraken session.jsonl
    websocat wss://stream.binance.com:9443/ws/btcusdt@trade | tickplane decode binance
    curl -s https://api.binance.com/api/v3/exchangeInfo > listing.json
    tickplane decode binance --instruments listing.json session.txt";

/// Which messages.
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Decode {
    /// Whose messages
    #[arg(value_parser = exchange)]
    exchange: ExchangeId,
    /// The market the connection was for
    #[arg(long, value_enum, default_value_t = Market::Spot)]
    product: Market,
    /// The venue's listing, as its REST interface answers it
    #[arg(long, value_name = "FILE")]
    instruments: Option<PathBuf>,
    /// The messages; stdin without it, or for -
    file: Option<PathBuf>,
}

/// The market of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Market {
    Spot,
    Perp,
}

impl Market {
    const fn product(self) -> Product {
        match self {
            Self::Spot => Product::Spot,
            Self::Perp => Product::Perpetual,
        }
    }
}

impl Decode {
    pub(crate) fn run(self, global: &Global) -> Result<(), Failure> {
        if global.format.is_some_and(|format| format != Format::Json) {
            return Err(Failure::usage("decode writes JSON lines only; leave --format out"));
        }
        let exchange = carried(self.exchange).ok_or_else(|| Failure::usage("exchange is not carried"))?;
        let instruments = match &self.instruments {
            Some(path) => instruments(exchange, self.product.product(), path)?,
            None => Vec::new(),
        };
        let mut events = Events::new(exchange, self.product.product(), &instruments);
        let totals = match self.file.as_deref().filter(|path| *path != Path::new("-")) {
            Some(path) => {
                let file = File::open(path).map_err(|error| unreadable(path, &error))?;
                decode(BufReader::new(file), path, &mut events)?
            }
            None => decode(stdin().lock(), Path::new("stdin"), &mut events)?,
        };
        let Totals { messages, events, rejects } = totals;
        global.talk(format_args!("{messages} messages, {events} events, {rejects} rejects"));
        if rejects > 0 { Err(Failure::Rejects) } else { Ok(()) }
    }
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::Usage(format!("{}: {error}", path.display()))
}

/// Reads a listing from one REST answer, or from several, one a line.
fn instruments(exchange: &dyn Exchange, product: Product, path: &Path) -> Result<Vec<Instrument>, Failure> {
    let bytes = std::fs::read(path).map_err(|error| unreadable(path, &error))?;
    let is_one = serde_json::from_slice::<serde::de::IgnoredAny>(&bytes).is_ok();
    let answers: Vec<Vec<u8>> = if is_one {
        vec![bytes]
    } else {
        bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).map(<[u8]>::to_vec).collect()
    };
    exchange.instruments(product, &answers).map_err(|error| {
        Failure::Usage(format!("{}: not a listing of {}: {error}", path.display(), exchange.meta().id))
    })
}

#[derive(Default)]
struct Totals {
    messages: u64,
    events: u64,
    rejects: u64,
}

fn decode(mut input: impl BufRead, path: &Path, events: &mut Events<'_>) -> Result<Totals, Failure> {
    let mut session = events.exchange.decoder(events.product, &events.indexed());
    let mut out = BufWriter::new(stdout().lock());
    let mut totals = Totals::default();
    let mut line = Vec::new();
    let mut texts: Vec<String> = Vec::new();
    for number in 1_u64.. {
        line.clear();
        if input.read_until(b'\n', &mut line).map_err(|error| unreadable(path, &error))? == 0 {
            break;
        }
        let text = line.trim_ascii();
        if text.is_empty() {
            continue;
        }
        totals.messages += 1;
        let mut sink = |event: Event<'_>| {
            totals.events += 1;
            totals.rejects += u64::from(matches!(event, Event::Reject { .. }));
            texts.push(events.line(number, &event));
        };
        match text.strip_prefix(b"hex:").map(unhex) {
            None => session.message(Payload::Text(text), 0, &mut sink),
            Some(Some(bytes)) => session.message(Payload::Binary(&bytes), 0, &mut sink),
            Some(None) => sink(Event::Reject { reason: RejectReason::Malformed }),
        }
        for text in texts.drain(..) {
            writeln!(out, "{text}")?;
        }
    }
    out.flush()?;
    Ok(totals)
}

fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let pair = |pair: &[u8]| match pair {
        [high, low] => Some((digit(*high)? << 4 | digit(*low)?) as u8),
        _ => None,
    };
    text.chunks(2).map(pair).collect()
}

/// Events of one venue as lines.
struct Events<'i> {
    exchange: &'static dyn Exchange,
    product: Product,
    instruments: Vec<&'i Instrument>,
}

type Fields = Vec<(&'static str, Value)>;

impl<'i> Events<'i> {
    fn new(exchange: &'static dyn Exchange, product: Product, instruments: &'i [Instrument]) -> Self {
        let is_spot = product == Product::Spot;
        let wanted = |instrument: &&Instrument| (instrument.product == Product::Spot) == is_spot;
        Self { exchange, product, instruments: instruments.iter().filter(wanted).collect() }
    }

    fn indexed(&self) -> Vec<(InstrumentIndex, &'i Instrument)> {
        (0..).zip(self.instruments.iter().copied()).collect()
    }

    fn line(&self, line: u64, event: &Event<'_>) -> String {
        let (kind, named, fields) = parts(event);
        let symbol = named.and_then(|named| self.symbol(named));
        let mut all: Fields = vec![
            ("line", line.into()),
            ("type", kind.into()),
            ("exchange", self.exchange.meta().id.as_str().into()),
            ("venue_symbol", named.map(|named| named.venue_symbol).into()),
            ("symbol", symbol.into()),
        ];
        all.extend(fields);
        json_line(all)
    }

    fn symbol(&self, named: Named<'_>) -> Option<String> {
        let listed = named.instrument.and_then(|index| self.instruments.get(index as usize));
        match listed {
            Some(instrument) => Some(instrument.symbol.to_string()),
            None => self.exchange.symbol(self.product, named.venue_symbol).map(|symbol| symbol.to_string()),
        }
    }
}

/// An event's type, whom it is about, and what it says.
fn parts<'e>(event: &Event<'e>) -> (&'static str, Option<Named<'e>>, Fields) {
    let about =
        |venue_symbol: Option<&'e str>| venue_symbol.map(|venue_symbol| Named { venue_symbol, instrument: None });
    match *event {
        Event::Trade { of, trade } => ("trade", Some(of), trade_fields(&trade)),
        Event::Quote { of, quote } => ("quote", Some(of), quote_fields(&quote)),
        Event::Ticker { of, ticker } => ("ticker", Some(of), ticker_fields(&ticker)),
        Event::Candle { of, timeframe, candle, closed } => {
            let mut fields = vec![("timeframe", timeframe.as_str().into())];
            fields.extend(candle_fields(&candle));
            fields.push(("closed", closed.into()));
            ("candle", Some(of), fields)
        }
        Event::Book { of, snapshot, sequence, bids, asks } => {
            let fields = vec![
                ("snapshot", snapshot.into()),
                ("bids", levels(bids)),
                ("asks", levels(asks)),
                ("sequence", sequence.into()),
            ];
            ("book", Some(of), fields)
        }
        Event::Ack { venue_symbol } => ("ack", about(venue_symbol), Vec::new()),
        Event::Refusal { venue_symbol, reason } => ("refusal", about(venue_symbol), vec![("reason", reason.into())]),
        Event::Heartbeat => ("heartbeat", None, Vec::new()),
        Event::Reply { text } => ("heartbeat", None, vec![("reply", text.into())]),
        Event::Status { text } => ("status", None, vec![("text", text.into())]),
        Event::Closing => ("status", None, vec![("text", "closing".into())]),
        Event::SequenceGap { lost } => ("status", None, vec![("text", "sequence gap".into()), ("lost", lost.into())]),
        Event::Reject { reason } => ("reject", None, vec![("reason", reason.as_str().into())]),
    }
}

fn trade_fields(trade: &Trade) -> Fields {
    let id = Some(trade.id.to_string()).filter(|id| !id.is_empty());
    let mut fields: Fields = vec![
        ("price", json_number(trade.price)),
        ("quantity", json_number(trade.quantity)),
        ("side", if trade.side() == Side::Buy { "buy" } else { "sell" }.into()),
        ("id", id.into()),
        ("exchange_ns", trade.exchange_ns.into()),
    ];
    if trade.flags.contains(TradeFlags::HISTORY) {
        fields.push(("history", true.into()));
    }
    if trade.flags.fills() > 1 {
        fields.push(("fills", trade.flags.fills().into()));
    }
    if trade.flags.contains(TradeFlags::CONTRACTS) {
        fields.push(("unit", "contract".into()));
    }
    fields
}

fn quote_fields(quote: &Quote) -> Fields {
    vec![
        ("bid_price", json_number(quote.bid_price)),
        ("bid_quantity", json_number(quote.bid_quantity)),
        ("ask_price", json_number(quote.ask_price)),
        ("ask_quantity", json_number(quote.ask_quantity)),
    ]
}

fn ticker_fields(ticker: &Ticker) -> Fields {
    vec![
        ("last", json_number(ticker.last)),
        ("volume", json_number(ticker.volume)),
        ("quote_volume", json_number(ticker.quote_volume)),
        ("exchange_ns", ticker.exchange_ns.into()),
    ]
}

fn candle_fields(candle: &Candle) -> Fields {
    vec![
        ("open_time_ns", candle.open_time_ns.into()),
        ("open", json_number(candle.open)),
        ("high", json_number(candle.high)),
        ("low", json_number(candle.low)),
        ("close", json_number(candle.close)),
        ("volume", json_number(candle.volume)),
    ]
}

fn levels(levels: &[Level]) -> Value {
    let pair = |level: &Level| Value::Array(vec![json_number(level.price), json_number(level.quantity)]);
    Value::Array(levels.iter().map(pair).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_is_pairs_of_digits() {
        assert_eq!(unhex(b"0aFF"), Some(vec![10, 255]));
        assert_eq!(unhex(b""), Some(vec![]));
        assert_eq!(unhex(b"0"), None);
        assert_eq!(unhex(b"0g"), None);
        assert_eq!(unhex(b"+1"), None);
    }
}
