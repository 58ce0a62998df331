//! Carries the shards' questions to the venues: a short queue and two threads per exchange.
#![allow(clippy::disallowed_methods, reason = "the pool has threads of its own: venues are slow to answer")]

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use tickplane_exchanges::Request;
use tickplane_model::ExchangeId;
use tickplane_runtimes::{Command, Fetcher, SystemClock, Waking};
use tickplane_shards::{Clock, Fetch, FetchError};

use crate::rest::Rest;

/// Two answers may be on their way at once: one that is slow keeps no other back, and no venue is flooded.
const THREADS: usize = 2;
/// Questions that may wait. Every shard bounds its own; a full queue tells that the venue answers too slowly.
const QUEUE: usize = 256;
/// A question that waited so long is no longer of interest to who asked.
const AGE_NS_MAX: u64 = 30_000_000_000;

struct Question {
    ticket: u64,
    request: Request,
    answer: Waking,
    asked_ns: u64,
}

/// The queues, by exchange; one that was never opened takes nothing.
pub(crate) struct FetchPool {
    queues: BTreeMap<ExchangeId, OnceLock<Sender<Question>>>,
}

impl FetchPool {
    /// A pool for these exchanges, without threads as yet.
    pub(crate) fn new(exchanges: impl IntoIterator<Item = ExchangeId>) -> Self {
        Self { queues: exchanges.into_iter().map(|id| (id, OnceLock::new())).collect() }
    }

    /// Starts the threads of an exchange; once is enough.
    pub(crate) fn open(&self, id: ExchangeId, rest: &Arc<Rest>) -> std::io::Result<()> {
        let Some(place) = self.queues.get(&id).filter(|place| place.get().is_none()) else { return Ok(()) };
        let (sender, questions) = bounded(QUEUE);
        for _ in 0..THREADS {
            let (rest, questions) = (rest.clone(), questions.clone());
            std::thread::Builder::new().name(format!("rest-{id}")).spawn(move || serve(&rest, &questions))?;
        }
        // Only the cold thread opens, so the place is still empty.
        let _ = place.set(sender);
        Ok(())
    }
}

impl Fetcher for FetchPool {
    fn fetch(&self, fetch: Fetch, answer: &Waking) {
        let Fetch { exchange, ticket, request } = fetch;
        let asked_ns = SystemClock::new().now().monotonic_ns;
        let question = Question { ticket, request, answer: answer.clone(), asked_ns };
        let refused = match self.queues.get(&exchange).and_then(OnceLock::get) {
            Some(queue) => match queue.try_send(question) {
                Ok(()) => return,
                Err(TrySendError::Full(_)) => format!("{QUEUE} questions to {exchange} wait already"),
                Err(TrySendError::Disconnected(_)) => format!("nobody asks {exchange} any more"),
            },
            None => format!("{exchange} was not started"),
        };
        answer.send(Command::Fetched { ticket, answer: Err(FetchError::Failed(refused)) });
    }
}

/// Answers until the pool is gone.
fn serve(rest: &Rest, questions: &Receiver<Question>) {
    let clock = SystemClock::new();
    for Question { ticket, request, answer, asked_ns } in questions {
        let is_old = clock.now().monotonic_ns > asked_ns + AGE_NS_MAX;
        let result = if is_old {
            Err(FetchError::Failed(format!("{} waited too long for its turn", request.path)))
        } else {
            rest.ask(&request)
        };
        answer.send(Command::Fetched { ticket, answer: result });
    }
}
