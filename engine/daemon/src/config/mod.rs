//! The config file: what the plane runs, checked so that every mistake is told at once, each with its line.

mod error;
mod exchange;
mod file;
mod history;
mod nearest;
mod reader;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use tickplane_indicators::IndicatorSpec;
use tickplane_model::{ExchangeId, Timeframe};
use tickplane_runtimes::{Choice, Runtime};

pub use error::{ConfigError, ConfigFileError};
pub use exchange::{ExchangeConfig, MarketHosts, NotCarried, carried};
pub use history::{HistoryRows, Reconcile, UnknownReconcile};
pub use nearest::nearest;

/// The instance without a name.
pub const INSTANCE: &str = "default";

/// Threads of one kind.
pub const THREADS_MAX: usize = 64;
/// Rows a series may be read back.
pub(crate) const DEPTH: RangeInclusive<usize> = 2..=1_000_000;
/// Trade slots of an instrument; also a power of two.
pub(crate) const TRADES_KEPT: RangeInclusive<usize> = 64..=1 << 20;
/// Symbols an exchange may be asked to choose itself.
pub const TOP: RangeInclusive<usize> = 1..=2_000;

/// What the plane runs.
#[derive(Clone, PartialEq, Debug)]
pub struct Config {
    /// Name of the instance: the folder under `root`.
    pub instance: String,
    /// Folder of the instances; `None` is [`tickplane_segments::DEFAULT_ROOT`].
    pub root: Option<PathBuf>,
    /// How threads wait; `None` chooses what fits the machine.
    pub runtime: Option<Runtime>,
    /// Threads that hold sockets; `None` chooses.
    pub shards: Option<usize>,
    /// Threads that build candles, 0 for none of their own; `None` chooses.
    pub workers: Option<usize>,
    /// Whether each thread is bound to a core; `None` binds spinning threads.
    pub pin: Option<bool>,
    /// How long a socket waits for a full ring before its trades go on without the ring, in milliseconds.
    pub stall_ms_max: u64,
    /// Timeframes built for every symbol, finest first.
    pub timeframes: Vec<Timeframe>,
    /// Rows kept per series.
    pub depth: usize,
    /// How many rows back a late trade may still revise.
    pub revise_rows: u32,
    /// How long after its end a silent candle stays open for late trades, in milliseconds of the venue's time.
    pub grace_ms: u64,
    /// How much history each series is filled with.
    pub history: HistoryRows,
    /// How long a gap is left to the repair by trades before the venue's candles are asked for, in milliseconds.
    pub heal_ms: u64,
    /// What is done about closed candles and the venue's own.
    pub reconcile: Reconcile,
    /// One page of candles is compared in so many milliseconds, per exchange.
    pub reconcile_ms: u64,
    /// Indicators of every series.
    pub indicators: Vec<IndicatorSpec>,
    /// Trades kept per instrument; a power of two.
    pub trades_kept: usize,
    /// Settings of single exchanges; one that is not named runs with [`ExchangeConfig::default`].
    pub exchanges: BTreeMap<ExchangeId, ExchangeConfig>,
}

const INDICATORS: [&str; 5] = ["ema_20", "rsi_14", "atr_14", "macd_12_26_9", "macdv_12_26_26_9"];

impl Default for Config {
    fn default() -> Self {
        Self {
            instance: INSTANCE.to_owned(),
            root: None,
            runtime: None,
            shards: None,
            workers: None,
            pin: None,
            stall_ms_max: 200,
            timeframes: Timeframe::DEFAULT.to_vec(),
            depth: 500,
            revise_rows: 120,
            grace_ms: 500,
            history: HistoryRows::Depth,
            heal_ms: 30_000,
            reconcile: Reconcile::Count,
            reconcile_ms: 30_000,
            indicators: INDICATORS.iter().map(|name| name.parse().expect("the default indicators are known")).collect(),
            trades_kept: 4_096,
            exchanges: BTreeMap::new(),
        }
    }
}

impl Config {
    /// The settings of an exchange: its own, or the defaults.
    #[must_use]
    pub fn exchange(&self, id: ExchangeId) -> ExchangeConfig {
        self.exchanges.get(&id).cloned().unwrap_or_default()
    }

    /// What the config says about threads.
    #[must_use]
    pub const fn choice(&self) -> Choice {
        Choice { runtime: self.runtime, shards: self.shards, workers: self.workers }
    }
}
