//! What the layout itself costs at a boundary: a loop that writes the words of every closing row, in both places, into a
//! map of the same shape, and does nothing else.

use std::fs::OpenOptions;
use std::ops::Range;
use std::time::Instant;

use memmap2::{Advice, MmapMut};
use tickplane_benches::plane::Scratch;
use tickplane_segments::SeriesShape;

/// Which memory stands behind the map.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Backing {
    /// A file in shared memory, as a segment is.
    SharedFile,
    /// Memory of the process, in pages of 4 KiB.
    Anonymous,
    /// Memory of the process, in huge pages as far as the kernel gives them.
    Huge,
}

/// Many series' tables in one map.
pub(crate) struct BareTables {
    map: MmapMut,
    series: usize,
    /// Bytes from one series to the next.
    stride: usize,
    columns: usize,
    capacity: usize,
    _scratch: Option<Scratch>,
}

impl BareTables {
    /// So many series of a shape, every page of them touched.
    ///
    /// # Panics
    /// If there is not memory enough.
    #[must_use]
    pub(crate) fn new(series: usize, shape: &SeriesShape, columns: usize, backing: Backing) -> Self {
        let stride = shape.bytes() as usize;
        let bytes = series * stride;
        let scratch = (backing == Backing::SharedFile).then(|| Scratch::new("bare"));
        let map = match &scratch {
            Some(scratch) => shared(scratch, bytes),
            None => MmapMut::map_anon(bytes).expect("memory"),
        };
        if backing == Backing::Huge {
            // Refused, it is measured as it is.
            let _ = map.advise(Advice::HugePage);
        }
        let capacity = (shape.depth + shape.slack).next_multiple_of(8) as usize;
        let mut tables = Self { map, series, stride, columns, capacity, _scratch: scratch };
        tables.map.chunks_mut(4_096).for_each(|page| page[0] = 1);
        tables
    }

    /// Writes row `row` of every series, `timeframes` of a symbol side by side, one timeframe after the other as a worker
    /// closes them; nanoseconds in all.
    #[must_use]
    pub(crate) fn write(&mut self, row: u64, timeframes: usize) -> f64 {
        let order = (0..timeframes).flat_map(|timeframe| (timeframe..self.series).step_by(timeframes));
        let order: Vec<usize> = order.collect();
        let start = Instant::now();
        for series in order {
            // Rows of different timeframes have different numbers.
            let place = (row as usize + series % timeframes * 61) % self.capacity;
            let table = self.table(series);
            let table = &mut self.map[table];
            for column in 0..self.columns {
                let at = (column * 2 * self.capacity + place) * 8;
                let word = (row + column as u64).to_ne_bytes();
                table[at..at + 8].copy_from_slice(&word);
                table[at + 8 * self.capacity..][..8].copy_from_slice(&word);
            }
        }
        start.elapsed().as_nanos() as f64
    }

    /// The bytes of a series' cells: at the end of its room, where they stand in a region within a page or so.
    fn table(&self, series: usize) -> Range<usize> {
        let end = (series + 1) * self.stride;
        end - self.columns * 2 * self.capacity * 8..end
    }

    /// Bytes of its memory that stand in huge pages, as the kernel tells of this process.
    #[must_use]
    pub(crate) fn huge_bytes() -> u64 {
        let told = std::fs::read_to_string("/proc/self/smaps_rollup").unwrap_or_default();
        let kib = told.lines().filter(|line| line.starts_with("AnonHugePages:"));
        kib.filter_map(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).sum::<u64>() * 1_024
    }
}

fn shared(scratch: &Scratch, bytes: usize) -> MmapMut {
    std::fs::create_dir_all(&scratch.0).expect("a folder");
    let path = scratch.0.join("tables");
    let options = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path);
    let file = options.expect("a file");
    file.set_len(bytes as u64).expect("room");
    // SAFETY: the file is this process's own; nobody else maps or shrinks it.
    unsafe { MmapMut::map_mut(&file) }.expect("a map")
}
