"""Live candles, indicators, quotes, trades and events from a tickplane's shared memory.

>>> import tickplane
>>> plane = tickplane.open()
>>> series = plane["binance", "BTC-USDT", "1m"]
>>> series["close"], series["rsi_14"], series.live.close
>>> for candle in series.follow(last=1):
...     print(candle)
"""

from . import quality
from ._events import Events
from ._instrument import Instrument
from ._library import library_version
from ._plane import Plane, open
from ._series import Series
from ._trades import TradeBatches, Trades
from ._view import View
from .errors import (
    Busy,
    Closed,
    Empty,
    InvalidName,
    LibraryNotFound,
    NoSuchTrade,
    Overwritten,
    PlaneGone,
    PlaneNotFound,
    PlaneUnreadable,
    TickplaneError,
    UnknownColumn,
    UnknownKey,
)
from .records import (
    Alert,
    Candle,
    CandleClose,
    CandleRevise,
    Event,
    Facts,
    Lifecycle,
    LiveCandle,
    Lost,
    Quote,
    SeriesKey,
    Status,
    Stream,
    Trade,
    TradeBatch,
    Unknown,
    moment,
)

__version__ = "0.1.0"

__all__ = [
    "Alert",
    "Busy",
    "Candle",
    "CandleClose",
    "CandleRevise",
    "Closed",
    "Empty",
    "Event",
    "Events",
    "Facts",
    "Instrument",
    "InvalidName",
    "LibraryNotFound",
    "Lifecycle",
    "LiveCandle",
    "Lost",
    "NoSuchTrade",
    "Overwritten",
    "Plane",
    "PlaneGone",
    "PlaneNotFound",
    "PlaneUnreadable",
    "Quote",
    "Series",
    "SeriesKey",
    "Status",
    "Stream",
    "TickplaneError",
    "Trade",
    "TradeBatch",
    "TradeBatches",
    "Trades",
    "Unknown",
    "UnknownColumn",
    "UnknownKey",
    "View",
    "library_version",
    "moment",
    "open",
    "quality",
]
