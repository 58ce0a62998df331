"""One instrument of an exchange: its quote, its trades, and what the exchange says about it."""

from __future__ import annotations

from ctypes import byref, c_void_p, sizeof
from typing import Final, Literal

from . import _constants as c
from ._library import Handle, library, text_of
from ._link import Link, Place, encoded
from ._structures import FactsRow, QuoteRow, TradesOptions
from ._trades import Trades
from .records import Facts, Quote

_PRODUCTS: Final[dict[int, Literal["spot", "perpetual", "inverse-perpetual", "dated"]]] = {
    c.PRODUCT_SPOT: "spot",
    c.PRODUCT_PERPETUAL: "perpetual",
    c.PRODUCT_INVERSE_PERPETUAL: "inverse-perpetual",
    c.PRODUCT_DATED: "dated",
}
_STATUSES: Final[dict[int, Literal["trading", "restricted", "closed"]]] = {
    c.TRADING: "trading",
    c.RESTRICTED: "restricted",
    c.CLOSED: "closed",
}


class Instrument:
    """One instrument. Threads: any, also at the same time."""

    def __init__(self, link: Link, exchange: str, symbol: str) -> None:
        self.exchange: Final = exchange
        self.symbol: Final = symbol
        self._link: Final = link
        key = f"trades:{exchange}:{symbol}"
        self._place: Final = Place(link, key, lambda: _find(link, key))

    @property
    def quote(self) -> Quote:
        """The last quote, whole. Raises ``Empty`` before the first."""
        return self._place.read(_quote)

    @property
    def facts(self) -> Facts:
        """What the exchange says about it. Raises ``Empty`` where that is not known."""
        return self._place.read(_facts)

    def trades(self, *, start: Literal["next", "oldest"] | int = "next", timeout: float | None = None) -> Trades:
        """Follows its trades: from the next one on, from the oldest that is kept, or from a number.

        Raises ``NoSuchTrade`` for a number that the plane has not come to.
        """
        options = TradesOptions(struct_size=sizeof(TradesOptions))
        if isinstance(start, int):
            options.start, options.seq = c.START_SEQ, start
        else:
            options.start = {"next": c.START_NEXT, "oldest": c.START_OLDEST}[start]

        def attempt(handle: Handle) -> tuple[int, c_void_p]:
            pointer = c_void_p()
            return library().tp_follow_trades(handle, byref(options), byref(pointer)), pointer

        handle = Handle(self._place.read(attempt), library().tp_trades_release)
        return Trades(self._link, handle, self._place.what, timeout)

    def __repr__(self) -> str:
        return f"<tickplane instrument {self.exchange}:{self.symbol}>"


def _find(link: Link, key: str) -> tuple[int, Handle | None]:
    pointer = c_void_p()
    status = library().tp_find_instrument(link.handle, encoded(key), byref(pointer))
    return status, Handle(pointer, library().tp_instrument_release) if status == c.OK else None


def _quote(handle: Handle) -> tuple[int, Quote]:
    row = QuoteRow()
    status = library().tp_quote(handle, byref(row))
    return status, Quote(*(getattr(row, field) for field in Quote._fields))


def _facts(handle: Handle) -> tuple[int, Facts]:
    row = FactsRow()
    status = library().tp_facts(handle, byref(row))
    return status, Facts(
        exchange=text_of(library().tp_name(c.NAMES_EXCHANGE, row.exchange)),
        symbol=text_of(row.symbol),
        venue_symbol=text_of(row.venue_symbol),
        product=_PRODUCTS.get(row.product, "unknown"),
        status=_STATUSES.get(row.status, "unknown"),
        tick_size=row.tick_size,
        lot_size=row.lot_size,
        contract_size=row.contract_size,
        quote_volume_24h=row.quote_volume_24h,
    )
