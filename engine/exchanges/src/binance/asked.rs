//! What was asked for: answers repeat only the id of a request, never its symbols.

use std::ops::Range;

use tickplane_model::{Event, EventSink, Instrument, InstrumentIndex};

use super::subscribe;
use crate::plan;

/// The requests of a connection.
pub(super) struct Asked {
    messages: Vec<String>,
    tickers: Vec<String>,
    /// Which of the tickers each message asks for; its id is its number, from 1.
    first: Vec<Range<usize>>,
    /// Tickers that were taken anew, each with the id of its last cancellation. Its subscription has the next id.
    again: Vec<(usize, String)>,
}

/// What became of a request.
pub(super) enum Answer<'a> {
    Accepted,
    /// The venue's words.
    Refused(&'a str),
}

impl Asked {
    pub(super) fn new(instruments: &[(InstrumentIndex, &Instrument)]) -> Self {
        let tickers = plan::tickers(instruments.iter().map(|(_, instrument)| *instrument));
        let (messages, first) = (subscribe::messages(&tickers), subscribe::asked(&tickers));
        Self { messages, tickers, first, again: Vec::new() }
    }

    /// The texts of the requests.
    pub(super) fn messages(&self) -> &[String] {
        &self.messages
    }

    /// Cancels a ticker by the request of this id, and takes it anew by the next.
    pub(super) fn again(&mut self, ticker: &str, id: usize) -> Vec<String> {
        self.again.retain(|(_, known)| known != ticker);
        self.again.push((id, ticker.to_owned()));
        subscribe::again(ticker, id)
    }

    /// The venue answered a request: tells it of each ticker that the request was about. An accepted cancellation is no
    /// news. A session that asked for nothing, a decoder's, cannot know what an answer is about.
    pub(super) fn answered(&self, id: Option<usize>, answer: &Answer<'_>, sink: &mut dyn EventSink) {
        let mut tell = |venue_symbol| match *answer {
            Answer::Accepted => sink.event(Event::Ack { venue_symbol }),
            Answer::Refused(reason) => sink.event(Event::Refusal { venue_symbol, reason }),
        };
        let is_refused = matches!(answer, Answer::Refused(_));
        match id.and_then(|id| self.tickers(id)) {
            Some(_) if !is_refused && self.is_cancellation(id) => {}
            Some(tickers) => tickers.iter().for_each(|ticker| tell(Some(ticker))),
            None if is_refused || self.messages.is_empty() => tell(None),
            None => {}
        }
    }

    /// What a request was about.
    fn tickers(&self, id: usize) -> Option<&[String]> {
        let first = id.checked_sub(1).and_then(|at| self.first.get(at)).filter(|tickers| !tickers.is_empty());
        let again = || self.again.iter().find(|(cancelled, _)| [*cancelled, *cancelled + 1].contains(&id));
        first
            .map(|tickers| &self.tickers[tickers.clone()])
            .or_else(|| again().map(|(_, ticker)| std::slice::from_ref(ticker)))
    }

    fn is_cancellation(&self, id: Option<usize>) -> bool {
        self.again.iter().any(|(cancelled, _)| Some(*cancelled) == id)
    }
}
