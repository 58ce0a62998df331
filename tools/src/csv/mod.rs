//! CSV by its header, read as a stream: what the offline commands take.
//!
//! ```text
//! Source ─bytes─► Blocks ─whole lines─► Columns ─fields─► a command ─► Rejects, Progress
//! file, stdin,    256 KiB at a time     by name, in
//! gzip                                  any order
//! ```
//!
//! Memory does not grow with the input, and nothing is allocated per line.

mod blocks;
mod columns;
mod number;
mod progress;
mod rejects;
mod source;

use std::io::{Write, stdout};
use std::path::Path;

use crate::arguments::Global;
use crate::failure::Failure;

pub(crate) use self::columns::{Columns, Wanted};
pub(crate) use self::number::{price, text, time_ns, unit_ns};
pub(crate) use self::rejects::{Reason, Rejects};

use self::blocks::Blocks;
use self::progress::Progress;
use self::source::Source;

/// Takes the records of a file.
pub(crate) trait Records<const N: usize> {
    /// What a record is called, in the plural.
    const NAME: &'static str;
    /// The columns that are looked for.
    const WANTED: [Wanted; N];

    /// Learns which columns there are, before the first record.
    fn begin(&mut self, columns: &Columns<N>);

    /// Takes the fields of a line in the order of [`Self::WANTED`], empty where an optional column is absent.
    fn take(&mut self, line: u64, fields: &[&[u8]; N], rejects: &mut Rejects);

    /// Takes the end of the file.
    fn end(&mut self, rejects: &mut Rejects);

    /// How many records were taken.
    fn count(&self) -> u64;

    /// What is to be written; it is written and emptied after every block.
    fn output(&mut self) -> &mut Vec<u8>;
}

/// Reads a file, or stdin without one or for `-`, to its end. Gives how many lines could not be used; each reason has
/// been told.
pub(crate) fn read<const N: usize, R: Records<N>>(
    path: Option<&Path>,
    records: &mut R,
    global: &Global,
) -> Result<u64, Failure> {
    let source = Source::open(path, R::NAME, global)?;
    let mut progress = Progress::new(R::NAME, source.length(), global.quiet);
    let mut rejects = Rejects::new(source.name());
    let result = read_all(source, records, &mut rejects, &mut progress);
    progress.end();
    rejects.tell();
    result.map(|()| rejects.total())
}

fn read_all<const N: usize, R: Records<N>>(
    source: Source,
    records: &mut R,
    rejects: &mut Rejects,
    progress: &mut Progress,
) -> Result<(), Failure> {
    let mut blocks = Blocks::new(source);
    let Some(columns) = header(&mut blocks, &R::WANTED)? else {
        let (name, names) = (blocks.source().name(), Columns::names(&R::WANTED));
        return Err(Failure::Usage(format!("{name}: empty; its first line must name the columns: {names}")));
    };
    records.begin(&columns);
    while let Some(lines) = blocks.next()? {
        for (line, text) in lines {
            match columns.split(text) {
                Ok(fields) => records.take(line, &fields, rejects),
                Err(_) if text.is_empty() => {}
                Err(reason) => rejects.add(line, reason),
            }
        }
        write(records.output())?;
        progress.tell(records.count(), blocks.source().position());
    }
    records.end(rejects);
    write(records.output())
}

/// The columns that the first line names; `None` without one.
fn header<const N: usize>(blocks: &mut Blocks, wanted: &[Wanted; N]) -> Result<Option<Columns<N>>, Failure> {
    let Some(line) = blocks.header()? else { return Ok(None) };
    let columns = Columns::of_header(line, wanted);
    columns.map(Some).map_err(|error| Failure::Usage(format!("{}:1: {error}", blocks.source().name())))
}

fn write(output: &mut Vec<u8>) -> Result<(), Failure> {
    if !output.is_empty() {
        let mut out = stdout().lock();
        out.write_all(output)?;
        out.flush()?;
        output.clear();
    }
    Ok(())
}
