//! `libtickplane`: the C face of the segment reader.
//!
//! Every entry has the same three parts: pointers are checked ([`edge`]), the body runs behind a guard that turns a
//! panic into [`TP_EPANIC`], and what the reader says becomes a status code ([`status`]). The header
//! `ffi/include/tickplane.h` is generated from these files, so their documentation speaks to C.
//!
//! Nothing here knows the network, and the library brings no allocator of its own: loaded into another program, it
//! uses that program's.

mod edge;
mod plane;
mod series;
mod status;
mod version;
mod view;

pub use plane::*;
pub use series::*;
pub use status::*;
pub use version::*;
pub use view::*;
