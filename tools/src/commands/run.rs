//! `run`: the plane.

use std::path::PathBuf;

use clap::Args;
use crossbeam_channel::{Receiver, select, unbounded};
use tickplane_daemon::{Config, ControlRequest, Daemon, request, symbol_bytes, symbol_own_bytes};
use tickplane_model::ExchangeId;
use tickplane_segments::Instance;

use crate::arguments::{Global, exchange};
use crate::failure::Failure;
use crate::memory::{check, needed_bytes};
use crate::output::bytes;
use crate::signals::Stop;

const AFTER_HELP: &str = "\
Without a config every setting has its default (config/default.toml), and the public hosts of the exchanges are used;
public data needs no account. Without --autostart, and without autostart in the config, the plane idles until
`tickplane start EXCHANGE`. SIGTERM and Ctrl-C close it; what was published stays readable, and the next run goes on
with it.

Examples:
    tickplane run --autostart binance
    tickplane run --autostart binance coinbase kraken
    tickplane run --config plane.toml";

/// What to run.
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Run {
    /// Settings, see config/default.toml
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Exchanges to start at once
    #[arg(long, value_name = "EXCHANGE", num_args = 1.., value_delimiter = ',', value_parser = exchange)]
    autostart: Vec<ExchangeId>,
}

impl Run {
    pub(crate) fn run(self, global: &Global) -> Result<(), Failure> {
        let mut config = match &self.config {
            Some(path) => Config::load(path)?,
            None => Config::default(),
        };
        global.apply(&mut config);
        let started = self.started(&config);
        let instance = Instance::new(config.root.as_deref(), &config.instance)?;
        let options = Global::instance_options(config.root.as_deref(), &config.instance);
        let stop = Stop::on_signals()?;
        let (talk, lines) = unbounded();
        let (shared, own) = (bytes(symbol_bytes(&config)), bytes(symbol_own_bytes(&config)));
        check(&instance, needed_bytes(&config, &started))?;
        let daemon = Daemon::start(config, talk)?;
        global.talk(format_args!("publishing in {} ({})", instance.directory().display(), daemon.description()));
        let free = instance.free_bytes()?;
        global.talk(format_args!(
            "each symbol takes {shared} of shared memory, of which {} are free, and {own} of the plane's own",
            bytes(free)
        ));
        if started.is_empty() {
            global.talk(format_args!("idle; `tickplane start EXCHANGE{options}` connects an exchange"));
        } else {
            global.talk(format_args!(
                "`tickplane ls{options}` lists the keys, `tickplane status{options}` shows how it is"
            ));
        }
        for id in started {
            start(instance.clone(), id, global.quiet)?;
        }
        until_stopped(&stop, &lines, global);
        global.talk("closing");
        daemon.shutdown(false);
        lines.try_iter().for_each(|line| global.talk(line));
        Ok(())
    }

    /// What is started at once, each exchange once: the config's, then the command line's.
    fn started(&self, config: &Config) -> Vec<ExchangeId> {
        let configured = config.exchanges.iter().filter(|(_, exchange)| exchange.autostart).map(|(id, _)| *id);
        let mut started: Vec<ExchangeId> = Vec::new();
        for id in configured.chain(self.autostart.iter().copied()) {
            if !started.contains(&id) {
                started.push(id);
            }
        }
        started
    }
}

/// Asks for an exchange without waiting for it, so that the plane can be ended meanwhile.
fn start(instance: Instance, id: ExchangeId, is_quiet: bool) -> Result<(), Failure> {
    let ask = move || {
        // The plane says itself what comes of it; in quiet mode a failure is still an error.
        if let Err(error) = request(&instance, &ControlRequest::Start(id))
            && is_quiet
        {
            crate::terminal::talk(error);
        }
    };
    std::thread::Builder::new().name(format!("start-{id}")).spawn(ask).map(drop).map_err(Failure::failed)
}

fn until_stopped(stop: &Stop, lines: &Receiver<String>, global: &Global) {
    loop {
        select! {
            recv(stop.receiver()) -> _ => return,
            recv(lines) -> line => match line {
                Ok(line) => global.talk(line),
                // The plane has ended by itself.
                Err(_) => return,
            },
        }
    }
}
