//! How a demo went.

use super::compare::Comparison;
use super::latency::{Health, Streams, meaning};
use super::playing::{Playing, quotes};
use super::protocol::Totals;
use crate::commands::status::micros;
use crate::failure::Failure;
use crate::output::{Cell, Column, Format, Sheet, bytes, json_line};
use crate::terminal::{Style, stdout_has_colour, talk};

/// How a demo went.
pub(super) struct Summary {
    pub(super) seconds: f64,
    pub(super) memory_bytes: u64,
    pub(super) health: Health,
    /// Faults that began.
    pub(super) faults: u64,
    /// How the recording arrived, if one was played.
    pub(super) playing: Option<Playing>,
    pub(super) comparison: Comparison,
    /// `None` if the reader ended without a last word.
    pub(super) reader: Option<Totals>,
}

const QUANTILES: [(f64, &str); 3] = [(0.5, "p50"), (0.99, "p99"), (0.999, "p999")];

impl Summary {
    /// Why the demo failed, if it did.
    pub(super) fn failure(&self) -> Option<String> {
        let Comparison { traded, different, missing, mute, .. } = self.comparison;
        let torn = self.reader.map_or(0, |reader| reader.torn);
        let lost = self.reader.map_or(0, |reader| reader.lost);
        // A recording may be played faster than a consumer of candles looks; what it holds is compared by number.
        let is_made = self.playing.is_none();
        let playing = self.playing.as_ref().and_then(Playing::failure);
        let reasons = [
            (self.reader.is_none(), "the reading process ended early".to_owned()),
            (playing.is_some(), playing.unwrap_or_default()),
            (different > 0, format!("{different} candles differ from the exchanges' account")),
            (is_made && missing > 0, format!("{missing} candles are missing")),
            (is_made && mute > 0, format!("{mute} markets traded and have no candle")),
            (torn > 0, format!("{torn} reads were torn")),
            (is_made && lost > 0, format!("{lost} rows were overwritten before they were read")),
            (is_made && traded == 0, "no whole candle with trades closed; give it more --seconds".to_owned()),
        ];
        let reasons: Vec<String> = reasons.into_iter().filter(|(holds, _)| *holds).map(|(_, reason)| reason).collect();
        (!reasons.is_empty()).then(|| reasons.join("; "))
    }

    /// Prints it, and the first differences on stderr.
    pub(super) fn print(&self, format: Format) -> Result<(), Failure> {
        for difference in &self.comparison.examples {
            talk(difference);
        }
        let facts = self.facts();
        match format {
            Format::Json => Ok(Sheet::line(&json_line(facts.iter().map(|(name, cell)| (name.as_str(), cell.json()))))?),
            Format::Csv => {
                let columns = [Column::left("name", 0), Column::left("value", 0)];
                let rows: Vec<_> = facts.into_iter().map(|(name, cell)| vec![Cell::Text(name), cell]).collect();
                Ok(Sheet::new(Format::Csv, &columns).rows(&rows)?)
            }
            Format::Table => self.table(),
        }
    }

    fn facts(&self) -> Vec<(String, Cell)> {
        let Health { trades, closes, rejects, gaps, reconnects, lost, revised, streams, stages } = &self.health;
        let Streams { asks, resubscribes, backfilled, lost: lost_for_good, seams } = streams;
        let Comparison { series, compared, traded, equal, with_gap, different, missing, .. } = &self.comparison;
        let reader = self.reader.unwrap_or_default();
        let counts = [
            ("memory_bytes", self.memory_bytes),
            ("trades", *trades),
            ("candles_closed", *closes),
            ("rejects", *rejects),
            ("gaps", *gaps),
            ("reconnects", *reconnects),
            ("trades_lost", *lost + *lost_for_good),
            ("faults", self.faults),
            ("asks", *asks),
            ("resubscribes", *resubscribes),
            ("trades_backfilled", *backfilled),
            ("seams_open", *seams),
            ("rows_revised", *revised),
            ("series", *series),
            ("candles_compared", *compared),
            ("candles_traded", *traded),
            ("candles_equal", *equal),
            ("candles_with_gap", *with_gap),
            ("candles_different", *different),
            ("candles_missing", *missing),
            ("rows_read", reader.rows),
            ("rows_lost", reader.lost),
            ("torn_reads", reader.torn),
        ];
        let mut facts = vec![("seconds".to_owned(), Cell::Number(self.seconds))];
        facts.extend(counts.into_iter().map(|(name, count)| (name.to_owned(), Cell::count(count))));
        if let Some(Playing { file, published, .. }) = &self.playing {
            facts.extend([
                ("capture_trades".to_owned(), Cell::count(file.trades)),
                ("capture_quotes".to_owned(), quotes(file).map_or(Cell::None, Cell::count)),
                ("published_trades".to_owned(), Cell::count(published.trades)),
                ("published_quotes".to_owned(), Cell::count(published.quotes)),
            ]);
        }
        for (stage, histogram) in stages {
            let at = |(quantile, name)| {
                (format!("{}_{name}_ns", stage.as_str()), Cell::count(histogram.value_at_quantile(quantile)))
            };
            facts.extend(QUANTILES.into_iter().map(at));
            facts.push((format!("{}_max_ns", stage.as_str()), Cell::count(histogram.max())));
        }
        facts
    }

    fn table(&self) -> Result<(), Failure> {
        let Health { trades, closes, rejects, gaps, reconnects, .. } = &self.health;
        let Comparison { series, compared, traded, equal, with_gap, different, missing, .. } = &self.comparison;
        let Totals { rows, lost, torn, live_reads, views } = self.reader.unwrap_or_default();
        let seconds = self.seconds;
        let rate = *trades as f64 / seconds.max(1e-9);
        let carried = if self.faults > 0 { format!(", {with_gap} carry the gap") } else { String::new() };
        let playing = self.playing.iter().map(|playing| ("recording", playing.account()));
        let repair = (self.faults > 0).then(|| ("repair", self.repair()));
        let lines = [
            ("ran", format!("{seconds:.0} s in {} of shared memory", bytes(self.memory_bytes))),
            ("published", format!("{trades} trades ({rate:.0}/s), {closes} candles closed")),
            ("troubles", format!("{rejects} rejects, {gaps} gaps, {reconnects} reconnects")),
            ("reader", format!("{rows} rows in another process, {live_reads} looks at forming candles, {views} views")),
            ("", format!("{torn} torn reads, {lost} rows lost")),
            (
                "compared",
                format!("{compared} candles of {series} series with the exchanges' account, {traded} of them traded"),
            ),
            ("", format!("{equal} equal to the bit{carried}, {different} different, {missing} missing")),
        ];
        for (name, text) in lines.into_iter().chain(repair).chain(playing) {
            Sheet::line(&format!("{name:<11}{text}"))?;
        }
        Sheet::line("")?;
        self.latencies()?;
        match self.failure() {
            // The command ends with the reason, on stderr.
            Some(_) => Ok(()),
            None => {
                let word = match &self.playing {
                    Some(_) => "exactly what the file holds",
                    None if self.comparison.with_gap > 0 => "every candle agrees or carries the gap",
                    None => "every candle agrees",
                };
                let word = Style::Green.paint(word, stdout_has_colour());
                Ok(Sheet::line(&format!("\n{word}"))?)
            }
        }
    }

    /// What was done about the faults.
    fn repair(&self) -> String {
        let Streams { asks, resubscribes, backfilled, lost, seams } = self.health.streams;
        format!(
            "{} faults, {resubscribes} resubscribed, {asks} questions by REST, {backfilled} trades backfilled, {lost} lost, \
             {seams} places open, {} rows revised",
            self.faults, self.health.revised
        )
    }

    fn latencies(&self) -> Result<(), Failure> {
        let mut columns = vec![Column::left("latency", 0)];
        columns.extend(["samples", "p50 µs", "p99 µs", "p99.9 µs", "max µs"].map(|name| Column::right(name, 0)));
        let row = |(stage, histogram): &(tickplane_segments::Stage, hdrhistogram::Histogram<u64>)| {
            let mut row = vec![Cell::text(meaning(*stage)), Cell::count(histogram.len())];
            row.extend(QUANTILES.map(|(quantile, _)| Cell::Text(micros(histogram.value_at_quantile(quantile)))));
            row.push(Cell::Text(micros(histogram.max())));
            row
        };
        let rows: Vec<_> = self.health.stages.iter().map(row).collect();
        Ok(Sheet::new(Format::Table, &columns).rows(&rows)?)
    }
}
