//! The command line: global options and one subcommand.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser};
use tickplane_daemon::{Config, INSTANCE};
use tickplane_exchanges::Exchange;
use tickplane_model::ExchangeId;
use tickplane_segments::Instance;

use crate::commands::Command;
use crate::failure::Failure;
use crate::output::Format;

const ABOUT: &str = "Market data for every process of a host, through shared memory.";

const LONG_ABOUT: &str = "\
tickplane holds the exchange connections of a host once, and gives every process on it the same trades, quotes, candles
and indicators through shared memory: no copy, no broker, no second connection.";

const AFTER_HELP: &str = "\
To see it work without any exchange or account:
    tickplane demo

With the real exchanges (public data, no key needed):
    tickplane run --autostart binance              in one terminal
    tickplane ls BTC                               in another
    tickplane tail candles:binance:BTC-USDT:1s --follow

Keys name what is published:
    candles:EXCHANGE:SYMBOL:TIMEFRAME              trades:EXCHANGE:SYMBOL         quote:EXCHANGE:SYMBOL
    indicator:EXCHANGE:SYMBOL:TIMEFRAME:NAME       channel:exchange:EXCHANGE:lifecycle

Data goes to stdout, talk to stderr. Exit status: 0 done, 1 failed while running, 2 usage or config, 3 no plane or key
not found, 4 the input had rejects.";

#[derive(Parser, Debug)]
#[command(name = "tickplane", version, about = ABOUT, long_about = LONG_ABOUT, after_help = AFTER_HELP)]
#[command(disable_help_subcommand = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Args, Debug)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Global {
    /// Name of the plane; several may run side by side [default: default]
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) instance: Option<String>,

    /// Folder of the instances [default: /dev/shm/tickplane]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) root: Option<PathBuf>,

    /// How data is written: a table for people, JSON lines or CSV for programs [default: table]
    #[arg(long, global = true, value_name = "FORMAT", value_enum, hide_possible_values = true)]
    pub(crate) format: Option<Format>,

    /// No talk on stderr beyond errors
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
}

impl Global {
    /// The instance that a reading or controlling command means.
    pub(crate) fn instance(&self) -> Result<Instance, Failure> {
        Ok(Instance::new(self.root.as_deref(), self.instance.as_deref().unwrap_or(INSTANCE))?)
    }

    /// Puts the instance of the command line over that of a config.
    pub(crate) fn apply(&self, config: &mut Config) {
        if let Some(name) = &self.instance {
            config.instance.clone_from(name);
        }
        if self.root.is_some() {
            config.root.clone_from(&self.root);
        }
    }

    /// The format, a table by default.
    pub(crate) fn format(&self) -> Format {
        self.format.unwrap_or(Format::Table)
    }

    /// Says something on stderr unless asked to be quiet.
    pub(crate) fn talk(&self, text: impl std::fmt::Display) {
        if !self.quiet {
            crate::terminal::talk(text);
        }
    }

    /// What a user adds to a command to mean the same instance.
    pub(crate) fn instance_options(root: Option<&std::path::Path>, name: &str) -> String {
        let mut options = String::new();
        if name != INSTANCE {
            options.push_str(&format!(" --instance {name}"));
        }
        if let Some(root) = root {
            options.push_str(&format!(" --root {}", root.display()));
        }
        options
    }
}

/// Exchanges, separated by commas, or `all` that are simulated.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Venues(pub(crate) Vec<ExchangeId>);

impl FromStr for Venues {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "all" {
            return Ok(Self(tickplane_simulator::simulated()));
        }
        let mut venues = Vec::new();
        for word in text.split(',') {
            let id = exchange(word)?;
            if venues.contains(&id) {
                return Err(format!("{id} stands twice"));
            }
            venues.push(id);
        }
        Ok(Self(venues))
    }
}

/// Reads an exchange that can be run and decoded.
pub(crate) fn exchange(text: &str) -> Result<ExchangeId, String> {
    let id: ExchangeId = text.parse().map_err(|error| format!("{error}"))?;
    match carried(id) {
        Some(_) => Ok(id),
        None => Err(tickplane_daemon::NotCarried(id).to_string()),
    }
}

/// The exchange behind an id that [`exchange`] accepted.
pub(crate) fn carried(id: ExchangeId) -> Option<&'static dyn Exchange> {
    tickplane_exchanges::exchange(id)
}
