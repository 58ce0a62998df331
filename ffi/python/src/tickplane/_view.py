"""The last rows of a series without a copy."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from . import _constants as c
from ._columns import kind
from ._library import Handle, error, library
from .errors import Closed, UnknownColumn

_TYPES: Final = {"f64": "<f8", "i64": "<i8", "u64": "<u8"}


class View:
    """Read-only arrays over the plane's own memory.

    The writer goes on while a view is held: compute inside the ``with`` block and use the result after it. Leaving the
    block raises ``Overwritten`` if a row changed meanwhile. An array may be kept longer: it keeps the memory mapped, but
    what it shows then is whatever the plane writes there.

    Threads: one view may be read by many. Values are only judged for the thread that leaves the block.
    """

    def __init__(self, handle: Handle, numbers: Mapping[str, int], what: str) -> None:
        self._handle: Handle | None = handle
        self._numbers = numbers
        self._what = what
        #: Row of the first value.
        self.first_row: int = library().tp_view_first_row(handle)
        self._count: int = library().tp_view_count(handle)

    def __getitem__(self, column: str) -> npt.NDArray[Any]:
        """The column's values in the view's rows, oldest first. Costs the same whatever their number."""
        handle = self._held()
        number = self._numbers.get(column)
        if number is None:
            raise UnknownColumn(f"{self._what} has no column {column!r}; it has {', '.join(self._numbers)}")
        of = kind(number)
        address = getattr(library(), f"tp_view_{of}")(handle, number)
        return np.asarray(_Values(handle, address, self._count, _TYPES[of]))

    def __len__(self) -> int:
        """Number of rows."""
        return self._count

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(self._numbers)

    def validate(self) -> bool:
        """Whether everything read so far was whole and in its place."""
        return bool(library().tp_view_validate(self._held()) == c.OK)

    def close(self) -> None:
        """Lets the view go; arrays that were taken from it stay readable. Once is enough, twice does no harm."""
        self._handle = None

    def __enter__(self) -> View:
        self._held()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        handle, self._handle = self._handle, None
        # What a block stumbled over may be what was overwritten; what ends the program is not.
        if handle is None or not (raised is None or isinstance(raised, Exception)):
            return
        status = library().tp_view_validate(handle)
        if status != c.OK:
            raise error(status, f"view of {self._what}") from raised

    def _held(self) -> Handle:
        if self._handle is None:
            raise Closed(f"view of {self._what} is closed")
        return self._handle


class _Values:
    """What an array is made from. The array keeps it, and it keeps the view: no array points into unmapped memory."""

    __slots__ = ("__array_interface__", "_handle")

    def __init__(self, handle: Handle, address: int, count: int, typestr: str) -> None:
        self._handle = handle
        read_only = True
        self.__array_interface__ = {"version": 3, "shape": (count,), "typestr": typestr, "data": (address, read_only)}
