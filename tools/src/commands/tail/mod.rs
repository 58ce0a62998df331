//! `tail`: the newest values of keys, and what comes after.

mod candles;
mod channel;
mod follow;
mod indicator;
mod quote;
mod resolve;
mod source;
mod trades;
mod writer;

use clap::Args;
use tickplane_segments::Plane;

use crate::arguments::Global;
use crate::failure::Failure;
use crate::output::Format;
use crate::terminal::stdout_is_terminal;

use self::follow::follow;
use self::source::{Source, open};
use self::writer::Writer;

const AFTER_HELP: &str = "\
Keys: candles:EXCHANGE:SYMBOL:TIMEFRAME     trades:EXCHANGE:SYMBOL     quote:EXCHANGE:SYMBOL
      indicator:EXCHANGE:SYMBOL:TIMEFRAME:NAME[.OUTPUT]
      channel:exchange:EXCHANGE:candle:close:SYMBOL:TIMEFRAME     ...:candle:revise:...     ...:EXCHANGE:lifecycle
`tickplane ls` lists them; a symbol may be the venue's own ticker.

With --follow every closed row is written once, also across a restart of the plane: tail says when the plane is gone,
waits, and goes on. The open candle is shown on a terminal, or with --live as lines of state open. A reader that was too
slow learns how many records it lost, on stderr.

Examples:
    tickplane tail candles:binance:BTC-USDT:1m --last 5
    tickplane tail trades:kraken:BTC-USD quote:kraken:BTC-USD --follow
    tickplane tail indicator:binance:BTC-USDT:1m:macdv_12_26_26_9 --format csv --last 500 > macdv.csv
    tickplane tail channel:exchange:binance:candle:close:BTC-USDT:1m --follow --format json";

/// Which keys, and how much of them.
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Tail {
    /// What to print
    #[arg(required = true, value_name = "KEY")]
    keys: Vec<String>,
    /// How many of the newest rows or trades to begin with
    #[arg(long, short = 'n', value_name = "N", default_value_t = 10)]
    last: usize,
    /// Go on with what comes
    #[arg(long, short)]
    follow: bool,
    /// Print the open candle too, each time it changes
    #[arg(long)]
    live: bool,
}

impl Tail {
    pub(crate) fn run(self, global: &Global) -> Result<(), Failure> {
        let instance = global.instance()?;
        let (plane, keys) = resolve::keys(&self.keys, &instance)?;
        let mut sources = keys
            .iter()
            .map(|key| open(&plane, key))
            .collect::<Result<Vec<Source>, _>>()
            .map_err(|e| resolve::named(e, &plane))?;
        let mut writer = Writer::new(global.format(), &sources, self.shows_live(global), global.quiet)?;
        if !self.follow && sources.iter().any(Source::is_channel) {
            return Err(Failure::usage("channels have no past to print; add --follow"));
        }
        for source in &mut sources {
            source.begin(self.last, &mut writer)?;
        }
        for source in &mut sources {
            source.live(&mut writer)?;
        }
        if self.follow {
            let status = plane.status();
            return follow(&plane, status, &mut sources, &mut writer);
        }
        writer.draw()?;
        if !plane.status().alive {
            global.talk("the plane does not run; this is what it left");
        }
        Ok(())
    }

    fn shows_live(&self, global: &Global) -> bool {
        self.live || (global.format() == Format::Table && stdout_is_terminal())
    }
}

/// What every source of rows can do for the loop.
trait Rows {
    /// Writes the newest `last` rows.
    fn begin(&mut self, last: usize, writer: &mut Writer) -> Result<(), Failure>;

    /// Writes what is new since.
    fn next(&mut self, writer: &mut Writer) -> Result<(), Failure>;

    /// Shows what is still forming, if it changed.
    fn live(&mut self, _writer: &mut Writer) -> Result<(), Failure> {
        Ok(())
    }

    /// Finds its key in a plane that was attached anew, and goes on where it stood. Says whether the key is there.
    fn reattach(&mut self, plane: &Plane) -> bool;
}
