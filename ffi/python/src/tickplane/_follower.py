"""What comes one after the other: followed from a place of its own, asleep while there is nothing new."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from types import TracebackType
from typing import Generic, TypeVar

from . import _constants as c
from ._library import Handle
from ._link import PAUSE_S, Link, Waiter
from .errors import Closed

T = TypeVar("T")


class Follower(Generic[T]):
    """An iterator over what a plane publishes, without end unless ``timeout`` seconds pass without anything new; it may
    be iterated again after that. Goes on over restarts; raises ``PlaneGone`` when the plane is away longer than
    ``restart_timeout``.

    Threads: any; what one of them takes, the others do not get. ``close`` ends it in all of them.
    """

    def __init__(self, link: Link, handle: Handle, what: str, timeout: float | None) -> None:
        self._link = link
        self._handle: Handle | None = handle
        self._what = what
        self._timeout = timeout
        self._waiter = Waiter(link)
        self._patience = link.patience()
        self._pending: deque[T] = deque()
        self._lock = threading.Lock()

    @property
    def lost(self) -> int:
        """How many were overwritten before they were read, in all."""
        with self._lock:
            return self._lost(self._held())

    def read(self) -> list[T]:
        """What there is now, without waiting: empty if there is nothing new."""
        with self._lock:
            self._fill()
            taken = list(self._pending)
            self._pending.clear()
        return taken

    def close(self) -> None:
        """Ends it. Once is enough, twice does no harm."""
        with self._lock:
            self._handle = None
            self._pending.clear()

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        quiet_at = self._quiet_at()
        while True:
            with self._lock:
                if not self._pending:
                    self._fill()
                if self._pending:
                    return self._pending.popleft()
            if not self._waiter.wait(quiet_at):
                raise StopIteration

    def __enter__(self) -> Follower[T]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _take(self, handle: Handle) -> tuple[int, list[T]]:
        """What there is now, a batch at most, and the library's status."""
        raise NotImplementedError

    def _renew(self, handle: Handle) -> int:
        """Lets it go on elsewhere."""
        raise NotImplementedError

    def _lost(self, handle: Handle) -> int:
        raise NotImplementedError

    def _fill(self) -> None:
        """Takes what there is; where there is nothing any more because it moved, goes after it."""
        handle = self._held()
        status, taken = self._take(handle)
        if status == c.EMOVED:
            status = self._renew(handle)
            if status != c.OK:
                self._patience.is_missing(status, self._what)
                time.sleep(PAUSE_S)
                return
            status, taken = self._take(handle)
        self._patience.is_well()
        self._pending.extend(taken)

    def _quiet_at(self) -> float | None:
        return None if self._timeout is None else time.monotonic() + self._timeout

    def _held(self) -> Handle:
        if self._handle is None:
            raise Closed(f"{self._what}: the follower is closed")
        return self._handle
