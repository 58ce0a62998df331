//! `indicators`: candles in a file into indicator values, with the live code.

mod candles;
mod computing;

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use tickplane_indicators::{IndicatorSpec, Kind};

use self::computing::Computing;
use crate::arguments::Global;
use crate::csv;
use crate::failure::Failure;
use crate::output::Format;

const AFTER_HELP: &str = "\
Reads candles as CSV with a header, as `tickplane candles` and `tickplane tail candles:... --format csv` write them, and
writes open_time_ns and a column per output, CSV unless --format says otherwise. Columns may stand in any order and others
among them; gzip is recognised.

    open_time_ns             when the row opens, since the epoch (or open_time_us, open_time_ms, open_time_s)
    open, high, low, close   all empty in a gap
    volume
    quote_volume, taker_buy_volume, trade_count, quality
                             may be absent; without `quality` every row counts as traded. A `synthetic` row feeds closes
                             but no true range, a gap feeds nothing

An indicator is named by its kind and parameters, as in keys: rsi_14, macd_12_26_9; a bare name takes the usual ones. A value
is empty while it is not defined. The code is the plane's own: the same rows from the same first row give the same values,
to the bit. Rows must follow each other in time; those that do not, or cannot be used, are rejected: each reason is told with
its first line, and the exit status is 4.

Examples:
    tickplane indicators --set rsi_14,macd_12_26_9 candles.csv > values.csv
    tickplane candles --timeframe 5m --fill trades.csv.gz | tickplane indicators --set ema_20,ema_50,atr
    tickplane tail candles:binance:BTC-USDT:1m --last 500 --format csv | tickplane indicators --set macdv --format table";

/// Which values, of which candles.
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Indicators {
    /// Indicators, separated by commas
    #[arg(long, short, value_name = "A,B", long_help = set_help())]
    set: Set,
    /// The candles; stdin without it, or for -
    file: Option<PathBuf>,
}

impl Indicators {
    pub(crate) fn run(self, global: &Global) -> Result<(), Failure> {
        let format = global.format.unwrap_or(Format::Csv);
        let mut computing = Computing::new(&self.set.0, format);
        let rejected = csv::read(self.file.as_deref(), &mut computing, global)?;
        global.talk(computing.summary(rejected));
        if rejected > 0 { Err(Failure::Rejects) } else { Ok(()) }
    }
}

fn set_help() -> String {
    let mut known: Vec<String> = Kind::ALL.into_iter().map(|kind| kind.default_spec().to_string()).collect();
    known.dedup();
    format!("Indicators, separated by commas; known are, with other parameters too:\n{}", known.join(" "))
}

/// Indicators, each once.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Set(Vec<IndicatorSpec>);

impl FromStr for Set {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut specs: Vec<IndicatorSpec> = Vec::new();
        for word in text.split(',') {
            let spec: IndicatorSpec = word.trim().parse().map_err(|error| format!("{error}"))?;
            if specs.contains(&spec) {
                return Err(format!("{spec} stands twice"));
            }
            specs.push(spec);
        }
        Ok(Self(specs))
    }
}
