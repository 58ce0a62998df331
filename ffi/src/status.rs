//! Status codes: what each failure of the reader is called in C, and what to do about it.

use std::ffi::{CStr, c_char};
use std::io;

use tickplane_layout::header::HeaderError;
use tickplane_segments::{FindError, OpenError, ReadError, Refusal};

/// Done.
pub const TP_OK: i32 = 0;
/// An argument is NULL, misaligned or zero where that is not allowed: an error of the calling program.
pub const TP_EINVAL: i32 = -1;
/// A defect of the library: it failed inside, and the call did nothing. Please report what stands on stderr.
pub const TP_EPANIC: i32 = -2;
/// The instance's name is not 1 to 64 letters, digits, - and _.
pub const TP_EINSTANCE: i32 = -3;
/// There is no plane of that name under that root.
pub const TP_ENOPLANE: i32 = -4;
/// The plane was written by a release whose layout this library does not read.
pub const TP_EVERSION: i32 = -5;
/// A file of the plane is damaged or no segment at all.
pub const TP_EDAMAGED: i32 = -6;
/// The plane's files may not be read by this user.
pub const TP_EACCESS: i32 = -7;
/// The system refused for another reason, such as too many open files.
pub const TP_EIO: i32 = -8;
/// The text is no key, or a key of another kind than the call takes.
pub const TP_EKEY: i32 = -9;
/// The plane has nothing of this exchange.
pub const TP_ENOEXCHANGE: i32 = -10;
/// The exchange is there, but it has no such series or instrument.
pub const TP_ENOKEY: i32 = -11;
/// The series has no such column, or its values are of another type.
pub const TP_ENOCOLUMN: i32 = -12;
/// Nothing has been published yet.
pub const TP_EEMPTY: i32 = -13;
/// The writer overtook every one of a bounded number of attempts: try again.
pub const TP_EBUSY: i32 = -14;
/// What the handle stands for moved, because its shape changed, its file was made anew or its plane was attached again:
/// renew the handle. A view is released and taken anew.
pub const TP_EMOVED: i32 = -15;
/// Rows of the view were overwritten or revised meanwhile: discard what was computed from it and renew it.
pub const TP_ECHANGED: i32 = -16;
/// Nothing new within the time.
pub const TP_ETIMEDOUT: i32 = -17;
/// Another writer took the plane over, or its files were removed or made anew: renew the handles.
pub const TP_ERESTARTED: i32 = -18;
/// The plane has not come so far: its numbers began anew.
pub const TP_ENOSEQ: i32 = -19;
/// An option was set that this library is too old to know.
pub const TP_EOPTION: i32 = -20;

/// A status on its way out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Failure(pub(crate) i32);

/// Each status with its name and what to do about it.
const TEXTS: [(i32, &CStr, &CStr); 21] = [
    (TP_OK, c"TP_OK", c"done"),
    (TP_EINVAL, c"TP_EINVAL", c"an argument is NULL, misaligned, zero or out of range where that is not allowed"),
    (TP_EPANIC, c"TP_EPANIC", c"the library failed inside; please report what stands on stderr"),
    (TP_EINSTANCE, c"TP_EINSTANCE", c"an instance name has 1 to 64 letters, digits, - and _"),
    (TP_ENOPLANE, c"TP_ENOPLANE", c"no such plane; start one with `tickplane run`, or name another instance or root"),
    (
        TP_EVERSION,
        c"TP_EVERSION",
        c"the plane has a layout that this library does not read; use the library of the same release",
    ),
    (TP_EDAMAGED, c"TP_EDAMAGED", c"a file of the plane is damaged; restart the plane"),
    (TP_EACCESS, c"TP_EACCESS", c"no permission to read the plane's files; run as a user who may"),
    (TP_EIO, c"TP_EIO", c"the system refused to open or map the plane's files"),
    (TP_EKEY, c"TP_EKEY", c"not a key of this kind; write candles:EXCHANGE:SYMBOL:TIMEFRAME or trades:EXCHANGE:SYMBOL"),
    (
        TP_ENOEXCHANGE,
        c"TP_ENOEXCHANGE",
        c"the plane has nothing of this exchange; `tickplane start EXCHANGE` connects it",
    ),
    (TP_ENOKEY, c"TP_ENOKEY", c"the plane has no such key; `tickplane ls` lists what it has"),
    (TP_ENOCOLUMN, c"TP_ENOCOLUMN", c"the series has no such column, or its values are of another type"),
    (TP_EEMPTY, c"TP_EEMPTY", c"nothing has been published yet"),
    (TP_EBUSY, c"TP_EBUSY", c"the writer overtook every attempt; try again"),
    (TP_EMOVED, c"TP_EMOVED", c"it moved, or its plane was attached again; renew the handle"),
    (TP_ECHANGED, c"TP_ECHANGED", c"rows changed under the view; discard what was read and renew it"),
    (TP_ETIMEDOUT, c"TP_ETIMEDOUT", c"nothing new within the time"),
    (TP_ERESTARTED, c"TP_ERESTARTED", c"the plane was restarted or its files are gone; renew the handles"),
    (TP_ENOSEQ, c"TP_ENOSEQ", c"the plane has not come so far: its numbers began anew; start with what it has"),
    (TP_EOPTION, c"TP_EOPTION", c"an option was set that this library is too old to know"),
];

/// What a status means and what to do about it, in English. Never NULL, never to be freed.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn tp_strerror(status: i32) -> *const c_char {
    known(status).map_or(c"not a status of this library", |(_, _, text)| text).as_ptr()
}

/// The name of a status, such as "TP_ENOPLANE"; "TP_E?" for a number that is none. Never NULL, never to be freed.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn tp_strerror_name(status: i32) -> *const c_char {
    known(status).map_or(c"TP_E?", |(_, name, _)| name).as_ptr()
}

fn known(status: i32) -> Option<&'static (i32, &'static CStr, &'static CStr)> {
    TEXTS.iter().find(|(code, _, _)| *code == status)
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        Self(match error {
            OpenError::NoPlane(_) => TP_ENOPLANE,
            OpenError::Refused { refusal, .. } => match refusal {
                Refusal::Header(HeaderError::Version(..) | HeaderError::Feature(_)) => TP_EVERSION,
                _ => TP_EDAMAGED,
            },
            OpenError::Io { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => TP_EACCESS,
            OpenError::Io { .. } => TP_EIO,
        })
    }
}

impl From<FindError> for Failure {
    fn from(error: FindError) -> Self {
        match error {
            FindError::NoExchange(_) => Self(TP_ENOEXCHANGE),
            FindError::NoKey(_) => Self(TP_ENOKEY),
            FindError::WrongKey { .. } => Self(TP_EKEY),
            FindError::Open(error) => error.into(),
        }
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        Self(match error {
            ReadError::Empty => TP_EEMPTY,
            ReadError::Busy => TP_EBUSY,
            ReadError::Moved => TP_EMOVED,
            ReadError::NoColumn => TP_ENOCOLUMN,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_a_text_of_its_own() {
        for (at, (code, name, text)) in TEXTS.iter().enumerate() {
            assert_eq!(*code, -i32::try_from(at).unwrap(), "codes are dense and stand in order");
            assert!(TEXTS[..at].iter().all(|(_, other, others)| other != name && others != text));
        }
    }
}
