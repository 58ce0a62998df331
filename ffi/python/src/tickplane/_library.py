"""libtickplane: where it is found, and the types of its calls."""

from __future__ import annotations

import ctypes
import functools
import os
from collections.abc import Callable
from ctypes import POINTER, c_char_p, c_double, c_int32, c_size_t, c_uint32, c_uint64, c_void_p
from pathlib import Path
from typing import Any, Final

from . import _structures as s
from ._constants import ABI_VERSION
from .errors import LibraryNotFound, TickplaneError, of_status

#: Names the library's file; where it is set, nothing else is looked for.
VARIABLE: Final = "TICKPLANE_LIBRARY"
#: As the system's loader knows the library of this interface.
SONAME: Final = f"libtickplane.so.{ABI_VERSION}"

_size, _u32, _u64, _status, _text = c_size_t, c_uint32, c_uint64, c_int32, c_char_p
_handle = c_void_p
_handle_out = POINTER(c_void_p)
_rows = c_void_p
_size_out, _u64_out, _u32_out = POINTER(c_size_t), POINTER(c_uint64), POINTER(c_uint32)

#: Result and arguments of every call that is used; a test compares them with the header.
CALLS: Final[dict[str, tuple[Any, list[Any]]]] = {
    "tp_version": (_text, []),
    "tp_abi_version": (_u32, []),
    "tp_strerror": (_text, [_status]),
    "tp_strerror_name": (_text, [_status]),
    "tp_open_with": (_status, [POINTER(s.OpenOptions), _handle_out]),
    "tp_close": (None, [_handle]),
    "tp_changed": (_status, [_handle]),
    "tp_reattach": (_status, [_handle]),
    "tp_status": (_status, [_handle, POINTER(s.StatusRow)]),
    "tp_wait": (_status, [_handle, _u64_out, _u32]),
    "tp_keys": (_status, [_handle, POINTER(s.Filter), _handle_out]),
    "tp_keys_count": (_size, [_handle]),
    "tp_keys_at": (_text, [_handle, _size]),
    "tp_keys_release": (None, [_handle]),
    "tp_find": (_status, [_handle, _text, _handle_out]),
    "tp_series_release": (None, [_handle]),
    "tp_live": (_status, [_handle, POINTER(s.CandleRow), POINTER(s.LiveRow)]),
    "tp_live_values": (
        _status,
        [_handle, POINTER(s.CandleRow), POINTER(s.LiveRow), _size, POINTER(c_double), _size_out],
    ),
    "tp_column_count": (_size, [_handle]),
    "tp_column_name": (_text, [_handle, _u32]),
    "tp_column_seed_row": (_status, [_handle, _u32, _u64_out]),
    "tp_candles": (_status, [_handle, _size, _rows, _size_out, _u64_out]),
    "tp_rows": (_status, [_handle, _u64, _size, _rows, _size_out, _u64_out]),
    "tp_row_range": (_status, [_handle, _u64_out, _u64_out]),
    "tp_copy_f64": (_status, [_handle, _u32, _size, _rows, _size_out, _u64_out]),
    "tp_copy_i64": (_status, [_handle, _u32, _size, _rows, _size_out, _u64_out]),
    "tp_copy_u64": (_status, [_handle, _u32, _size, _rows, _size_out, _u64_out]),
    "tp_view": (_status, [_handle, _size, _handle_out]),
    "tp_view_first_row": (_u64, [_handle]),
    "tp_view_count": (_size, [_handle]),
    "tp_view_f64": (c_void_p, [_handle, _u32]),
    "tp_view_i64": (c_void_p, [_handle, _u32]),
    "tp_view_u64": (c_void_p, [_handle, _u32]),
    "tp_view_validate": (_status, [_handle]),
    "tp_view_release": (None, [_handle]),
    "tp_find_instrument": (_status, [_handle, _text, _handle_out]),
    "tp_instrument_release": (None, [_handle]),
    "tp_facts": (_status, [_handle, POINTER(s.FactsRow)]),
    "tp_quote": (_status, [_handle, POINTER(s.QuoteRow)]),
    "tp_follow_trades": (_status, [_handle, POINTER(s.TradesOptions), _handle_out]),
    "tp_trades_read": (_status, [_handle, _size, _rows, _size_out, _u64_out]),
    "tp_trades_renew": (_status, [_handle]),
    "tp_trades_next": (_u64, [_handle]),
    "tp_trades_lost": (_u64, [_handle]),
    "tp_trades_release": (None, [_handle]),
    "tp_follow_events": (_status, [_handle, POINTER(s.EventsOptions), _handle_out]),
    "tp_events_read": (_status, [_handle, _size, POINTER(s.EventRow), _size_out, _u64_out]),
    "tp_events_renew": (_status, [_handle]),
    "tp_events_lost": (_u64, [_handle]),
    "tp_events_release": (None, [_handle]),
    "tp_event_key": (_status, [_handle, POINTER(s.EventRow), c_void_p, _size]),
    "tp_name": (_text, [_u32, _u32]),
}


class Handle:
    """A pointer of the library, released once: when the last that holds it lets it go. A call holds its arguments."""

    __slots__ = ("__weakref__", "_as_parameter_", "_release")

    def __init__(self, pointer: c_void_p, release: Callable[[c_void_p], None]) -> None:
        self._as_parameter_ = pointer
        self._release = release

    def __del__(self) -> None:
        self._release(self._as_parameter_)


def error(status: int, what: str) -> TickplaneError:
    """The exception of a status."""
    return of_status(status, what, words(status))


def words(status: int) -> str:
    """What a status means and what to do about it."""
    return text_of(library().tp_strerror(status))


def text_of(raw: bytes | None) -> str:
    """A text of the library."""
    return (raw or b"").decode("utf-8", "replace")


def library_version() -> str:
    """Version of the libtickplane that is loaded."""
    return text_of(library().tp_version())


@functools.lru_cache(maxsize=1)
def library() -> ctypes.CDLL:
    """The library with the types of its calls, loaded at the first use."""
    loaded, place = _load()
    try:
        loaded.tp_abi_version.restype = c_uint32
        version = loaded.tp_abi_version()
        if version != ABI_VERSION:
            raise LibraryNotFound(
                f"{place} has interface {version}, this package is for {ABI_VERSION}: install both of one release"
            )
        for name, (result, arguments) in CALLS.items():
            call = getattr(loaded, name)
            call.restype, call.argtypes = result, arguments
    except AttributeError as missing:
        raise LibraryNotFound(f"{place} is not the libtickplane of this package's release: {missing}") from missing
    return loaded


def _load() -> tuple[ctypes.CDLL, str]:
    """By the variable alone where it is set; else beside this package, else as the system finds it."""
    named = os.environ.get(VARIABLE)
    if named:
        places = [named]
    else:
        beside = Path(__file__).parent / "libtickplane.so"
        places = [*([str(beside)] if beside.exists() else []), SONAME, "libtickplane.so"]
    reasons = []
    for place in places:
        try:
            return ctypes.CDLL(place), place
        except OSError as reason:
            reasons.append(str(reason))
    raise LibraryNotFound(
        f"libtickplane was not found ({'; '.join(reasons)}). Build it with `cargo build --release -p tickplane-ffi` and set "
        f"{VARIABLE} to target/release/libtickplane.so, or install it where the system's loader looks"
    )
