//! The checking reader: another process that follows every candle series as any consumer would, and reports each row.

use std::collections::BTreeMap;
use std::io::{BufWriter, Read, Stdout, Write, stdin, stdout};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use tickplane_model::{Candle, Key, Quality, Timeframe};
use tickplane_segments::{LiveCandle, Plane, SeriesReader};

use super::protocol::{Report, Totals, numbers};
use crate::arguments::Global;
use crate::failure::Failure;
use crate::signals::Stop;

/// The shortest time between two rounds over all series: a consumer of candles, not a second plane.
const ROUND_TIME: Duration = Duration::from_millis(20);
/// The longest sleep without the bell.
const WAIT_TIME: Duration = Duration::from_millis(100);
/// How often new keys are looked for.
const SCAN_TIME: Duration = Duration::from_millis(200);
/// Rows compared by a zero-copy view at each close.
const VIEW_ROWS: usize = 16;
/// Closed rows remembered per series, to compare views with.
const REMEMBERED_ROWS: usize = 64;

/// Reads until stdin ends, then reads every row once more and ends.
#[derive(Args, Debug)]
pub(crate) struct DemoReader {}

impl DemoReader {
    pub(crate) fn run(self, global: &Global) -> Result<(), Failure> {
        // Ctrl-C on a terminal reaches this process too, but the demo says when it is over.
        let _ignored = Stop::on_signals()?;
        let plane = Plane::open(&global.instance()?)?;
        let is_over = over_with_stdin()?;
        let mut reader = Reader { out: BufWriter::new(stdout()), series: BTreeMap::new(), totals: Totals::default() };
        let mut scanned: Option<Instant> = None;
        while !is_over.load(Ordering::Relaxed) {
            if scanned.is_none_or(|at| at.elapsed() >= SCAN_TIME) {
                reader.scan(&plane);
                scanned = Some(Instant::now());
            }
            let seen = plane.seen();
            reader.round()?;
            reader.out.flush()?;
            std::thread::sleep(ROUND_TIME);
            let _ = plane.wait(seen, WAIT_TIME);
        }
        reader.scan(&plane);
        reader.round()?;
        reader.last_look()?;
        writeln!(reader.out, "{}", Report::Done(reader.totals))?;
        Ok(reader.out.flush()?)
    }
}

/// A flag that is set when stdin ends: the demo has said stop, or is dead.
fn over_with_stdin() -> Result<Arc<AtomicBool>, Failure> {
    let is_over = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&is_over);
    let wait = move || {
        // An error ends the wait as the end of input does.
        let _ = stdin().lock().read_to_end(&mut Vec::new());
        flag.store(true, Ordering::Relaxed);
    };
    std::thread::Builder::new().name("stdin".to_owned()).spawn(wait).map_err(Failure::failed)?;
    Ok(is_over)
}

struct Reader {
    out: BufWriter<Stdout>,
    series: BTreeMap<String, Followed>,
    totals: Totals,
}

/// One series and what was read of it.
struct Followed {
    key: Key,
    length_ns: i64,
    reader: SeriesReader,
    next: Option<u64>,
    live: LiveCandle,
    live_seq: u64,
    read: BTreeMap<u64, Candle>,
}

impl Reader {
    /// Takes up series that appeared.
    fn scan(&mut self, plane: &Plane) {
        for key in plane.keys() {
            let Key::Candles { timeframe, .. } = key else { continue };
            if self.series.contains_key(&key.to_string()) {
                continue;
            }
            if let Ok(reader) = plane.series(&key) {
                self.series.insert(key.to_string(), Followed::new(key, timeframe, reader));
            }
        }
    }

    fn round(&mut self) -> Result<(), Failure> {
        for followed in self.series.values_mut() {
            // The forming candle first, then the rows before it: none twice, none missing.
            followed.live(&mut self.totals);
            if followed.rows(&mut self.totals, &mut self.out)? {
                followed.view(&mut self.totals);
            }
        }
        Ok(())
    }

    /// Reports every row that is still held as it stands at the end: rows may have been revised.
    fn last_look(&mut self) -> Result<(), Failure> {
        for followed in self.series.values_mut() {
            let Ok(candles) = followed.reader.candles(followed.reader.depth()) else { continue };
            for (row, candle) in (candles.first_row..).zip(candles.candles) {
                followed.check(row, &candle, &mut self.totals);
                writeln!(self.out, "{}", Report::Row { key: followed.key.clone(), row, candle })?;
            }
        }
        Ok(())
    }
}

impl Followed {
    fn new(key: Key, timeframe: Timeframe, reader: SeriesReader) -> Self {
        let (live, read) = (LiveCandle::default(), BTreeMap::new());
        Self { key, length_ns: timeframe.length_ns(), reader, next: None, live, live_seq: 0, read }
    }

    /// Counts a read that contradicts itself: what a torn read would look like.
    fn check(&self, row: u64, candle: &Candle, totals: &mut Totals) {
        // Weeks aside, which a demo does not build, row r opens at r intervals after the epoch.
        let opens = i64::try_from(row).ok().and_then(|row| row.checked_mul(self.length_ns));
        totals.torn += u64::from(opens != Some(candle.open_time_ns) || !is_consistent(candle));
    }

    fn live(&mut self, totals: &mut Totals) {
        let seq = self.reader.live_seq();
        if seq == self.live_seq || self.reader.live_into(&mut self.live).is_err() {
            return;
        }
        self.live_seq = seq;
        totals.live_reads += 1;
        self.check(self.live.row, &self.live.candle, totals);
    }

    /// Reports the rows that closed since the last round; says whether there were any.
    fn rows(&mut self, totals: &mut Totals, out: &mut impl Write) -> Result<bool, Failure> {
        let (Ok(first), Ok(head)) = (self.reader.first_row(), self.reader.head()) else {
            return Ok(false);
        };
        // A series that is still empty has no first row yet.
        let next = self.next.unwrap_or(first);
        if head <= next {
            return Ok(false);
        }
        let Ok(candles) = self.reader.rows(next..head) else {
            return Ok(false);
        };
        totals.lost += candles.first_row.saturating_sub(next);
        for (row, candle) in (candles.first_row..).zip(candles.candles) {
            self.check(row, &candle, totals);
            totals.rows += 1;
            writeln!(out, "{}", Report::Row { key: self.key.clone(), row, candle })?;
            self.read.insert(row, candle);
            self.next = Some(row + 1);
        }
        while self.read.len() > REMEMBERED_ROWS {
            self.read.pop_first();
        }
        Ok(true)
    }

    /// Reads the newest rows again through a view without a copy; where it validates, it must say the same.
    fn view(&mut self, totals: &mut Totals) {
        let Ok(view) = self.reader.view(VIEW_ROWS) else { return };
        let columns: Vec<Vec<f64>> = (0..10).map(|column| view.values(column).collect()).collect();
        if !view.validate() {
            return;
        }
        totals.views += 1;
        for (at, row) in view.rows().enumerate() {
            let Some(known) = self.read.get(&row) else { continue };
            // A row that was revised since is another row.
            let is_same_edition = columns[9][at].to_bits() == known.quality.0;
            let is_equal = numbers(known).iter().zip(&columns[1..8]).all(|(a, b)| a.to_bits() == b[at].to_bits());
            totals.torn += u64::from(is_same_edition && !is_equal);
        }
    }
}

/// Whether a candle's values can stand together.
fn is_consistent(candle: &Candle) -> bool {
    let Candle { open, high, low, close, volume, quote_volume, taker_buy_volume, trade_count, quality, .. } = *candle;
    // A venue's own candle does not always count its trades, nor what they cost and who took them.
    let is_venue = quality.contains(Quality::VENUE);
    if trade_count == 0 && !(is_venue && volume > 0.0) {
        let is_flat = open.to_bits() == close.to_bits() && high.to_bits() == low.to_bits();
        return is_flat && volume == 0.0 && quote_volume == 0.0 && taker_buy_volume == 0.0;
    }
    low <= open.min(close)
        && open.max(close) <= high
        && low > 0.0
        && volume > 0.0
        && (quote_volume > 0.0 || is_venue && quote_volume.is_nan())
        && ((0.0..=volume).contains(&taker_buy_volume) || is_venue && taker_buy_volume.is_nan())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mixture_of_two_candles_is_noticed() {
        let candle = Candle {
            open_time_ns: 0,
            open: 10.0,
            high: 12.0,
            low: 9.0,
            close: 11.0,
            volume: 3.0,
            quote_volume: 31.0,
            taker_buy_volume: 1.0,
            trade_count: 2,
            quality: Quality::FINAL,
        };
        let flat = Candle { open: f64::NAN, high: f64::NAN, low: f64::NAN, close: f64::NAN, ..candle };
        let flat = Candle { volume: 0.0, quote_volume: 0.0, taker_buy_volume: 0.0, trade_count: 0, ..flat };
        for good in [candle, flat, Candle { open: 1.0, high: 1.0, low: 1.0, close: 1.0, ..flat }] {
            assert!(is_consistent(&good), "{good:?}");
        }
        let venue = Candle { quality: Quality::FINAL.with(Quality::VENUE), ..candle };
        let bare = Candle { quote_volume: f64::NAN, taker_buy_volume: f64::NAN, trade_count: 0, ..venue };
        assert!(is_consistent(&venue) && is_consistent(&bare));
        for torn in [
            Candle { quality: Quality::FINAL, ..bare },
            Candle { low: 10.5, ..bare },
            Candle { high: 10.5, ..candle },
            Candle { low: 10.5, ..candle },
            Candle { volume: 0.5, ..candle },
            Candle { trade_count: 0, ..candle },
            Candle { trade_count: 1, ..flat },
        ] {
            assert!(!is_consistent(&torn), "{torn:?}");
        }
    }
}
