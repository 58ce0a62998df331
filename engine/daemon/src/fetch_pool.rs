//! Carries the shards' questions to the venues: per exchange a short queue with two threads for what is urgent, and one
//! with a thread for what is not.
#![allow(clippy::disallowed_methods, reason = "the pool has threads of its own: venues are slow to answer")]

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use tickplane_exchanges::Request;
use tickplane_model::ExchangeId;
use tickplane_runtimes::{Command, Fetcher, SystemClock, Waking};
use tickplane_shards::{Clock, Fetch, FetchError};

use crate::rest::Rest;

/// Two urgent answers may be on their way at once: one that is slow keeps no other back, and no venue is flooded. What
/// is not urgent has a thread of its own: where it waits for room, nothing waits behind it.
const URGENT_THREADS: usize = 2;
/// Questions that may wait. Every shard bounds its own; a full queue tells that the venue answers too slowly.
const QUEUE: usize = 256;
/// A question goes out this soon, or not at all: with the time that an answer may take, whoever asked still waits.
const WAIT_NS_MAX: u64 = 8_000_000_000;

struct Question {
    ticket: u64,
    request: Request,
    answer: Waking,
    is_urgent: bool,
    asked_ns: u64,
}

/// The queues of one exchange.
struct Queues {
    urgent: Sender<Question>,
    other: Sender<Question>,
}

/// The queues, by exchange; one that was never opened takes nothing.
pub(crate) struct FetchPool {
    queues: BTreeMap<ExchangeId, OnceLock<Queues>>,
}

impl FetchPool {
    /// A pool for these exchanges, without threads as yet.
    pub(crate) fn new(exchanges: impl IntoIterator<Item = ExchangeId>) -> Self {
        Self { queues: exchanges.into_iter().map(|id| (id, OnceLock::new())).collect() }
    }

    /// Starts the threads of an exchange; once is enough.
    pub(crate) fn open(&self, id: ExchangeId, rest: &Arc<Rest>) -> std::io::Result<()> {
        let Some(place) = self.queues.get(&id).filter(|place| place.get().is_none()) else { return Ok(()) };
        let queue = |threads| -> std::io::Result<Sender<Question>> {
            let (sender, questions) = bounded(QUEUE);
            for _ in 0..threads {
                let (rest, questions) = (rest.clone(), questions.clone());
                std::thread::Builder::new().name(format!("rest-{id}")).spawn(move || serve(&rest, &questions))?;
            }
            Ok(sender)
        };
        let queues = Queues { urgent: queue(URGENT_THREADS)?, other: queue(1)? };
        // Only the cold thread opens, so the place is still empty.
        let _ = place.set(queues);
        Ok(())
    }
}

impl Fetcher for FetchPool {
    fn fetch(&self, fetch: Fetch, answer: &Waking) {
        let Fetch { exchange, ticket, request, is_urgent } = fetch;
        let asked_ns = SystemClock::new().now().monotonic_ns;
        let question = Question { ticket, request, answer: answer.clone(), is_urgent, asked_ns };
        let refused = match self.queues.get(&exchange).and_then(OnceLock::get) {
            Some(queues) => match if is_urgent { &queues.urgent } else { &queues.other }.try_send(question) {
                Ok(()) => return,
                Err(TrySendError::Full(_)) => FetchError::NoRoom { seconds: 1 },
                Err(TrySendError::Disconnected(_)) => FetchError::Failed(format!("nobody asks {exchange} any more")),
            },
            None => FetchError::Failed(format!("{exchange} was not started")),
        };
        answer.send(Command::Fetched { ticket, answer: Err(refused) });
    }
}

/// Answers until the pool is gone.
fn serve(rest: &Rest, questions: &Receiver<Question>) {
    for Question { ticket, request, answer, is_urgent, asked_ns } in questions {
        let until_ns = asked_ns + WAIT_NS_MAX;
        let result = if is_urgent { rest.ask_until(&request, until_ns) } else { rest.ask_aside(&request, until_ns) };
        answer.send(Command::Fetched { ticket, answer: result });
    }
}
