//! `status`: how a plane is, from what it writes about itself in shared memory.

mod histories;
mod holds;
mod rests;
mod runtime;
mod streams;

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clap::Args;
use tickplane_model::{ExchangeId, NS_PER_SECOND, format_time};
use tickplane_segments::{ConnectionStatus, LifeState, Plane, PlaneStatus, StageStatus, ThreadStatus};

use self::histories::Histories;
use self::rests::Rests;
use self::streams::Streams;
use crate::arguments::{Global, exchange};
use crate::failure::Failure;
use crate::memory::held_bytes;
use crate::output::{Cell, Column, Format, Sheet, bytes, json_line};
use crate::terminal::{Style, stdout_has_colour};

const AFTER_HELP: &str = "\
Reads shared memory only: nobody is asked, nobody waits. Rates are measured over one second. Latencies are since the
start, in microseconds; network is the venue's time to ours, so differing clocks are in it.

A connection is idle, connecting, connected, subscribed, live, stale (one of its streams is), waiting (for its next
attempt), held (kept from it by the exchange's limit or at its word; a line tells for how long) or closed. \"connected\"
is how long ago it connected last. \"lost\" is what was ever noticed missing, \"backfilled\" what was fetched of it or
while a stream was dead; a stream's \"lost\" is what nobody could give.

A stream of trades is closed, connecting, subscribed (confirmed, no trade yet), live, quiet (silent, and the venue has
nothing newer) or stale (silent while the venue has newer trades). Without EXCHANGE a table shows only the streams that
are not live or miss something; with it, and in JSON and CSV, every one.

What is asked of an exchange's hosts by REST is counted by HTTP status; a host that wants nothing for a while is held.

A history tells how many series are filled from the exchange's candles, what that took, and how many closed candles
were compared with the exchange's own: equal in its precision, or different and by how much.

Examples:
    tickplane status
    tickplane status binance
    tickplane status --format json | jq 'select(.type == \"connection\")'
    tickplane status --format json | jq 'select(.type == \"stream\" and .state == \"stale\")'";

/// How long rates are measured.
const RATE_TIME: Duration = Duration::from_secs(1);

/// Of what.
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Status {
    /// Only this exchange's connections, and all of its streams
    #[arg(value_parser = exchange)]
    exchange: Option<ExchangeId>,
}

impl Status {
    pub(crate) fn run(self, global: &Global) -> Result<(), Failure> {
        let instance = global.instance()?;
        let plane = Plane::open(&instance)?;
        if let Some(id) = self.exchange.filter(|id| !plane.exchanges().contains(id)) {
            let text = format!("the plane has no exchange \"{id}\"; `tickplane start {id}` connects it");
            return Err(Failure::NotFound(text));
        }
        let sample = Sample::take(&plane, self.exchange);
        match global.format() {
            Format::Table => sample.tables(instance.name()),
            Format::Json => sample.records(instance.name()).iter().try_for_each(|record| {
                let head = [("type", Cell::text(record.kind)), ("name", Cell::text(&record.name))];
                let fields = head.iter().chain(&record.fields).map(|(name, cell)| (*name, cell.json()));
                Ok(Sheet::line(&json_line(fields))?)
            }),
            Format::Csv => {
                let columns = ["type", "name", "field", "value"].map(|name| Column::left(name, 0));
                let row = |record: &Record| {
                    let (kind, name) = (Cell::text(record.kind), Cell::text(&record.name));
                    let fields = record.fields.clone().into_iter();
                    fields
                        .map(|(field, cell)| vec![kind.clone(), name.clone(), Cell::text(field), cell])
                        .collect::<Vec<_>>()
                };
                let rows: Vec<_> = sample.records(instance.name()).iter().flat_map(row).collect();
                Ok(Sheet::new(Format::Csv, &columns).rows(&rows)?)
            }
        }
    }
}

/// One thing that is told of, with its facts.
struct Record {
    kind: &'static str,
    name: String,
    fields: Vec<(&'static str, Cell)>,
}

/// What a plane said, and how fast its connections were.
struct Sample {
    plane: PlaneStatus,
    memory_bytes: u64,
    connections: Vec<(ConnectionStatus, Rates)>,
    streams: Streams,
    rests: Rests,
    histories: Histories,
    threads: Vec<ThreadStatus>,
    now_ns: i64,
}

/// Per second.
#[derive(Clone, Copy, Default)]
struct Rates {
    messages: f64,
    trades: f64,
    quotes: f64,
}

impl Sample {
    fn take(plane: &Plane, only: Option<ExchangeId>) -> Self {
        let before = plane.connections();
        let start = Instant::now();
        let status = plane.status();
        if status.alive && !before.is_empty() {
            std::thread::sleep(RATE_TIME);
        }
        let seconds = start.elapsed().as_secs_f64();
        let wanted = |connection: &ConnectionStatus| only.is_none_or(|id| connection.exchange == id);
        let rated = |after: ConnectionStatus| {
            let earlier = before.iter().find(|c| (c.exchange, &c.label) == (after.exchange, &after.label));
            let rates = earlier.map_or(Rates::default(), |earlier| rates(earlier, &after, seconds));
            (after, rates)
        };
        Self {
            plane: status,
            memory_bytes: held_bytes(plane),
            connections: plane.connections().into_iter().filter(wanted).map(rated).collect(),
            streams: Streams::read(plane, only),
            rests: Rests::read(plane, only),
            histories: Histories::read(plane, only),
            threads: plane.threads(),
            now_ns: now_ns(),
        }
    }

    fn records(&self, instance: &str) -> Vec<Record> {
        let mut records = vec![self.plane_record(instance)];
        records.extend(self.connections.iter().map(|(connection, rates)| connection_record(connection, *rates)));
        records.extend(self.streams.records());
        records.extend(self.rests.records(self.now_ns));
        records.extend(self.histories.records());
        records.extend(self.threads.iter().map(thread_record));
        for thread in &self.threads {
            records.extend(thread.stages.iter().filter(|s| !s.histogram.is_empty()).map(|s| stage_record(thread, s)));
        }
        records
    }

    fn plane_record(&self, instance: &str) -> Record {
        let PlaneStatus { pid, epoch, opened_ns, heartbeat_ns, exchanges, .. } = &self.plane;
        let exchanges: Vec<&str> = exchanges.iter().map(|id| id.as_str()).collect();
        let fields = vec![
            ("state", Cell::text(state(&self.plane))),
            ("pid", Cell::Integer(i64::from(*pid))),
            ("epoch", Cell::count(*epoch)),
            ("opened_ns", Cell::Integer(*opened_ns)),
            ("heartbeat_ns", Cell::Integer(*heartbeat_ns)),
            ("memory_bytes", Cell::count(self.memory_bytes)),
            ("exchanges", Cell::Text(exchanges.join(" "))),
            ("runtime", Cell::text(runtime::word(&self.threads))),
        ];
        Record { kind: "plane", name: instance.to_owned(), fields }
    }

    fn tables(&self, instance: &str) -> Result<(), Failure> {
        self.plane_line(instance)?;
        if self.connections.is_empty() {
            Sheet::line("\nno connections")?;
        } else {
            Sheet::line("")?;
            self.connection_table()?;
            self.rejects()?;
            self.losses()?;
            self.closes()?;
            if self.plane.alive {
                holds::lines(self.connections.iter().map(|(connection, _)| connection), self.now_ns)?;
            }
        }
        if self.plane.alive {
            self.streams.table(self.now_ns)?;
            self.rests.lines(self.now_ns)?;
            self.histories.lines()?;
        }
        let stages = self.stage_rows();
        if !stages.is_empty() {
            Sheet::line("")?;
            let names = ["thread", "stage", "samples", "p50 µs", "p99 µs", "p99.9 µs", "max µs"];
            let column = |(at, name)| if at < 2 { Column::left(name, 0) } else { Column::right(name, 0) };
            let columns: Vec<Column> = names.into_iter().enumerate().map(column).collect();
            Sheet::new(Format::Table, &columns).rows(&stages)?;
        }
        Ok(())
    }

    fn plane_line(&self, instance: &str) -> Result<(), Failure> {
        let state = state(&self.plane);
        let style = if self.plane.alive { Style::Green } else { Style::Red };
        let shown = style.paint(state, stdout_has_colour());
        let up = (self.now_ns - self.plane.opened_ns) / NS_PER_SECOND;
        let since = match self.plane.alive {
            true => format!("pid {}, for {}", self.plane.pid, duration(up)),
            false => format!("last heartbeat {} UTC", format_time(self.plane.heartbeat_ns)),
        };
        Sheet::line(&format!("plane {instance}: {shown} ({since}), {} of shared memory", bytes(self.memory_bytes)))?;
        let runtime = runtime::sentence(&self.threads);
        if self.plane.alive && !runtime.is_empty() {
            Sheet::line(&runtime)?;
        }
        Ok(())
    }

    fn connection_table(&self) -> Result<(), Failure> {
        let names = [
            "connection",
            "state",
            "connected",
            "last data",
            "messages/s",
            "trades/s",
            "quotes/s",
            "trades",
            "gaps",
            "reconnects",
            "rejects",
        ];
        let column = |(at, name)| if at < 2 { Column::left(name, 0) } else { Column::right(name, 0) };
        let columns: Vec<Column> = names.into_iter().enumerate().map(column).collect();
        let row = |(connection, rates): &(ConnectionStatus, Rates)| {
            let up = (self.now_ns - connection.connected_at_ns) / NS_PER_SECOND;
            let reconnects = connection.attempts.saturating_sub(1);
            vec![
                Cell::Text(name(connection)),
                Cell::text(if self.plane.alive { connection.state.as_str() } else { "gone" }),
                if self.plane.alive && connection.connected_at_ns > 0 { Cell::Text(duration(up)) } else { Cell::None },
                age(connection.last_data_ns, self.now_ns),
                Cell::Text(format!("{:.0}", rates.messages)),
                Cell::Text(format!("{:.0}", rates.trades)),
                Cell::Text(format!("{:.0}", rates.quotes)),
                Cell::count(connection.count(tickplane_segments::ConnectionCounter::Trades)),
                Cell::count(connection.count(tickplane_segments::ConnectionCounter::Gaps)),
                Cell::count(reconnects),
                Cell::count(connection.rejected()),
            ]
        };
        let rows: Vec<_> = self.connections.iter().map(row).collect();
        Ok(Sheet::new(Format::Table, &columns).rows(&rows)?)
    }

    fn rejects(&self) -> Result<(), Failure> {
        for (connection, _) in self.connections.iter().filter(|(connection, _)| connection.rejected() > 0) {
            let reasons = connection.rejects.iter().filter(|(_, count)| *count > 0);
            let reasons: Vec<String> = reasons.map(|(reason, count)| format!("{reason} {count}")).collect();
            Sheet::line(&format!("  rejects on {}: {}", name(connection), reasons.join(", ")))?;
        }
        Ok(())
    }

    fn losses(&self) -> Result<(), Failure> {
        use tickplane_segments::ConnectionCounter::{Backfilled, Lost};
        for (connection, _) in self.connections.iter().filter(|(connection, _)| connection.count(Lost) > 0) {
            let [missed, fetched] = [Lost, Backfilled].map(|counter| connection.count(counter));
            Sheet::line(&format!("  missed on {}: {missed}, fetched {fetched}", name(connection)))?;
        }
        Ok(())
    }

    fn closes(&self) -> Result<(), Failure> {
        for (connection, _) in &self.connections {
            let Some(last) = connection.last_close else { continue };
            let kinds = connection.closes.iter().filter(|(_, count)| *count > 0);
            let kinds: Vec<String> = kinds.map(|(kind, count)| format!("{} {count}", kind.as_str())).collect();
            let text = format!("  {} ended last by {}; in all: {}", name(connection), last.as_str(), kinds.join(", "));
            Sheet::line(&text)?;
        }
        Ok(())
    }

    fn stage_rows(&self) -> Vec<Vec<Cell>> {
        let mut rows = Vec::new();
        for thread in &self.threads {
            for stage in thread.stages.iter().filter(|stage| !stage.histogram.is_empty()) {
                let at = |quantile| Cell::Text(micros(stage.histogram.value_at_quantile(quantile)));
                rows.push(vec![
                    Cell::text(&thread.name),
                    Cell::text(stage.stage.as_str()),
                    Cell::count(stage.histogram.len()),
                    at(0.5),
                    at(0.99),
                    at(0.999),
                    Cell::Text(micros(stage.max_ns)),
                ]);
            }
        }
        rows
    }
}

const fn state(plane: &PlaneStatus) -> &'static str {
    match (plane.alive, plane.state) {
        (true, _) => "running",
        (false, LifeState::Closed) => "closed",
        (false, _) => "died",
    }
}

fn name(connection: &ConnectionStatus) -> String {
    format!("{} {}", connection.exchange, connection.label)
}

fn rates(before: &ConnectionStatus, after: &ConnectionStatus, seconds: f64) -> Rates {
    use tickplane_segments::ConnectionCounter::{Messages, Quotes, Trades};
    let rate = |counter| after.count(counter).saturating_sub(before.count(counter)) as f64 / seconds.max(1e-9);
    Rates { messages: rate(Messages), trades: rate(Trades), quotes: rate(Quotes) }
}

fn connection_record(connection: &ConnectionStatus, rates: Rates) -> Record {
    let mut fields = vec![
        ("exchange", Cell::text(connection.exchange)),
        ("state", Cell::text(connection.state.as_str())),
        ("connected_at_ns", Cell::Integer(connection.connected_at_ns)),
        ("last_heartbeat_ns", Cell::Integer(connection.last_heartbeat_ns)),
        ("last_data_ns", Cell::Integer(connection.last_data_ns)),
        ("attempts", Cell::count(connection.attempts)),
        ("next_attempt_ns", Cell::Integer(connection.next_attempt_ns)),
        ("hold", connection.hold.map_or(Cell::None, |hold| Cell::text(hold.as_str()))),
        ("messages_per_second", Cell::Number(rates.messages)),
        ("trades_per_second", Cell::Number(rates.trades)),
        ("quotes_per_second", Cell::Number(rates.quotes)),
    ];
    fields.extend(connection.counters.iter().map(|(counter, count)| (counter.as_str(), Cell::count(*count))));
    fields.push(("last_close", connection.last_close.map_or(Cell::None, |kind| Cell::text(kind.as_str()))));
    let closes = connection.closes.iter().filter(|(_, count)| *count > 0);
    fields.extend(closes.map(|(kind, count)| (kind.as_str(), Cell::count(*count))));
    fields.push(("rejects", Cell::count(connection.rejected())));
    let rejects = connection.rejects.iter().filter(|(_, count)| *count > 0);
    fields.extend(rejects.map(|(reason, count)| (reason.as_str(), Cell::count(*count))));
    Record { kind: "connection", name: name(connection), fields }
}

fn thread_record(thread: &ThreadStatus) -> Record {
    let mut fields = vec![
        ("runtime", thread.runtime.map_or(Cell::None, |runtime| Cell::text(runtime.as_str()))),
        ("core", thread.core.map_or(Cell::None, Cell::count)),
    ];
    fields.extend(thread.counters.iter().map(|(counter, count)| (counter.as_str(), Cell::count(*count))));
    Record { kind: "thread", name: thread.name.clone(), fields }
}

fn stage_record(thread: &ThreadStatus, stage: &StageStatus) -> Record {
    let at = |quantile| Cell::count(stage.histogram.value_at_quantile(quantile));
    let fields = vec![
        ("stage", Cell::text(stage.stage.as_str())),
        ("samples", Cell::count(stage.histogram.len())),
        ("p50_ns", at(0.5)),
        ("p99_ns", at(0.99)),
        ("p999_ns", at(0.999)),
        ("max_ns", Cell::count(stage.max_ns)),
    ];
    Record { kind: "latency", name: thread.name.clone(), fields }
}

/// Nanoseconds as microseconds, to three digits.
pub(crate) fn micros(ns: u64) -> String {
    let micros = ns as f64 / 1e3;
    let digits = if micros < 10.0 { 2 } else { usize::from(micros < 100.0) };
    format!("{micros:.digits$}")
}

/// The time since then, nothing if it never was.
fn age(then_ns: i64, now_ns: i64) -> Cell {
    if then_ns == 0 { Cell::None } else { Cell::Text(duration((now_ns - then_ns) / NS_PER_SECOND)) }
}

fn duration(seconds: i64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{} s", seconds.max(0)),
        (0, 0, _) => format!("{minutes} min {} s", seconds % 60),
        (0, _, _) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    }
}

/// Now, since the epoch.
pub(crate) fn now_ns() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_for_people() {
        for (ns, text) in [(0, "0.00"), (4_567, "4.57"), (45_678, "45.7"), (1_234_567, "1235")] {
            assert_eq!(micros(ns), text);
        }
        for (seconds, text) in [(5, "5 s"), (65, "1 min 5 s"), (7_260, "2 h 1 min"), (90_000, "1 d 1 h")] {
            assert_eq!(duration(seconds), text);
        }
    }
}
