//! The edge: what comes from C is checked here, and no panic leaves.

use std::ffi::{CStr, c_char};
use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::status::{Failure, TP_EINVAL, TP_EPANIC};

/// Runs the body of an entry; a failure or a panic becomes its status.
///
/// Unwind safety: a body changes a handle only by replacing a whole value, and the one lock it takes is passed by when
/// poisoned.
pub(crate) fn guard(body: impl FnOnce() -> Result<i32, Failure>) -> i32 {
    match guarded(body) {
        Some(Ok(status)) => status,
        Some(Err(Failure(status))) => status,
        None => TP_EPANIC,
    }
}

/// Runs the body of an entry that gives a value; without one, or after a panic, the entry gives `otherwise`.
pub(crate) fn guard_or<T>(otherwise: T, body: impl FnOnce() -> Result<T, Failure>) -> T {
    match guarded(body) {
        Some(Ok(value)) => value,
        Some(Err(_)) | None => otherwise,
    }
}

fn guarded<T>(body: impl FnOnce() -> T) -> Option<T> {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(value) => Some(value),
        Err(payload) => {
            // What was thrown may throw again when it is dropped.
            std::mem::forget(payload);
            None
        }
    }
}

/// Refuses what cannot point to a `T`.
pub(crate) fn check<T>(pointer: *const T) -> Result<(), Failure> {
    if pointer.is_null() || !pointer.is_aligned() { Err(Failure(TP_EINVAL)) } else { Ok(()) }
}

/// What a pointer from C points to.
///
/// # Safety
/// If not NULL and aligned, `pointer` points to a live `T` that nobody changes during `'a`.
pub(crate) unsafe fn shared<'a, T>(pointer: *const T) -> Result<&'a T, Failure> {
    check(pointer)?;
    // SAFETY: not NULL and aligned, as was just checked; live and unchanged, as the caller promises.
    Ok(unsafe { &*pointer })
}

/// What a pointer from C points to, to be changed.
///
/// # Safety
/// If not NULL and aligned, `pointer` points to a live `T` that nobody else uses during `'a`.
pub(crate) unsafe fn exclusive<'a, T>(pointer: *mut T) -> Result<&'a mut T, Failure> {
    check(pointer)?;
    // SAFETY: not NULL and aligned, as was just checked; live and unshared, as the caller promises.
    Ok(unsafe { &mut *pointer })
}

/// Room for `count` results.
///
/// # Safety
/// If not NULL and aligned, `pointer` points to room for `count` values that nobody else uses during `'a`.
pub(crate) unsafe fn room<'a, T>(pointer: *mut T, count: usize) -> Result<&'a mut [MaybeUninit<T>], Failure> {
    check(pointer)?;
    // SAFETY: not NULL and aligned, as was just checked; room and unshared, as the caller promises, so it is also
    // within the size of an object. Values that may be uninitialised are asked nothing.
    Ok(unsafe { std::slice::from_raw_parts_mut(pointer.cast(), count) })
}

/// Room for one result.
///
/// # Safety
/// As [`room`] for one value.
pub(crate) unsafe fn place<'a, T>(pointer: *mut T) -> Result<&'a mut MaybeUninit<T>, Failure> {
    check(pointer)?;
    // SAFETY: not NULL and aligned, as was just checked; room and unshared, as the caller promises.
    Ok(unsafe { &mut *pointer.cast() })
}

/// Writes a result that the caller may not want: NULL is no error.
///
/// # Safety
/// If not NULL, `pointer` points to room for a `T` that nobody else uses.
pub(crate) unsafe fn put_if_wanted<T>(pointer: *mut T, value: T) -> Result<(), Failure> {
    if !pointer.is_null() {
        // SAFETY: as the caller promises.
        unsafe { place(pointer) }?.write(value);
    }
    Ok(())
}

/// A text from C.
///
/// # Safety
/// If not NULL, `pointer` points to a NUL-terminated string that nobody changes during `'a`.
pub(crate) unsafe fn text<'a>(pointer: *const c_char) -> Result<&'a CStr, Failure> {
    check(pointer)?;
    // SAFETY: not NULL, as was just checked; terminated and unchanged, as the caller promises.
    Ok(unsafe { CStr::from_ptr(pointer) })
}

/// Room for `count` results, which may be NULL when there are none.
///
/// # Safety
/// As [`room`].
pub(crate) unsafe fn room_or_none<'a, T>(pointer: *mut T, count: usize) -> Result<&'a mut [MaybeUninit<T>], Failure> {
    // SAFETY: as the caller promises; no room is asked for where there is none.
    if count == 0 { Ok(&mut []) } else { unsafe { room(pointer, count) } }
}

/// [`room_or_none`] for numbers, each NaN until it is written.
///
/// # Safety
/// As [`room`].
pub(crate) unsafe fn numbers<'a>(pointer: *mut f64, count: usize) -> Result<&'a mut [f64], Failure> {
    // SAFETY: as the caller promises.
    let places = unsafe { room_or_none(pointer, count) }?;
    for place in &mut *places {
        place.write(f64::NAN);
    }
    // SAFETY: every one was just written.
    Ok(unsafe { std::slice::from_raw_parts_mut(places.as_mut_ptr().cast(), places.len()) })
}

/// A text for C in an array of a structure, cut where it does not fit and always terminated.
pub(crate) fn letters<const N: usize>(text: &str) -> [c_char; N] {
    let mut letters = [0; N];
    for (letter, byte) in letters[..N - 1].iter_mut().zip(text.bytes()) {
        *letter = byte.cast_signed();
    }
    letters
}

/// Makes a handle for C, in the place the caller gave for it.
pub(crate) fn give<T>(place: &mut MaybeUninit<*mut T>, handle: T) {
    place.write(Box::into_raw(Box::new(handle)));
}

/// Takes a handle back and drops it.
///
/// # Safety
/// `pointer` is NULL or came from [`give`] and was not taken back yet; nobody uses it any more.
pub(crate) unsafe fn take_back<T>(pointer: *mut T) {
    guard_or((), || {
        check(pointer)?;
        // SAFETY: it came from `Box::into_raw`, once, as the caller promises.
        drop(unsafe { Box::from_raw(pointer) });
        Ok(())
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::TP_OK;

    struct Bomb;

    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("a second panic");
        }
    }

    extern "C" fn entry(kind: i32) -> i32 {
        guard(|| match kind {
            0 => Ok(TP_OK),
            1 => Err(Failure(-9)),
            2 => panic!("a bug"),
            _ => std::panic::panic_any(Bomb),
        })
    }

    #[test]
    fn no_panic_crosses_the_edge() {
        assert_eq!([0, 1, 2, 3].map(|kind| entry(kind)), [TP_OK, -9, TP_EPANIC, TP_EPANIC]);
        assert_eq!(guard_or(7, || panic!("a bug")), 7);
        assert_eq!(guard_or(7, || Err(Failure(TP_EINVAL))), 7);
        assert_eq!(guard_or(7, || Ok(8)), 8);
    }

    #[test]
    fn null_and_misaligned_pointers_are_refused() {
        let value = 5_u64;
        let odd = (&raw const value).cast::<u8>().wrapping_add(1).cast::<u64>();
        for pointer in [std::ptr::null(), odd] {
            // SAFETY: such pointers are refused before they are looked at.
            assert_eq!(unsafe { shared(pointer) }.err(), Some(Failure(TP_EINVAL)));
            // SAFETY: as above.
            assert!(unsafe { place(pointer.cast_mut()) }.is_err() && unsafe { room(pointer.cast_mut(), 1) }.is_err());
            // SAFETY: as above.
            assert!(unsafe { exclusive(pointer.cast_mut()) }.is_err());
        }
        // SAFETY: a local value.
        assert_eq!(unsafe { shared(&raw const value) }, Ok(&5));
        // SAFETY: NULL is refused before it is looked at.
        assert!(unsafe { text(std::ptr::null()) }.is_err());
        // SAFETY: NULL is no handle, and nothing happens.
        unsafe { take_back(std::ptr::null_mut::<Bomb>()) };
    }
}
