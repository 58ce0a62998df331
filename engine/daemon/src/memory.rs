//! What a config takes from shared memory, said before it is taken.

use tickplane_indicators::IndicatorSpec;
use tickplane_model::ExchangeId;
use tickplane_segments::{ArenaShape, Instance, InstrumentShape, PlaneShape, SeriesShape};
use tickplane_shards::SymbolFeeds;

use crate::config::Config;

/// Rows beyond the depth, so that a reader of the deepest view has time before it is overwritten.
const SLACK_ROWS: u64 = 12;

/// Connections whose health records have room from the start; more take more.
const CONNECTIONS: u64 = 16;
/// Events a writing thread keeps for its followers.
const EVENTS_KEPT: u64 = 4_096;

/// The plane's own segment for so many threads that write.
pub(crate) fn plane_shape(writing_threads: usize) -> PlaneShape {
    let threads = writing_threads as u64;
    PlaneShape {
        event_rings: threads,
        event_capacity: EVENTS_KEPT,
        threads,
        connections: CONNECTIONS,
        ..PlaneShape::default()
    }
}

/// The region of each instrument.
pub(crate) fn instrument_shape(config: &Config) -> InstrumentShape {
    InstrumentShape { trade_capacity: config.trades_kept as u64 }
}

/// The region of each series.
pub(crate) fn series_shape(config: &Config) -> SeriesShape {
    let indicators = config.indicators.iter().flat_map(IndicatorSpec::columns).collect();
    SeriesShape { depth: config.depth as u64, slack: SLACK_ROWS, indicators }
}

/// The file of an exchange: room for all it may be asked to carry, and to change its mind.
pub(crate) fn arena_shape(config: &Config, exchange: ExchangeId) -> ArenaShape {
    let own = config.exchange(exchange);
    let symbols = if own.symbols.is_empty() { own.top } else { own.symbols.len() } as u64;
    let needed = ArenaShape::holding(symbols * (1 + config.timeframes.len() as u64), symbols * symbol_bytes(config));
    let usual = ArenaShape::default();
    ArenaShape {
        bytes_max: needed.bytes_max.max(usual.bytes_max),
        entries_max: needed.entries_max.max(usual.entries_max),
    }
}

/// Bytes the file of an exchange takes before any symbol: its header and directory.
#[must_use]
pub fn arena_bytes(config: &Config, exchange: ExchangeId) -> u64 {
    arena_shape(config, exchange).bytes()
}

/// Bytes of shared memory that one symbol takes with all its series.
#[must_use]
pub fn symbol_bytes(config: &Config) -> u64 {
    instrument_shape(config).bytes() + config.timeframes.len() as u64 * series_shape(config).bytes()
}

/// Bytes of the process's own memory, beside the shared, that one symbol takes with all its series.
#[must_use]
pub fn symbol_own_bytes(config: &Config) -> u64 {
    SymbolFeeds::bytes(config.timeframes.len(), config.revise_rows, &config.indicators) as u64
}

/// Bytes the plane takes with this many symbols on this many exchanges.
#[must_use]
pub fn plane_bytes(config: &Config, symbols: usize) -> u64 {
    PlaneShape::default().bytes() + symbols as u64 * symbol_bytes(config)
}

/// Refuses what the file system cannot hold, with the remedy.
pub(crate) fn check(config: &Config, instance: &Instance, symbols: usize, arena: u64) -> Result<(), String> {
    let needed = arena + symbols as u64 * symbol_bytes(config);
    let free = instance.free_bytes().map_err(|error| error.to_string())?;
    if needed <= free {
        return Ok(());
    }
    Err(format!(
        "{symbols} symbols × {} series need {} MiB of shared memory, and {} has {} MiB left; name fewer symbols or \
         timeframes, a smaller depth, or give it more (docker run --shm-size, mount -o remount,size=)",
        config.timeframes.len(),
        mib(needed),
        instance.directory().display(),
        mib(free),
    ))
}

const fn mib(bytes: u64) -> u64 {
    bytes.div_ceil(1 << 20)
}
