"""The candles of one symbol and timeframe, with their indicators."""

from __future__ import annotations

import time
from collections.abc import Iterator
from ctypes import byref, c_double, c_size_t, c_uint64, c_void_p
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from . import _constants as c
from . import quality as _quality
from ._columns import DTYPES, kind
from ._library import Handle, library, text_of
from ._link import BUSY_MAX, Link, Place, Waiter, encoded
from ._structures import CANDLE_DTYPE, CandleRow, LiveRow
from ._view import View
from .errors import Busy, Empty, Overwritten, UnknownColumn
from .records import Candle, LiveCandle, SeriesKey

if TYPE_CHECKING:
    import pandas

#: Rows that are taken at once while following.
_BATCH: Final = 256
#: Before every time.
_EVER_NS: Final = -(1 << 63)


class _Found(NamedTuple):
    """The library's series and the numbers of its columns, which may be others once it moved."""

    handle: Handle
    numbers: dict[str, int]


class Series:
    """The closed candles of a series, its live candle and its indicators.

    Threads: any, also at the same time. Every read is whole; none waits for the writer. A read during a restart waits
    for the plane at most ``restart_timeout``.
    """

    def __init__(self, link: Link, key: SeriesKey) -> None:
        self.key: Final = key
        self._place: Final = Place(link, str(key), lambda: _find(link, key))

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns: the candle's ten, then the indicators' outputs such as ``rsi_14``."""
        return tuple(self._place.read(lambda found: (_moved(found), found)).numbers)

    def __getitem__(self, column: str) -> npt.NDArray[Any]:
        """A validated copy of a column in all closed rows that are kept, oldest first."""
        return self.copy(column)

    def copy(self, column: str, n: int | None = None) -> npt.NDArray[Any]:
        """A validated copy of a column in the last ``n`` closed rows, or as many as there are."""
        return self._copy(column, n)[0]

    def view(self, n: int | None = None) -> View:
        """The last ``n`` closed rows, or as many as there are, without a copy: for a ``with`` statement.

        Raises ``Empty`` without a closed row, and ``Busy`` while one is being revised.
        """

        def attempt(found: _Found) -> tuple[int, tuple[c_void_p, dict[str, int]]]:
            pointer = c_void_p()
            status, size = _size(found, n)
            if status == c.OK:
                status = library().tp_view(found.handle, max(size, 1), byref(pointer))
            return status, (pointer, found.numbers)

        pointer, numbers = self._place.read(attempt)
        return View(Handle(pointer, library().tp_view_release), numbers, str(self.key))

    def table(self, n: int | None = None) -> dict[str, npt.NDArray[Any]]:
        """Copies of all columns in the last ``n`` closed rows, all of one moment."""
        for _ in range(BUSY_MAX):
            try:
                with self.view(n) as view:
                    table = {name: view[name].copy() for name in view.columns}
                return table
            except Overwritten:
                continue
            except (Busy, Empty):
                # A row whose writer died while revising it is only to be had by copies.
                break
        return self._table_of_copies(n)

    def frame(self, n: int | None = None, *, quality_text: bool = False) -> pandas.DataFrame:
        """``table`` as a pandas DataFrame whose index ``open_time`` is in UTC.

        ``quality_text`` gives ``final|gap=1200ms`` instead of the number.
        """
        import pandas

        table = self.table(n)
        index = pandas.DatetimeIndex(table.pop("open_time_ns").view("M8[ns]"), name="open_time").tz_localize("UTC")
        frame = pandas.DataFrame(table, index=index)
        if quality_text:
            frame["quality"] = [_quality.text(word) for word in table["quality"].tolist()]
        return frame

    def candles(self, n: int | None = None) -> npt.NDArray[Any]:
        """The last ``n`` closed candles as one structured array with the candle's ten fields, oldest first."""
        return self._candles(n)[0]

    @property
    def last(self) -> Candle:
        """The last closed candle. Raises ``Empty`` before the first."""
        candles, first_row = self._candles(1)
        if not len(candles):
            raise Empty(f"{self.key}: nothing has been published yet")
        return Candle._make((*candles[0].tolist(), first_row))

    @property
    def live(self) -> LiveCandle:
        """The forming candle. Raises ``Empty`` before the first."""
        return self._place.read(_live)

    @property
    def live_indicators(self) -> dict[str, float]:
        """The provisional value of every indicator; NaN where it is not defined yet."""
        return self.live_with_indicators()[1]

    def live_with_indicators(self) -> tuple[LiveCandle, dict[str, float]]:
        """The forming candle and its indicators, all of one publication."""
        return self._place.read(_live_values)

    def seed_row(self, column: str) -> int | None:
        """The first row from which an indicator's values are settled; None if there is none yet, and for the candle's
        own columns."""

        def attempt(found: _Found) -> tuple[int, int]:
            row, number = c_uint64(), self._number(found, column)
            if number is None or number < c.CANDLE_COLUMNS:
                return _moved(found), c.ROW_NONE
            return library().tp_column_seed_row(found.handle, number, byref(row)), row.value

        row = self._place.read(attempt)
        return None if row == c.ROW_NONE else row

    @property
    def rows(self) -> range:
        """The rows that are closed and kept."""

        def attempt(found: _Found) -> tuple[int, range]:
            first, head = c_uint64(), c_uint64()
            status = library().tp_row_range(found.handle, byref(first), byref(head))
            return status, range(first.value, head.value)

        return self._place.read(attempt)

    def follow(self, *, last: int = 0, timeout: float | None = None) -> Iterator[Candle]:
        """The last ``last`` closed candles and then each that closes, without end, none twice.

        Waits asleep. Ends when nothing closed for ``timeout`` seconds. A jump in ``row`` says that rows were overwritten
        before they were read. Goes on over a restart of the plane, by open time where its rows are numbered anew.
        """
        times, first_row = self._copy("open_time_ns", None)
        row = first_row + max(len(times) - last, 0)
        # Before it nothing is wanted, whatever its rows' numbers are by then.
        newest_ns = int(times[row - first_row - 1]) if row > first_row else _EVER_NS
        return self._follow(row, newest_ns, timeout)

    def _follow(self, row: int, newest_ns: int, timeout: float | None) -> Iterator[Candle]:
        waiter, found, quiet_at = Waiter(self._place.link), self._place.found, _after(timeout)
        while True:
            candles, first_row = self._rows(row)
            if self._place.found is not found:
                # Found anew: it may count its rows anew.
                found, row = self._place.found, self._row_after(newest_ns)
                continue
            for at, values in enumerate(candles.tolist()):
                candle = Candle._make((*values, first_row + at))
                row, newest_ns = candle.row + 1, candle.open_time_ns
                yield candle
                quiet_at = _after(timeout)
            if not len(candles) and not waiter.wait(quiet_at):
                return

    def _rows(self, row: int) -> tuple[npt.NDArray[Any], int]:
        """The closed candles from a row on, at most a batch."""
        candles = np.empty(_BATCH, CANDLE_DTYPE)
        address = _address(candles)

        def attempt(found: _Found) -> tuple[int, tuple[int, int]]:
            count, first = c_size_t(), c_uint64()
            status = library().tp_rows(found.handle, row, _BATCH, address, byref(count), byref(first))
            return c.OK if status == c.EEMPTY else status, (count.value, first.value)

        count, first_row = self._place.read(attempt)
        return candles[:count], first_row

    def _row_after(self, time_ns: int) -> int:
        """The first kept row that opens after a time."""
        times, first_row = self._copy("open_time_ns", None)
        return first_row + int(np.searchsorted(times, time_ns, side="right"))

    def _copy(self, column: str, n: int | None) -> tuple[npt.NDArray[Any], int]:
        def attempt(found: _Found) -> tuple[int, tuple[npt.NDArray[Any], int]]:
            number = self._number(found, column)
            count, first = c_size_t(), c_uint64()
            of = kind(number or 0)
            status, size = (_moved(found), 0) if number is None else _size(found, n)
            values = np.empty(size, DTYPES[of])
            if status == c.OK and size:
                call = getattr(library(), f"tp_copy_{of}")
                status = call(found.handle, number, size, _address(values), byref(count), byref(first))
            return status, (values[: count.value], first.value)

        return self._place.read(attempt)

    def _candles(self, n: int | None) -> tuple[npt.NDArray[Any], int]:
        def attempt(found: _Found) -> tuple[int, tuple[npt.NDArray[Any], int]]:
            status, size = _size(found, n)
            candles, count, first = np.empty(size, CANDLE_DTYPE), c_size_t(), c_uint64()
            if status == c.OK and size:
                status = library().tp_candles(found.handle, size, _address(candles), byref(count), byref(first))
            return status, (candles[: count.value], first.value)

        return self._place.read(attempt)

    def _table_of_copies(self, n: int | None) -> dict[str, npt.NDArray[Any]]:
        """Each column validated for itself, taken again until all have the same rows and nothing was revised."""
        while True:
            before, first_row = self._copy("quality", n)
            copies = {name: self._copy(name, n) for name in self.columns}
            after, row_after = self._copy("quality", n)
            same_rows = all(row == first_row and len(values) == len(before) for values, row in copies.values())
            if same_rows and row_after == first_row and np.array_equal(before, after):
                return {name: values for name, (values, _) in copies.items()}

    def _number(self, found: _Found, column: str) -> int | None:
        """None where the column may exist since the series moved."""
        number = found.numbers.get(column)
        if number is None and _moved(found) == c.OK:
            raise UnknownColumn(f"{self.key} has no column {column!r}; it has {', '.join(found.numbers)}")
        return number

    def __repr__(self) -> str:
        return f"<tickplane series {self.key}>"


def _find(link: Link, key: SeriesKey) -> tuple[int, _Found | None]:
    pointer = c_void_p()
    status = library().tp_find(link.handle, encoded(str(key)), byref(pointer))
    if status != c.OK:
        return status, None
    handle = Handle(pointer, library().tp_series_release)
    names = (library().tp_column_name(handle, at) for at in range(library().tp_column_count(handle)))
    return status, _Found(handle, {text_of(name): at for at, name in enumerate(names)})


def _moved(found: _Found) -> int:
    """Whether the series is still where it was found."""
    first, head = c_uint64(), c_uint64()
    return int(library().tp_row_range(found.handle, byref(first), byref(head)))


def _size(found: _Found, n: int | None) -> tuple[int, int]:
    """How many rows to make room for: what is asked, but no more than there are."""
    if n is not None and n <= 0:
        raise ValueError(f"n is {n}; it counts rows from 1")
    first, head = c_uint64(), c_uint64()
    status = library().tp_row_range(found.handle, byref(first), byref(head))
    kept = head.value - first.value
    return status, kept if n is None else min(n, kept)


def _address(values: npt.NDArray[Any]) -> int:
    return int(values.__array_interface__["data"][0])


def _live(found: _Found) -> tuple[int, LiveCandle]:
    candle, head = CandleRow(), LiveRow()
    status = library().tp_live(found.handle, byref(candle), byref(head))
    return status, _live_candle(candle, head)


def _live_values(found: _Found) -> tuple[int, tuple[LiveCandle, dict[str, float]]]:
    names = list(found.numbers)[c.CANDLE_COLUMNS :]
    candle, head, values, count = CandleRow(), LiveRow(), (c_double * len(names))(), c_size_t()
    status = library().tp_live_values(
        found.handle, byref(candle), byref(head), len(names), values, byref(count)
    )
    return status, (_live_candle(candle, head), dict(zip(names, values[: count.value])))


def _live_candle(candle: CandleRow, head: LiveRow) -> LiveCandle:
    return LiveCandle(
        candle.open_time_ns,
        candle.open,
        candle.high,
        candle.low,
        candle.close,
        candle.volume,
        candle.quote_volume,
        candle.taker_buy_volume,
        candle.trade_count,
        candle.quality,
        head.row,
        head.seq,
        head.trade_seq,
        head.publish_ns,
    )


def _after(timeout: float | None) -> float | None:
    return None if timeout is None else time.monotonic() + timeout
