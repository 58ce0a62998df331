//! The `tickplane` command.
#![allow(clippy::disallowed_methods, reason = "a command has every power")]
#![forbid(unsafe_code)]

mod arguments;
mod commands;
mod csv;
mod failure;
mod memory;
mod output;
mod signals;
mod terminal;

use std::process::ExitCode;

use clap::Parser;

use crate::arguments::Arguments;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let Arguments { global, command } = Arguments::parse();
    match commands::run(&global, command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
