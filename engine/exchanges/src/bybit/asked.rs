//! What was asked for, so that answers name a ticker and one bad topic never costs the others.

use tickplane_model::{Event, EventSink, Instrument, InstrumentIndex};

use super::subscribe;

/// The requests of a connection. Their ids are their numbers, from 1; later ones for a single topic or ticker name it
/// after a point: `7.BTCUSDT`.
pub(super) struct Asked {
    requests: Vec<Vec<String>>,
    messages: Vec<String>,
}

impl Asked {
    pub(super) fn new(instruments: &[(InstrumentIndex, &Instrument)]) -> Self {
        let requests = subscribe::requests(instruments);
        let message =
            |(at, topics): (usize, &Vec<String>)| subscribe::message("subscribe", topics, &(at + 1).to_string());
        let messages = requests.iter().enumerate().map(message).collect();
        Self { requests, messages }
    }

    /// The texts of the requests.
    pub(super) fn messages(&self) -> &[String] {
        &self.messages
    }

    /// The venue accepted a request: the streams are those whose trades it asked for. A decoder, which asked for nothing,
    /// cannot know them.
    pub(super) fn accepted(&self, id: &str, sink: &mut dyn EventSink) {
        match self.topics(id) {
            Some(topics) => topics.iter().filter_map(|topic| topic.strip_prefix("publicTrade.")).for_each(|ticker| {
                sink.event(Event::Ack { venue_symbol: Some(ticker) });
            }),
            None if self.requests.is_empty() || ticker(id).is_some() => {
                sink.event(Event::Ack { venue_symbol: ticker(id) });
            }
            None => {}
        }
    }

    /// The venue refused a request. It does not say what becomes of the other topics that it names: each is asked for
    /// again alone, and what is refused then is refused.
    pub(super) fn refused(&self, id: &str, reason: &str, sink: &mut dyn EventSink) {
        match self.topics(id) {
            Some(topics) => {
                for topic in topics {
                    let ticker = topic.rsplit('.').next().unwrap_or(topic);
                    let alone = std::slice::from_ref(topic);
                    let text = subscribe::message("subscribe", alone, &format!("{id}.{ticker}"));
                    sink.event(Event::Reply { text: &text });
                }
            }
            None => sink.event(Event::Refusal { venue_symbol: ticker(id), reason }),
        }
    }

    /// The topics of a request that has a number of its own.
    fn topics(&self, id: &str) -> Option<&[String]> {
        self.requests.get(id.parse::<usize>().ok()?.checked_sub(1)?).map(Vec::as_slice)
    }
}

/// The ticker that an id names.
fn ticker(id: &str) -> Option<&str> {
    id.split_once('.').map(|(_, ticker)| ticker)
}

#[cfg(test)]
mod tests {
    use tickplane_model::{ExchangeId, InstrumentStatus, Product, Symbol};

    use super::*;

    fn instrument(ticker: &str) -> Instrument {
        Instrument {
            exchange: ExchangeId::Bybit,
            symbol: Symbol::new(&format!("{ticker}-X")).unwrap(),
            venue_symbol: ticker.to_owned(),
            product: Product::Spot,
            tick_size: 1.0,
            lot_size: 1.0,
            contract_size: 1.0,
            quote_volume_24h: 1.0,
            status: InstrumentStatus::Trading,
        }
    }

    #[test]
    fn an_accepted_request_confirms_the_streams_that_it_named() {
        let instruments: Vec<_> = (0..8).map(|at| instrument(&format!("C{at}USDT"))).collect();
        let listed: Vec<_> = instruments.iter().enumerate().map(|(at, listed)| (at as u32, listed)).collect();
        let asked = Asked::new(&listed);
        assert!(asked.messages().len() > 1);
        let confirmed = |asked: &Asked, id: &str| {
            let mut confirmed = Vec::new();
            asked.accepted(id, &mut |event: Event<'_>| match event {
                Event::Ack { venue_symbol } => confirmed.push(venue_symbol.map(str::to_owned)),
                other => panic!("{other:?}"),
            });
            confirmed
        };
        for (at, message) in asked.messages().iter().enumerate() {
            let named = |of: &&Instrument| message.contains(&format!("\"publicTrade.{}\"", of.venue_symbol));
            let named: Vec<_> = instruments.iter().filter(named).map(|of| Some(of.venue_symbol.clone())).collect();
            assert_eq!(confirmed(&asked, &(at + 1).to_string()), named);
        }
        assert_eq!(confirmed(&asked, "1.C0USDT"), [Some("C0USDT".to_owned())]);
        assert_eq!(confirmed(&asked, "99"), [None; 0], "nobody asked that");
        assert_eq!(confirmed(&Asked::new(&[]), "1"), [None], "a decoder asked for nothing");
    }

    #[test]
    fn a_refused_request_is_asked_again_topic_by_topic_and_then_refused() {
        let (good, bad) = (instrument("BTCUSDT"), instrument("NOPE"));
        let asked = Asked::new(&[(0, &good), (1, &bad)]);
        assert_eq!(asked.messages().len(), 1);
        let heard = |id: &str| {
            let mut heard = Vec::new();
            asked.refused(id, "Invalid topic", &mut |event: Event<'_>| match event {
                Event::Reply { text } => heard.push(text.to_owned()),
                Event::Refusal { venue_symbol, reason } => heard.push(format!("{venue_symbol:?} {reason}")),
                other => panic!("{other:?}"),
            });
            heard
        };
        let again = |topic: &str, ticker: &str| {
            format!(r#"{{"req_id":"1.{ticker}","op":"subscribe","args":["{topic}.{ticker}"]}}"#)
        };
        let topics =
            [("publicTrade", "BTCUSDT"), ("orderbook.1", "BTCUSDT"), ("publicTrade", "NOPE"), ("orderbook.1", "NOPE")];
        assert_eq!(heard("1"), topics.map(|(topic, ticker)| again(topic, ticker)));
        assert_eq!(heard("1.NOPE"), [r#"Some("NOPE") Invalid topic"#]);
        for unknown in ["2", "0", "", "x", "99999999999999999999"] {
            assert_eq!(heard(unknown), ["None Invalid topic"], "{unknown:?}");
        }
    }
}
