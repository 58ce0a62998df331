//! `libtickplane`: the C face of the segment reader.
//!
//! Every entry has the same three parts: pointers are checked ([`edge`]), the body runs behind a guard that turns a
//! panic into [`TP_EPANIC`], and what the reader says becomes a status code ([`status`]). The header
//! `ffi/include/tickplane.h` is generated from these files, so their documentation speaks to C.
//!
//! A handle holds what it needs: its mapping, and the [`attachment`] it shares with all others of its plane. One that was
//! found before the plane was attached again says [`TP_EMOVED`] until it is renewed.
//!
//! Nothing here knows the network, and the library brings no allocator of its own: loaded into another program, it
//! uses that program's.

mod attachment;
mod batch;
mod candle;
mod column;
mod copies;
mod edge;
mod events;
mod health;
mod instrument;
mod keys;
mod names;
mod options;
mod plane;
mod series;
mod status;
mod trades;
mod version;
mod view;
mod wait;

pub use candle::*;
pub use column::*;
pub use copies::*;
pub use events::*;
pub use health::*;
pub use instrument::*;
pub use keys::*;
pub use names::*;
pub use options::*;
pub use plane::*;
pub use series::*;
pub use status::*;
pub use trades::*;
pub use version::*;
pub use view::*;
pub use wait::*;
