//! A writer that takes over a plane whose files lie: it may refuse them, and must neither crash nor leave a lie that
//! crashes its readers.
#![no_main]
#![allow(dead_code, unused_imports, reason = "the tests' files, of which a target uses a part")]

#[path = "../../engine/segments/tests/it/damage.rs"]
mod damage;
#[path = "../../engine/segments/tests/it/fixture.rs"]
mod fixture;

use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use tickplane_model::{ExchangeId, Timeframe};
use tickplane_segments::{InstrumentShape, PlaneWriter, SegmentError};

thread_local! {
    static PLANE: RefCell<Option<(fixture::Scratch, damage::Patient)>> = const { RefCell::new(None) };
}

fn take_over(scratch: &fixture::Scratch) -> Result<(), SegmentError> {
    let mut writer = PlaneWriter::open(&scratch.instance, &damage::SHAPE, fixture::NOW_NS)?;
    let mut exchange = writer.exchange(ExchangeId::Binance, &damage::ARENA)?;
    let mut btc = exchange.instrument(&fixture::instrument(), &InstrumentShape { trade_capacity: 8 })?;
    let mut series = exchange.series(&fixture::symbol(), Timeframe::M1, &fixture::series_shape(16, &["ema_9"]))?;
    let _ = (btc.last_trade(), btc.publish_trade(&fixture::trade(1), 0), btc.publish_quote(&fixture::quote(1), 0));
    let rows = series.rows();
    let _ = (series.candle(rows.start), series.prepend(&fixture::candle(3), &[]), series.seed_row(0));
    let row = series.append(&fixture::candle(1), &[1.0]);
    series.revise(row, &fixture::candle(2), &[1.0]);
    series.publish_live(row, 1, 0, &fixture::candle(1), &[1.0]);
    drop(series);
    // Another shape copies rows and live candle by what the old region says.
    drop(exchange.series(&fixture::symbol(), Timeframe::M1, &fixture::series_shape(12, &["rsi_14"]))?);
    drop(btc);
    drop(exchange.instrument(&fixture::instrument(), &InstrumentShape { trade_capacity: 16 })?);
    let _ = (writer.events("worker-0")?, writer.thread("worker-0")?);
    writer.close(fixture::NOW_NS);
    Ok(())
}

fuzz_target!(|spelled: &[u8]| {
    PLANE.with_borrow_mut(|plane| {
        let (scratch, patient) = plane.get_or_insert_with(|| {
            let scratch = fixture::Scratch::new("fuzz");
            damage::make(&scratch);
            let patient = damage::Patient::new(&scratch);
            (scratch, patient)
        });
        patient.damage(spelled);
        let _ = take_over(scratch);
        damage::read_everything(scratch);
        // A successor may have built a file anew under its name: the old one is put back with its words.
        patient.restore(scratch);
    });
});
