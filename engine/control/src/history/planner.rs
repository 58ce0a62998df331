//! What one venue is asked for by way of candles, in which order and how fast: a state machine without I/O or clock.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use tickplane_exchanges::{Exchange, Meta, Request};
use tickplane_model::{Candle, Instrument, Timeframe};

use super::SeriesId;
use super::job::{Job, PageState, source_of};
use super::look::Look;
use super::tries::{Tries, without};
use crate::budget::Budget;

const NS_PER_MS: u64 = 1_000_000;
/// Of the venue's limit; the repair of trades has as much left, and goes first.
const SHARE_PERCENT: u32 = 25;
/// Requests on their way at once: one that is slow keeps no other back, and no venue is flooded.
const IN_FLIGHT_MAX: usize = 2;
/// A question that fails is asked again after this long, then twice as long, up to the maximum.
const RETRY_MS_FIRST: u64 = 2_000;
const RETRY_MS_MAX: u64 = 60_000;
/// After so many failures in a row it waits for a later look.
const FAILURES_MAX: u32 = 6;
/// What an answer takes, as long as none came.
const ANSWER_NS: u64 = 150 * NS_PER_MS;

/// What happened.
#[derive(Clone, PartialEq, Debug)]
pub enum Input {
    /// A series was looked at.
    Looked(SeriesId, Look),
    /// The answer to an [`Action::Ask`].
    Answered {
        /// Which question.
        ticket: u64,
        /// The venue's candles, or why there are none.
        answer: Result<Vec<Candle>, Unanswered>,
    },
}

/// Why a question has no answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unanswered {
    /// The request failed, or the venue answered with an error of its own.
    Failed(String),
    /// The venue wants no requests for so many seconds.
    RetryAfter(u32),
}

/// What is to be done.
#[derive(Clone, PartialEq, Debug)]
pub enum Action {
    /// Send a request, read its answer with [`Exchange::candles`] and come back with [`Input::Answered`].
    Ask {
        /// Names the question.
        ticket: u64,
        /// Of which instrument of the planner.
        rank: u32,
        /// Whose candles the answer holds.
        timeframe: Timeframe,
        /// What to send.
        request: Request,
    },
    /// These rows of a series are as the venue has them: whole, oldest first. Where `source` is finer than the series
    /// they have yet to be rolled up.
    Fill(Answer),
    /// These rows of the venue are to be compared with ours.
    Compare(Answer),
    /// Tell people.
    Tell(String),
}

/// What the venue has of some rows of a series.
#[derive(Clone, PartialEq, Debug)]
pub struct Answer {
    /// The series.
    pub series: SeriesId,
    /// The rows that were asked for.
    pub rows: Range<u64>,
    /// The timeframe of the candles.
    pub source: Timeframe,
    /// The candles, closed, oldest first.
    pub candles: Vec<Candle>,
}

/// How far the history is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Progress {
    /// Series that the venue has candles for.
    pub series: u64,
    /// Those of which nothing is outstanding.
    pub filled: u64,
    /// Requests outstanding, as far as known.
    pub requests_left: u64,
    /// What they weigh against the venue's limit.
    pub weight_left: u64,
    /// About how long they take.
    pub eta_ns: u64,
}

/// The order of questions: history before comparisons, symbols by rank, native timeframes before rolled-up ones.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
struct JobKey {
    is_comparison: bool,
    rank: u32,
    is_rolled_up: bool,
    timeframe: Timeframe,
    first: u64,
}

struct Series {
    source: Timeframe,
    tries: Tries,
    is_looked_at: bool,
    /// Rows that could be compared.
    comparable: Range<u64>,
    /// Rows before this were.
    compared_to: u64,
}

struct Asked {
    key: JobKey,
    page: usize,
    at_ns: u64,
}

/// The history of one exchange.
pub struct Planner {
    exchange: &'static dyn Exchange,
    instruments: Vec<Instrument>,
    series: BTreeMap<SeriesId, Series>,
    jobs: BTreeMap<JobKey, Job>,
    asked: HashMap<u64, Asked>,
    budget: Budget,
    ticket: u64,
    paused_until_ns: u64,
    /// Running mean.
    answer_ns: u64,
    failures: u32,
    compare_every_ns: Option<u64>,
    compared_at_ns: u64,
    /// The series that was compared last.
    compared: Option<SeriesId>,
}

impl Planner {
    /// A planner for these instruments, most important first, and timeframes. Rows are compared with the venue's in one
    /// request in `compare_every_ns`, or never.
    #[must_use]
    pub fn new(
        exchange: &'static dyn Exchange,
        instruments: Vec<Instrument>,
        timeframes: &[Timeframe],
        compare_every_ns: Option<u64>,
        now_ns: u64,
    ) -> Self {
        let meta = exchange.meta();
        let sources = |instrument: &Instrument| {
            let meta = exchange.market(instrument.product);
            timeframes.iter().filter_map(move |timeframe| Some((*timeframe, source_of(meta, *timeframe)?)))
        };
        let series = (0..).zip(&instruments).flat_map(|(rank, instrument)| {
            let series = |source| Series {
                source,
                tries: Tries::default(),
                is_looked_at: false,
                comparable: 0..0,
                compared_to: 0,
            };
            sources(instrument).map(move |(timeframe, source)| (SeriesId { rank, timeframe }, series(source)))
        });
        Self {
            exchange,
            series: series.collect(),
            instruments,
            jobs: BTreeMap::new(),
            asked: HashMap::new(),
            budget: Budget::new(meta.limits.requests, SHARE_PERCENT),
            ticket: 0,
            paused_until_ns: 0,
            answer_ns: ANSWER_NS,
            failures: 0,
            compare_every_ns,
            compared_at_ns: now_ns,
            compared: None,
        }
    }

    /// The series it plans for, in order of rank. Those for which the venue has no candles are not among them.
    pub fn series(&self) -> impl Iterator<Item = SeriesId> + '_ {
        self.series.keys().copied()
    }

    /// What the history takes at most if nothing is there yet and each series is to hold `rows`.
    #[must_use]
    pub fn forecast(&self, rows: u64, now_ns: u64) -> Progress {
        let pages = |(id, series): (&SeriesId, &Series)| {
            let meta = self.market(id.rank);
            let fine = rows * (id.timeframe.seconds() / series.source.seconds()) as u64;
            let fine = meta.candles.rows_back.map_or(fine, |back| fine.min(back.into()));
            fine.div_ceil(meta.candles.rows_per_answer.into())
        };
        self.progress_of(0, self.series.iter().map(pages).sum(), now_ns)
    }

    /// How far it is.
    #[must_use]
    pub fn progress(&self, now_ns: u64) -> Progress {
        let jobs = || self.jobs.iter().filter(|(key, _)| !key.is_comparison);
        let mut outstanding: Vec<SeriesId> = jobs().map(|(_, job)| job.series).collect();
        outstanding.sort_unstable();
        let is_filled =
            |(id, series): &(&SeriesId, &Series)| series.is_looked_at && outstanding.binary_search(id).is_err();
        let filled = self.series.iter().filter(is_filled).count() as u64;
        self.progress_of(filled, jobs().map(|(_, job)| job.left() as u64).sum(), now_ns)
    }

    fn progress_of(&self, filled: u64, requests_left: u64, now_ns: u64) -> Progress {
        let weight_left = requests_left * u64::from(self.weight());
        let answers_ns = requests_left * self.answer_ns / IN_FLIGHT_MAX as u64;
        let paused_ns = if requests_left > 0 { self.paused_until_ns.saturating_sub(now_ns) } else { 0 };
        let eta_ns = paused_ns + answers_ns.max(self.budget.estimate_ns(weight_left, now_ns));
        Progress { series: self.series.len() as u64, filled, requests_left, weight_left, eta_ns }
    }

    /// The facts of an instrument's market.
    fn market(&self, rank: u32) -> &'static Meta {
        self.exchange.market(self.instruments[rank as usize].product)
    }

    /// What a request for candles weighs.
    fn weight(&self) -> u32 {
        let request = self.instruments.first().and_then(|instrument| {
            let timeframe = self.market(0).timeframes.first()?;
            self.exchange.candles_request(instrument, *timeframe, 0, timeframe.length_ns())
        });
        request.map_or(1, |request| request.weight)
    }

    /// Takes what happened at monotonic time `now_ns`; says what to do.
    pub fn handle(&mut self, input: Input, now_ns: u64) -> Vec<Action> {
        let mut actions = match input {
            Input::Looked(id, look) => {
                self.looked(id, look, now_ns);
                Vec::new()
            }
            Input::Answered { ticket, answer } => self.answered(ticket, answer, now_ns),
        };
        self.ask(now_ns, &mut actions);
        actions
    }

    /// Goes on where the time has come.
    pub fn timeout(&mut self, now_ns: u64) -> Vec<Action> {
        let mut actions = Vec::new();
        self.compare_next(now_ns);
        self.ask(now_ns, &mut actions);
        actions
    }

    fn looked(&mut self, id: SeriesId, look: Look, now_ns: u64) {
        let Some(meta) = self.series.contains_key(&id).then(|| self.market(id.rank)) else { return };
        let Some(series) = self.series.get_mut(&id) else { return };
        series.is_looked_at = true;
        series.comparable = look.comparable.unwrap_or(0..0);
        series.tries.forget_before(look.floor);
        // A venue that keeps only its newest rows tells no older ones, and no part of a row is a row.
        let reach = meta.candles.rows_back.map_or(0, |back| {
            let oldest = (meta.calendar.row(series.source, look.epoch_ns) + 1).saturating_sub(back.into());
            let oldest_ns = meta.calendar.open_time_ns(series.source, oldest);
            meta.calendar.row(id.timeframe, oldest_ns + id.timeframe.length_ns() - 1)
        });
        let (source, mut new) = (series.source, Vec::new());
        for missing in look.missing {
            let mut ranges = vec![missing.rows.start.max(reach)..missing.rows.end];
            for job in self.jobs.values().filter(|job| job.series == id) {
                ranges = ranges.iter().flat_map(|rows| without(rows, &job.rows)).collect();
            }
            let due = ranges.into_iter().filter(|rows| !rows.is_empty());
            for rows in due.flat_map(|rows| series.tries.due(rows, now_ns)) {
                let carry = if rows.start == missing.rows.start { missing.carry } else { f64::NAN };
                new.push(Job::new(meta, id, source, rows, carry));
            }
        }
        for job in new {
            self.jobs.insert(key(&job, false), job);
        }
    }

    fn answered(&mut self, ticket: u64, answer: Result<Vec<Candle>, Unanswered>, now_ns: u64) -> Vec<Action> {
        let Some(Asked { key, page, at_ns }) = self.asked.remove(&ticket) else { return Vec::new() };
        // A question given up meanwhile has no job any more.
        let Some(job) = self.jobs.get_mut(&key) else { return Vec::new() };
        match answer {
            Ok(candles) => {
                job.pages[page].state = PageState::Answered(candles);
                job.failures = 0;
                self.failures = 0;
                self.answer_ns = (7 * self.answer_ns + now_ns.saturating_sub(at_ns)) / 8;
                if job.left() == 0 { self.finish(key, now_ns).into_iter().collect() } else { Vec::new() }
            }
            Err(Unanswered::RetryAfter(seconds)) => {
                job.pages[page].state = PageState::Waiting;
                self.paused_until_ns = now_ns + u64::from(seconds) * 1_000 * NS_PER_MS;
                Vec::new()
            }
            Err(Unanswered::Failed(reason)) => {
                job.pages[page].state = PageState::Waiting;
                job.failures += 1;
                self.failed(key, &reason, now_ns).map(Action::Tell).into_iter().collect()
            }
        }
    }

    /// Every page is there: the rows go out together.
    fn finish(&mut self, key: JobKey, now_ns: u64) -> Option<Action> {
        let job = self.jobs.remove(&key)?;
        let meta = self.market(key.rank);
        let (series, rows, source) = (job.series, job.rows.clone(), job.source);
        if !key.is_comparison {
            self.series.get_mut(&series)?.tries.answered(rows.clone(), now_ns);
        }
        let candles = job.into_candles(meta.calendar, &meta.candles);
        let answer = Answer { series, rows, source, candles };
        if key.is_comparison {
            Some(Action::Compare(answer))
        } else {
            (!answer.candles.is_empty()).then_some(Action::Fill(answer))
        }
    }

    /// Tries a question again later, and says so where it is news.
    fn failed(&mut self, key: JobKey, reason: &str, now_ns: u64) -> Option<String> {
        let job = self.jobs.get_mut(&key)?;
        let id = self.exchange.meta().id;
        let (symbol, timeframe) = (&self.instruments[key.rank as usize].symbol, key.timeframe);
        self.failures += 1;
        if job.failures >= FAILURES_MAX || key.is_comparison {
            let rows = job.rows.clone();
            self.jobs.remove(&key);
            let until_ns = now_ns + RETRY_MS_MAX * NS_PER_MS;
            let series = self.series.get_mut(&SeriesId { rank: key.rank, timeframe })?;
            if key.is_comparison {
                series.compared_to = rows.start;
                return (self.failures == 1).then(|| format!("{id}: {symbol} {timeframe} was not compared: {reason}"));
            }
            series.tries.postponed(rows, until_ns);
            return Some(format!("{id}: no history of {symbol} {timeframe} for now: {reason}"));
        }
        let retry_ms = (RETRY_MS_FIRST << (job.failures - 1)).min(RETRY_MS_MAX);
        job.not_before_ns = now_ns + retry_ms * NS_PER_MS;
        let seconds = retry_ms / 1_000;
        (self.failures == 1)
            .then(|| format!("{id}: history of {symbol} {timeframe}: {reason}; next try in {seconds} s"))
    }

    /// Makes the next series' newest rows a question, when it is time and nothing is missing anywhere.
    fn compare_next(&mut self, now_ns: u64) {
        let Some(every_ns) = self.compare_every_ns else { return };
        if now_ns < self.compared_at_ns + every_ns || !self.jobs.is_empty() {
            return;
        }
        let fresh = |(id, series): (&SeriesId, &Series)| {
            let rows_max = u64::from(self.market(id.rank).candles.rows_per_answer);
            let Range { start, end } = series.comparable;
            let rows = start.max(series.compared_to).max(end.saturating_sub(rows_max))..end;
            (series.source == id.timeframe && !rows.is_empty()).then_some((*id, rows))
        };
        let after = |id: SeriesId| (std::ops::Bound::Excluded(id), std::ops::Bound::Unbounded);
        let next = self.compared.and_then(|last| self.series.range(after(last)).find_map(fresh));
        let Some((id, rows)) = next.or_else(|| self.series.iter().find_map(fresh)) else { return };
        (self.compared, self.compared_at_ns) = (Some(id), now_ns);
        if let Some(series) = self.series.get_mut(&id) {
            series.compared_to = rows.end;
        }
        let job = Job::new(self.market(id.rank), id, id.timeframe, rows, f64::NAN);
        self.jobs.insert(key(&job, true), job);
    }

    /// Asks as far as the limit allows.
    fn ask(&mut self, now_ns: u64, actions: &mut Vec<Action>) {
        while now_ns >= self.paused_until_ns && self.asked.len() < IN_FLIGHT_MAX {
            let mut ready = self.jobs.iter_mut().filter(|(_, job)| now_ns >= job.not_before_ns);
            let Some((key, job, page)) = ready.find_map(|(key, job)| job.waiting().map(|page| (*key, job, page)))
            else {
                return;
            };
            let (from_ns, to_ns) = (job.pages[page].from_ns, job.pages[page].to_ns);
            let instrument = &self.instruments[key.rank as usize];
            let Some(request) = self.exchange.candles_request(instrument, job.source, from_ns, to_ns) else {
                unreachable!("a source is one of the venue's timeframes")
            };
            if self.budget.spend(request.weight, now_ns).is_err() {
                return;
            }
            job.pages[page].state = PageState::Asked;
            self.ticket += 1;
            self.asked.insert(self.ticket, Asked { key, page, at_ns: now_ns });
            actions.push(Action::Ask { ticket: self.ticket, rank: key.rank, timeframe: job.source, request });
        }
    }
}

fn key(job: &Job, is_comparison: bool) -> JobKey {
    let SeriesId { rank, timeframe } = job.series;
    JobKey { is_comparison, rank, is_rolled_up: job.source != timeframe, timeframe, first: job.rows.start }
}
