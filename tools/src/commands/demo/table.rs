//! What a demo shows while it runs: a table on a terminal, else a line now and then.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io::{Write, stdout};
use std::time::{Duration, Instant};

use tickplane_model::{ExchangeId, Key, Symbol, Timeframe};
use tickplane_segments::{HistoryStatus, Plane, SeriesReader, Stage, TradeReader};

use super::latency::Health;
use super::venue;
use crate::commands::status::micros;
use crate::failure::Failure;
use crate::output::decimal;
use crate::terminal::{Style, size, stdout_has_colour, stdout_is_terminal, talk};

/// How often the table is drawn.
const DRAW_TIME: Duration = Duration::from_millis(500);
/// How often a line is written where there is no terminal.
const LINE_TIME: Duration = Duration::from_secs(5);
/// Lines that are no symbols: title, latencies, two empty ones, and the hint.
const FIXED_LINES: usize = 6;
/// Of what was said the table shows so many lines, the newest last.
const SAID_LINES: usize = 4;
/// What stands before the time in each of them.
const DATE_LETTERS: usize = "2026-11-20 ".len();

/// What is shown of one symbol.
struct Shown {
    exchange: ExchangeId,
    symbol: Symbol,
    /// The finest series.
    series: SeriesReader,
    trades: TradeReader,
    head: u64,
}

/// The view on a running demo.
pub(super) struct Table {
    shown: Vec<Shown>,
    is_terminal: bool,
    is_quiet: bool,
    /// What a user adds to a command to mean this instance.
    options: String,
    started: Instant,
    updated: Instant,
    trades: u64,
    said: VecDeque<String>,
}

impl Table {
    /// Nothing is shown yet.
    pub(super) fn new(is_quiet: bool, options: String) -> Self {
        let now = Instant::now();
        Self {
            shown: Vec::new(),
            is_terminal: stdout_is_terminal(),
            is_quiet,
            options,
            started: now,
            updated: now,
            trades: 0,
            said: VecDeque::new(),
        }
    }

    /// Takes up the symbols an exchange was started with, busiest first.
    pub(super) fn add(&mut self, plane: &Plane, exchange: ExchangeId, symbols: &[Symbol], finest: Timeframe) {
        for symbol in symbols {
            let candles = Key::Candles { exchange, symbol: symbol.clone(), timeframe: finest };
            let trades = Key::Trades { exchange, symbol: symbol.clone() };
            if let (Ok(series), Ok(trades)) = (plane.series(&candles), plane.trades(&trades)) {
                let head = trades.head();
                self.shown.push(Shown { exchange, symbol: symbol.clone(), series, trades, head });
            }
        }
    }

    /// Takes the screen.
    pub(super) fn begin(&self) -> Result<(), Failure> {
        // The alternate screen: the terminal is as before when it ends.
        self.switch("\x1b[?1049h\x1b[?25l")
    }

    /// Gives the screen back.
    pub(super) fn end(&self) -> Result<(), Failure> {
        self.switch("\x1b[?25h\x1b[?1049l")
    }

    fn switch(&self, codes: &str) -> Result<(), Failure> {
        if self.is_terminal && !self.is_quiet {
            let mut out = stdout().lock();
            out.write_all(codes.as_bytes())?;
            out.flush()?;
        }
        Ok(())
    }

    /// Says what is said; on a terminal the table has the place, and shows the newest of it.
    pub(super) fn say(&mut self, lines: impl Iterator<Item = String>) {
        for line in lines.filter(|_| !self.is_quiet) {
            if !self.is_terminal {
                talk(line);
                continue;
            }
            self.said.push_back(line);
            if self.said.len() > SAID_LINES {
                self.said.pop_front();
            }
        }
    }

    /// Shows how things are, if it is time.
    pub(super) fn update(&mut self, plane: &Plane, waits_for_repair: bool) -> Result<(), Failure> {
        let due = if self.is_terminal { DRAW_TIME } else { LINE_TIME };
        let passed = self.updated.elapsed();
        if self.is_quiet || passed < due {
            return Ok(());
        }
        self.updated = Instant::now();
        let health = Health::read(plane);
        let seconds = passed.as_secs_f64();
        let rate = health.trades.saturating_sub(self.trades) as f64 / seconds;
        self.trades = health.trades;
        if !self.is_terminal {
            let repair = if waits_for_repair { "  waiting for repair" } else { "" };
            talk(format_args!("{}{repair}", self.line(&health, rate)));
            return Ok(());
        }
        let text = self.page(plane, &health, rate, seconds, waits_for_repair);
        let mut out = stdout().lock();
        out.write_all(text.as_bytes())?;
        Ok(out.flush()?)
    }

    fn line(&self, health: &Health, rate: f64) -> String {
        let seconds = self.started.elapsed().as_secs();
        format!(
            "{seconds:>4} s  {} trades ({rate:.0}/s)  {} candles closed  {}",
            health.trades,
            health.closes,
            latencies(health)
        )
    }

    fn page(&mut self, plane: &Plane, health: &Health, rate: f64, seconds: f64, waits_for_repair: bool) -> String {
        let has_colour = stdout_has_colour();
        let (columns, lines) = size();
        let options = self.options.clone();
        let waits = if waits_for_repair { "  its time is over; it waits for repair" } else { "" };
        let mut page = vec![
            Style::Bold.paint(
                &format!("tickplane demo  {} s  simulated exchanges{waits}", self.started.elapsed().as_secs()),
                has_colour,
            ),
            format!("{} trades ({rate:.0}/s)  {} candles closed  {}", health.trades, health.closes, latencies(health)),
            history(plane),
        ];
        page.extend(self.venues(plane, seconds, lines.saturating_sub(FIXED_LINES + self.said.len()), has_colour));
        page.push(String::new());
        // Their date is today.
        page.extend(self.said.iter().map(|line| line.get(DATE_LETTERS..).unwrap_or(line).to_owned()));
        page.push(Style::Dim.paint(
            &format!("Ctrl-C ends. In another terminal: tickplane ls{options}, tickplane status{options}"),
            has_colour,
        ));
        let mut text = String::from("\x1b[H");
        for line in page.iter().take(lines.saturating_sub(1)) {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{}\x1b[K", cut(line, columns));
        }
        text.push_str("\x1b[J");
        text
    }

    /// The busiest symbols of each venue, as many as fit.
    fn venues(&mut self, plane: &Plane, seconds: f64, lines: usize, has_colour: bool) -> Vec<String> {
        let mut exchanges: Vec<ExchangeId> = self.shown.iter().map(|shown| shown.exchange).collect();
        exchanges.dedup();
        let each = (lines / exchanges.len().max(1)).saturating_sub(2).max(1);
        let mut page = Vec::new();
        for exchange in exchanges {
            // What matters most stands first: a narrow terminal cuts the rest.
            let header = format!(
                "{exchange:<16}{:>14}{:>10}  {:<10}{:>14}{:>14}{:>14}{:>14}{:>14}",
                "price", "trades/s", "closed 1s", "close", "volume", "open", "high", "low"
            );
            page.push(Style::Bold.paint(&header, has_colour));
            let mut of_venue: Vec<&mut Shown> =
                self.shown.iter_mut().filter(|shown| shown.exchange == exchange).collect();
            let more = of_venue.len().saturating_sub(each);
            page.extend(of_venue.iter_mut().take(each).map(|shown| shown.line(seconds, has_colour)));
            let (words, is_well) = venue::words(plane, exchange);
            let more = if more > 0 { format!("and {more} more; ") } else { String::new() };
            let style = if is_well { Style::Dim } else { Style::Red };
            page.push(style.paint(&format!("  {more}{words}"), has_colour));
        }
        page
    }
}

impl Shown {
    fn line(&mut self, seconds: f64, has_colour: bool) -> String {
        let head = self.trades.head();
        let rate = head.saturating_sub(self.head) as f64 / seconds;
        self.head = head;
        let price = self.trades.trade(head).map_or(f64::NAN, |trade| trade.price);
        let closed = self.series.candles(1).ok().and_then(|candles| candles.candles.first().copied());
        let Some(candle) = closed else {
            return format!("  {:<14}{:>14}", self.symbol, decimal(price));
        };
        let time = tickplane_model::format_time(candle.open_time_ns);
        // Padded before it is painted: a colour has length but no width.
        let shown = format!("{:>14}", decimal(price));
        let shown = match price.partial_cmp(&candle.close) {
            Some(std::cmp::Ordering::Greater) => Style::Green.paint(&shown, has_colour),
            Some(std::cmp::Ordering::Less) => Style::Red.paint(&shown, has_colour),
            _ => shown,
        };
        let [open, high, low, close] = [candle.open, candle.high, candle.low, candle.close].map(decimal);
        let volume = match candle.trade_count {
            _ if candle.close.is_nan() => "gap".to_owned(),
            0 => "quiet".to_owned(),
            _ => format!("{:.4}", candle.volume),
        };
        let time = &time[11..19];
        format!(
            "  {:<14}{shown}{rate:>10.0}  {time:<10}{close:>14}{volume:>14}{open:>14}{high:>14}{low:>14}",
            self.symbol
        )
    }
}

/// How far the histories are that are not complete.
fn history(plane: &Plane) -> String {
    let open = plane.histories().into_iter().filter(|history| history.filled < history.series);
    let words = |history: HistoryStatus| {
        let HistoryStatus { exchange, series, filled, requests_left, eta_ns, .. } = history;
        let seconds = eta_ns.div_ceil(1_000_000_000);
        format!("{exchange} {filled} of {series} series, {requests_left} requests left, about {seconds} s")
    };
    let open: Vec<String> = open.map(words).collect();
    if open.is_empty() { String::new() } else { format!("history: {}", open.join("; ")) }
}

fn latencies(health: &Health) -> String {
    let words = |stage, name| {
        let histogram = health.stage(stage)?;
        let at = |quantile| micros(histogram.value_at_quantile(quantile));
        Some(format!("{name} p50 {} µs p99 {} µs", at(0.5), at(0.99)))
    };
    let stages = [(Stage::ReadToTrade, "trade readable"), (Stage::ReadToCandle, "candle")];
    stages.into_iter().filter_map(|(stage, name)| words(stage, name)).collect::<Vec<_>>().join("  ")
}

/// At most so many columns of a line; what paints is kept.
fn cut(line: &str, columns: usize) -> String {
    let (mut text, mut width, mut is_escape) = (String::new(), 0, false);
    for letter in line.chars() {
        is_escape |= letter == '\x1b';
        if is_escape || width < columns {
            text.push(letter);
        }
        width += usize::from(!is_escape);
        is_escape &= letter != 'm';
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cutting_counts_letters_and_keeps_colours() {
        assert_eq!(cut("abcdef", 3), "abc");
        assert_eq!(cut("\x1b[1mabc\x1b[0mdef", 4), "\x1b[1mabc\x1b[0md");
        assert_eq!(cut("µµµ", 2), "µµ");
    }
}
