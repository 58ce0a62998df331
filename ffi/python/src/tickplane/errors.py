"""What can go wrong, and what to do about it."""

from __future__ import annotations

from typing import Final

from . import _constants as c


class TickplaneError(Exception):
    """Anything that this package raises about a plane; ``status`` is the library's code, 0 where it has none."""

    status: int = c.OK


class LibraryNotFound(TickplaneError, ImportError):
    """libtickplane cannot be loaded, or is of another release than this package."""


class PlaneNotFound(TickplaneError):
    """There is no plane of that name under that root."""


class PlaneGone(TickplaneError):
    """The plane ended and did not come back within ``restart_timeout``."""


class PlaneUnreadable(TickplaneError):
    """The plane's files are damaged, of another release, or not for this user."""


class InvalidName(TickplaneError, ValueError):
    """A text that is no instance name or no key."""


class UnknownKey(TickplaneError, KeyError):
    """The plane has no such exchange, series or instrument."""

    __str__ = Exception.__str__


class UnknownColumn(TickplaneError, KeyError):
    """The series has no such column."""

    __str__ = Exception.__str__


class Empty(TickplaneError):
    """Nothing has been published yet."""


class Busy(TickplaneError):
    """The writer overtook every attempt to read, or died while it revised a row: try again, or copy."""


class Overwritten(TickplaneError):
    """Rows changed under a view: discard what was computed from it and take a new one."""


class NoSuchTrade(TickplaneError):
    """The plane has not come so far: its numbers began anew. Start with what it has."""


class Closed(TickplaneError, ValueError):
    """A plane, view or follower that was closed is used."""


_CLASSES: Final[dict[int, type[TickplaneError]]] = {
    c.EINSTANCE: InvalidName,
    c.ENOPLANE: PlaneNotFound,
    c.EVERSION: PlaneUnreadable,
    c.EDAMAGED: PlaneUnreadable,
    c.EACCESS: PlaneUnreadable,
    c.EIO: PlaneUnreadable,
    c.EKEY: InvalidName,
    c.ENOEXCHANGE: UnknownKey,
    c.ENOKEY: UnknownKey,
    c.ENOCOLUMN: UnknownColumn,
    c.EEMPTY: Empty,
    c.EBUSY: Busy,
    c.ECHANGED: Overwritten,
    c.ENOSEQ: NoSuchTrade,
}


def of_status(status: int, what: str, meaning: str) -> TickplaneError:
    """The exception of a status: ``what`` failed, and the library's words on why and what to do."""
    error = _CLASSES.get(status, TickplaneError)(f"{what}: {meaning}")
    error.status = status
    return error
