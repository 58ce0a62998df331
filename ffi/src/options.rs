//! Options in the hands of C: structures that begin with their own size, so that they can grow.

use std::ffi::c_char;

use crate::edge::{check, guard};
use crate::status::{Failure, TP_EINVAL, TP_EOPTION, TP_OK};

/// More than any options will ever take: a larger size was never set.
const SIZE_MAX: usize = 4096;

/// A structure of options: `repr(C)`, its first field `struct_size: usize`, any bytes a value, all others zero its
/// default.
///
/// # Safety
/// The structure is as said.
pub(crate) unsafe trait Options: Copy + Default {
    /// Its size in the first release that had it.
    const SIZE_MIN: usize;
}

/// The options a caller gives; NULL for the defaults.
///
/// A caller compiled with an older header gives fewer fields: the rest are the defaults. One compiled with a newer
/// header may give more, as long as they are zero: what this library does not know it does not pass over in silence.
///
/// # Safety
/// `options` is NULL or points to `struct_size` bytes that nobody changes meanwhile.
pub(crate) unsafe fn options<T: Options>(options: *const T) -> Result<T, Failure> {
    let mut known = T::default();
    if options.is_null() {
        return Ok(known);
    }
    check(options)?;
    // SAFETY: not NULL and aligned, as was just checked; the size comes first.
    let size = unsafe { options.cast::<usize>().read() };
    if !(T::SIZE_MIN..=SIZE_MAX).contains(&size) {
        return Err(Failure(TP_EINVAL));
    }
    let both = size.min(size_of::<T>());
    // SAFETY: so many bytes are there, as the caller promises; `known` takes no more than it has room for, and any bytes
    // are options.
    let beyond = unsafe {
        std::ptr::copy_nonoverlapping(options.cast::<u8>(), (&raw mut known).cast::<u8>(), both);
        std::slice::from_raw_parts(options.cast::<u8>().add(both), size - both)
    };
    if beyond.iter().all(|byte| *byte == 0) { Ok(known) } else { Err(Failure(TP_EOPTION)) }
}

/// Fills options of a caller with their defaults.
///
/// # Safety
/// `options` is NULL or has room for `size` bytes.
unsafe fn init<T: Options>(options: *mut T, size: usize) -> i32 {
    guard(|| {
        check(options)?;
        if !(T::SIZE_MIN..=SIZE_MAX).contains(&size) {
            return Err(Failure(TP_EINVAL));
        }
        // SAFETY: room for so many bytes, as the caller promises; any bytes are options.
        unsafe {
            options.cast::<u8>().write_bytes(0, size);
            options.cast::<usize>().write(size);
        }
        Ok(TP_OK)
    })
}

macro_rules! options_of {
    ($name:ident, $size_min:literal { $($field:ident: $zero:expr),* }) => {
        impl Default for $name {
            fn default() -> Self {
                Self { struct_size: size_of::<Self>(), $($field: $zero),* }
            }
        }

        // SAFETY: integers and pointers behind the size, for which any bytes are values and zero the default.
        unsafe impl Options for $name {
            const SIZE_MIN: usize = $size_min;
        }

        const _: () = assert!(size_of::<$name>() >= $size_min);
    };
}

/// Which plane to open. Zero is the default of every field.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct OpenOptions {
    /// sizeof(tp_open_options_t).
    pub struct_size: usize,
    /// The folder of the instances; NULL for /dev/shm/tickplane.
    pub root: *const c_char,
    /// The plane's name; NULL for "default".
    pub instance: *const c_char,
}

options_of!(OpenOptions, 24 { root: std::ptr::null(), instance: std::ptr::null() });

/// Which keys to list. Zero is the default of every field: all.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Filter {
    /// sizeof(tp_filter_t).
    pub struct_size: usize,
    /// TP_KEY_CANDLES and the others, added up; 0 for all of them.
    pub kinds: u32,
    /// Always 0.
    pub reserved: u32,
    /// An exchange such as "binance"; NULL for all.
    pub exchange: *const c_char,
    /// A pattern over the text of keys, as `tickplane ls` takes it: `*` stands for any run of characters; without one,
    /// what the key contains. NULL for all.
    pub pattern: *const c_char,
}

options_of!(Filter, 32 { kinds: 0, reserved: 0, exchange: std::ptr::null(), pattern: std::ptr::null() });

/// Where to begin with the trades of an instrument. Zero is the default of every field: with the next one.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct TradesOptions {
    /// sizeof(tp_trades_options_t).
    pub struct_size: usize,
    /// TP_START_NEXT, TP_START_OLDEST or TP_START_SEQ.
    pub start: u32,
    /// Always 0.
    pub reserved: u32,
    /// With TP_START_SEQ: the number of the trade that is read first, as tp_trades_next gave it. What is no longer kept
    /// is counted as lost.
    pub seq: u64,
}

options_of!(TradesOptions, 24 { start: 0, reserved: 0, seq: 0 });

/// Which events to follow. Zero is the default of every field: all, from the next one on.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct EventsOptions {
    /// sizeof(tp_events_options_t).
    pub struct_size: usize,
    /// TP_START_NEXT or TP_START_OLDEST.
    pub start: u32,
    /// `1 << TP_EVENT_CANDLE_CLOSE` and the others, added up; 0 for all of them.
    pub kinds: u32,
    /// An exchange such as "binance"; NULL for all.
    pub exchange: *const c_char,
}

options_of!(EventsOptions, 24 { start: 0, kinds: 0, exchange: std::ptr::null() });

/// Fills options with their defaults and their size: `tp_open_options_init(&options, sizeof options)`. The same as zero
/// bytes with `struct_size` set.
///
/// Fails with TP_EINVAL.
///
/// Threads: any. Neither system call nor allocation.
///
/// # Safety
/// `options` is NULL or has room for `struct_size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_open_options_init(options: *mut OpenOptions, struct_size: usize) -> i32 {
    // SAFETY: as the caller promises.
    guard(|| Ok(unsafe { init(options, struct_size) }))
}

/// As tp_open_options_init.
///
/// Threads: any. Neither system call nor allocation.
///
/// # Safety
/// `filter` is NULL or has room for `struct_size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_filter_init(filter: *mut Filter, struct_size: usize) -> i32 {
    // SAFETY: as the caller promises.
    guard(|| Ok(unsafe { init(filter, struct_size) }))
}

/// As tp_open_options_init.
///
/// Threads: any. Neither system call nor allocation.
///
/// # Safety
/// `options` is NULL or has room for `struct_size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_trades_options_init(options: *mut TradesOptions, struct_size: usize) -> i32 {
    // SAFETY: as the caller promises.
    guard(|| Ok(unsafe { init(options, struct_size) }))
}

/// As tp_open_options_init.
///
/// Threads: any. Neither system call nor allocation.
///
/// # Safety
/// `options` is NULL or has room for `struct_size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_events_options_init(options: *mut EventsOptions, struct_size: usize) -> i32 {
    // SAFETY: as the caller promises.
    guard(|| Ok(unsafe { init(options, struct_size) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[repr(C)]
    struct Larger {
        known: TradesOptions,
        more: u64,
    }

    #[test]
    fn a_newer_caller_may_leave_what_we_do_not_know_at_zero() {
        let known = TradesOptions { struct_size: size_of::<Larger>(), start: 2, reserved: 0, seq: 77 };
        let mut larger = Larger { known, more: 0 };
        // SAFETY: so many bytes as the size says.
        let read = |larger: &Larger| unsafe { options((&raw const *larger).cast::<TradesOptions>()) };
        assert_eq!(read(&larger).map(|options| (options.start, options.seq)), Ok((2, 77)));
        larger.more = 1 << 40;
        assert_eq!(read(&larger).err(), Some(Failure(TP_EOPTION)));
    }

    /// Options that grew by a field since their first release.
    #[repr(C)]
    #[derive(Clone, Copy)]
    struct Grown {
        struct_size: usize,
        first: u64,
        second: u64,
    }

    options_of!(Grown, 16 { first: 0, second: 0 });

    #[test]
    fn an_older_caller_gets_the_defaults_of_what_it_does_not_know() {
        let older = [16_u64, 5, 99];
        // SAFETY: as many bytes as the size says, aligned.
        let read = unsafe { options(older.as_ptr().cast::<Grown>()) };
        assert_eq!(read.map(|read| (read.first, read.second)), Ok((5, 0)), "99 stands beyond its size");
    }

    #[test]
    fn a_size_that_was_never_set_is_refused() {
        for struct_size in [0, 1, size_of::<TradesOptions>() - 1, SIZE_MAX + 1, usize::MAX] {
            let wrong = TradesOptions { struct_size, ..TradesOptions::default() };
            // SAFETY: refused before more than the size is looked at.
            assert_eq!(unsafe { options(&raw const wrong) }.err(), Some(Failure(TP_EINVAL)));
            let mut filled = wrong;
            // SAFETY: as above.
            assert_eq!(unsafe { tp_trades_options_init(&raw mut filled, struct_size) }, TP_EINVAL);
        }
        // SAFETY: NULL asks for the defaults.
        assert_eq!(unsafe { options::<TradesOptions>(std::ptr::null()) }.map(|options| options.start), Ok(0));
    }

    #[test]
    fn init_gives_the_defaults() {
        let mut larger = Larger { known: TradesOptions { start: 9, seq: 9, ..Default::default() }, more: 9 };
        let known = (&raw mut larger).cast::<TradesOptions>();
        // SAFETY: room for so many bytes.
        assert_eq!(unsafe { tp_trades_options_init(known, size_of::<Larger>()) }, TP_OK);
        let TradesOptions { struct_size, start, reserved, seq } = larger.known;
        assert_eq!((struct_size, start, reserved, seq, larger.more), (size_of::<Larger>(), 0, 0, 0, 0));
    }
}
