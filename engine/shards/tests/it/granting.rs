//! Connections whose address the venue hands out: each attempt asks anew, and goes where the answer says.

use tickplane_exchanges::{
    AnswerError, ConnectionPlan, Exchange, Grant, Hosts, Meta, Outbox, Payload, Request, Session, WantedTrades,
    exchange,
};
use tickplane_model::{Candle, EventSink, ExchangeId, Instrument, InstrumentIndex, Product, Symbol, Timeframe, Trade};
use tickplane_shards::{FetchError, Happening};

use crate::rig::{Rig, RigShape};

/// Kraken, but for the address: the answer is its host.
struct Granting;

fn kraken() -> &'static dyn Exchange {
    exchange(ExchangeId::Kraken).unwrap()
}

/// Says what it was granted.
struct Granted(Option<Grant>);

impl Session for Granted {
    fn granted(&mut self, grant: &Grant) {
        self.0 = Some(grant.clone());
    }

    fn opened(&mut self, _now_ns: i64, outbox: &mut Outbox) {
        outbox.text(format!("ping every {:?} ms", self.0.as_ref().and_then(|grant| grant.ping_ms)));
    }

    fn message(&mut self, _payload: Payload<'_>, _receive_ns: i64, _sink: &mut dyn EventSink) {}

    fn tick(&mut self, _now_ns: i64, _outbox: &mut Outbox) {}

    fn resubscribe(&mut self, _instrument: InstrumentIndex, _outbox: &mut Outbox) {}
}

impl Exchange for Granting {
    fn meta(&self) -> &'static Meta {
        kraken().meta()
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

    fn grant(&self, answer: &[u8], _connection: u64) -> Result<Grant, AnswerError> {
        match str::from_utf8(answer) {
            Ok(host) if !host.is_empty() => Ok(Grant { url: format!("ws://{host}/?token=x"), ping_ms: Some(18_000) }),
            _ => Err(AnswerError::Unexpected("no address".to_owned())),
        }
    }

    fn session(&self, _route: &'static str, _instruments: &[(InstrumentIndex, &Instrument)]) -> Box<dyn Session> {
        Box::new(Granted(None))
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
        kraken().trades_request(instrument, wanted)
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

fn rig() -> Rig {
    let grant = Some(Request::post("/bullet", "", 10));
    Rig::of(RigShape { exchange: &Granting, grant, ..RigShape::default() })
}

/// The ticket of the question that asks for an address.
fn asked(rig: &mut Rig) -> u64 {
    let fetch = rig.fetches.pop().expect("the venue is asked");
    assert!(rig.fetches.is_empty() && fetch.request.path == "/bullet" && fetch.is_urgent);
    fetch.ticket
}

#[test]
fn an_attempt_goes_where_the_venue_says_and_the_session_hears_of_it() {
    let mut rig = rig();
    rig.pass_ms(1);
    let ticket = asked(&mut rig);
    assert!(rig.hosts.is_empty(), "nothing is connected before the answer");
    rig.answer(ticket, Ok(b"push.example:4433".to_vec()));
    assert_eq!(rig.hosts, ["push.example:4433"]);
    rig.accept();
    assert!(matches!(&rig.reports[0], Happening::Connected { host, .. } if host == "push.example:4433"));
    let sent = rig.take_outgoing();
    // Masked as a client's frame: the length is that of the text.
    assert_eq!(sent.len(), "ping every Some(18000) ms".len() + 6, "the session was told");
    rig.answer(ticket, Ok(b"late.example:1".to_vec()));
    assert_eq!(rig.hosts.len(), 1, "an answer counts once");
}

#[test]
fn what_is_not_granted_is_asked_for_again_later() {
    let mut rig = rig();
    rig.pass_ms(1);
    for answer in [Ok(Vec::new()), Ok(b"no port:x".to_vec()), Err(FetchError::Failed("no answer".to_owned()))] {
        let ticket = asked(&mut rig);
        rig.answer(ticket, answer);
        let Some(Happening::Closed { reason, retry_ms: Some(wait) }) = rig.reports.pop() else { panic!("no end") };
        assert!(reason.to_string().starts_with("the venue granted no connection"), "{reason}");
        rig.pass_ms(wait + 1);
    }
    let ticket = asked(&mut rig);
    rig.answer(ticket, Err(FetchError::RetryAfter { seconds: 30 }));
    assert!(
        matches!(rig.reports.pop(), Some(Happening::Closed { retry_ms: Some(30_000..), .. })),
        "the venue's own wait"
    );
    rig.pass_ms(29_000);
    assert!(rig.fetches.is_empty() && rig.hosts.is_empty());
}

#[test]
fn a_venue_that_does_not_answer_is_given_up_in_time() {
    let mut rig = rig();
    rig.pass_ms(1);
    let ticket = asked(&mut rig);
    rig.pass_ms(10_001);
    assert!(matches!(rig.reports.pop(), Some(Happening::Closed { .. })));
    rig.answer(ticket, Ok(b"push.example:4433".to_vec()));
    assert!(rig.hosts.is_empty(), "the attempt is over");
}
