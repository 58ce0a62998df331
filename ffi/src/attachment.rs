//! What all handles of one plane share: the plane, and how often it was attached.

use std::sync::atomic::{AtomicU64, Ordering};

use tickplane_segments::{OpenError, Plane};

use crate::status::{Failure, TP_EMOVED};

/// A plane and the number of its attachments.
#[derive(Debug)]
pub(crate) struct Attachment {
    pub(crate) plane: Plane,
    number: AtomicU64,
}

impl Attachment {
    pub(crate) const fn new(plane: Plane) -> Self {
        Self { plane, number: AtomicU64::new(0) }
    }

    /// The attachment that a handle found from now on belongs to. Taken before the handle is looked for, so that a
    /// handle is at most thought older than it is.
    pub(crate) fn number(&self) -> u64 {
        self.number.load(Ordering::Acquire)
    }

    /// Attaches again: every handle found before is to be renewed.
    pub(crate) fn reattach(&self) -> Result<(), OpenError> {
        self.plane.reattach()?;
        self.number.fetch_add(1, Ordering::AcqRel);
        Ok(())
    }

    /// Attaches again if that is needed, and gives the attachment that a handle found from now on belongs to.
    pub(crate) fn renew(&self) -> Result<u64, OpenError> {
        if self.plane.changed() {
            self.reattach()?;
        }
        Ok(self.number())
    }

    /// Refuses a handle of an earlier attachment: it may point into files that nobody writes any more.
    #[inline]
    pub(crate) fn check(&self, number: u64) -> Result<(), Failure> {
        if self.number() == number { Ok(()) } else { Err(Failure(TP_EMOVED)) }
    }
}
