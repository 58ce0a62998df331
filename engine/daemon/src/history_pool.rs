//! Asks one venue for candles, on threads of its own: the repair of trades never waits for them.
#![allow(clippy::disallowed_methods, reason = "the pool has threads of its own: venues are slow to answer")]

use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, unbounded};
use tickplane_control::history::Unanswered;
use tickplane_exchanges::{Exchange, Request};
use tickplane_model::{Candle, Instrument, Timeframe};
use tickplane_shards::FetchError;

use crate::rest::Rest;

/// As many as the planner has questions on their way.
const THREADS: usize = 2;

/// A question of the planner.
pub(crate) struct Question {
    pub(crate) ticket: u64,
    pub(crate) instrument: Instrument,
    pub(crate) timeframe: Timeframe,
    pub(crate) request: Request,
}

/// What came of it.
pub(crate) type Answer = Result<Vec<Candle>, Unanswered>;

/// The threads of one exchange; they end when it is dropped.
pub(crate) struct HistoryPool(Sender<Question>);

impl HistoryPool {
    /// Starts the threads; `answer` takes each ticket with what came of it.
    pub(crate) fn start(
        exchange: &'static dyn Exchange,
        rest: &Arc<Rest>,
        answer: impl Fn(u64, Answer) + Clone + Send + 'static,
    ) -> std::io::Result<Self> {
        let (sender, questions) = unbounded();
        for _ in 0..THREADS {
            let (rest, questions, answer) = (rest.clone(), questions.clone(), answer.clone());
            let name = format!("history-{}", exchange.meta().id);
            std::thread::Builder::new().name(name).spawn(move || serve(exchange, &rest, &questions, answer))?;
        }
        Ok(Self(sender))
    }

    /// Takes a question. The planner has few on their way, so the queue is short.
    pub(crate) fn ask(&self, question: Question) {
        // The threads live as long as the sender.
        let _ = self.0.send(question);
    }
}

fn serve(exchange: &dyn Exchange, rest: &Rest, questions: &Receiver<Question>, answer: impl Fn(u64, Answer)) {
    for Question { ticket, instrument, timeframe, request } in questions {
        let read = |bytes: Vec<u8>| {
            let candles = exchange.candles(&instrument, timeframe, &bytes);
            candles.map_err(|error| Unanswered::Failed(error.to_string()))
        };
        let result = rest.ask_in_spare_time(&request).map_err(|error| match error {
            FetchError::Failed(text) => Unanswered::Failed(text),
            FetchError::RetryAfter { seconds } | FetchError::NoRoom { seconds } => Unanswered::RetryAfter(seconds),
        });
        answer(ticket, result.and_then(read));
    }
}
