//! Segments: the shared-memory files of a plane, written by one process and read by any.
//!
//! ```text
//! <root>/<instance>/lock            held by the writing process
//! <root>/<instance>/plane.seg       events, health, the bell
//! <root>/<instance>/<exchange>.seg  instruments and series of one exchange
//! ```
//!
//! The writing process opens a [`PlaneWriter`], claims a writer for every instrument, series and record, and hands
//! each to the one thread that will use it. Readers open a [`Plane`], which maps the files read-only: they register
//! nothing, and nothing they do reaches the writer. The bytes and their protocols are [`tickplane_layout`]'s.
//!
//! This is the only crate of the engine with unsafe code: mapped files ([`mapping`], [`region`]) and two system calls
//! ([`futex`], [`lock`]).

mod arena;
mod convert;
mod entry_id;
mod error;
mod event;
mod exchange_writer;
#[cfg(feature = "fail-points")]
pub mod fail_point;
#[cfg(not(feature = "fail-points"))]
mod fail_point;
mod futex;
mod health;
mod history_record;
mod instance;
mod instrument_reader;
mod instrument_writer;
mod lineage;
mod lock;
mod mapping;
mod plane;
mod plane_writer;
mod process;
mod quote_reader;
mod region;
mod rest_record;
mod segment;
mod series_reader;
mod series_writer;
mod shape;
mod status;
mod stream_status;
mod trade_reader;
mod view;

pub use entry_id::EntryId;
pub use error::{FindError, OpenError, ReadError, Refusal, SegmentError};
pub use event::{Announced, EventFollower, EventKind, EventWriter, PlaneEvent};
pub use exchange_writer::ExchangeWriter;
pub use health::{ConnectionHealth, ThreadHealth};
pub use history_record::{HistoryRecord, HistoryStatus};
pub use instance::{DEFAULT_ROOT, Instance};
pub use instrument_reader::InstrumentReader;
pub use instrument_writer::InstrumentWriter;
pub use plane::Plane;
pub use plane_writer::{Bell, PlaneWriter};
pub use quote_reader::{QuoteReader, QuoteRecord};
pub use rest_record::{RestRecord, RestStatus};
pub use series_reader::{Candles, Column, LiveCandle, LiveRecord, SeriesReader};
pub use series_writer::SeriesWriter;
pub use shape::{ArenaShape, InstrumentShape, PlaneShape, SeriesShape};
pub use status::{ConnectionStatus, Life, PlaneStatus, StageStatus, ThreadStatus};
pub use stream_status::StreamStatus;
pub use tickplane_layout::header::LifeState;
pub use tickplane_layout::health::{
    CloseKind, ConnectionCounter, ConnectionState, HoldKind, Stage, ThreadCounter, ThreadRuntime,
};
pub use tickplane_layout::history::HistoryCounter;
pub use tickplane_layout::rest::RestCounter;
pub use tickplane_layout::series::ColumnType;
pub use tickplane_layout::stream::{StreamCounter, StreamState};
pub use trade_reader::{Next, TradeReader, TradeRecord};
pub use view::View;

/// The reader a worker uses to catch up from the shared ring of trades: the same as everyone's.
pub use trade_reader::TradeReader as TradeRingReader;
