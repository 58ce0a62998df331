"""The events of a plane: closes, revisions, streams and connections as they happen."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ctypes import byref, c_size_t, c_uint64, c_void_p, create_string_buffer, sizeof
from typing import Final, Literal

from . import _constants as c
from ._follower import Follower
from ._library import Handle, error, library, text_of
from ._link import Link, encoded
from ._structures import KEY_BYTES, EventRow, EventsOptions
from .records import Alert, CandleClose, CandleRevise, Event, Lifecycle, Lost, SeriesKey, Stream, Unknown

#: Events that are taken at once.
_BATCH: Final = 256

EventClass = type[CandleClose] | type[CandleRevise] | type[Lifecycle] | type[Stream] | type[Alert]

_KINDS: Final[dict[EventClass, int]] = {
    CandleClose: c.EVENT_CANDLE_CLOSE,
    CandleRevise: c.EVENT_CANDLE_REVISE,
    Lifecycle: c.EVENT_LIFECYCLE,
    Alert: c.EVENT_ALERT,
    Stream: c.EVENT_STREAM,
}


class Events(Follower[Event]):
    """Iterates over the events of a plane: in order within a thread of the plane, in no promised order between two.
    What an event speaks of was published before it. ``Lost`` stands where events were overwritten before they were read.
    """

    def __init__(
        self,
        link: Link,
        kinds: Iterable[EventClass],
        exchange: str | None,
        start: Literal["next", "oldest"],
        timeout: float | None,
    ) -> None:
        options = EventsOptions(struct_size=sizeof(EventsOptions))
        options.start = {"next": c.START_NEXT, "oldest": c.START_OLDEST}[start]
        options.kinds = sum({1 << _KINDS[kind] for kind in kinds})
        options.exchange = None if exchange is None else encoded(exchange)
        pointer = c_void_p()
        status = library().tp_follow_events(link.handle, byref(options), byref(pointer))
        what = f"events of plane {link.name!r}"
        if status != c.OK:
            raise error(status, what)
        super().__init__(link, Handle(pointer, library().tp_events_release), what, timeout)
        self._rows: Final = (EventRow * _BATCH)()
        # The texts of keys, by exchange, file, number and what kind of thing is numbered.
        self._keys: Final[dict[tuple[int, int, int, bool], str | None]] = {}

    def _take(self, handle: Handle) -> tuple[int, list[Event]]:
        count, lost = c_size_t(), c_uint64()
        status = library().tp_events_read(handle, _BATCH, self._rows, byref(count), byref(lost))
        if status not in (c.OK, c.EMOVED):
            raise error(status, self._what)
        taken: list[Event] = [Lost(lost.value)] if lost.value else []
        taken.extend(self._event(self._rows[at]) for at in range(count.value))
        return status, taken

    def _renew(self, handle: Handle) -> int:
        status = int(library().tp_events_renew(handle))
        if status == c.OK:
            # The next files may number their entries anew.
            self._keys.clear()
        return status

    def _lost(self, handle: Handle) -> int:
        return int(library().tp_events_lost(handle))

    def _event(self, row: EventRow) -> Event:
        make = _MAKERS.get(row.kind)
        event = make(self, row) if make else None
        return event or Unknown(row.kind, _exchange(row), row.row, row.detail, row.publish_ns)

    def _candle_close(self, row: EventRow) -> Event | None:
        key = self._series_of(row)
        return key and CandleClose(key, row.row, row.publish_ns)

    def _candle_revise(self, row: EventRow) -> Event | None:
        key = self._series_of(row)
        return key and CandleRevise(key, row.row, row.publish_ns)

    def _lifecycle(self, row: EventRow) -> Event | None:
        return Lifecycle(_exchange(row), _word(c.NAMES_CONNECTION_STATE, row.detail), row.publish_ns)

    def _alert(self, row: EventRow) -> Event | None:
        return Alert(_exchange(row), row.detail, row.publish_ns)

    def _stream(self, row: EventRow) -> Event | None:
        key = self._key_of(row)
        state = _word(c.NAMES_STREAM_STATE, row.detail)
        return Stream(_exchange(row), key.split(":")[2], state, row.publish_ns) if key else None

    def _series_of(self, row: EventRow) -> SeriesKey | None:
        key = self._key_of(row)
        return SeriesKey(*key.split(":")[1:]) if key else None

    def _key_of(self, row: EventRow) -> str | None:
        """None where the plane has nothing of that number any more."""
        place = (row.exchange, row.generation, row.entry, row.kind == c.EVENT_STREAM)
        if place not in self._keys:
            text = create_string_buffer(KEY_BYTES)
            status = library().tp_event_key(self._link.handle, byref(row), text, KEY_BYTES)
            self._keys[place] = text_of(text.value) if status == c.OK else None
        return self._keys[place]


_MAKERS: Final[dict[int, Callable[[Events, EventRow], Event | None]]] = {
    c.EVENT_CANDLE_CLOSE: Events._candle_close,
    c.EVENT_CANDLE_REVISE: Events._candle_revise,
    c.EVENT_LIFECYCLE: Events._lifecycle,
    c.EVENT_ALERT: Events._alert,
    c.EVENT_STREAM: Events._stream,
}


def _exchange(row: EventRow) -> str:
    return _word(c.NAMES_EXCHANGE, row.exchange)


def _word(names: int, number: int) -> str:
    """A number that this library has no word for stays a number."""
    word = library().tp_name(names, number) if number < 1 << 32 else None
    return text_of(word) if word else str(number)
