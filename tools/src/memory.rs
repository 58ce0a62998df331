//! Shared memory, stated and refused before it is taken.

use std::os::unix::fs::MetadataExt;

use tickplane_daemon::{Config, ExchangeConfig, arena_bytes, plane_bytes};
use tickplane_model::ExchangeId;
use tickplane_segments::{Instance, Plane};

use crate::failure::Failure;
use crate::output::bytes;

/// How many symbols an exchange brings at most.
pub(crate) fn symbols(exchange: &ExchangeConfig) -> usize {
    match exchange.symbols.len() {
        0 => exchange.top,
        named => named,
    }
}

/// Bytes a plane takes with these exchanges: each has a file of its own, whose header and directory are taken at once.
pub(crate) fn needed_bytes(config: &Config, exchanges: &[ExchangeId]) -> u64 {
    let of = |id: &ExchangeId| (arena_bytes(config, *id), symbols(&config.exchange(*id)));
    let (arenas, symbols) = exchanges.iter().map(of).fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1));
    arenas + plane_bytes(config, symbols)
}

/// Refuses what the file system cannot hold; what the instance holds already counts as free.
pub(crate) fn check(instance: &Instance, needed: u64) -> Result<(), Failure> {
    let free = instance.free_bytes()?;
    let held = Plane::open(instance).map_or(0, |plane| held_bytes(&plane));
    if needed <= free.saturating_add(held) {
        return Ok(());
    }
    Err(Failure::Usage(format!(
        "{} takes {} of shared memory, but its file system has {} free: take fewer symbols, timeframes or rows, enlarge \
         it (docker run --shm-size, mount -o remount,size=), or choose another --root",
        instance.directory().display(),
        bytes(needed),
        bytes(free),
    )))
}

/// Memory behind the files of an instance.
pub(crate) fn held_bytes(plane: &Plane) -> u64 {
    let files = std::fs::read_dir(plane.instance().directory()).into_iter().flatten().flatten();
    // st_blocks counts 512 bytes whatever the file system (stat(2)); the files themselves are sparse.
    files.filter_map(|file| file.metadata().ok()).map(|metadata| metadata.blocks() * 512).sum()
}
