//! `candles`: trades in a file into candles, with the live code.

mod folding;
mod leap;
mod printer;
mod seen;
mod trades;

use std::path::PathBuf;

use clap::Args;
use tickplane_model::Timeframe;

use self::folding::Folding;
use crate::arguments::Global;
use crate::csv;
use crate::failure::Failure;
use crate::output::Format;

const AFTER_HELP: &str = "\
Reads trades as CSV with a header and writes candles, CSV unless --format says otherwise. Columns may stand in any order and
others among them; gzip is recognised.

    time_ns     when the venue says it happened, since the epoch (or time_us, time_ms, time_s, with or without a fraction)
    price, quantity
    side        the taker's: buy or sell
    id          the venue's; may be absent or empty. A trade with an id seen before is left out; among trades of the same
                time the one with the lowest number is the first

The code is the plane's own: the same trades give the same candles, to the bit. Volumes are the nearest to the exact decimal
sum. Trades may be out of order: a row is written once it cannot change any more, which is when --revise-rows newer ones
have closed, and says in `quality` how often it was revised. What is older is rejected, as are lines that cannot be used:
each reason is told with its first line, and the exit status is 4.

Without --fill only intervals with trades have a row. With it every interval from the first to the last has one, as in a
plane: quiet ones stand at the close before them and are `synthetic`. The first row is `partial`, because trades before it
are not known; the last is not `final`, because nothing says that it is over.

Examples:
    tickplane candles --timeframe 1m trades.csv.gz > candles.csv
    tickplane candles --timeframe 1h --fill trades.csv | tickplane indicators --set rsi_14,macd
    tickplane tail trades:binance:BTC-USDT --last 1000 --format csv | tickplane candles --timeframe 1s
    printf 'time_ms,price,quantity,side\\n1700000000000,37000.5,0.1,buy\\n' | tickplane candles --timeframe 1m";

/// Which candles, of which trades.
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Candles {
    /// The length of a row: 1s 5s 15s 1m 3m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d 1w
    #[arg(long, short, value_name = "TF")]
    timeframe: Timeframe,
    /// Write rows for intervals without trades too
    #[arg(long)]
    fill: bool,
    /// How many closed rows a trade that comes late can still change
    #[arg(long, value_name = "N", default_value_t = 120, value_parser = clap::value_parser!(u32).range(..=100_000))]
    revise_rows: u32,
    /// The trades; stdin without it, or for -
    file: Option<PathBuf>,
}

impl Candles {
    pub(crate) fn run(self, global: &Global) -> Result<(), Failure> {
        let format = global.format.unwrap_or(Format::Csv);
        let mut folding = Folding::new(self.timeframe, self.revise_rows, self.fill, format);
        let rejected = csv::read(self.file.as_deref(), &mut folding, global)?;
        global.talk(folding.summary(rejected));
        if rejected > 0 { Err(Failure::Rejects) } else { Ok(()) }
    }
}
