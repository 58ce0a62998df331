//! Files that are built anew: what outlives them names nothing else, and nobody takes old records for new ones.

use tickplane_model::{ExchangeId, Key, Timeframe};
use tickplane_segments::{
    Announced, ArenaShape, EntryId, EventKind, EventWriter, InstrumentShape, Next, Plane, PlaneEvent, PlaneShape,
    PlaneWriter, SeriesShape,
};

use crate::fixture::*;

const LARGE: ArenaShape = ArenaShape { bytes_max: 128 << 20, entries_max: 128 };

fn announce(ring: &mut EventWriter, kind: EventKind, entry: EntryId) {
    ring.publish(&PlaneEvent { kind, exchange: ExchangeId::Binance, entry, row: 1, publish_ns: 0, detail: 0 });
}

/// What every event that is still held names, oldest first: a key, a symbol or nothing.
fn names(plane: &Plane) -> Vec<Option<String>> {
    let mut events = plane.events();
    events.rewind();
    let next = std::iter::from_fn(|| match events.poll() {
        Next::Item(Announced { event, .. }) => Some(event),
        _ => None,
    });
    next.map(|event| match event.kind {
        EventKind::Stream => plane.symbol_of(event.exchange, event.entry).unwrap().map(|symbol| symbol.to_string()),
        _ => plane.key_of(event.exchange, event.entry).unwrap().map(|key| key.to_string()),
    })
    .collect()
}

/// Opens a plane, announces one event of each of its entries, and gives them.
fn live_through(scratch: &Scratch, arena: &ArenaShape, depth: u64) -> [EntryId; 3] {
    let mut writer = PlaneWriter::open(&scratch.instance, &PLANE, NOW_NS).unwrap();
    let mut exchange = writer.exchange(ExchangeId::Binance, arena).unwrap();
    let shape = |depth| SeriesShape { depth, ..series_shape(8, &[]) };
    // A shape that changes leaves a dead entry before the others.
    let minutes = exchange.series(&symbol(), Timeframe::M1, &shape(depth)).unwrap().entry();
    let hours = exchange.series(&symbol(), Timeframe::H1, &shape(20)).unwrap().entry();
    let btc = exchange.instrument(&instrument(), &InstrumentShape { trade_capacity: 8 }).unwrap().entry();
    let mut ring = writer.events("worker-0").unwrap();
    announce(&mut ring, EventKind::CandleClose, minutes);
    announce(&mut ring, EventKind::CandleRevise, hours);
    announce(&mut ring, EventKind::Stream, btc);
    announce(&mut ring, EventKind::Lifecycle, EntryId::NONE);
    [minutes, hours, btc]
}

#[test]
fn events_never_name_an_entry_of_another_file() {
    let due =
        ["candles:binance:BTC-USDT:1m", "candles:binance:BTC-USDT:1h", "BTC-USDT"].map(|name| Some(name.to_owned()));
    let due: Vec<Option<String>> = due.into_iter().chain([None]).collect();
    let scratch = Scratch::new("numbers");
    let first = live_through(&scratch, &ARENA, 20);
    let plane = Plane::open(&scratch.instance).unwrap();
    assert_eq!((names(&plane), plane.stale_entries()), (due.clone(), 0));

    // Another shape: a new entry behind the others, in the same file. Old events still name their keys.
    let second = live_through(&scratch, &ARENA, 40);
    plane.reattach().unwrap();
    assert_eq!((first.map(EntryId::number), second.map(EntryId::number)), ([0, 1, 2], [3, 1, 2]));
    assert_eq!((names(&plane), plane.stale_entries()), ([&due[..], &due].concat(), 0));

    // The file is built anew, the ring of events is not: entry 1 is another series now, and 3 none.
    let third = live_through(&scratch, &LARGE, 40);
    plane.reattach().unwrap();
    assert_eq!(third.map(EntryId::number), [2, 0, 1]);
    let nothing = vec![None; 8];
    assert_eq!((names(&plane), plane.stale_entries()), ([&nothing[..], &due].concat(), 6));
    for (old, new) in second.iter().zip(&third) {
        assert_ne!(old, new);
    }
    let key = Key::Candles { exchange: ExchangeId::Binance, symbol: symbol(), timeframe: Timeframe::H1 };
    assert_eq!(plane.series(&key).unwrap().entry(), third[1], "a reader compares whole names");

    // The exchange's file is removed by hand: the next one has the numbers of the first.
    std::fs::remove_file(scratch.path("binance.seg")).unwrap();
    let fourth = live_through(&scratch, &ARENA, 20);
    plane.reattach().unwrap();
    assert_eq!(fourth.map(EntryId::number), first.map(EntryId::number));
    let nothing = vec![None; 12];
    assert_eq!((names(&plane), plane.stale_entries()), ([&nothing[..], &due].concat(), 6 + 9));
}

#[test]
fn a_follower_does_not_go_on_in_a_file_that_was_removed_and_made_again() {
    let scratch = Scratch::new("line");
    let publish = |now_ns, count| {
        let mut writer = PlaneWriter::open(&scratch.instance, &PLANE, now_ns).unwrap();
        let mut exchange = writer.exchange(ExchangeId::Binance, &ARENA).unwrap();
        let mut btc = exchange.instrument(&instrument(), &InstrumentShape { trade_capacity: 8 }).unwrap();
        (0..count).for_each(|_| _ = btc.publish_trade(&trade(btc.trade_seq() + 1), 0));
    };
    publish(NOW_NS, 5);
    let plane = Plane::open(&scratch.instance).unwrap();
    let mut trades = plane.trades(&trades_key()).unwrap();
    std::fs::remove_file(scratch.path("binance.seg")).unwrap();
    // Lapped meanwhile, so that no record tells.
    publish(NOW_NS + 1, 30);
    plane.reattach().unwrap();
    assert!(!trades.go_on_in(plane.trades(&trades_key()).unwrap()));
}

#[test]
fn epochs_go_on_and_records_of_before_belong_to_nobody() {
    let scratch = Scratch::new("epochs");
    let mut writer = PlaneWriter::open(&scratch.instance, &PLANE, NOW_NS).unwrap();
    writer.connection(ExchangeId::Binance, "binance-0").unwrap();
    writer.thread("shard-0").unwrap();
    let plane = Plane::open(&scratch.instance).unwrap();
    assert_eq!((plane.connections().len(), plane.threads().len(), plane.status().epoch), (1, 1, 1));
    drop(writer);

    let large = PlaneShape { connections: 64, event_rings: 4, ..PLANE };
    let mut writer = PlaneWriter::open(&scratch.instance, &large, NOW_NS).unwrap();
    assert!(plane.is_taken_over());
    plane.reattach().unwrap();
    assert_eq!((plane.connections(), plane.threads(), plane.status().epoch), (vec![], vec![], 2));
    writer.connection(ExchangeId::Binance, "binance-1").unwrap();
    assert_eq!(plane.connections().iter().map(|one| one.label.as_str()).collect::<Vec<_>>(), ["binance-1"]);
}
