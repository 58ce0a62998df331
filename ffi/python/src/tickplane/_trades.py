"""The trades of an instrument, one after the other or in batches."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from ctypes import byref, c_size_t, c_uint64
from types import TracebackType
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from . import _constants as c
from ._follower import Follower
from ._library import Handle, error, library
from ._link import Link
from ._structures import TRADE_DTYPE
from .records import Trade, TradeBatch

#: Trades that are taken at once.
_BATCH: Final = 4096


class TradeBatches(Follower[TradeBatch]):
    """Iterates over arrays of trades, each with what was lost before it."""

    def __init__(self, link: Link, handle: Handle, what: str, timeout: float | None) -> None:
        super().__init__(link, handle, what, timeout)
        self._rows: Final[npt.NDArray[Any]] = np.empty(_BATCH, TRADE_DTYPE)
        self._address: Final = int(self._rows.__array_interface__["data"][0])

    @property
    def next_seq(self) -> int:
        """Number of the trade that is read next: keep it, and a later process goes on there with ``start=``."""
        with self._lock:
            due: int = library().tp_trades_next(self._held())
            return int(self._pending[0].trades["seq"][0]) if self._pending else due

    def _take(self, handle: Handle) -> tuple[int, list[TradeBatch]]:
        count, lost = c_size_t(), c_uint64()
        status = library().tp_trades_read(handle, _BATCH, self._address, byref(count), byref(lost))
        if status not in (c.OK, c.EMOVED):
            raise error(status, self._what)
        if not count.value and not lost.value:
            return status, []
        return status, [TradeBatch(self._rows[: count.value].copy(), lost.value)]

    def _renew(self, handle: Handle) -> int:
        return int(library().tp_trades_renew(handle))

    def _lost(self, handle: Handle) -> int:
        return int(library().tp_trades_lost(handle))


class Trades(Iterator[Trade]):
    """Iterates over trades one by one; ``batches`` iterates over arrays of them and goes on where this stands.

    Waits asleep, without end unless ``timeout`` seconds pass without a trade. ``lost`` counts exactly what was
    overwritten before it was read; a jump in ``seq`` shows where. Goes on over restarts; where one made the plane's
    files anew, numbers begin at 1 again. Raises ``PlaneGone`` when the plane is away longer than ``restart_timeout``.

    Threads: one at a time, but ``close`` may be called by any.
    """

    def __init__(self, link: Link, handle: Handle, what: str, timeout: float | None) -> None:
        self.batches: Final = TradeBatches(link, handle, what, timeout)
        self._pending: deque[Trade] = deque()

    @property
    def lost(self) -> int:
        """How many trades were overwritten before they were read, in all."""
        return self.batches.lost

    @property
    def next_seq(self) -> int:
        """Number of the trade that comes next: keep it, and a later process goes on there with ``start=``."""
        return self._pending[0].seq if self._pending else self.batches.next_seq

    def read(self) -> list[Trade]:
        """The trades there are now, without waiting: empty if there is nothing new."""
        for batch in self.batches.read():
            self._pending.extend(map(Trade._make, batch.trades.tolist()))
        taken = list(self._pending)
        self._pending.clear()
        return taken

    def close(self) -> None:
        """Ends it. Once is enough, twice does no harm."""
        self.batches.close()
        self._pending.clear()

    def __next__(self) -> Trade:
        while not self._pending:
            self._pending.extend(map(Trade._make, next(self.batches).trades.tolist()))
        return self._pending.popleft()

    def __enter__(self) -> Trades:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
