//! Shapes: how large things are, known before any memory is taken.

use tickplane_layout::event::{EVENT_CAPACITY_MAX, EventLayout};
use tickplane_layout::header::{Identity, SegmentKind};
use tickplane_layout::health::{connection_header, thread_header};
use tickplane_layout::history::history_header;
use tickplane_layout::instrument::{InstrumentLayout, TRADE_CAPACITY_MAX};
use tickplane_layout::region::pages;
use tickplane_layout::rest::rest_header;
use tickplane_layout::ring::CAPACITY_MIN;
use tickplane_layout::series::{CAPACITY_MAX, COLUMN_NAME_BYTES_MAX, COLUMNS_MAX, SLACK_MIN, SeriesLayout};
use tickplane_model::ExchangeId;

use crate::SegmentError;

/// A plane changes its mind about shapes now and then: moved regions need room until the next start compacts the file.
const GROWTH: u64 = 4;
const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

/// Size of a segment file's parts that are fixed when it is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ArenaShape {
    /// Virtual size of the file: the most its regions can ever take. Costs no memory by itself.
    pub bytes_max: u64,
    /// Room in its directory; 128 bytes each, taken at once.
    pub entries_max: u64,
}

impl Default for ArenaShape {
    /// 4 GiB and 4,096 entries: 500 symbols with seven timeframes each.
    fn default() -> Self {
        Self { bytes_max: 4096 * MIB, entries_max: 4096 }
    }
}

impl ArenaShape {
    /// An arena for so many regions of so many bytes together, with room to grow.
    #[must_use]
    pub fn holding(regions: u64, bytes: u64) -> Self {
        let entries_max = regions.saturating_mul(2).max(64).next_multiple_of(32);
        Self { bytes_max: pages(bytes.saturating_mul(GROWTH).saturating_add(16 * MIB)), entries_max }
    }

    /// Bytes taken as soon as the file is made: header and directory.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.identity(SegmentKind::Plane, 0, 0).regions_offset()
    }

    pub(crate) const fn identity(&self, kind: SegmentKind, created_ns: i64, generation: u64) -> Identity {
        Identity { kind, total_bytes: pages(self.bytes_max), entries_max: self.entries_max, created_ns, generation }
    }

    pub(crate) fn check(&self) -> Result<(), SegmentError> {
        if self.entries_max > 0 && self.bytes_max < 1 << 46 && self.bytes() < pages(self.bytes_max) {
            return Ok(());
        }
        let reason = format!("{} entries do not fit {} bytes", self.entries_max, self.bytes_max);
        Err(SegmentError::Shape { what: "a segment".to_owned(), reason })
    }
}

/// What the plane's own segment holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PlaneShape {
    /// Threads that announce events: shards and workers.
    pub event_rings: u64,
    /// Events each ring holds, rounded up to a power of two.
    pub event_capacity: u64,
    /// Threads with a health record.
    pub threads: u64,
    /// Connections with a health record.
    pub connections: u64,
    /// Exchanges with a history record: those that are ever started.
    pub histories: u64,
    /// Hosts with a REST record.
    pub rest_hosts: u64,
}

impl Default for PlaneShape {
    /// Four threads that announce 4,096 events each, sixteen connections, and every exchange with a host of its own.
    fn default() -> Self {
        let exchanges = ExchangeId::ALL.len() as u64;
        Self {
            event_rings: 4,
            event_capacity: 4096,
            threads: 4,
            connections: 16,
            histories: exchanges,
            rest_hosts: exchanges,
        }
    }
}

impl PlaneShape {
    /// Bytes of shared memory it takes once each of these has its record.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.arena().bytes().saturating_add(self.region_bytes())
    }

    fn region_bytes(&self) -> u64 {
        let events = self.event_layout().header().bytes.saturating_mul(self.event_rings);
        let threads = thread_header().bytes.saturating_mul(self.threads);
        let connections = connection_header().bytes.saturating_mul(self.connections);
        let histories = history_header().bytes.saturating_mul(self.histories);
        let rests = rest_header().bytes.saturating_mul(self.rest_hosts);
        events.saturating_add(threads).saturating_add(connections).saturating_add(histories).saturating_add(rests)
    }

    /// Connections come and go under new labels: the directory has more room than one run needs.
    pub(crate) fn arena(&self) -> ArenaShape {
        let counts = [self.event_rings, self.threads, self.connections, self.histories, self.rest_hosts];
        let regions = counts.into_iter().fold(0, u64::saturating_add);
        ArenaShape::holding(regions.max(128), self.region_bytes())
    }

    pub(crate) fn event_layout(&self) -> EventLayout {
        EventLayout { capacity: ring_capacity(self.event_capacity, EVENT_CAPACITY_MAX) }
    }
}

/// What an instrument's region holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InstrumentShape {
    /// Trades the ring holds, rounded up to a power of two.
    pub trade_capacity: u64,
}

impl Default for InstrumentShape {
    /// 4,096 trades.
    fn default() -> Self {
        Self { trade_capacity: 4096 }
    }
}

impl InstrumentShape {
    /// Bytes of shared memory it takes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.layout().header().bytes
    }

    pub(crate) fn layout(&self) -> InstrumentLayout {
        InstrumentLayout { trade_capacity: ring_capacity(self.trade_capacity, TRADE_CAPACITY_MAX) }
    }
}

fn ring_capacity(asked: u64, max: u64) -> usize {
    asked.clamp(CAPACITY_MIN as u64, max).next_power_of_two() as usize
}

/// What a series' region holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SeriesShape {
    /// Rows a reader may see at once.
    pub depth: u64,
    /// Rows that may be appended while a reader looks at `depth` rows without invalidating them; at least 8.
    pub slack: u64,
    /// Names of the indicator columns, in their order: `rsi_14`, `macdv_12_26_26_9.hist`.
    pub indicators: Vec<String>,
}

impl Default for SeriesShape {
    /// 512 rows, no indicator.
    fn default() -> Self {
        Self { depth: 512, slack: SLACK_MIN, indicators: Vec::new() }
    }
}

impl SeriesShape {
    /// Bytes of shared memory it takes; `u64::MAX` for a shape outside the limits.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        SeriesLayout::new(self.depth, self.slack, self.indicators.len() as u64)
            .map_or(u64::MAX, |layout| layout.header().bytes)
    }

    pub(crate) fn layout(&self, what: &str) -> Result<SeriesLayout, SegmentError> {
        let refuse = |reason: String| SegmentError::Shape { what: format!("the series {what}"), reason };
        for (at, name) in self.indicators.iter().enumerate() {
            if name.is_empty() || name.len() > COLUMN_NAME_BYTES_MAX {
                return Err(refuse(format!("column \"{name}\" must have 1 to {COLUMN_NAME_BYTES_MAX} bytes")));
            }
            if self.indicators[..at].contains(name) {
                return Err(refuse(format!("column \"{name}\" appears twice")));
            }
        }
        SeriesLayout::new(self.depth, self.slack, self.indicators.len() as u64).ok_or_else(|| {
            refuse(format!("depth must be 1 to {CAPACITY_MAX} less slack, columns at most {COLUMNS_MAX}"))
        })
    }
}
