//! One run: blocks of messages through the relay and through the plane, in turns.
#![allow(clippy::disallowed_methods, reason = "a measurement reads the clock, and its venue is a thread")]

use std::hint::spin_loop;
use std::thread::scope;
use std::time::{Duration, Instant};

use core_affinity::CoreId;
use tickplane_segments::{LiveCandle, Next};

use crate::frame::{self, TradeFrame};
use crate::pace::Pace;
use crate::plane::DataPlane;
use crate::relay::Relay;
use crate::samples::Samples;
use crate::settings::{Pins, Settings};
use crate::tls::Tls;
use crate::venue::{Subscriber, Venue};
use crate::{PerfError, machine};

/// Messages at the start of each block that are sent and checked, but not counted: caches and branch predictors.
const WARM_UP: u64 = 200;
/// What did not arrive by then never will.
const VISIBLE_MAX: Duration = Duration::from_secs(10);
/// Spins between two looks at the clock while waiting.
const SPINS: u32 = 4_096;

/// What one run found.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What was measured.
    pub settings: Settings,
    /// Send to the relay's word.
    pub relay: Samples,
    /// Send to the trade in the ring.
    pub trade: Samples,
    /// Send to the live 1m candle with the trade in it.
    pub candle: Samples,
}

/// Measures. Every message is waited for and checked; the first that is missing or wrong ends the run.
///
/// # Errors
/// When the settings do not fit the machine, or a message did not come out as it was sent.
pub fn run(settings: &Settings) -> Result<Outcome, PerfError> {
    let pins = settings.pins()?;
    let tls = Tls::new(settings.is_tls)?;
    // A thread of its own: the caller's stays where the system puts it.
    let measured = scope(|scope| scope.spawn(|| measure(settings, pins, &tls)).join());
    measured.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn measure(settings: &Settings, pins: Pins, tls: &Tls) -> Result<Outcome, PerfError> {
    core_affinity::set_for_current(CoreId { id: pins.venue });
    let mut outcome =
        Outcome { settings: settings.clone(), relay: Samples::new(), trade: Samples::new(), candle: Samples::new() };
    for block in 0..settings.blocks.max(1) {
        let messages = share(settings.messages, block, settings.blocks.max(1));
        relay_block(settings, pins, block, messages, &mut outcome)?;
        plane_block(settings, pins, tls, block, messages, &mut outcome)?;
    }
    Ok(outcome)
}

/// The part of `total` that falls to one of `blocks`.
const fn share(total: u64, block: u64, blocks: u64) -> u64 {
    (block + 1) * total / blocks - block * total / blocks
}

fn relay_block(
    settings: &Settings,
    pins: Pins,
    block: u64,
    messages: u64,
    outcome: &mut Outcome,
) -> Result<(), PerfError> {
    let mut relay = Relay::start(settings.runtime, pins.shard)?;
    let mut frame = TradeFrame::new();
    let mut samples = Samples::new();
    let mut pace = Pace::new(settings.pause_us.clone(), block);
    for number in 1..=WARM_UP + messages {
        frame.write(number, machine::now_ms());
        let due = pace.wait();
        let sent = Instant::now();
        relay.send(frame.bytes())?;
        let seen = until("message", number, sent, || Ok(relay.has_all()))?;
        if number > WARM_UP {
            samples.record(due, sent, seen);
        }
    }
    samples.end_block();
    outcome.relay.add(&samples);
    Ok(())
}

fn plane_block(
    settings: &Settings,
    pins: Pins,
    tls: &Tls,
    block: u64,
    messages: u64,
    outcome: &mut Outcome,
) -> Result<(), PerfError> {
    let venue = Venue::listen(tls.server.clone())?;
    let mut plane = DataPlane::start(settings, pins, &venue.url(), tls.client.clone())?;
    let measured = venue.subscriber().and_then(|mut subscriber| {
        let pace = Pace::new(settings.pause_us.clone(), block);
        trades(&mut plane, &mut subscriber, pace, messages, outcome)
    });
    let measured = measured.map_err(|error| match (error, plane.talk()) {
        (PerfError::Subscription(reason), talk) => PerfError::Subscription(format!("{reason}; the plane said: {talk}")),
        (error, _) => error,
    });
    plane.stop();
    measured
}

/// Sends trades one by one, each when it is due, and waits for each in the ring and then in the live candle.
fn trades(
    plane: &mut DataPlane,
    subscriber: &mut Subscriber,
    mut pace: Pace,
    messages: u64,
    outcome: &mut Outcome,
) -> Result<(), PerfError> {
    let mut frame = TradeFrame::new();
    let mut live = LiveCandle::default();
    let (mut trade, mut candle) = (Samples::new(), Samples::new());
    for number in 1..=WARM_UP + messages {
        frame.write(number, machine::now_ms());
        let live_before = plane.candles.live_seq();
        let due = pace.wait();
        let sent = Instant::now();
        subscriber.send(frame.bytes())?;
        let in_ring = until("trade", number, sent, || is_published(plane, number))?;
        let in_candle = until("the candle with trade", number, sent, || {
            Ok(plane.candles.live_seq() != live_before && has_trade(plane, &mut live, number))
        })?;
        check_candle(&live, number)?;
        if number > WARM_UP {
            trade.record(due, sent, in_ring);
            candle.record(due, sent, in_candle);
        }
    }
    for (samples, all) in [(&mut trade, &mut outcome.trade), (&mut candle, &mut outcome.candle)] {
        samples.end_block();
        all.add(samples);
    }
    Ok(())
}

/// Whether the trade stands in the ring; another one in its place is an error.
fn is_published(plane: &mut DataPlane, number: u64) -> Result<bool, PerfError> {
    let wrong = |found: String| PerfError::Wrong { what: "trade", number, found };
    match plane.trades.poll() {
        Next::Empty => Ok(false),
        Next::Lost(lost) => Err(wrong(format!("{lost} overwritten trades"))),
        Next::Item(record) => {
            let (id, price) = (u128::from(frame::id(number)), frame::price(number));
            let is_it = record.seq == number && record.trade.id.bits() == id && record.trade.price == price;
            if is_it { Ok(true) } else { Err(wrong(format!("{record:?}"))) }
        }
    }
}

/// Whether the live candle contains the trade. A read that the writer disturbed is tried again.
fn has_trade(plane: &DataPlane, live: &mut LiveCandle, number: u64) -> bool {
    plane.candles.live_into(live).is_ok() && live.trade_seq >= number
}

fn check_candle(live: &LiveCandle, number: u64) -> Result<(), PerfError> {
    if live.trade_seq == number && live.candle.close == frame::price(number) {
        return Ok(());
    }
    Err(PerfError::Wrong { what: "the candle with trade", number, found: format!("{live:?}") })
}

/// Spins until it is so, and gives the time at which it was.
fn until(
    what: &'static str,
    number: u64,
    sent: Instant,
    mut is_so: impl FnMut() -> Result<bool, PerfError>,
) -> Result<Instant, PerfError> {
    loop {
        for _ in 0..SPINS {
            if is_so()? {
                return Ok(Instant::now());
            }
            spin_loop();
        }
        if sent.elapsed() > VISIBLE_MAX {
            return Err(PerfError::Invisible { what, number, after: VISIBLE_MAX });
        }
    }
}
