//! The part of a session that every venue with JSON text shares.

use tickplane_model::{Event, EventSink, InstrumentIndex, RejectReason};
use tickplane_scan::{JsonReader, Value};

use crate::field::json_reason;
use crate::{Grant, Limits, Outbox, Payload, Session};

/// Nesting that no venue's message reaches.
const DEPTH_MAX: usize = 16;

/// What a venue adds: the meaning of its messages.
pub(crate) trait Protocol: Send {
    /// The subscriptions, sent as soon as the socket is open.
    fn subscriptions(&self) -> &[String];

    /// Takes a text that is no JSON: `pong` and the like. Only texts that begin neither an object nor an array get here;
    /// false leaves it to the JSON reader.
    fn plain(&mut self, _text: &str, _sink: &mut dyn EventSink) -> bool {
        false
    }

    /// What the venue granted for this connection.
    fn granted(&mut self, _grant: &Grant) {}

    /// Says what one message means. A reason that is returned is counted once; what stood before it was used.
    fn message(&mut self, root: Value<'_>, receive_ns: i64, sink: &mut dyn EventSink) -> Result<(), RejectReason>;

    /// The venue's ticker of an instrument it carries.
    fn ticker(&self, instrument: InstrumentIndex) -> Option<&str>;

    /// What cancels the subscriptions to a ticker and takes them anew; `id` and those after it are free for requests.
    fn resubscriptions(&mut self, ticker: &str, id: usize) -> Vec<String>;

    /// Queues pings that are due.
    fn tick(&mut self, _now_ns: i64, _outbox: &mut Outbox) {}
}

/// A session whose messages are JSON text.
pub(crate) struct TextSession<P> {
    reader: JsonReader,
    protocol: P,
    /// Messages sent, for ids of requests.
    sent: usize,
}

impl<P: Protocol> TextSession<P> {
    pub(crate) fn new(limits: &Limits, protocol: P) -> Self {
        Self { reader: JsonReader::new(limits.incoming_bytes_max, DEPTH_MAX), protocol, sent: 0 }
    }
}

impl<P: Protocol> TextSession<P> {
    fn is_plain(&mut self, text: &[u8], sink: &mut dyn EventSink) -> bool {
        if matches!(text.first(), Some(b'{' | b'[')) {
            return false;
        }
        str::from_utf8(text).is_ok_and(|text| self.protocol.plain(text, sink))
    }
}

impl<P: Protocol> Session for TextSession<P> {
    fn granted(&mut self, grant: &Grant) {
        self.protocol.granted(grant);
    }

    fn opened(&mut self, _now_ns: i64, outbox: &mut Outbox) {
        for text in self.protocol.subscriptions() {
            outbox.text(text.as_str());
        }
        self.sent = self.protocol.subscriptions().len();
    }

    fn message(&mut self, payload: Payload<'_>, receive_ns: i64, sink: &mut dyn EventSink) {
        let outcome = match payload {
            Payload::Binary(_) => Err(RejectReason::WrongPayload),
            Payload::Text(text) if self.is_plain(text, sink) => Ok(()),
            Payload::Text(text) => match self.reader.read(text) {
                Ok(document) => self.protocol.message(document.root(), receive_ns, sink),
                Err(error) => Err(json_reason(error)),
            },
        };
        reject_error(outcome, sink);
    }

    fn tick(&mut self, now_ns: i64, outbox: &mut Outbox) {
        self.protocol.tick(now_ns, outbox);
    }

    fn resubscribe(&mut self, instrument: InstrumentIndex, outbox: &mut Outbox) {
        let Some(ticker) = self.protocol.ticker(instrument).map(str::to_owned) else { return };
        for text in self.protocol.resubscriptions(&ticker, self.sent + 1) {
            outbox.text(text);
            self.sent += 1;
        }
    }
}

/// Counts a part that could not be used, and lets the rest of the message go on.
#[inline]
pub(crate) fn reject_error(outcome: Result<(), RejectReason>, sink: &mut dyn EventSink) {
    if let Err(reason) = outcome {
        sink.event(Event::Reject { reason });
    }
}
