//! The life of each exchange: idle, listing, running.

use std::collections::BTreeMap;

use tickplane_exchanges::Exchange;
use tickplane_model::{ExchangeId, Instrument, Product, Symbol};

use crate::selection::{Wanted, select};

/// A venue that cannot be listed is asked again after this long, then twice as long, up to the maximum.
const RETRY_MS_FIRST: u64 = 2_000;
const RETRY_MS_MAX: u64 = 60_000;

/// The answers to a product's [`Exchange::instrument_requests`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listing {
    /// The product.
    pub product: Product,
    /// The answers, in order.
    pub answers: Vec<Vec<u8>>,
}

/// What happens to the cold path.
#[derive(Clone, PartialEq, Debug)]
pub enum Input {
    /// The user wants an exchange to run.
    Start(ExchangeId),
    /// The user wants it to stop.
    Stop(ExchangeId),
    /// The answers to [`Action::List`], or why there are none.
    Listed(ExchangeId, Result<Vec<Listing>, String>),
}

/// What the daemon has to do.
#[derive(Clone, PartialEq, Debug)]
pub enum Action {
    /// Send the [`Exchange::instrument_requests`] of [`Control::products`] and come back with [`Input::Listed`].
    List(ExchangeId),
    /// Make regions for these instruments and connect.
    Launch(ExchangeId, Vec<Instrument>),
    /// Close the exchange's connections.
    Halt(ExchangeId),
    /// Tell who asked.
    Tell(ExchangeId, Outcome),
}

/// What came of a wish.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It runs with these symbols.
    Started(Vec<Symbol>),
    /// It ran already.
    AlreadyRunning,
    /// It is being started already.
    AlreadyStarting,
    /// It does not run; it is tried again after so many milliseconds, or not at all.
    Failed {
        /// Why.
        reason: String,
        /// Milliseconds until the next try.
        retry_ms: Option<u64>,
    },
    /// It stopped.
    Stopped,
    /// It did not run.
    NotRunning,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Idle,
    Listing { failures: u32 },
    Waiting { until_ns: u64, failures: u32 },
    Running,
}

struct Venue {
    exchange: &'static dyn Exchange,
    wanted: Wanted,
    state: State,
}

/// The cold path's state machine.
pub struct Control {
    venues: BTreeMap<ExchangeId, Venue>,
}

impl Control {
    /// All exchanges idle.
    #[must_use]
    pub fn new(exchanges: impl IntoIterator<Item = (&'static dyn Exchange, Wanted)>) -> Self {
        let venue = |(exchange, wanted): (&'static dyn Exchange, Wanted)| {
            (exchange.meta().id, Venue { exchange, wanted, state: State::Idle })
        };
        Self { venues: exchanges.into_iter().map(venue).collect() }
    }

    /// Takes what happened at monotonic time `now_ns`; says what to do.
    pub fn handle(&mut self, input: Input, now_ns: u64) -> Vec<Action> {
        let (Input::Start(id) | Input::Stop(id) | Input::Listed(id, _)) = input;
        let Some(venue) = self.venues.get_mut(&id) else {
            let reason = format!("{id} is not carried yet");
            return vec![Action::Tell(id, Outcome::Failed { reason, retry_ms: None })];
        };
        match input {
            Input::Start(_) => venue.start(id),
            Input::Stop(_) => venue.stop(id),
            Input::Listed(_, result) => venue.listed(id, result, now_ns),
        }
    }

    /// Asks again where the time has come.
    pub fn timeout(&mut self, now_ns: u64) -> Vec<Action> {
        let mut actions = Vec::new();
        for (id, venue) in &mut self.venues {
            if let State::Waiting { until_ns, failures } = venue.state
                && now_ns >= until_ns
            {
                venue.state = State::Listing { failures };
                actions.push(Action::List(*id));
            }
        }
        actions
    }

    /// The products of an exchange that have to be listed for what is wanted of it.
    #[must_use]
    pub fn products(&self, id: ExchangeId) -> Vec<Product> {
        self.venues.get(&id).map_or_else(Vec::new, |venue| venue.wanted.listed_products(venue.exchange))
    }

    /// Whether an exchange runs.
    #[must_use]
    pub fn is_running(&self, id: ExchangeId) -> bool {
        self.venues.get(&id).is_some_and(|venue| venue.state == State::Running)
    }
}

impl Venue {
    fn start(&mut self, id: ExchangeId) -> Vec<Action> {
        match self.state {
            State::Running => vec![Action::Tell(id, Outcome::AlreadyRunning)],
            State::Listing { .. } => vec![Action::Tell(id, Outcome::AlreadyStarting)],
            State::Idle | State::Waiting { .. } => {
                self.state = State::Listing { failures: 0 };
                vec![Action::List(id)]
            }
        }
    }

    fn stop(&mut self, id: ExchangeId) -> Vec<Action> {
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Idle => vec![Action::Tell(id, Outcome::NotRunning)],
            State::Running => vec![Action::Halt(id), Action::Tell(id, Outcome::Stopped)],
            State::Listing { .. } | State::Waiting { .. } => vec![Action::Tell(id, Outcome::Stopped)],
        }
    }

    fn listed(&mut self, id: ExchangeId, result: Result<Vec<Listing>, String>, now_ns: u64) -> Vec<Action> {
        // Answers that come after a stop are of no use any more.
        let State::Listing { failures } = self.state else { return Vec::new() };
        let instruments = result.and_then(|listings| self.read(&listings));
        match instruments {
            Ok(instruments) => self.selected(id, instruments),
            Err(reason) => {
                let retry_ms = (RETRY_MS_FIRST << failures.min(16)).min(RETRY_MS_MAX);
                let until_ns = now_ns + retry_ms * 1_000_000;
                self.state = State::Waiting { until_ns, failures: failures.saturating_add(1) };
                vec![Action::Tell(id, Outcome::Failed { reason, retry_ms: Some(retry_ms) })]
            }
        }
    }

    fn read(&self, listings: &[Listing]) -> Result<Vec<Instrument>, String> {
        let of = |Listing { product, answers }: &Listing| {
            let instruments = self.exchange.instruments(*product, answers);
            instruments.map_err(|error| format!("instruments ({product}): {error}"))
        };
        Ok(listings.iter().map(of).collect::<Result<Vec<_>, _>>()?.concat())
    }

    fn selected(&mut self, id: ExchangeId, instruments: Vec<Instrument>) -> Vec<Action> {
        match select(id, &self.wanted, instruments) {
            Ok(picked) => {
                self.state = State::Running;
                let symbols = picked.iter().map(|instrument| instrument.symbol.clone()).collect();
                vec![Action::Launch(id, picked), Action::Tell(id, Outcome::Started(symbols))]
            }
            Err(error) => {
                self.state = State::Idle;
                vec![Action::Tell(id, Outcome::Failed { reason: error.to_string(), retry_ms: None })]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KRAKEN: ExchangeId = ExchangeId::Kraken;

    fn control(symbols: &[&str]) -> Control {
        let exchange = tickplane_exchanges::exchange(KRAKEN).expect("kraken is carried");
        let symbols = symbols.iter().map(ToString::to_string).collect();
        Control::new([(exchange, Wanted { symbols, top: 20, products: vec![Product::Spot] })])
    }

    fn answers() -> Vec<Listing> {
        let pairs = r#"{"error":[],"result":{"XXBTZUSD":{"altname":"XBTUSD","wsname":"XBT/USD","base":"XXBT","quote":"ZUSD",
            "pair_decimals":1,"lot_decimals":8,"tick_size":"0.1","ordermin":"0.00005","status":"online"}}}"#;
        let ticker =
            r#"{"error":[],"result":{"XXBTZUSD":{"c":["83744.3","0.1"],"v":["1","3156.8"],"p":["1","84174.6"]}}}"#;
        vec![Listing { product: Product::Spot, answers: vec![pairs.into(), ticker.into()] }]
    }

    fn told(actions: &[Action]) -> &Outcome {
        match actions.last() {
            Some(Action::Tell(KRAKEN, outcome)) => outcome,
            other => panic!("nobody is told: {other:?}"),
        }
    }

    #[test]
    fn an_exchange_is_listed_launched_and_halted() {
        let mut control = control(&[]);
        assert_eq!(control.handle(Input::Start(KRAKEN), 0), [Action::List(KRAKEN)]);
        assert_eq!(told(&control.handle(Input::Start(KRAKEN), 0)), &Outcome::AlreadyStarting);
        let actions = control.handle(Input::Listed(KRAKEN, Ok(answers())), 1);
        assert!(
            matches!(&actions[0], Action::Launch(KRAKEN, picked) if picked[0].symbol.as_str() == "BTC-USD"),
            "{actions:?}"
        );
        assert!(control.is_running(KRAKEN));
        assert_eq!(told(&control.handle(Input::Start(KRAKEN), 2)), &Outcome::AlreadyRunning);
        assert_eq!(control.handle(Input::Stop(KRAKEN), 3)[0], Action::Halt(KRAKEN));
        assert_eq!(told(&control.handle(Input::Stop(KRAKEN), 4)), &Outcome::NotRunning);
    }

    #[test]
    fn a_venue_that_does_not_answer_is_asked_again_later_and_later() {
        let mut control = control(&[]);
        let mut now_ns = 0;
        let mut last_ms = 0;
        control.handle(Input::Start(KRAKEN), now_ns);
        for _ in 0..12 {
            let actions = control.handle(Input::Listed(KRAKEN, Err("refused".to_owned())), now_ns);
            let Outcome::Failed { retry_ms: Some(retry_ms), .. } = told(&actions) else { panic!("{actions:?}") };
            assert!(*retry_ms >= last_ms && *retry_ms <= RETRY_MS_MAX);
            last_ms = *retry_ms;
            now_ns += retry_ms * 1_000_000;
            assert_eq!(control.timeout(now_ns - 1), []);
            assert_eq!(control.timeout(now_ns), [Action::List(KRAKEN)]);
        }
        assert_eq!(last_ms, RETRY_MS_MAX);
    }

    #[test]
    fn an_unknown_symbol_is_told_and_not_tried_again() {
        let mut control = control(&["FOO-USD"]);
        control.handle(Input::Start(KRAKEN), 0);
        let actions = control.handle(Input::Listed(KRAKEN, Ok(answers())), 0);
        let Outcome::Failed { reason, retry_ms: None } = told(&actions) else { panic!("{actions:?}") };
        assert!(reason.contains("\"FOO-USD\""), "{reason}");
        assert_eq!(control.timeout(u64::MAX), []);
    }

    #[test]
    fn an_answer_after_a_stop_starts_nothing() {
        let mut control = control(&[]);
        control.handle(Input::Start(KRAKEN), 0);
        control.handle(Input::Stop(KRAKEN), 0);
        assert_eq!(control.handle(Input::Listed(KRAKEN, Ok(answers())), 0), []);
        assert!(!control.is_running(KRAKEN));
    }

    #[test]
    fn an_exchange_that_is_not_carried_is_told() {
        let mut control = control(&[]);
        let actions = control.handle(Input::Start(ExchangeId::Fyers), 0);
        assert_eq!(
            actions,
            [Action::Tell(
                ExchangeId::Fyers,
                Outcome::Failed { reason: "fyers is not carried yet".to_owned(), retry_ms: None }
            )]
        );
    }
}
