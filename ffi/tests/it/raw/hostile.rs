//! Damaged segments under the raw header, with the sanitizers watching.

use super::rig::{self, Rig, SANITIZERS};
use crate::fixture::Scratch;
use crate::library;

/// Words replaced at random, checksums wrong or made right again, files cut short, and a thread that damages a copy while
/// it is read. `TICKPLANE_DAMAGES` sets the number of damaged copies per file.
#[test]
fn damage_never_leads_the_raw_header_astray() {
    let scratch = Scratch::new();
    Rig::new(&scratch).steps(2000);
    let rounds = std::env::var("TICKPLANE_DAMAGES").unwrap_or_else(|_| "4000".to_owned());
    for compiler in rig::compilers("hostile.c") {
        let program = rig::build(compiler, "tests/raw/hostile.c", &SANITIZERS);
        let files = ["binance.seg", "plane.seg"].map(|name| scratch.file(name));
        let told = library::must(program.command().arg(&rounds).args(files));
        eprintln!("{compiler}: {told}");
    }
}
