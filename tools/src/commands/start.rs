//! `start`: an exchange begins in a running plane.

use clap::Args;
use tickplane_daemon::{ControlRequest, request};
use tickplane_model::ExchangeId;

use crate::arguments::{Global, exchange};
use crate::failure::Failure;

const AFTER_HELP: &str = "\
Connects the exchange and subscribes the symbols its config names, or the venue's top 20 by 24 h volume.

Example:
    tickplane start kraken";

/// The exchange to start.
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Start {
    /// Which exchange
    #[arg(value_parser = exchange)]
    exchange: ExchangeId,
}

impl Start {
    pub(crate) fn run(self, global: &Global) -> Result<(), Failure> {
        let answer = request(&global.instance()?, &ControlRequest::Start(self.exchange))?;
        global.talk(answer.text);
        Ok(())
    }
}
