//! Whether a stream lives: what it says, what the venue says of it, and what is done about it.
//!
//! ```text
//! closed ─► connecting ─► subscribed ─► live ⇄ quiet      quiet: silent, and the venue has nothing newer
//!                              ▲          │
//!                              └─ stale ◄─┘               stale: silent, and the venue has newer trades
//! ```

use tickplane_exchanges::TradeMark;
use tickplane_model::Trade;
use tickplane_segments::StreamState;

use crate::now::Now;
use crate::rhythm::Rhythm;

/// A stream that was subscribed and never spoke is asked about this soon.
const FIRST_WORD_MS: u64 = 10_000;
/// A stream whose subscription nobody confirmed is asked about this soon.
const CONFIRMATION_MS: u64 = 15_000;
/// After an interruption the venue is asked what was missed this late: its answers may be a second old.
const MISSED_MS: u64 = 2_000;
/// Where ids do not show what is missing, nobody vouches for a silence longer than this, unless it is the stream's rhythm.
const SILENCE_MS: u64 = 10_000;
/// Newer trades the venue tells of may still be on their way to us for this long.
const ON_THEIR_WAY_MS: u64 = 2_000;
/// A quiet stream is asked about at least this often.
const QUIET_MS_MAX: u64 = 1_800_000;
/// The shortest and longest time between two reconnects for the sake of one stream.
const RECONNECT_MS: (u64, u64) = (60_000, 3_600_000);

/// What is to be done about a stale stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Cure {
    Resubscribe,
    Reconnect,
    /// It was cured a short while ago.
    Wait,
}

/// Trades the venue told of that the stream did not bring.
#[derive(Debug)]
struct Suspicion {
    trades: Vec<Trade>,
    asked_ns: u64,
    until_ns: u64,
}

/// The life of one stream. Times are monotonic.
#[derive(Debug)]
pub(crate) struct Watch {
    state: StreamState,
    rhythm: Rhythm,
    /// When the newest trade of the stream came; when it was subscribed, before the first on this subscription.
    heard_ns: u64,
    /// The same in epoch nanoseconds, whenever it was.
    last_trade_ns: i64,
    /// Whether trades arrive: subscribed and not stale.
    is_up: bool,
    /// Counts subscriptions and their ends, so that an answer is known to be from before.
    pub(crate) epoch: u64,
    /// When the next question is due if nothing is heard.
    ask_ns: u64,
    /// When the next question about what an interruption missed is due.
    doubt_ns: u64,
    /// Questions asked before this know nothing of the last interruption.
    settles_ns: u64,
    /// Questions in a row that found nothing newer.
    quiet_asks: u32,
    /// Questions in a row that found the stream stale.
    stale_asks: u32,
    next_reconnect_ns: u64,
    reconnect_wait_ms: u64,
    /// It was found stale too soon after the last reconnect: the next one is due though nothing newer is found.
    owes_reconnect: bool,
    suspicion: Option<Suspicion>,
    /// The subscription is being taken anew: what happens meanwhile is missed, whatever came before.
    is_resuming: bool,
    awaits_history: bool,
    /// What is told from news by the time it happened: when the stream was subscribed, as far as we know.
    since_ns: i64,
    baseline: Baseline,
}

/// What the venue had when nothing of a stream was known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Baseline {
    /// Nobody asked.
    Unknown,
    /// No trade.
    Nothing,
    /// This trade, and none after it.
    Newest(TradeMark),
}

impl Default for Watch {
    fn default() -> Self {
        Self {
            state: StreamState::Closed,
            rhythm: Rhythm::default(),
            heard_ns: 0,
            last_trade_ns: 0,
            is_up: false,
            epoch: 0,
            ask_ns: u64::MAX,
            doubt_ns: 0,
            settles_ns: 0,
            quiet_asks: 0,
            stale_asks: 0,
            next_reconnect_ns: 0,
            reconnect_wait_ms: RECONNECT_MS.0,
            owes_reconnect: false,
            suspicion: None,
            is_resuming: false,
            awaits_history: false,
            since_ns: 0,
            baseline: Baseline::Unknown,
        }
    }
}

impl Watch {
    pub(crate) fn state(&self) -> StreamState {
        self.state
    }

    /// Whether trades arrive: subscribed and not stale.
    pub(crate) fn is_up(&self) -> bool {
        self.is_up
    }

    /// When the newest trade of the stream came, in epoch nanoseconds; 0 if none ever did.
    pub(crate) fn last_trade_ns(&self) -> i64 {
        self.last_trade_ns
    }

    /// Its connection begins an attempt.
    pub(crate) fn connecting(&mut self) {
        self.state = StreamState::Connecting;
    }

    /// Its connection is open and says what it has to.
    pub(crate) fn opened(&mut self, now: Now) {
        self.since_ns = now.epoch_ns;
        self.ask_ns = now.after_ms(CONFIRMATION_MS);
    }

    /// When the stream was subscribed on this socket, in epoch nanoseconds: trades from before are not its to bring.
    pub(crate) fn since_ns(&self) -> i64 {
        self.since_ns
    }

    /// The venue confirmed the subscription, or a trade came.
    pub(crate) fn up(&mut self, now: Now) {
        if self.baseline == Baseline::Unknown {
            self.since_ns = now.epoch_ns;
        }
        self.is_up = true;
        self.owes_reconnect = false;
        self.epoch += 1;
        self.heard_ns = now.monotonic_ns;
        self.suspicion = None;
        self.rhythm.interrupt();
        if self.state != StreamState::Stale {
            self.state = StreamState::Subscribed;
        }
        self.ask_ns = now.after_ms(FIRST_WORD_MS);
        self.doubted(now);
    }

    /// Its connection ended.
    pub(crate) fn closed(&mut self) {
        self.is_up = false;
        self.epoch += 1;
        self.state = StreamState::Closed;
        self.suspicion = None;
        self.is_resuming = false;
        self.awaits_history = false;
        self.baseline = Baseline::Unknown;
        self.ask_ns = u64::MAX;
    }

    /// The subscription is about to be taken anew.
    pub(crate) fn resumes(&mut self) {
        (self.is_resuming, self.awaits_history) = (true, true);
    }

    /// Whether a confirmation ends another interruption of this socket's stream.
    pub(crate) fn is_resuming(&self) -> bool {
        self.is_resuming
    }

    /// Whether history that comes now follows another interruption of this socket's stream; true once.
    pub(crate) fn resumes_with_history(&mut self) -> bool {
        std::mem::take(&mut self.awaits_history)
    }

    /// Whether a trade of the stream that comes now ends a silence in which others may have been lost: one after which
    /// the venue is asked, or a long one before the first word. No answer covers it to its end.
    #[inline]
    pub(crate) fn ends_silence(&self, stamp: Now) -> bool {
        let silent_ns = stamp.monotonic_ns.saturating_sub(self.heard_ns);
        silent_ns > SILENCE_MS * 1_000_000 && (self.state != StreamState::Live || silent_ns > self.rhythm.patience_ns())
    }

    /// A trade of the stream came. Says whether that changes its state.
    #[inline]
    pub(crate) fn heard(&mut self, stamp: Now) -> bool {
        self.rhythm.heard(stamp);
        self.heard_ns = stamp.monotonic_ns;
        self.last_trade_ns = stamp.epoch_ns;
        self.state != StreamState::Live
    }

    /// The stream speaks.
    pub(crate) fn lives(&mut self) {
        self.state = StreamState::Live;
        self.quiet_asks = 0;
        self.stale_asks = 0;
        self.reconnect_wait_ms = RECONNECT_MS.0;
        self.ask_ns = 0;
    }

    /// Whether it is time to ask the venue.
    pub(crate) fn wants_to_ask(&self, now: Now) -> bool {
        let due_ns = match self.state {
            StreamState::Live => (self.heard_ns + self.rhythm.patience_ns()).max(self.ask_ns),
            _ => self.ask_ns,
        };
        self.suspicion.is_none() && now.monotonic_ns >= due_ns
    }

    /// Whether it is time to ask what an interruption missed.
    pub(crate) fn wants_to_settle(&self, now: Now) -> bool {
        self.is_up && now.monotonic_ns >= self.doubt_ns
    }

    /// Trades may be missing: the venue is asked when its answers know of them, and not later because it happens again.
    pub(crate) fn doubted(&mut self, now: Now) {
        self.settles_ns = now.after_ms(MISSED_MS);
        if self.doubt_ns <= now.monotonic_ns || self.doubt_ns > self.settles_ns {
            self.doubt_ns = self.settles_ns;
        }
    }

    /// Whether the answer to a question asked then knows of every interruption.
    pub(crate) fn settles(&self, asked_ns: u64) -> bool {
        asked_ns >= self.settles_ns
    }

    /// The venue told of a part of what is missing: the next part is asked for as soon as its answers know of it.
    pub(crate) fn doubts_on(&mut self, now: Now) {
        self.doubt_ns = self.settles_ns.max(now.monotonic_ns);
    }

    /// A question was asked; another one waits for its answer, or this long.
    pub(crate) fn asked(&mut self, now: Now) {
        self.ask_ns = now.after_ms(FIRST_WORD_MS);
        self.doubt_ns = self.ask_ns;
    }

    /// What the venue had when nothing of the stream was known.
    pub(crate) fn baseline(&self) -> Baseline {
        self.baseline
    }

    /// The first answer about a stream of which nothing is known: news is told by it from now on.
    pub(crate) fn set_baseline(&mut self, newest: Option<TradeMark>) {
        self.baseline = newest.map_or(Baseline::Nothing, Baseline::Newest);
    }

    /// The venue has nothing newer than we do: the market is quiet. Says whether a cure that had to wait is due.
    pub(crate) fn is_quiet(&mut self, now: Now) -> bool {
        if self.is_up {
            self.state = StreamState::Quiet;
            self.stale_asks = 0;
        }
        // Of a stream that was never heard nobody knows that it can be.
        let first_ns = if self.rhythm.is_known() { u64::MAX } else { FIRST_WORD_MS * 1_000_000 };
        let wait_ns = self.rhythm.patience_ns().min(first_ns) << self.quiet_asks.min(8);
        self.quiet_asks += 1;
        self.ask_ns = now.monotonic_ns + wait_ns.min(QUIET_MS_MAX * 1_000_000);
        self.owes_reconnect && self.may_reconnect(now)
    }

    fn may_reconnect(&mut self, now: Now) -> bool {
        let may = now.monotonic_ns >= self.next_reconnect_ns;
        if may {
            self.next_reconnect_ns = now.after_ms(self.reconnect_wait_ms);
            self.reconnect_wait_ms = (self.reconnect_wait_ms * 2).min(RECONNECT_MS.1);
        }
        self.owes_reconnect = !may;
        may
    }

    /// The venue told of newer trades: they may still be on their way.
    pub(crate) fn suspect(&mut self, trades: Vec<Trade>, asked_ns: u64, now: Now) {
        self.suspicion = Some(Suspicion { trades, asked_ns, until_ns: now.after_ms(ON_THEIR_WAY_MS) });
    }

    /// The trades of a suspicion that has had its time, and whether the stream spoke meanwhile.
    pub(crate) fn ripe(&mut self, now: Now) -> Option<(Vec<Trade>, bool)> {
        let suspicion = self.suspicion.take_if(|suspicion| now.monotonic_ns >= suspicion.until_ns)?;
        Some((suspicion.trades, self.heard_ns >= suspicion.asked_ns))
    }

    /// The stream is dead while the market is not.
    pub(crate) fn is_stale(&mut self, now: Now) -> Cure {
        self.state = StreamState::Stale;
        self.is_up = false;
        self.epoch += 1;
        self.stale_asks += 1;
        self.quiet_asks = 0;
        let wait_ms = FIRST_WORD_MS << self.stale_asks.saturating_sub(2).min(3);
        self.ask_ns = now.after_ms(wait_ms);
        if self.stale_asks == 1 {
            self.resumes();
            Cure::Resubscribe
        } else if self.may_reconnect(now) {
            Cure::Reconnect
        } else {
            Cure::Wait
        }
    }
}
