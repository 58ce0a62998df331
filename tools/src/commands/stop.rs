//! `stop`: an exchange ends in a running plane.

use clap::Args;
use tickplane_daemon::{ControlRequest, request};
use tickplane_model::ExchangeId;

use crate::arguments::{Global, exchange};
use crate::failure::Failure;

const AFTER_HELP: &str = "\
Closes the exchange's connections. What was published stays readable.

Example:
    tickplane stop kraken";

/// The exchange to stop.
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Stop {
    /// Which exchange
    #[arg(value_parser = exchange)]
    exchange: ExchangeId,
}

impl Stop {
    pub(crate) fn run(self, global: &Global) -> Result<(), Failure> {
        let answer = request(&global.instance()?, &ControlRequest::Stop(self.exchange))?;
        global.talk(answer.text);
        Ok(())
    }
}
