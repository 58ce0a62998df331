"""The structures of tickplane.h, field by field; a test compares them with the header."""

from __future__ import annotations

from ctypes import Structure, c_char, c_char_p, c_double, c_int64, c_size_t, c_uint16, c_uint32, c_uint64
from typing import Any

import numpy as np

SYMBOL_BYTES = 72
KEY_BYTES = 192


class OpenOptions(Structure):
    _fields_ = [("struct_size", c_size_t), ("root", c_char_p), ("instance", c_char_p)]


class Filter(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("kinds", c_uint32),
        ("reserved", c_uint32),
        ("exchange", c_char_p),
        ("pattern", c_char_p),
    ]


class TradesOptions(Structure):
    _fields_ = [("struct_size", c_size_t), ("start", c_uint32), ("reserved", c_uint32), ("seq", c_uint64)]


class EventsOptions(Structure):
    _fields_ = [("struct_size", c_size_t), ("start", c_uint32), ("kinds", c_uint32), ("exchange", c_char_p)]


class StatusRow(Structure):
    _fields_ = [
        ("state", c_uint32),
        ("alive", c_uint32),
        ("pid", c_uint32),
        ("known", c_uint32),
        ("epoch", c_uint64),
        ("opened_ns", c_int64),
        ("heartbeat_ns", c_int64),
    ]


class CandleRow(Structure):
    _fields_ = [
        ("open_time_ns", c_int64),
        ("open", c_double),
        ("high", c_double),
        ("low", c_double),
        ("close", c_double),
        ("volume", c_double),
        ("quote_volume", c_double),
        ("taker_buy_volume", c_double),
        ("trade_count", c_uint64),
        ("quality", c_uint64),
    ]


class LiveRow(Structure):
    _fields_ = [("seq", c_uint64), ("row", c_uint64), ("trade_seq", c_uint64), ("publish_ns", c_int64)]


class FactsRow(Structure):
    _fields_ = [
        ("tick_size", c_double),
        ("lot_size", c_double),
        ("contract_size", c_double),
        ("quote_volume_24h", c_double),
        ("exchange", c_uint32),
        ("product", c_uint32),
        ("status", c_uint32),
        ("reserved", c_uint32),
        ("symbol", c_char * SYMBOL_BYTES),
        ("venue_symbol", c_char * SYMBOL_BYTES),
    ]


class QuoteRow(Structure):
    _fields_ = [
        ("seq", c_uint64),
        ("exchange_ns", c_int64),
        ("receive_ns", c_int64),
        ("publish_ns", c_int64),
        ("bid_price", c_double),
        ("bid_quantity", c_double),
        ("ask_price", c_double),
        ("ask_quantity", c_double),
    ]


class TradeRow(Structure):
    _fields_ = [
        ("seq", c_uint64),
        ("exchange_ns", c_int64),
        ("receive_ns", c_int64),
        ("publish_ns", c_int64),
        ("price", c_double),
        ("quantity", c_double),
        ("id_high", c_uint64),
        ("id_low", c_uint64),
        ("flags", c_uint32),
        ("id_form", c_uint32),
    ]


class EventRow(Structure):
    _fields_ = [
        ("seq", c_uint64),
        ("publish_ns", c_int64),
        ("row", c_uint64),
        ("detail", c_uint64),
        ("kind", c_uint32),
        ("exchange", c_uint16),
        ("generation", c_uint16),
        ("entry", c_uint32),
        ("ring", c_uint32),
    ]


#: Each structure by its name in the header.
STRUCTURES: dict[str, type[Structure]] = {
    "tp_open_options_t": OpenOptions,
    "tp_filter_t": Filter,
    "tp_trades_options_t": TradesOptions,
    "tp_events_options_t": EventsOptions,
    "tp_status_t": StatusRow,
    "tp_candle_t": CandleRow,
    "tp_live_t": LiveRow,
    "tp_facts_t": FactsRow,
    "tp_quote_t": QuoteRow,
    "tp_trade_t": TradeRow,
    "tp_event_t": EventRow,
}

#: Rows of candles and trades as numpy sees them.
CANDLE_DTYPE: np.dtype[Any] = np.dtype(CandleRow)
TRADE_DTYPE: np.dtype[Any] = np.dtype(TradeRow)
