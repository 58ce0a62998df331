"""The columns of a series: their numbers, names and types."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np

from . import _constants as c

Kind = Literal["f64", "i64", "u64"]

DTYPES: Final[dict[Kind, type[np.generic]]] = {"f64": np.float64, "i64": np.int64, "u64": np.uint64}


def kind(number: int) -> Kind:
    """What the values of a column are: indicators, prices and volumes are all ``f64``."""
    if number == c.COLUMN_OPEN_TIME_NS:
        return "i64"
    return "u64" if number in (c.COLUMN_TRADE_COUNT, c.COLUMN_QUALITY) else "f64"
