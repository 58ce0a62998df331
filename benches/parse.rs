//! A venue's message into events, through the session a connection uses: nanoseconds per message.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use tickplane_benches::market::{START_NS, instrument};
use tickplane_benches::messages::{MESSAGES, Message};
use tickplane_benches::{mix, timed};
use tickplane_exchanges::{Payload, Session, exchange};
use tickplane_model::Event;

fn main() {
    let mut criterion = tickplane_benches::criterion();
    each_message(&mut criterion);
    all_messages(&mut criterion);
    criterion.final_summary();
}

fn each_message(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("parse");
    for message in &MESSAGES {
        group.throughput(Throughput::Bytes(message.text.len() as u64));
        group.bench_function(format!("{}_{}", message.exchange, message.kind), |bencher| {
            let mut session = session(message);
            bencher.iter_custom(|count| {
                let mut checksum = 0;
                let time = timed(|| (0..count).for_each(|_| checksum = read(&mut *session, message, checksum)));
                assert_eq!(checksum, (0..count).fold(0, |checksum, _| expected(message, checksum)));
                time
            });
        });
    }
    group.finish();
}

/// One iteration is all six messages, each on its own connection.
fn all_messages(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("parse");
    group.throughput(Throughput::Elements(MESSAGES.len() as u64));
    group.bench_function("all_six", |bencher| {
        let mut sessions = MESSAGES.each_ref().map(session);
        bencher.iter_custom(|count| {
            let mut checksum = 0;
            let time = timed(|| {
                for _ in 0..count {
                    for (session, message) in sessions.iter_mut().zip(&MESSAGES) {
                        checksum = read(&mut **session, message, checksum);
                    }
                }
            });
            assert_eq!(
                checksum,
                (0..count).fold(0, |checksum, _| MESSAGES.iter().fold(checksum, |c, m| expected(m, c)))
            );
            time
        });
    });
    group.finish();
}

fn session(message: &Message) -> Box<dyn Session> {
    let instrument = instrument(message.exchange, message.symbol, message.venue_symbol);
    exchange(message.exchange).expect("a registered exchange").session("", &[(0, &instrument)])
}

/// Reads one message; every number of its events goes into the checksum, and so does every other event, which fails it.
fn read(session: &mut dyn Session, message: &Message, mut checksum: u64) -> u64 {
    session.message(Payload::Text(black_box(message.text.as_bytes())), START_NS, &mut |event: Event<'_>| match event {
        Event::Trade { trade, .. } => checksum = mix(mix(checksum, trade.price), trade.quantity),
        Event::Quote { quote, .. } => {
            let numbers = [quote.bid_price, quote.bid_quantity, quote.ask_price, quote.ask_quantity];
            checksum = numbers.into_iter().fold(checksum, mix);
        }
        _ => checksum = !checksum,
    });
    checksum
}

fn expected(message: &Message, checksum: u64) -> u64 {
    message.numbers.iter().copied().fold(checksum, mix)
}
