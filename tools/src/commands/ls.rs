//! `ls`: the keys a plane publishes.

use clap::Args;
use tickplane_model::{ExchangeId, Key, Pattern};
use tickplane_segments::Plane;

use crate::arguments::Global;
use crate::failure::Failure;
use crate::output::{Cell, Column, Format, Sheet};

const AFTER_HELP: &str = "\
A pattern without * lists the keys that hold it; * stands for anything. Channels (events) are listed when the pattern
says channel.

Examples:
    tickplane ls
    tickplane ls BTC
    tickplane ls 'candles:binance:*:1m'
    tickplane ls 'channel:*close:BTC-USDT*'";

/// Which keys.
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Ls {
    /// Only keys that fit
    pattern: Option<String>,
}

impl Ls {
    pub(crate) fn run(self, global: &Global) -> Result<(), Failure> {
        let plane = Plane::open(&global.instance()?)?;
        let all = keys(&plane, self.pattern.as_deref().is_some_and(|pattern| pattern.starts_with("channel")));
        let pattern = Pattern::new(self.pattern.as_deref().unwrap_or("*"));
        let keys: Vec<&Key> = all.iter().filter(|key| pattern.matches(&key.to_string())).collect();
        if !plane.status().alive {
            global.talk("the plane does not run; this is what it left");
        }
        match &self.pattern {
            _ if all.is_empty() => global.talk("nothing is published yet; `tickplane start EXCHANGE` connects one"),
            Some(text) if keys.is_empty() => {
                return Err(Failure::NotFound(format!(
                    "no key fits \"{text}\"; `tickplane ls` lists all {}",
                    all.len()
                )));
            }
            _ => {}
        }
        print(global.format(), &keys)
    }
}

/// Every key of a plane, with or without the channels.
fn keys(plane: &Plane, has_channels: bool) -> Vec<Key> {
    let mut keys = plane.keys();
    if has_channels {
        let channels = keys.iter().filter_map(|key| match key.clone() {
            Key::Candles { exchange, symbol, timeframe } => Some([
                Key::CandleClose { exchange, symbol: symbol.clone(), timeframe },
                Key::CandleRevise { exchange, symbol, timeframe },
            ]),
            _ => None,
        });
        let mut channels: Vec<Key> = channels.flatten().collect();
        channels.extend(plane.exchanges().into_iter().map(|exchange| Key::Lifecycle { exchange }));
        keys.append(&mut channels);
    }
    // By exchange, then by the kind of key; the plane's own order (volume, then finest first) within.
    keys.sort_by_key(|key| (key.exchange() as u8, kind(key)));
    keys
}

const fn kind(key: &Key) -> u8 {
    match key {
        Key::Candles { .. } => 0,
        Key::UserCandles { .. } => 1,
        Key::Trades { .. } => 2,
        Key::Quote { .. } => 3,
        Key::Indicator { .. } => 4,
        Key::CandleClose { .. } => 5,
        Key::CandleRevise { .. } => 6,
        Key::Lifecycle { .. } => 7,
        Key::Alerts { .. } => 8,
    }
}

fn print(format: Format, keys: &[&Key]) -> Result<(), Failure> {
    if format == Format::Table {
        // One key a line and nothing else: what a shell takes on.
        return Ok(keys.iter().try_for_each(|key| Sheet::line(&key.to_string()))?);
    }
    let columns = ["key", "exchange"].map(|name| Column::left(name, 0));
    let exchange = |id: ExchangeId| Cell::text(id);
    let rows: Vec<_> = keys.iter().map(|key| vec![Cell::text(key), exchange(key.exchange())]).collect();
    Ok(Sheet::new(format, &columns).rows(&rows)?)
}
