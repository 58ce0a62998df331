//! A plane in the hands of C: open, ask how it is, attach again, close.

use std::ffi::{CStr, OsStr, c_char};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

use tickplane_segments::{Instance, LifeState, Plane};

use crate::attachment::Attachment;
use crate::edge::{give, guard, place, shared, take_back, text};
use crate::options::{OpenOptions, options};
use crate::status::{Failure, TP_EINSTANCE, TP_OK};

/// The plane's segment was made, but no writer has opened it yet.
pub const TP_STATE_NEW: u32 = 0;
/// A writer has it open, or died with it open: see `alive`.
pub const TP_STATE_LIVE: u32 = 1;
/// Its writer said goodbye. The data stays readable.
pub const TP_STATE_CLOSED: u32 = 2;
/// Another file has taken its name: re-attach.
pub const TP_STATE_REPLACED: u32 = 3;

/// A plane that is open for reading.
#[derive(Debug)]
pub struct PlaneHandle {
    pub(crate) attachment: Arc<Attachment>,
}

/// Signs of life of a plane's writer.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PlaneSigns {
    /// What the writer said last: one of TP_STATE_NEW, TP_STATE_LIVE, TP_STATE_CLOSED and TP_STATE_REPLACED.
    pub state: u32,
    /// 1 if its process lives and has not said goodbye, as far as `known` allows to say, else 0.
    pub alive: u32,
    /// Its process id, 0 if there was no writer yet.
    pub pid: u32,
    /// 1 if `pid` means something to the caller: the same boot, the same pid namespace. If 0, `alive` only says that nothing
    /// speaks against it, and a heartbeat more than three seconds old does.
    pub known: u32,
    /// How many writers the plane's segment has had.
    pub epoch: u64,
    /// When that process opened it.
    pub opened_ns: i64,
    /// When it last said that it lives; about once a second.
    pub heartbeat_ns: i64,
}

const _: () = assert!(size_of::<PlaneSigns>() == 40);

/// Attaches to a plane, whether its writer lives or not. Nothing is registered, and the writer never waits.
///
/// `root` is the folder of the instances, NULL for /dev/shm/tickplane. `instance` is the plane's name; `tickplane run`
/// calls it "default" unless told otherwise. `*plane` is to be closed with tp_close.
///
/// Fails with TP_EINSTANCE, TP_ENOPLANE, TP_EVERSION, TP_EDAMAGED, TP_EACCESS or TP_EIO.
///
/// Threads: any. Allocates.
///
/// # Safety
/// `root` and `instance` are NUL-terminated; `plane` has room for a pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_open(root: *const c_char, instance: *const c_char, plane: *mut *mut PlaneHandle) -> i32 {
    guard(|| {
        // SAFETY: the caller gives room for a pointer.
        let place = unsafe { place(plane) }?;
        place.write(std::ptr::null_mut());
        // SAFETY: the caller gives a terminated text.
        let name = unsafe { text(instance) }?;
        // SAFETY: the caller gives a terminated text, or NULL.
        give(place, unsafe { open(root, name) }?);
        Ok(TP_OK)
    })
}

/// tp_open with options, which may be NULL: the plane "default" under /dev/shm/tickplane.
///
/// Fails as tp_open does, and with TP_EOPTION.
///
/// Threads: any. Allocates.
///
/// # Safety
/// `options` is NULL or as its `struct_size` says, its texts NULL or NUL-terminated; `plane` has room for a pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_open_with(options: *const OpenOptions, plane: *mut *mut PlaneHandle) -> i32 {
    guard(|| {
        // SAFETY: the caller gives room for a pointer.
        let place = unsafe { place(plane) }?;
        place.write(std::ptr::null_mut());
        // SAFETY: the caller gives options, or NULL.
        let given = unsafe { self::options(options) }?;
        // SAFETY: the caller gives a terminated text where it is not NULL.
        let name = if given.instance.is_null() { c"default" } else { unsafe { text(given.instance) }? };
        // SAFETY: the caller gives a terminated text, or NULL.
        give(place, unsafe { open(given.root, name) }?);
        Ok(TP_OK)
    })
}

/// # Safety
/// `root` is NULL or NUL-terminated.
unsafe fn open(root: *const c_char, name: &CStr) -> Result<PlaneHandle, Failure> {
    let name = name.to_str().map_err(|_| Failure(TP_EINSTANCE))?;
    let root = if root.is_null() {
        None
    } else {
        // SAFETY: as the caller promises.
        Some(Path::new(OsStr::from_bytes(unsafe { text(root) }?.to_bytes())))
    };
    let instance = Instance::new(root, name).map_err(|_| Failure(TP_EINSTANCE))?;
    Ok(PlaneHandle { attachment: Arc::new(Attachment::new(Plane::open(&instance)?)) })
}

/// Closes a plane. Whatever was taken from it stays usable until it is released.
///
/// Threads: any, but never while another thread uses the same plane.
///
/// # Safety
/// `plane` is NULL or came from tp_open and was not closed yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_close(plane: *mut PlaneHandle) {
    // SAFETY: the caller gives a handle that nobody uses any more.
    unsafe { take_back(plane) }
}

/// 1 if another writer took the plane over, or its files were made anew, since it was opened or re-attached; 0 if not.
/// Then renew what was taken from it: tp_series_renew and the others. Costs a few system calls: for once a second, not for every read.
///
/// Threads: any. Takes the plane's lock.
///
/// # Safety
/// `plane` is NULL or a plane that is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_changed(plane: *const PlaneHandle) -> i32 {
    guard(|| {
        // SAFETY: the caller gives an open plane.
        let handle = unsafe { shared(plane) }?;
        Ok(handle.attachment.plane.changed().into())
    })
}

/// Attaches to the plane of the same root and name again. What was taken from it before says TP_EMOVED until it is
/// renewed; renewing does this by itself where it is needed, so this call is for who wants to see it fail. Views keep
/// what they have.
///
/// Fails as tp_open does; then the old attachment stays.
///
/// Threads: any. Takes the plane's lock. Allocates.
///
/// # Safety
/// `plane` is NULL or a plane that is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_reattach(plane: *mut PlaneHandle) -> i32 {
    guard(|| {
        // SAFETY: the caller gives an open plane; it is shared, for other threads may use it.
        let handle = unsafe { shared(plane) }?;
        handle.attachment.reattach()?;
        Ok(TP_OK)
    })
}

/// Asks whether the plane's writer lives, and since when. Costs a few system calls. A heartbeat more than three seconds
/// old belongs to a writer that is stuck or stopped; of one that is not `known`, to one that is gone.
///
/// Threads: any. Takes the plane's lock. No allocation.
///
/// # Safety
/// `plane` is NULL or a plane that is open; `status` has room for one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_status(plane: *const PlaneHandle, status: *mut PlaneSigns) -> i32 {
    guard(|| {
        // SAFETY: the caller gives an open plane.
        let handle = unsafe { shared(plane) }?;
        // SAFETY: the caller gives room.
        let place = unsafe { place(status) }?;
        let status = handle.attachment.plane.life();
        place.write(PlaneSigns {
            state: state_number(status.state),
            alive: status.alive.into(),
            pid: status.pid,
            known: status.is_known.into(),
            epoch: status.epoch,
            opened_ns: status.opened_ns,
            heartbeat_ns: status.heartbeat_ns,
        });
        Ok(TP_OK)
    })
}

const fn state_number(state: LifeState) -> u32 {
    match state {
        LifeState::New => TP_STATE_NEW,
        LifeState::Live => TP_STATE_LIVE,
        LifeState::Closed => TP_STATE_CLOSED,
        LifeState::Replaced => TP_STATE_REPLACED,
    }
}
