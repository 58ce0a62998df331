//! Versions: of the library, of this interface, and of the bytes in shared memory.

use std::ffi::{CStr, c_char};

use tickplane_layout::header::{MAJOR, MINOR};

/// Version of this interface: a library of the same number serves a program that was compiled with an older header.
pub const TP_ABI_VERSION: u32 = 1;

const VERSION: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
    Ok(version) => version,
    Err(_) => panic!("the version has no NUL inside"),
};

/// The library's version as text, such as "0.1.0". Never NULL, never to be freed.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn tp_version() -> *const c_char {
    VERSION.as_ptr()
}

/// The interface that the library has. A program compiled with another TP_ABI_VERSION should go no further.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn tp_abi_version() -> u32 {
    TP_ABI_VERSION
}

/// The layout of shared memory that the library reads: major version in the high 16 bits, minor in the low.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn tp_layout_version() -> u32 {
    (MAJOR as u32) << 16 | MINOR as u32
}
