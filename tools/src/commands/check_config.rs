//! `check-config`: every mistake of a config with its line, or what it would take.

use std::path::PathBuf;
use std::thread::available_parallelism;

use clap::Args;
use tickplane_daemon::{Config, ExchangeConfig, symbol_bytes, symbol_own_bytes};
use tickplane_model::{ExchangeId, Timeframe};
use tickplane_runtimes::choose;
use tickplane_segments::Instance;

use crate::arguments::Global;
use crate::failure::Failure;
use crate::memory::{check, needed_bytes, symbols};
use crate::output::{Cell, Column, Format, Sheet, bytes, json_line};

const AFTER_HELP: &str = "\
Prints every mistake as FILE:LINE: message and exits with 2, or says what the plane would do with the file and the shared
memory it would take. config/default.toml explains every key.

Example:
    tickplane check-config plane.toml && tickplane run --config plane.toml";

/// Which file.
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct CheckConfig {
    /// The config file
    file: PathBuf,
}

impl CheckConfig {
    pub(crate) fn run(self, global: &Global) -> Result<(), Failure> {
        let mut config = Config::load(&self.file)?;
        global.apply(&mut config);
        let instance = Instance::new(config.root.as_deref(), &config.instance)?;
        let exchanges = exchanges(&config);
        let counts: Vec<(String, usize)> = exchanges.iter().map(|(name, e)| (name.clone(), symbols(e))).collect();
        // Without any exchange, one with the defaults is counted: whichever is started by hand.
        let ids: Vec<ExchangeId> = config.exchanges.keys().copied().collect();
        let needed = needed_bytes(&config, if ids.is_empty() { &[ExchangeId::Binance] } else { &ids });
        print(global.format(), &config, &instance, &counts, needed)?;
        check(&instance, needed)
    }
}

/// The exchanges a config runs; one without any is counted with one that is started by hand.
fn exchanges(config: &Config) -> Vec<(String, ExchangeConfig)> {
    if config.exchanges.is_empty() {
        return vec![("any one".to_owned(), ExchangeConfig::default())];
    }
    config.exchanges.iter().map(|(id, exchange)| (id.to_string(), exchange.clone())).collect()
}

fn print(
    format: Format,
    config: &Config,
    instance: &Instance,
    symbols: &[(String, usize)],
    needed: u64,
) -> Result<(), Failure> {
    let free = instance.free_bytes()?;
    let (runtime, shards, workers) = choose(config.choice(), available_parallelism().map_or(1, usize::from));
    let words = |words: Vec<String>| Cell::Text(words.join(" "));
    let started: Vec<&ExchangeId> = config.exchanges.iter().filter(|(_, e)| e.autostart).map(|(id, _)| id).collect();
    let series = config.timeframes.len();
    let rows: Vec<(&str, Cell, String)> = vec![
        ("instance", Cell::text(&config.instance), instance.directory().display().to_string()),
        ("threads", Cell::text(runtime), format!("{shards} for sockets, {workers} for candles")),
        ("timeframes", words(config.timeframes.iter().map(Timeframe::to_string).collect()), String::new()),
        ("indicators", words(config.indicators.iter().map(ToString::to_string).collect()), String::new()),
        (
            "exchanges",
            words(symbols.iter().map(|(id, count)| format!("{id}:{count}")).collect()),
            "symbols each".to_owned(),
        ),
        ("autostart", words(started.iter().map(ToString::to_string).collect()), String::new()),
        (
            "symbol_bytes",
            Cell::count(symbol_bytes(config)),
            format!(
                "{} a symbol: {series} series of {} rows, {} trades",
                bytes(symbol_bytes(config)),
                config.depth,
                config.trades_kept
            ),
        ),
        (
            "symbol_own_bytes",
            Cell::count(symbol_own_bytes(config)),
            format!("{} of the plane's own memory a symbol", bytes(symbol_own_bytes(config))),
        ),
        ("memory_bytes", Cell::count(needed), format!("{} of shared memory", bytes(needed))),
        ("free_bytes", Cell::count(free), format!("{} free", bytes(free))),
    ];
    match format {
        Format::Json => {
            let fields = rows.iter().map(|(name, cell, _)| (*name, cell.json()));
            Ok(Sheet::line(&json_line(fields))?)
        }
        Format::Csv => {
            let columns = [Column::left("setting", 0), Column::left("value", 0)];
            let rows: Vec<_> = rows.into_iter().map(|(name, cell, _)| vec![Cell::text(name), cell]).collect();
            Ok(Sheet::new(format, &columns).rows(&rows)?)
        }
        Format::Table => rows.iter().try_for_each(|(name, cell, note)| {
            let name = name.trim_end_matches("_bytes");
            let text = match cell {
                Cell::Integer(_) => note.clone(),
                _ if note.is_empty() => cell.plain(),
                _ => format!("{} ({note})", cell.plain()),
            };
            let text = if text.is_empty() { "none".to_owned() } else { text };
            Ok(Sheet::line(&format!("{name:<12}{text}"))?)
        }),
    }
}
