"""A plane that is attached, and what a restart of it means for everything that was taken from it."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from ctypes import byref, c_uint64, c_void_p, sizeof
from typing import Final, Generic, TypeVar

from . import _constants as c
from ._library import Handle, error, library, words
from ._structures import OpenOptions, StatusRow
from .errors import PlaneGone, TickplaneError

#: How often a reader that never waits looks whether the plane was restarted.
LOOK_S: Final = 1.0
#: The longest sleep in one piece, so that a restart is noticed and a signal is heard.
SLICE_S: Final = 0.5
#: Between attempts to find what has moved.
PAUSE_S: Final = 0.02
#: An older heartbeat, of a process that cannot be asked about, belongs to nobody.
HEARTBEAT_NS_MAX: Final = 3_000_000_000
#: Attempts to read rows that are being revised.
BUSY_MAX: Final = 10

T = TypeVar("T")
R = TypeVar("R")


class Patience:
    """How long a plane may be away before that is an error."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._since: float | None = None

    def is_well(self) -> None:
        """It is there."""
        self._since = None

    def is_missing(self, status: int, what: str) -> None:
        """It is not there; raises what that means once it was away too long."""
        now = time.monotonic()
        if self._since is None:
            self._since = now
        if now - self._since >= self._seconds:
            raise gone(status, what, self._seconds)


def gone(status: int, what: str, seconds: float) -> TickplaneError:
    """A plane that is back without the key is another error than one that is not back."""
    if status in (c.ENOEXCHANGE, c.ENOKEY, c.EKEY):
        return error(status, what)
    failure = PlaneGone(f"{what}: gone for more than {seconds:g} s: {words(status)}")
    failure.status = status
    return failure


class Link:
    """The library's plane. Shared by all that was taken from it, and kept until the last of that is let go."""

    def __init__(self, instance: str, root: str | None, restart_timeout: float) -> None:
        self.name = instance
        self.restart_timeout = restart_timeout
        self._lock = threading.Lock()
        self._look_at = time.monotonic() + LOOK_S
        options = OpenOptions(root=None if root is None else encoded(root), instance=encoded(instance))
        options.struct_size = sizeof(options)
        pointer = c_void_p()
        status = library().tp_open_with(byref(options), byref(pointer))
        if status != c.OK:
            raise error(status, f"plane {instance!r}" + (f" under {root}" if root else ""))
        self.handle: Final = Handle(pointer, library().tp_close)

    def look(self) -> None:
        """Attaches again where the plane was restarted; asks at most once a second, so it costs a read nothing."""
        now = time.monotonic()
        if now >= self._look_at:
            self._look_at = now + LOOK_S
            self.renew()

    def renew(self) -> int:
        """Attaches again where that is needed. Where it fails, the old attachment stays."""
        with self._lock:
            if library().tp_changed(self.handle) != 1:
                return c.OK
            return int(library().tp_reattach(self.handle))

    def status(self) -> StatusRow:
        """Signs of life."""
        row = StatusRow()
        status = library().tp_status(self.handle, byref(row))
        if status != c.OK:
            raise error(status, f"plane {self.name!r}")
        return row

    def patience(self) -> Patience:
        """For something of this plane."""
        return Patience(self.restart_timeout)


class Place(Generic[T]):
    """Where something stands in a plane: found anew when it moved. For any number of threads: what was found is never
    changed, only replaced, and whoever reads holds what it reads."""

    def __init__(self, link: Link, what: str, find: Callable[[], tuple[int, T | None]]) -> None:
        self.link = link
        self.what = what
        self._find = find
        status, found = find()
        if found is None:
            raise error(status, what)
        self.found: T = found

    def read(self, attempt: Callable[[T], tuple[int, R]]) -> R:
        """Reads, again where it moved. Raises what the library says."""
        self.link.look()
        busy = 0
        while True:
            status, result = attempt(self.found)
            if status == c.OK:
                return result
            if status == c.EMOVED:
                self.renew()
            elif status == c.EBUSY and busy < BUSY_MAX:
                busy += 1
                time.sleep(0.0001 * busy)
            else:
                raise error(status, self.what)

    def renew(self) -> None:
        """Finds it again, as long as a plane may be away."""
        patience = self.link.patience()
        while True:
            status = self.link.renew()
            if status == c.OK:
                status, found = self._find()
                if found is not None:
                    self.found = found
                    return
            patience.is_missing(status, self.what)
            time.sleep(PAUSE_S)


class Waiter:
    """Sleeps until a plane publishes; one per follower."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._patience = link.patience()
        self._seen = c_uint64(0)
        # The bell of files that are gone says nothing.
        self._is_away = False

    def wait(self, deadline: float | None) -> bool:
        """False when the deadline, of the monotonic clock, is over. True says: look again."""
        left = SLICE_S if deadline is None else min(SLICE_S, deadline - time.monotonic())
        if left <= 0:
            return False
        status = library().tp_wait(self._link.handle, byref(self._seen), math.ceil(left * 1000))
        if status == c.OK and not self._is_away:
            self._patience.is_well()
        elif status == c.ETIMEDOUT:
            self._judge(c.ENOPLANE)
        elif status in (c.OK, c.ERESTARTED):
            status = self._link.renew()
            self._is_away = status != c.OK
            if self._is_away:
                time.sleep(min(PAUSE_S, left))
                self._judge(status)
        else:
            raise error(status, f"plane {self._link.name!r}")
        return True

    def _judge(self, status: int) -> None:
        """A silent plane is well as long as its writer lives."""
        if lives(self._link.status()):
            self._patience.is_well()
        else:
            self._patience.is_missing(status, f"plane {self._link.name!r}")


def lives(row: StatusRow) -> bool:
    """Whether a writer lives: one whose process cannot be asked about is judged by its heartbeat."""
    return bool(row.alive) and (bool(row.known) or time.time_ns() - row.heartbeat_ns <= HEARTBEAT_NS_MAX)


def encoded(text: str) -> bytes:
    """A text for C. One with a NUL would end early, and so name something else."""
    if "\0" in text:
        raise ValueError(f"{text!r} has a NUL inside")
    return text.encode("utf-8", "surrogateescape")

