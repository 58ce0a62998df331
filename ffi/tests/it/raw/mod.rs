//! `tickplane_raw.h` and `tickplane.hpp`, which read the published format without the library.

mod document;
mod golden;
mod hostile;
mod live;
mod programs;
mod rig;
