//! What a shard does for its streams beyond reading them: it asks venues about silent ones, closes seams, cures dead
//! ones, and shows their health.

use tickplane_exchanges::{Exchange, Meta, Outbox, TradePages, WantedTrades};
use tickplane_model::{Instrument, Trade};
use tickplane_segments::{ConnectionCounter, StreamCounter, StreamState};

use crate::close_reason::CloseReason;
use crate::connection::Connection;
use crate::fetch::{Fetch, FetchError};
use crate::instrument::Use;
use crate::now::{Clock, Now};
use crate::questions::{Purpose, Question};
use crate::report::{Action, Happening, Report};
use crate::shard::{ConnectionId, Shard};
use crate::watch::Cure;

/// How often streams are looked at.
const SWEEP_MS: u64 = 250;

impl Shard {
    /// The answer to a [`Fetch`]. One that nobody waits for any more is dropped.
    pub fn fetched(&mut self, ticket: u64, answer: Result<Vec<u8>, FetchError>, now: Now, clock: &impl Clock) {
        if self.take_grant(ticket, &answer, now) {
            return;
        }
        if let Some(question) = self.questions.answered(ticket) {
            self.answered(question, answer, now, clock.now().epoch_ns);
        }
    }

    /// Looks at every stream, now and then.
    pub(crate) fn sweep(&mut self, now: Now) {
        if now.monotonic_ns < self.next_sweep_ns {
            return;
        }
        self.next_sweep_ns = now.after_ms(SWEEP_MS);
        while let Some(question) = self.questions.overdue(now) {
            self.answered(question, Err(FetchError::Failed("no answer".to_owned())), now, now.epoch_ns);
        }
        for index in 0..self.instruments.len() {
            self.settle_suspicion(index, now);
            self.cure_quotes(index, now);
        }
        self.hear_of_losses(now);
        self.ask_all(now, Self::ask_for_seam);
        self.ask_all(now, Self::ask_for_owed);
        self.ask_all(now, Self::ask_for_news);
        for index in 0..self.instruments.len() {
            self.show(index, now);
        }
        self.show_connections();
    }

    /// A connection is stale as long as one of its streams is.
    fn show_connections(&mut self) {
        for connection in self.connections.iter_mut().flatten().filter(|c| c.is_subscribed && c.spec.has_trades) {
            let state_of = |index: usize| self.instruments[index].watch.state();
            let mut carried = connection.spec.instruments.iter();
            let is_stale = carried.any(|(index, _)| state_of(*index as usize) == StreamState::Stale);
            connection.shows_stale(is_stale);
        }
    }

    /// Shows a stream's health in shared memory, and tells of what changed.
    pub(crate) fn show(&mut self, index: usize, now: Now) {
        let Some(id) = self.home_of(index) else { return };
        let Some(Some(connection)) = self.connections.get(id) else { return };
        let exchange = connection.exchange();
        for change in self.instruments[index].show(exchange, &mut self.events, now) {
            let mut carried = connection.spec.instruments.iter();
            let Some((_, facts)) = carried.find(|(carried, _)| *carried as usize == index) else { continue };
            let what = Happening::Stream { symbol: facts.symbol.clone(), change };
            self.actions.push_back(Action::Report(Report { exchange, what }));
        }
    }

    /// Lets instruments ask, beginning after the one that asked last, as long as there is room.
    fn ask_all(&mut self, now: Now, ask: impl Fn(&mut Self, usize, Now) -> bool) {
        let count = self.instruments.len();
        let begin = self.next_asker;
        for step in 0..count {
            let index = (begin + step) % count;
            if !self.questions.has_room() {
                return;
            }
            if !self.questions.is_out(index) && ask(self, index, now) {
                self.next_asker = index + 1;
            }
        }
    }

    fn ask_for_seam(&mut self, index: usize, now: Now) -> bool {
        let instrument = &self.instruments[index];
        let Some(seam) = instrument.tape().seams().first().copied().filter(|_| instrument.repair.is_due(now)) else {
            return false;
        };
        let wanted = WantedTrades::After { known: seam.after, before: Some(seam.before) };
        self.ask(index, Purpose::Seam(seam), wanted, now)
    }

    fn ask_for_news(&mut self, index: usize, now: Now) -> bool {
        let instrument = &self.instruments[index];
        let purpose = if instrument.tape().is_in_doubt() && instrument.watch.wants_to_settle(now) {
            Purpose::Doubt
        } else if instrument.watch.wants_to_ask(now) {
            Purpose::News
        } else {
            return false;
        };
        let wanted = instrument.wanted_news();
        let is_asked = self.ask(index, purpose, wanted, now);
        if is_asked {
            self.instruments[index].watch.asked(now);
        }
        is_asked
    }

    pub(crate) fn ask(&mut self, index: usize, purpose: Purpose, wanted: WantedTrades, now: Now) -> bool {
        let Some((exchange, facts)) = self.facts(index) else { return false };
        if !self.questions.may_ask(exchange.meta().id, purpose, now) {
            return false;
        }
        let (exchange, request) = (exchange.meta().id, exchange.trades_request(facts, wanted));
        let about = (index, purpose, self.instruments[index].watch.epoch);
        let ticket = self.questions.ask(exchange, about, now);
        self.instruments[index].count(StreamCounter::Asks);
        let is_urgent = purpose != Purpose::News;
        self.actions.push_back(Action::Fetch(Fetch { exchange, ticket, request, is_urgent }));
        true
    }

    fn answered(&mut self, question: Question, answer: Result<Vec<u8>, FetchError>, now: Now, publish_ns: i64) {
        match answer {
            Err(FetchError::RetryAfter { seconds }) => return self.questions.pause(question.exchange, seconds, now),
            Err(FetchError::NoRoom { seconds }) => return self.questions.make_room(&question, seconds, now),
            Ok(_) | Err(FetchError::Failed(_)) => {}
        }
        let index = question.instrument;
        let trades = answer.ok().zip(self.facts(index)).and_then(|(bytes, (exchange, facts))| {
            // A venue's error and an answer that makes no sense are failures like any other.
            exchange.trades(facts, &bytes).ok()
        });
        let Some(mut trades) = trades else {
            self.instruments[index].count(StreamCounter::Failures);
            match question.purpose {
                Purpose::Seam(_) => self.seam_failed(question, now),
                Purpose::Owed => self.owed_failed(index, now),
                Purpose::Doubt | Purpose::News => {}
            }
            return;
        };
        trades.iter_mut().for_each(|trade| trade.receive_ns = now.epoch_ns);
        match question.purpose {
            Purpose::Seam(_) => self.seam_answered(question, &trades, now, publish_ns),
            Purpose::Owed => self.owed_answered(index, &trades, now),
            Purpose::Doubt => self.doubt_answered(question, &trades, now, publish_ns),
            Purpose::News => self.news_answered(question, trades, now),
        }
    }

    fn seam_answered(&mut self, question: Question, trades: &[Trade], now: Now, publish_ns: i64) {
        let seams = self.instruments[question.instrument].tape().seams().len();
        let has_gone_on = self.enter(question.instrument, trades, Use::Seams, now, publish_ns);
        let instrument = &mut self.instruments[question.instrument];
        if instrument.tape().seams().len() < seams {
            instrument.repair.start_over();
        } else if !has_gone_on {
            self.seam_failed(question, now);
        } else if !instrument.repair.went_on() {
            self.give_up(question.instrument);
        }
    }

    fn seam_failed(&mut self, question: Question, now: Now) {
        if !self.instruments[question.instrument].repair.failed(now) {
            self.give_up(question.instrument);
        }
    }

    /// The venue cannot or will not give what is missing in the oldest seam.
    fn give_up(&mut self, index: usize) {
        let instrument = &mut self.instruments[index];
        if let Some(seam) = instrument.tape().seams().first().copied() {
            instrument.give_up(seam);
        }
        instrument.repair.start_over();
    }

    /// What came after the newest trade we saw, while the stream was interrupted.
    fn doubt_answered(&mut self, question: Question, trades: &[Trade], now: Now, publish_ns: i64) {
        let index = question.instrument;
        if self.instruments[index].watch.epoch != question.epoch {
            return;
        }
        let is_up_to_date =
            self.facts(index).is_some_and(|(exchange, of)| has_newest(exchange.market(of.product), trades));
        let knows_all = self.instruments[index].watch.settles(question.asked_ns);
        let how = match (self.instruments[index].tape().is_in_doubt(), is_up_to_date && knows_all) {
            (false, _) => Use::Seams,
            (true, false) => Use::Continue,
            (true, true) => Use::Settle,
        };
        let has_news = self.enter(index, trades, how, now, publish_ns);
        let instrument = &mut self.instruments[index];
        if how != Use::Seams && instrument.tape().is_in_doubt() {
            // Without news the answer was as good as none, and another one may be better.
            if has_news || !knows_all {
                instrument.watch.doubts_on(now);
            } else {
                instrument.count(StreamCounter::Failures);
            }
        }
    }

    fn news_answered(&mut self, question: Question, mut trades: Vec<Trade>, now: Now) {
        let instrument = &mut self.instruments[question.instrument];
        if instrument.watch.epoch != question.epoch {
            return;
        }
        let is_first = instrument.keep_news(&mut trades);
        if trades.is_empty() {
            // Of the first answer about a stream that never spoke only our clock says how old it is: asked again soon.
            if !is_first && instrument.watch.is_quiet(now) {
                instrument.count(StreamCounter::Reconnects);
                self.reconnect(question.instrument, now, |symbol| CloseReason::Stale { symbol });
            }
            return;
        }
        instrument.watch.suspect(trades, question.asked_ns, now);
    }

    /// Trades that the venue told of have had time to come by the stream.
    fn settle_suspicion(&mut self, index: usize, now: Now) {
        let Some((trades, has_spoken)) = self.instruments[index].watch.ripe(now) else { return };
        if has_spoken {
            self.enter(index, &trades, Use::Seams, now, now.epoch_ns);
            return;
        }
        let cure = self.instruments[index].stale(now, &mut self.senders);
        self.enter(index, &trades, Use::Instead, now, now.epoch_ns);
        // Before a cure that ends the connection gives it another state.
        self.show(index, now);
        match cure {
            Cure::Resubscribe => self.resubscribe(index, now),
            Cure::Reconnect => self.reconnect(index, now, |symbol| CloseReason::Stale { symbol }),
            Cure::Wait => {}
        }
    }

    /// Quotes that are dead while the trades of their instrument are not.
    fn cure_quotes(&mut self, index: usize, now: Now) {
        match self.instruments[index].cure_quotes(now, &mut self.senders) {
            Some(Cure::Resubscribe) => self.resubscribe(index, now),
            Some(Cure::Reconnect) => self.reconnect(index, now, |symbol| CloseReason::StaleQuotes { symbol }),
            Some(Cure::Wait) | None => {}
        }
    }

    fn resubscribe(&mut self, index: usize, now: Now) {
        let Some(connection) = self.connection_of_mut(index) else { return };
        if let Some(session) = &mut connection.session {
            let mut outbox = Outbox::default();
            session.resubscribe(index as u32, &mut outbox);
            connection.outbox.extend(outbox.0);
        }
        if let Err(error) = connection.send_paced(now)
            && let Some(id) = self.home_of(index)
        {
            self.end(id, error.into(), now);
        }
    }

    fn reconnect(&mut self, index: usize, now: Now, reason: impl FnOnce(String) -> CloseReason) {
        let symbol = self.facts(index).map(|(_, facts)| facts.symbol.to_string());
        if let (Some(id), Some(symbol)) = (self.home_of(index), symbol) {
            self.end(id, reason(symbol), now);
        }
    }

    /// Takes trades of an answer in, and counts them; says whether they brought anything on.
    fn enter(&mut self, index: usize, trades: &[Trade], how: Use, now: Now, publish_ns: i64) -> bool {
        let (taken, has_gone_on) = self.instruments[index].take_in(trades, how, now, publish_ns, &mut self.senders);
        if let Some(connection) = self.connection_of_mut(index) {
            connection.spec.health.count(ConnectionCounter::Backfilled, taken);
        }
        has_gone_on
    }

    /// The connection that carries an instrument.
    fn home_of(&self, index: usize) -> Option<ConnectionId> {
        self.homes.get(index).copied().flatten()
    }

    fn connection_of(&self, index: usize) -> Option<&Connection> {
        self.connections.get(self.home_of(index)?)?.as_ref()
    }

    fn connection_of_mut(&mut self, index: usize) -> Option<&mut Connection> {
        let id = self.home_of(index)?;
        self.connections.get_mut(id)?.as_mut()
    }

    /// Its venue, and its facts as the venue lists them.
    fn facts(&self, index: usize) -> Option<(&'static dyn Exchange, &Instrument)> {
        let spec = &self.connection_of(index)?.spec;
        let (_, facts) = spec.instruments.iter().find(|(carried, _)| *carried as usize == index)?;
        Some((spec.exchange, facts))
    }

    /// Every stream of a connection enters a phase of its life.
    pub(crate) fn each_stream(&mut self, id: ConnectionId, now: Now, phase: StreamPhase) {
        let Some(Some(connection)) = self.connections.get(id).filter(|connection| has_trades(connection)) else {
            return;
        };
        let carried = connection.spec.instruments.clone();
        for (index, _) in carried.iter() {
            let index = *index as usize;
            let instrument = &mut self.instruments[index];
            match phase {
                StreamPhase::Connecting => instrument.watch.connecting(),
                StreamPhase::Opened => instrument.watch.opened(now),
                StreamPhase::Lost => instrument.lost(now, &mut self.senders),
                StreamPhase::Closed => instrument.down(now, &mut self.senders),
            }
            self.show(index, now);
        }
    }
}

/// Whether a connection is the home of streams.
fn has_trades(connection: &Option<Connection>) -> bool {
    connection.as_ref().is_some_and(|connection| connection.spec.has_trades)
}

/// Whether an answer about what came after a mark shows the venue's newest trade. What it does not reach back to is a
/// seam then, and asked for as such.
fn has_newest(meta: &Meta, trades: &[Trade]) -> bool {
    match meta.trade_pages {
        TradePages::Forward => trades.len() < meta.trades_per_answer,
        TradePages::Backward => true,
    }
}

/// What happens to every stream of a connection at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum StreamPhase {
    Connecting,
    Opened,
    /// Messages of the connection were lost.
    Lost,
    Closed,
}
