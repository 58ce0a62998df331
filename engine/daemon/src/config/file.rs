//! TOML text into a [`Config`].
#![allow(clippy::disallowed_methods, reason = "a config is a file")]

use std::path::Path;
use std::str::FromStr;

use tickplane_indicators::IndicatorSpec;
use tickplane_model::{ExchangeId, Timeframe};
use tickplane_segments::Instance;
use toml::de::DeTable;

use super::reader::{Field, Reader, fields};
use super::{
    Config, ConfigError, ConfigFileError, DEPTH, ExchangeConfig, HistoryRows, NotCarried, THREADS_MAX, TRADES_KEPT,
    carried, nearest,
};

pub(super) const KEYS: [&str; 18] = [
    "instance",
    "root",
    "runtime",
    "shards",
    "workers",
    "pin",
    "stall_ms_max",
    "timeframes",
    "depth",
    "revise_rows",
    "grace_ms",
    "history",
    "heal_ms",
    "reconcile",
    "reconcile_ms",
    "indicators",
    "trades_kept",
    "exchanges",
];

impl Config {
    /// Reads a config. Keys that are absent keep their defaults.
    ///
    /// # Errors
    /// Every mistake, in the order of lines.
    pub fn parse(text: &str) -> Result<Self, Vec<ConfigError>> {
        read(text, None)
    }

    /// Reads a config file. Its paths are relative to its folder, and the files they name must exist.
    ///
    /// # Errors
    /// When the file cannot be read, and every mistake in it.
    pub fn load(path: &Path) -> Result<Self, ConfigFileError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigFileError::Unreadable { path: path.to_owned(), error })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        read(&text, Some(folder)).map_err(|errors| ConfigFileError::Wrong { path: path.to_owned(), errors })
    }
}

fn read(text: &str, folder: Option<&Path>) -> Result<Config, Vec<ConfigError>> {
    let mut reader = Reader::new(text);
    let (document, syntax) = DeTable::parse_recoverable(text);
    for error in &syntax {
        reader.error(error.span().unwrap_or_default(), error.message());
    }
    let broken = reader.lines_with_errors();
    let mut config = Config::default();
    for field in fields(document.get_ref()) {
        top_level(&mut reader, &mut config, &field, folder);
    }
    limits(&mut reader, &config, document.get_ref());
    reader.drop_echoes(&broken);
    let errors = reader.into_errors();
    if errors.is_empty() { Ok(config) } else { Err(errors) }
}

fn top_level<'t>(reader: &mut Reader<'t>, config: &mut Config, field: &Field<'t>, folder: Option<&Path>) {
    match field.key {
        "instance" => put(&mut config.instance, reader.checked(field, check_instance).map(str::to_owned)),
        "root" => put(&mut config.root, reader.checked(field, check_root).map(|root| Some(root.into()))),
        "runtime" => put(&mut config.runtime, reader.auto(field, Reader::word)),
        "shards" => put(&mut config.shards, reader.auto(field, |reader, field| reader.number(field, 1..=THREADS_MAX))),
        "workers" => {
            put(&mut config.workers, reader.auto(field, |reader, field| reader.number(field, 0..=THREADS_MAX)));
        }
        "pin" => put(&mut config.pin, reader.auto(field, |reader, field| reader.flag(field))),
        "stall_ms_max" => put(&mut config.stall_ms_max, reader.number(field, 0..=10_000)),
        "timeframes" => put(&mut config.timeframes, timeframes(reader, field)),
        "depth" => put(&mut config.depth, reader.number(field, DEPTH)),
        "revise_rows" => put(&mut config.revise_rows, reader.number(field, 0..=10_000)),
        "grace_ms" => put(&mut config.grace_ms, reader.number(field, 0..=60_000)),
        "history" => put(&mut config.history, history(reader, field)),
        "heal_ms" => put(&mut config.heal_ms, reader.number(field, 1_000..=3_600_000)),
        "reconcile" => put(&mut config.reconcile, reader.word(field)),
        "reconcile_ms" => put(&mut config.reconcile_ms, reader.number(field, 1_000..=86_400_000)),
        "indicators" => put(&mut config.indicators, reader.list(field, words::<IndicatorSpec>)),
        "trades_kept" => put(&mut config.trades_kept, trades_kept(reader, field)),
        "exchanges" => exchanges(reader, config, field, folder),
        _ => reader.unknown_key(field, &KEYS),
    }
}

fn put<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

fn words<T: FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: T::Err| error.to_string())
}

fn check_instance(name: &str) -> Result<(), String> {
    Instance::new(None, name).map(drop).map_err(|error| error.to_string())
}

fn check_root(text: &str) -> Result<(), String> {
    if text.starts_with('/') { Ok(()) } else { Err(format!("root \"{text}\" must be a path that begins with /")) }
}

fn timeframes<'t>(reader: &mut Reader<'t>, field: &Field<'t>) -> Option<Vec<Timeframe>> {
    let mut timeframes = reader.list(field, words::<Timeframe>)?;
    if field.value.get_ref().as_array().is_some_and(|array| array.is_empty()) {
        reader.error(field.value.span(), "timeframes must name at least one");
    }
    timeframes.sort_unstable();
    Some(timeframes)
}

/// `true`, `false` or a number of rows.
fn history<'t>(reader: &mut Reader<'t>, field: &Field<'t>) -> Option<HistoryRows> {
    match field.value.get_ref().as_bool() {
        Some(true) => Some(HistoryRows::Depth),
        Some(false) => Some(HistoryRows::Off),
        None if field.value.get_ref().as_integer().is_none() => {
            reader.error(field.value.span(), "history must be true, false or a number of rows");
            None
        }
        None => reader.number(field, 1..=*DEPTH.end()).map(HistoryRows::Rows),
    }
}

fn trades_kept<'t>(reader: &mut Reader<'t>, field: &Field<'t>) -> Option<usize> {
    let kept: usize = reader.number(field, TRADES_KEPT)?;
    if !kept.is_power_of_two() {
        let near = (kept.next_power_of_two() / 2, kept.next_power_of_two());
        let message = format!("trades_kept must be a power of two, like {} or {}, not {kept}", near.0, near.1);
        reader.error(field.value.span(), message);
        return None;
    }
    Some(kept)
}

/// What one key demands of another.
fn limits<'t>(reader: &mut Reader<'t>, config: &Config, document: &'t DeTable<'t>) {
    let rows = usize::try_from(config.revise_rows).unwrap_or(usize::MAX);
    let named = fields(document).find(|field| field.key == "revise_rows");
    let named = named.or_else(|| fields(document).find(|field| field.key == "depth"));
    if let Some(field) = named.filter(|_| rows > config.depth) {
        let message =
            format!("revise_rows ({rows}) cannot exceed depth ({}): only kept rows are revised", config.depth);
        reader.error(field.value.span(), message);
    }
}

fn exchanges<'t>(reader: &mut Reader<'t>, config: &mut Config, field: &Field<'t>, folder: Option<&Path>) {
    let Some(table) = reader.table(field) else { return };
    for field in fields(table) {
        let id = match field.key.parse::<ExchangeId>() {
            Ok(id) => id,
            Err(error) => {
                let meant = nearest(field.key, ExchangeId::ALL.map(ExchangeId::as_str));
                let hint = meant.map(|word| format!("; did you mean \"{word}\"?")).unwrap_or_default();
                reader.error(field.key_span.clone(), format!("{error}{hint}"));
                continue;
            }
        };
        if !carried(id) {
            reader.error(field.key_span.clone(), NotCarried(id).to_string());
            continue;
        }
        if let Some(table) = reader.table(&field) {
            config.exchanges.insert(id, ExchangeConfig::read(reader, table, folder));
        }
    }
}
