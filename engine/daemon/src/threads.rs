//! The data plane's threads: how many, how they wait, where they are pinned, and which ring leads where.

use std::sync::Arc;

use crossbeam_channel::Sender;
use tickplane_rings::{Receiver, Sender as RingSender, ring};
use tickplane_runtimes::{
    Command, Fetcher, Gate, Notice, Resolver, Ringer, Runtime, Thread, ThreadSpec, Waking, choose, probe, spawn,
};
use tickplane_segments::{PlaneWriter, ThreadRuntime};
use tickplane_shards::{Shard, Worker};

use crate::config::Config;
use crate::error::DaemonError;

/// Events a ring holds: under 1 MiB, and tens of milliseconds of any venue's burst.
const RING_EVENTS: usize = 8_192;

/// What the threads reach outside, by way of the cold path.
pub(crate) struct Outside {
    /// Holds connection attempts back.
    pub(crate) gate: Arc<dyn Gate>,
    /// Asks venues by REST.
    pub(crate) fetcher: Arc<dyn Fetcher>,
    /// Calls the bell's thread.
    pub(crate) ringer: Ringer,
    /// Where notices go.
    pub(crate) notices: Sender<Notice>,
}

/// The running threads. With `workers = 0` the thread of each shard is its worker too.
pub(crate) struct Threads {
    /// By shard.
    pub(crate) shards: Vec<Thread>,
    /// By worker; clones of the shards' threads with `workers = 0`.
    pub(crate) workers: Vec<Thread>,
    is_inline: bool,
    pub(crate) description: String,
}

impl Threads {
    /// The worker of a shard's `index`-th instrument, and which of the shard's rings leads to it.
    pub(crate) fn worker_of(&self, shard: usize, index: usize) -> (usize, usize) {
        if self.is_inline {
            (shard, 0)
        } else {
            ((shard + index) % self.workers.len(), (shard + index) % self.workers.len())
        }
    }

    /// Ends the threads: the shards first, so that the workers see everything they sent.
    pub(crate) fn stop(self) {
        let Self { shards, workers, is_inline, .. } = self;
        for group in [shards, if is_inline { Vec::new() } else { workers }] {
            group.iter().for_each(|thread| thread.waking().send(Command::Stop));
            group.into_iter().for_each(Thread::join);
        }
    }
}

/// How many event rings and health records the threads of a config need.
pub(crate) fn writing_threads(config: &Config) -> usize {
    let (_, shards, workers) = choose(config.choice(), available_cores());
    shards + if workers == 0 { shards } else { workers }
}

fn available_cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Starts the threads, idle.
pub(crate) fn start_threads(
    config: &Config,
    writer: &mut PlaneWriter,
    outside: &Outside,
) -> Result<Threads, DaemonError> {
    let cores = available_cores();
    let (wanted, shard_count, worker_count) = choose(config.choice(), cores);
    let (runtime, refusal) = match probe(wanted) {
        Ok(()) => (wanted, String::new()),
        Err(reason) => (Runtime::Park, format!(" ({wanted} is refused: {reason})")),
    };
    let mut starting = Starting {
        runtime,
        pins: pins(config, runtime, cores, shard_count + worker_count),
        resolver: Resolver::start(Some(outside.gate.clone())).map_err(DaemonError::Thread)?,
        writer,
        outside,
        stall_ms_max: config.stall_ms_max,
    };
    let description = format!(
        "runtime {runtime}{refusal}, {shard_count} shard{}, {worker_count} worker{} on {cores} core{}{}",
        plural(shard_count),
        plural(worker_count),
        plural(cores),
        if starting.pins.is_empty() { "" } else { ", pinned" },
    );
    if worker_count == 0 {
        let shards = (0..shard_count).map(|number| starting.inline(number)).collect::<Result<Vec<_>, _>>()?;
        let workers = shards.clone();
        return Ok(Threads { shards, workers, is_inline: true, description });
    }
    let (senders, receivers) = grid(shard_count, worker_count);
    let workers = receivers
        .into_iter()
        .enumerate()
        .map(|(number, receivers)| starting.worker(number, shard_count, receivers))
        .collect::<Result<Vec<_>, _>>()?;
    let wakings: Vec<Waking> = workers.iter().map(|thread| thread.waking().clone()).collect();
    let shards = senders
        .into_iter()
        .enumerate()
        .map(|(number, senders)| starting.shard(number, senders, &wakings))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Threads { shards, workers, is_inline: false, description })
}

const fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// One ring from every shard to every worker: senders by shard, receivers by worker.
fn grid(shards: usize, workers: usize) -> (Vec<Vec<RingSender>>, Vec<Vec<Receiver>>) {
    let mut receivers: Vec<Vec<Receiver>> = (0..workers).map(|_| Vec::new()).collect();
    let senders = (0..shards)
        .map(|_| {
            receivers
                .iter_mut()
                .map(|inbound| {
                    let (sender, receiver) = ring(RING_EVENTS);
                    inbound.push(receiver);
                    sender
                })
                .collect()
        })
        .collect();
    (senders, receivers)
}

/// The cores threads are pinned to, the last core first: the first takes most interrupts. Empty without pinning.
fn pins(config: &Config, runtime: Runtime, cores: usize, threads: usize) -> Vec<usize> {
    let is_pinned = config.pin.unwrap_or(runtime == Runtime::Poll && cores > threads);
    if is_pinned && cores >= threads {
        tickplane_runtimes::cores().into_iter().rev().take(threads).collect()
    } else {
        Vec::new()
    }
}

struct Starting<'a> {
    runtime: Runtime,
    pins: Vec<usize>,
    resolver: Resolver,
    writer: &'a mut PlaneWriter,
    outside: &'a Outside,
    stall_ms_max: u64,
}

impl Starting<'_> {
    fn inline(&mut self, number: usize) -> Result<Thread, DaemonError> {
        let (sender, receiver) = ring(RING_EVENTS);
        let shard = self.new_shard(number, vec![sender])?;
        let worker = self.new_worker(number, vec![receiver], ThreadRuntime::Inline, number)?;
        self.spawn(format!("shard-{number}"), number, Some(shard), Some(worker), vec![None])
    }

    fn worker(&mut self, number: usize, shards: usize, receivers: Vec<Receiver>) -> Result<Thread, DaemonError> {
        let worker = self.new_worker(number, receivers, self.waits(), shards + number)?;
        self.spawn(format!("worker-{number}"), shards + number, None, Some(worker), Vec::new())
    }

    fn shard(&mut self, number: usize, senders: Vec<RingSender>, workers: &[Waking]) -> Result<Thread, DaemonError> {
        let shard = self.new_shard(number, senders)?;
        let workers = workers.iter().cloned().map(Some).collect();
        self.spawn(format!("shard-{number}"), number, Some(shard), None, workers)
    }

    fn new_shard(&mut self, number: usize, senders: Vec<RingSender>) -> Result<Shard, DaemonError> {
        let name = format!("shard-{number}");
        let mut health = self.writer.thread(&name)?;
        health.runs(self.waits(), self.pins.get(number).copied());
        Ok(Shard::new(senders, self.writer.events(&name)?, health, self.stall_ms_max))
    }

    fn new_worker(
        &mut self,
        number: usize,
        receivers: Vec<Receiver>,
        waits: ThreadRuntime,
        pin: usize,
    ) -> Result<Worker, DaemonError> {
        let name = format!("worker-{number}");
        let mut health = self.writer.thread(&name)?;
        health.runs(waits, self.pins.get(pin).copied());
        Ok(Worker::new(receivers, self.writer.events(&name)?, health))
    }

    /// The runtime, as the health record has it.
    const fn waits(&self) -> ThreadRuntime {
        match self.runtime {
            Runtime::Poll => ThreadRuntime::Poll,
            Runtime::Park => ThreadRuntime::Park,
            Runtime::Glommio => ThreadRuntime::Glommio,
        }
    }

    fn spawn(
        &self,
        name: String,
        pin: usize,
        shard: Option<Shard>,
        worker: Option<Worker>,
        workers: Vec<Option<Waking>>,
    ) -> Result<Thread, DaemonError> {
        let spec = ThreadSpec {
            name,
            runtime: self.runtime,
            core: self.pins.get(pin).copied(),
            shard,
            worker,
            workers,
            resolver: self.resolver.clone(),
            fetcher: Some(self.outside.fetcher.clone()),
            bell: self.writer.bell(),
            ringer: Some(self.outside.ringer.clone()),
            notices: self.outside.notices.clone(),
        };
        spawn(spec).map_err(DaemonError::Thread)
    }
}
