//! A model of Kraken: sockets, subscriptions, history on subscribe and REST over a [`Market`] of each symbol, with
//! everything that goes wrong.

use std::collections::VecDeque;
use std::ops::Range;

use tickplane_shards::{Clock, Fetch, FetchError};

use crate::rig::{Rig, START_NS, ack, frame, quote, texts};
use crate::simulation::market::{Market, ModelTrade};
use crate::simulation::random::Random;

pub(crate) const SYMBOLS: [&str; 2] = ["BTC-USD", "ETH-USD"];
/// History on subscribe.
const HISTORY: usize = 50;
/// Trades of one REST answer: few, so that repairs need pages.
pub(crate) const PAGE: usize = 100;
/// Questions the venue answers in so many milliseconds; it refuses more.
const ALLOWED: usize = 12;
const ALLOWED_MS: u64 = 10_000;

/// What goes wrong, and until when (milliseconds of virtual time; 0 never).
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    /// Nothing is heard or sent, the socket stays open; what was not sent comes afterwards.
    pub(crate) silent_until: u64,
    /// Nothing is heard, and what is said is lost, heartbeats too.
    pub(crate) mute_until: u64,
    /// TCP is refused.
    pub(crate) refuses_until: u64,
    /// REST fails in one of several ways.
    pub(crate) rest_fails_until: u64,
    /// REST takes its time.
    pub(crate) rest_slow_until: u64,
    /// The worker does not run.
    pub(crate) worker_stalls_until: u64,
    /// The clock in messages is so many seconds off, where that can be told.
    pub(crate) jump_until: u64,
    pub(crate) jump_s: i64,
    /// Quotes do not come meanwhile.
    pub(crate) no_quotes: Range<u64>,
    /// Messages of trades that get lost.
    pub(crate) lost_frames: u64,
    /// Messages of trades that come twice.
    pub(crate) doubled_frames: u64,
    /// Messages of trades that come after the next one.
    pub(crate) swapped_frames: u64,
}

/// Jumps from here on show in history too.
const GREAT_JUMP_S: u64 = 100;
/// Other jumps show where a time is this much off from where a trade that is late may lie.
const SHOWS_NS: i64 = 3_200_000_000;

impl Faults {
    fn off_s(&self, now_ms: u64) -> i64 {
        if now_ms < self.jump_until { self.jump_s } else { 0 }
    }

    /// How far times of history are off.
    fn history_off_s(&self, now_ms: u64) -> i64 {
        Some(self.off_s(now_ms)).filter(|off_s| off_s.unsigned_abs() >= GREAT_JUMP_S).unwrap_or(0)
    }
}

/// What the plane can tell a jump by: trades that are late go on from the newest, and none comes from the future.
struct Horizon {
    now_ns: i64,
    /// Of the newest trade that was published.
    newest_ns: i64,
    /// The plane's own clock.
    clock_ns: i64,
}

impl Horizon {
    /// Whether each of these trades is one that nobody would believe.
    fn shows(&self, trades: &[ModelTrade], off_s: i64) -> bool {
        trades.iter().all(|trade| {
            let told_ns = trade.at_ns.cast_signed() + off_s * 1_000_000_000;
            let is_next = told_ns >= self.newest_ns - SHOWS_NS && told_ns <= self.now_ns + SHOWS_NS;
            !is_next && told_ns.abs_diff(self.clock_ns) > SHOWS_NS.unsigned_abs()
        })
    }
}

/// One symbol's stream on the present socket.
#[derive(Clone, Copy, Default)]
struct Subscription {
    is_active: bool,
    /// Trades before this place of the market were sent.
    sent: usize,
    /// Acknowledges and says nothing, this many subscriptions long.
    dead_for: u64,
}

pub(crate) struct Venue {
    pub(crate) markets: [Market; 2],
    pub(crate) faults: Faults,
    has_history: bool,
    subscriptions: [Subscription; 2],
    held: Option<String>,
    answers: Vec<(u64, u64, Result<Vec<u8>, FetchError>)>,
    /// When it was asked of late.
    asked_ms: VecDeque<u64>,
    /// It was told to leave the venue alone until then.
    leave_until_ms: u64,
    /// How it was asked though it may not be.
    pub(crate) offence: Option<String>,
    heartbeat_ms: u64,
}

impl Venue {
    pub(crate) fn new(markets: [Market; 2], has_history: bool) -> Self {
        Self {
            markets,
            faults: Faults::default(),
            has_history,
            subscriptions: [Subscription::default(); 2],
            held: None,
            answers: Vec::new(),
            asked_ms: VecDeque::new(),
            leave_until_ms: 0,
            offence: None,
            heartbeat_ms: 0,
        }
    }

    /// A subscription dies; it comes back when it was taken anew often enough.
    pub(crate) fn kill(&mut self, symbol: usize, subscriptions: u64) {
        self.subscriptions[symbol].dead_for = subscriptions;
    }

    /// The socket is gone.
    pub(crate) fn hung_up(&mut self) {
        for subscription in &mut self.subscriptions {
            *subscription = Subscription { dead_for: subscription.dead_for.saturating_sub(1), ..Default::default() };
        }
        self.held = None;
    }

    /// Hears what the client says, and says what there is to say, in pieces of any size.
    pub(crate) fn turn(&mut self, rig: &mut Rig, random: &mut Random) {
        let now_ms = rig.now_ms();
        if now_ms < self.faults.silent_until {
            return;
        }
        let mut messages = Vec::new();
        if now_ms >= self.faults.mute_until {
            for text in texts(&rig.take_outgoing()) {
                self.hear(&text, now_ms, &mut messages);
            }
        }
        let horizons = [0, 1].map(|at| self.horizon(at, rig));
        self.trade(now_ms, &horizons, &mut messages);
        if now_ms < self.faults.mute_until {
            return;
        }
        if now_ms >= self.heartbeat_ms {
            self.heartbeat_ms = now_ms + 1_000;
            messages.push(r#"{"channel":"heartbeat"}"#.to_owned());
        }
        let bytes: Vec<u8> = messages.iter().flat_map(|text| frame(text)).collect();
        let mut rest = &bytes[..];
        while !rest.is_empty() && rig.is_connected {
            // As much as one read takes.
            let read = rest.len().min(8_192);
            let length = if random.below(4) == 0 { 1 + random.below(read as u64) as usize } else { read };
            rig.receive(&rest[..length]);
            rest = &rest[length..];
        }
    }

    fn hear(&mut self, text: &str, now_ms: u64, messages: &mut Vec<String>) {
        if !text.contains(r#""channel":"trade""#) {
            return;
        }
        for (at, symbol) in SYMBOLS.into_iter().enumerate() {
            if !text.contains(&symbol.replace('-', "/")) {
                continue;
            }
            let subscription = &mut self.subscriptions[at];
            let happened = self.markets[at].until(now_ms * 1_000_000);
            subscription.is_active = text.contains(r#""subscribe""#);
            if !subscription.is_active {
                continue;
            }
            subscription.dead_for = subscription.dead_for.saturating_sub(1);
            subscription.sent = happened.len();
            messages.push(ack(symbol));
            if self.has_history && !happened.is_empty() {
                let newest = &happened[happened.len().saturating_sub(HISTORY)..];
                messages.push(message(symbol, "snapshot", newest, self.faults.history_off_s(now_ms)));
            }
        }
    }

    fn horizon(&self, at: usize, rig: &Rig) -> Horizon {
        let newest = rig.seen[at].iter().max().copied().unwrap_or(0);
        let trades = &self.markets[at].trades;
        let known = trades.partition_point(|trade| trade.id <= newest);
        let newest_ns = known.checked_sub(1).map_or(0, |known| trades[known].at_ns.cast_signed());
        let now = rig.clock.now();
        Horizon { now_ns: now.monotonic_ns.cast_signed(), newest_ns, clock_ns: now.epoch_ns - START_NS }
    }

    fn trade(&mut self, now_ms: u64, horizons: &[Horizon; 2], messages: &mut Vec<String>) {
        for (at, symbol) in SYMBOLS.into_iter().enumerate() {
            let subscription = &mut self.subscriptions[at];
            let happened = self.markets[at].until(now_ms * 1_000_000);
            if !subscription.is_active || subscription.sent >= happened.len() {
                continue;
            }
            let new = &happened[subscription.sent..];
            subscription.sent = happened.len();
            if subscription.dead_for > 0 {
                continue;
            }
            // Several messages, so that some of them can go wrong.
            let faults = &mut self.faults;
            for part in new.chunks(4) {
                let off_s = Some(faults.off_s(now_ms)).filter(|off_s| horizons[at].shows(part, *off_s)).unwrap_or(0);
                let text = message(symbol, "update", part, off_s);
                if spend(&mut faults.lost_frames) {
                    continue;
                }
                if self.held.is_none() && spend(&mut faults.swapped_frames) {
                    // When it comes at last, a time that jumped may look like one that is late.
                    self.held = Some(message(symbol, "update", part, 0));
                    continue;
                }
                if spend(&mut faults.doubled_frames) {
                    messages.push(text.clone());
                }
                messages.push(text);
                messages.extend(self.held.take());
            }
            if let Some(last) = new.last().filter(|_| !faults.no_quotes.contains(&now_ms)) {
                messages.push(quote(symbol, last.price - 1, last.price));
            }
        }
    }

    /// Takes a question; the answer comes later.
    pub(crate) fn ask(&mut self, fetch: &Fetch, now_ms: u64, random: &mut Random) {
        self.judge(now_ms);
        let delay_ms = if now_ms < self.faults.rest_slow_until { random.below(8_000) } else { 20 + random.below(80) };
        let seconds = 1 + random.below(5) as u32;
        let answer = match random.below(4) {
            // Whoever carries questions for all shards has no room, or sees the venue refuse.
            0 if self.asked_ms.len() > ALLOWED => Err(FetchError::NoRoom { seconds }),
            _ if self.asked_ms.len() > ALLOWED => Err(FetchError::RetryAfter { seconds }),
            _ if now_ms >= self.faults.rest_fails_until => Ok(self.answer(&fetch.request.path, now_ms)),
            0 => Err(FetchError::Failed("status 502".to_owned())),
            1 => Err(FetchError::RetryAfter { seconds }),
            2 => Ok(br#"{"error":["EGeneral:Internal error"]}"#.to_vec()),
            _ => return,
        };
        self.answers.push((now_ms + delay_ms, fetch.ticket, answer));
    }

    /// Notes a question, and what is wrong with it.
    fn judge(&mut self, now_ms: u64) {
        while self.asked_ms.front().is_some_and(|at_ms| at_ms + ALLOWED_MS <= now_ms) {
            self.asked_ms.pop_front();
        }
        self.asked_ms.push_back(now_ms);
        if now_ms < self.leave_until_ms {
            self.offence = Some(format!("asked at {now_ms} ms, and told to wait until {} ms", self.leave_until_ms));
        }
    }

    /// Answers that are due.
    pub(crate) fn answers(&mut self, now_ms: u64) -> Vec<(u64, Result<Vec<u8>, FetchError>)> {
        let (due, later) = std::mem::take(&mut self.answers).into_iter().partition(|(at_ms, ..)| *at_ms <= now_ms);
        self.answers = later;
        let due: Vec<(u64, u64, _)> = due;
        for (_, _, answer) in &due {
            if let Err(FetchError::RetryAfter { seconds }) = answer {
                self.leave_until_ms = self.leave_until_ms.max(now_ms + u64::from(*seconds) * 1_000);
            }
        }
        due.into_iter().map(|(_, ticket, answer)| (ticket, answer)).collect()
    }

    fn answer(&self, path: &str, now_ms: u64) -> Vec<u8> {
        let at = SYMBOLS.iter().position(|symbol| path.contains(&symbol.replace('-', "/"))).expect("a listed pair");
        // REST is a second behind.
        let happened = self.markets[at].until(now_ms.saturating_sub(1_000) * 1_000_000);
        let number = |name: &str| path.split_once(name).map(|(_, text)| text.parse::<u64>().expect("nanoseconds"));
        let page = match (number("since="), number("until=")) {
            (Some(since), _) => {
                let from = happened.partition_point(|trade| START_NS as u64 + trade.at_ns <= since);
                &happened[from..happened.len().min(from + PAGE)]
            }
            (None, until) => {
                let until = until.unwrap_or(u64::MAX);
                let to = happened.partition_point(|trade| START_NS as u64 + trade.at_ns <= until);
                &happened[to.saturating_sub(PAGE)..to]
            }
        };
        let rows: Vec<String> = page.iter().map(row).collect();
        let pair = SYMBOLS[at].replace('-', "/");
        format!(r#"{{"error":[],"result":{{"{pair}":[{}],"last":"1"}}}}"#, rows.join(",")).into_bytes()
    }
}

fn spend(count: &mut u64) -> bool {
    let has_any = *count > 0;
    *count = count.saturating_sub(1);
    has_any
}

fn row(trade: &ModelTrade) -> String {
    let at_us = (START_NS as u64 + trade.at_ns) / 1_000;
    let side = if trade.is_sell { "s" } else { "b" };
    format!(
        r#"["{}.{:02}","{}.{:03}",{}.{:06},"{side}","l","",{}]"#,
        trade.price / 100,
        trade.price % 100,
        trade.quantity / 1_000,
        trade.quantity % 1_000,
        at_us / 1_000_000,
        at_us % 1_000_000,
        trade.id
    )
}

fn message(symbol: &str, kind: &str, trades: &[ModelTrade], off_s: i64) -> String {
    let pair = symbol.replace('-', "/");
    let item = |trade: &ModelTrade| {
        // 17:48 on 25 September 2026, and so much later.
        let at_ns = ((17 * 60 + 48) * 60_000_000_000 + trade.at_ns).wrapping_add_signed(off_s * 1_000_000_000);
        let (minute, us) = (at_ns / 60_000_000_000, at_ns / 1_000 % 60_000_000);
        let (day, hour, minute) = (25 + minute / 1_440, minute / 60 % 24, minute % 60);
        format!(
            r#"{{"symbol":"{pair}","side":"{}","price":{}.{:02},"qty":{}.{:03},"ord_type":"limit","trade_id":{},"timestamp":"2026-09-{day:02}T{hour:02}:{minute:02}:{:02}.{:06}Z"}}"#,
            if trade.is_sell { "sell" } else { "buy" },
            trade.price / 100,
            trade.price % 100,
            trade.quantity / 1_000,
            trade.quantity % 1_000,
            trade.id,
            us / 1_000_000,
            us % 1_000_000,
        )
    };
    let items: Vec<String> = trades.iter().map(item).collect();
    format!(r#"{{"channel":"trade","type":"{kind}","data":[{}]}}"#, items.join(","))
}
