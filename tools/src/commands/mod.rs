//! The commands, one file each.

mod candles;
mod check_config;
mod decode;
mod demo;
mod indicators;
mod ls;
mod market;
mod run;
mod scratch;
mod simulate;
mod start;
mod status;
mod stop;
mod tail;

use clap::Subcommand;

use crate::arguments::Global;
use crate::failure::Failure;

/// What the command line asks for.
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Watch live candles from simulated exchanges, end to end, in one command
    Demo(demo::Demo),
    /// Run simulated exchanges that speak the venues' own protocols
    Simulate(simulate::Simulate),
    /// Run the plane
    Run(run::Run),
    /// Start an exchange in a running plane
    Start(start::Start),
    /// Stop an exchange in a running plane
    Stop(stop::Stop),
    /// List the keys a plane publishes
    Ls(ls::Ls),
    /// Show how a plane is: memory, connections, streams, latencies
    Status(status::Status),
    /// Print the newest values of keys, and follow them
    Tail(tail::Tail),
    /// Turn a venue's raw messages into events, with the live parser
    Decode(decode::Decode),
    /// Turn a file of trades into candles, with the live code
    Candles(candles::Candles),
    /// Turn a file of candles into indicator values, with the live code
    Indicators(indicators::Indicators),
    /// Check a config file and say what it would take
    CheckConfig(check_config::CheckConfig),
    /// Follow a demo's candles and report them (what `demo` runs as its checking reader)
    #[command(hide = true)]
    DemoReader(demo::DemoReader),
}

/// Runs a command.
pub(crate) fn run(global: &Global, command: Command) -> Result<(), Failure> {
    match command {
        Command::Demo(demo) => demo.run(global),
        Command::Simulate(simulate) => simulate.run(global),
        Command::Run(run) => run.run(global),
        Command::Start(start) => start.run(global),
        Command::Stop(stop) => stop.run(global),
        Command::Ls(ls) => ls.run(global),
        Command::Status(status) => status.run(global),
        Command::Tail(tail) => tail.run(global),
        Command::Decode(decode) => decode.run(global),
        Command::Candles(candles) => candles.run(global),
        Command::Indicators(indicators) => indicators.run(global),
        Command::CheckConfig(check) => check.run(global),
        Command::DemoReader(reader) => reader.run(global),
    }
}
