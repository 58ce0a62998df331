//! An event from the shard to the worker: on one thread, and from one pinned core to another.

use std::hint::spin_loop;
use std::thread::scope;
use std::time::Duration;

use core_affinity::CoreId;
use criterion::Criterion;
use tickplane_benches::market::trades;
use tickplane_benches::timed;
use tickplane_model::Trade;
use tickplane_rings::{Receiver, Sender, WorkerEvent, ring};

const EVENTS: usize = 8_192;
/// Round trips timed at once.
const BATCH: u64 = 64;

fn main() {
    let mut criterion = tickplane_benches::criterion();
    same_thread(&mut criterion);
    across_cores(&mut criterion);
    criterion.final_summary();
}

/// One trade in, the same trade out.
fn same_thread(criterion: &mut Criterion) {
    let trade = trades(1)[0];
    criterion.bench_function("ring/same_thread", |bencher| {
        let (mut sender, mut receiver) = with_slot();
        bencher.iter_custom(|count| {
            let mut sum = 0;
            let time = timed(|| {
                for seq in 1..=count {
                    assert!(sender.trade(0, seq, &trade));
                    receiver.drain(1, |event| sum += number(&event, &trade));
                }
            });
            assert_eq!(sum, sum_to(count));
            time
        });
    });
}

/// There and back between two spinning threads: one hop is half of it, which is what is reported. The median of batches
/// counts for all: a batch in which either thread lost its core tells of the scheduler, not of the ring.
fn across_cores(criterion: &mut Criterion) {
    let cores = core_affinity::get_core_ids().unwrap_or_default();
    let [first, .., last] = cores[..] else {
        eprintln!("skipped: ring/two_cores needs two cores");
        return;
    };
    criterion.bench_function("ring/two_cores", |bencher| {
        bencher.iter_custom(|count| {
            let (mut there, inbound) = with_slot();
            let (outbound, mut back) = with_slot();
            scope(|scope| {
                scope.spawn(move || echo(last, inbound, outbound));
                core_affinity::set_for_current(first);
                let seconds = round_trip_seconds(count, &mut there, &mut back);
                there.tell(WorkerEvent::Down { slot: 0, at_ns: 0 });
                Duration::from_secs_f64(seconds / 2.0 * count as f64)
            })
        });
    });
}

/// The median time of a round trip.
fn round_trip_seconds(count: u64, there: &mut Sender, back: &mut Receiver) -> f64 {
    let trade = trades(1)[0];
    let mut sum = 0;
    let mut means = Vec::with_capacity((count / BATCH) as usize + 1);
    for first in (1..=count).step_by(BATCH as usize) {
        let batch = first..(first + BATCH).min(count + 1);
        let length = (batch.end - first) as f64;
        let time = timed(|| {
            for seq in batch {
                assert!(there.trade(0, seq, &trade));
                while back.drain(1, |event| sum += number(&event, &trade)) == 0 {
                    spin_loop();
                }
            }
        });
        means.push(time.as_secs_f64() / length);
    }
    assert_eq!(sum, sum_to(count));
    means.sort_by(f64::total_cmp);
    means[means.len() / 2]
}

/// Sends back every trade until it is told that the stream is down.
fn echo(core: CoreId, mut inbound: Receiver, mut outbound: Sender) {
    core_affinity::set_for_current(core);
    let mut is_up = true;
    while is_up {
        inbound.drain(1, |event| match event {
            WorkerEvent::Trade { slot, seq, trade } => assert!(outbound.trade(slot, seq, &trade)),
            _ => is_up = false,
        });
        spin_loop();
    }
}

fn with_slot() -> (Sender, Receiver) {
    let (mut sender, receiver) = ring(EVENTS);
    sender.add_slot(0);
    (sender, receiver)
}

/// The sequence number of an event that carries exactly this trade.
fn number(event: &WorkerEvent, sent: &Trade) -> u64 {
    match event {
        WorkerEvent::Trade { slot: 0, seq, trade } if trade == sent => *seq,
        other => panic!("{other:?} was never sent"),
    }
}

const fn sum_to(count: u64) -> u64 {
    count * (count + 1) / 2
}
