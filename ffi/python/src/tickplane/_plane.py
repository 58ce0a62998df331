"""A plane that is open for reading: where everything else is taken from."""

from __future__ import annotations

import os
from collections.abc import Iterable
from ctypes import byref, c_void_p, sizeof
from types import TracebackType
from typing import Final, Literal

from . import _constants as c
from ._events import EventClass, Events
from ._instrument import Instrument
from ._library import Handle, error, library, text_of
from ._link import Link, encoded, lives
from ._series import Series
from ._structures import Filter
from ._trades import Trades
from .errors import Closed, InvalidName
from .records import Quote, SeriesKey, Status

_STATES: Final[dict[int, Literal["new", "live", "closed", "replaced"]]] = {
    c.STATE_NEW: "new",
    c.STATE_LIVE: "live",
    c.STATE_CLOSED: "closed",
    c.STATE_REPLACED: "replaced",
}


class Plane:
    """A plane; open one with ``tickplane.open``.

    Nothing is registered with the plane, and its writer never waits for a reader. A plane that ends leaves everything
    readable. Its successor is attached by itself: reads and followers go on.

    Threads: any, also at the same time.
    """

    def __init__(self, link: Link) -> None:
        self._link: Link | None = link
        self._series: Final[dict[SeriesKey, Series]] = {}
        self._instruments: Final[dict[tuple[str, str], Instrument]] = {}

    def __getitem__(self, key: tuple[str, str, str] | str) -> Series:
        """A series: ``plane["binance", "BTC-USDT", "1m"]`` or ``plane["candles:binance:BTC-USDT:1m"]``.

        Raises ``UnknownKey`` where the plane has no such series.
        """
        wanted = _key(key)
        link = self._attached()
        found = self._series.get(wanted)
        if found is None:
            found = self._series.setdefault(wanted, Series(link, wanted))
        return found

    def series(self, pattern: str | None = None, *, exchange: str | None = None) -> list[SeriesKey]:
        """Keys of the series there are, by exchange. ``*`` in the pattern stands for any run of characters of
        ``EXCHANGE:SYMBOL:TIMEFRAME``; without one it is what a key contains."""
        if pattern and "*" in pattern and not pattern.startswith(("*", "candles:")):
            pattern = f"candles:{pattern}"
        return [_key(text) for text in self.keys(pattern, exchange=exchange, kinds=c.KEY_CANDLES)]

    def keys(self, pattern: str | None = None, *, exchange: str | None = None, kinds: int = 0) -> list[str]:
        """Texts of all keys there are, as ``tickplane ls`` lists them: candles, indicators, trades and quotes."""
        wanted = Filter(struct_size=sizeof(Filter), kinds=kinds)
        wanted.exchange = None if exchange is None else encoded(exchange)
        wanted.pattern = None if pattern is None else encoded(pattern)
        link = self._attached()
        link.look()
        pointer = c_void_p()
        status = library().tp_keys(link.handle, byref(wanted), byref(pointer))
        if status != c.OK:
            raise error(status, f"plane {link.name!r}")
        keys = Handle(pointer, library().tp_keys_release)
        return [text_of(library().tp_keys_at(keys, at)) for at in range(library().tp_keys_count(keys))]

    def instrument(self, exchange: str, symbol: str) -> Instrument:
        """An instrument. Raises ``UnknownKey`` where the plane has no such."""
        link = self._attached()
        found = self._instruments.get((exchange, symbol))
        if found is None:
            found = self._instruments.setdefault((exchange, symbol), Instrument(link, exchange, symbol))
        return found

    def quote(self, exchange: str, symbol: str) -> Quote:
        """The last quote of an instrument. Raises ``Empty`` before the first."""
        return self.instrument(exchange, symbol).quote

    def trades(
        self,
        exchange: str,
        symbol: str,
        *,
        start: Literal["next", "oldest"] | int = "next",
        timeout: float | None = None,
    ) -> Trades:
        """Follows the trades of an instrument: see ``Instrument.trades``."""
        return self.instrument(exchange, symbol).trades(start=start, timeout=timeout)

    def events(
        self,
        *kinds: EventClass,
        exchange: str | None = None,
        start: Literal["next", "oldest"] = "next",
        timeout: float | None = None,
    ) -> Events:
        """Follows events: all, or those of some kinds such as ``tickplane.CandleClose``, of one exchange or of all.

        Iterating waits asleep. It ends when ``timeout`` seconds pass without an event.
        """
        return Events(self._attached(), kinds, exchange, start, timeout)

    def status(self) -> Status:
        """Whether the plane's writer lives, and since when."""
        link = self._attached()
        link.look()
        row = link.status()
        return Status(
            state=_STATES.get(row.state, "unknown"),
            alive=lives(row),
            pid=row.pid,
            epoch=row.epoch,
            opened_ns=row.opened_ns,
            heartbeat_ns=row.heartbeat_ns,
        )

    def close(self) -> None:
        """Closes it. Series, views and followers that were taken from it stay usable. Twice does no harm."""
        self._link = None
        self._series.clear()
        self._instruments.clear()

    def __enter__(self) -> Plane:
        self._attached()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<tickplane {self._link.name if self._link else 'closed'}>"

    def _attached(self) -> Link:
        if self._link is None:
            raise Closed("the plane is closed; open it again with tickplane.open()")
        return self._link


def open(
    instance: str = "default", root: str | os.PathLike[str] | None = None, *, restart_timeout: float = 30.0
) -> Plane:
    """Attaches to a plane, whether its writer lives or not.

    ``root`` is the folder of the instances, /dev/shm/tickplane unless told otherwise. ``restart_timeout`` is for how many
    seconds a plane may be away before reads and followers that need it raise ``PlaneGone``.

    Raises ``LibraryNotFound``, ``PlaneNotFound``, ``PlaneUnreadable`` or ``InvalidName``.
    """
    return Plane(Link(instance, None if root is None else os.fspath(root), restart_timeout))


def _key(key: tuple[str, str, str] | str) -> SeriesKey:
    parts = key.split(":") if isinstance(key, str) else ["candles", *key]
    if len(parts) != 4 or parts[0] != "candles":
        raise InvalidName(f"{key!r} is no series; write plane['binance', 'BTC-USDT', '1m'] or 'candles:binance:BTC-USDT:1m'")
    return SeriesKey(*parts[1:])
