"""The quality word: what a candle says about itself."""

from __future__ import annotations

from typing import Final

from . import _constants as c

_NAMES: Final = (
    (c.QUALITY_FINAL, "final"),
    (c.QUALITY_PARTIAL, "partial"),
    (c.QUALITY_SYNTHETIC, "synthetic"),
    (c.QUALITY_BACKFILLED, "backfilled"),
    (c.QUALITY_VENUE, "venue"),
    (c.QUALITY_MARKET_CLOSED, "market-closed"),
    (c.QUALITY_DERIVED, "derived"),
)


def text(quality: int) -> str:
    """As ``tickplane tail`` prints it: ``final|gap=1200ms|revised=2``; ``open`` when nothing is set."""
    parts = [name for bit, name in _NAMES if quality & bit]
    if gap := gap_ms(quality):
        parts.append(f"gap={gap}ms")
    if count := revisions(quality):
        parts.append(f"revised={count}")
    return "|".join(parts) or "open"


def gap_ms(quality: int) -> int:
    """How long the feed was interrupted inside the interval, in milliseconds."""
    return int(quality) >> c.QUALITY_GAP_MS_SHIFT


def revisions(quality: int) -> int:
    """How often the candle was revised after it was final."""
    return int(quality) >> c.QUALITY_REVISIONS_SHIFT & 0xFFFF
