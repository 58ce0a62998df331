"""What a plane publishes, as Python values. Times are nanoseconds since 1970-01-01T00:00:00Z."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Final, Literal, NamedTuple, Union

import numpy.typing as npt

from . import _constants as c
from . import quality as _quality

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)


def moment(time_ns: int) -> datetime:
    """A time as a datetime in UTC, to the microsecond."""
    return _EPOCH + timedelta(microseconds=time_ns // 1000)


class SeriesKey(NamedTuple):
    """The candles of a symbol and timeframe at an exchange: ``plane[key]``."""

    exchange: str
    symbol: str
    timeframe: str

    def __str__(self) -> str:
        return f"candles:{self.exchange}:{self.symbol}:{self.timeframe}"


class Candle(NamedTuple):
    """One closed candle. In a gap prices are NaN and volumes 0."""

    open_time_ns: int
    open: float
    high: float
    low: float
    close: float
    #: Sum of quantities, in base currency.
    volume: float
    #: Sum of price times quantity, in quote currency.
    quote_volume: float
    #: The part of ``volume`` whose taker bought.
    taker_buy_volume: float
    trade_count: int
    #: What it is made of: ``quality_text``.
    quality: int
    #: Rows count intervals without a break.
    row: int

    @property
    def open_time(self) -> datetime:
        """When the interval opens, in UTC."""
        return moment(self.open_time_ns)

    @property
    def quality_text(self) -> str:
        """As ``final|gap=1200ms|revised=2``."""
        return _quality.text(self.quality)


class LiveCandle(NamedTuple):
    """The forming candle, whole: every row before its own is closed."""

    open_time_ns: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    quote_volume: float
    taker_buy_volume: float
    trade_count: int
    quality: int
    row: int
    #: Number of its publication: the same number is the same candle.
    seq: int
    #: Number of the newest trade it contains, 0 if none.
    trade_seq: int
    publish_ns: int

    @property
    def open_time(self) -> datetime:
        """When the interval opens, in UTC."""
        return moment(self.open_time_ns)

    @property
    def quality_text(self) -> str:
        """As ``final|gap=1200ms|revised=2``."""
        return _quality.text(self.quality)


class Quote(NamedTuple):
    """The best bid and offer; a jump in ``seq`` says how many quotes were not seen."""

    seq: int
    exchange_ns: int
    receive_ns: int
    publish_ns: int
    bid_price: float
    bid_quantity: float
    ask_price: float
    ask_quantity: float


class Trade(NamedTuple):
    """One trade. ``seq`` is dense: a jump says how many were lost."""

    seq: int
    exchange_ns: int
    receive_ns: int
    publish_ns: int
    price: float
    #: In base currency unless ``counts_contracts``.
    quantity: float
    id_high: int
    id_low: int
    flags: int
    id_form: int

    @property
    def side(self) -> Literal["buy", "sell"]:
        """What the taker did."""
        return "sell" if self.flags & c.TRADE_SELL else "buy"

    @property
    def id(self) -> int | str | None:
        """The exchange's id: a number, the text of a UUID or of a hash's first 128 bits, or none."""
        number = self.id_high << 64 | self.id_low
        if self.id_form == c.ID_NONE:
            return None
        if self.id_form == c.ID_UUID:
            return str(uuid.UUID(int=number))
        return f"{number:032x}" if self.id_form == c.ID_HASH else number

    @property
    def is_history(self) -> bool:
        """Sent by the exchange as history when the subscription began."""
        return bool(self.flags & c.TRADE_HISTORY)

    @property
    def is_backfilled(self) -> bool:
        """Fetched afterwards, to close a gap."""
        return bool(self.flags & c.TRADE_BACKFILLED)

    @property
    def is_aggregate(self) -> bool:
        """Several fills in one."""
        return bool(self.flags & c.TRADE_AGGREGATE)

    @property
    def is_derived(self) -> bool:
        """Derived from something else than a trade message."""
        return bool(self.flags & c.TRADE_DERIVED)

    @property
    def counts_contracts(self) -> bool:
        """The quantity counts contracts."""
        return bool(self.flags & c.TRADE_CONTRACTS)


class TradeBatch(NamedTuple):
    """Trades that came together, oldest first; ``lost`` were overwritten before them, exactly."""

    #: A structured array with the fields of ``Trade``.
    trades: npt.NDArray[Any]
    lost: int


class Facts(NamedTuple):
    """What an exchange says about an instrument, as of the start of the plane. A size that is not known is 0."""

    exchange: str
    #: As in keys: "BTC-USDT".
    symbol: str
    #: The exchange's own ticker: "BTCUSDT".
    venue_symbol: str
    product: Literal["spot", "perpetual", "inverse-perpetual", "dated", "unknown"]
    status: Literal["trading", "restricted", "closed", "unknown"]
    tick_size: float
    lot_size: float
    #: What one contract stands for: 1 for spot.
    contract_size: float
    #: Traded within 24 hours, in quote currency.
    quote_volume_24h: float


class Status(NamedTuple):
    """Signs of life of a plane's writer. A heartbeat more than three seconds old is of one that is stuck."""

    #: What the writer said last.
    state: Literal["new", "live", "closed", "replaced", "unknown"]
    #: Its process lives and has not said goodbye.
    alive: bool
    pid: int
    #: How many writers the plane has had.
    epoch: int
    opened_ns: int
    heartbeat_ns: int


@dataclass(frozen=True)
class CandleClose:
    """A candle closed: its row is readable."""

    key: SeriesKey
    row: int
    publish_ns: int


@dataclass(frozen=True)
class CandleRevise:
    """A closed candle was revised by trades that came late or were fetched."""

    key: SeriesKey
    row: int
    publish_ns: int


@dataclass(frozen=True)
class Lifecycle:
    """A connection of the exchange came or went."""

    exchange: str
    #: Such as "live" and "waiting".
    state: str
    publish_ns: int


@dataclass(frozen=True)
class Stream:
    """A stream of trades came, went, fell silent or died."""

    exchange: str
    symbol: str
    #: Such as "live" and "stale".
    state: str
    publish_ns: int


@dataclass(frozen=True)
class Alert:
    """An alert fired."""

    exchange: str
    detail: int
    publish_ns: int


@dataclass(frozen=True)
class Unknown:
    """An event of a kind, or about something, that this package cannot name."""

    kind: int
    exchange: str
    row: int
    detail: int
    publish_ns: int


@dataclass(frozen=True)
class Lost:
    """So many events were overwritten before they were read; they stood before what comes next."""

    count: int


Event = Union[CandleClose, CandleRevise, Lifecycle, Stream, Alert, Unknown, Lost]
