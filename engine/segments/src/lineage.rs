//! Whether a ring goes on where another stopped.

use tickplane_layout::ring::{Ring, Slot};

use crate::region::Region;

/// Whether the records of `new` continue those of `old`: the same numbers mean the same records.
///
/// A region that moved, or whose file was built anew, takes its records along. A file that was removed and made again
/// begins at 1. The newest record of the old ring tells them apart, while the new ring still holds its number; after
/// that the lines of the files do.
pub(crate) fn continues(old: (&Region, Ring<'_>), new: (&Region, Ring<'_>)) -> bool {
    let newest = old.1.head();
    if newest == 0 {
        return true;
    }
    match (old.1.read(newest), new.1.read(newest)) {
        (Slot::Record(old), Slot::Record(new)) => old == new,
        (_, Slot::NotYet) => false,
        _ => descends(old.0, new.0),
    }
}

fn descends(old: &Region, new: &Region) -> bool {
    let (old, new) = (old.segment().identity(), new.segment().identity());
    old == new || (new.created_ns == old.created_ns && new.generation > old.generation)
}
