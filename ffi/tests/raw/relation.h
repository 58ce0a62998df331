// What the tests' writer writes: every word of a record follows from its number, so that a torn one shows.
#ifndef RELATION_H
#define RELATION_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "tickplane_raw.h"

#define KEY "candles:binance:BTC-USDT:1m"
#define ROWS 24

static inline void fail(const char *what, uint64_t number) {
    fprintf(stderr, "raw reader: %s (%" PRIu64 ")\n", what, number);
    exit(1);
}

static inline void must(int32_t status, const char *what) {
    if (status == TPR_OK) return;
    fprintf(stderr, "raw reader: %s: %s\n", what, tpr_strerror(status));
    exit(1);
}

static inline int same(double a, double b) { return a <= b && a >= b; }

// Revision v of row r: x = 8 r + v, and every value a distance from it.
static inline void check_candle(uint64_t row, const tpr_candle_t *c) {
    const double x = (double)(row * 8 + c->trade_count);
    if (c->open_time_ns != (int64_t)(row * 60000000000)) fail("open_time_ns of another row", row);
    if (c->trade_count >= 8 || c->quality != ~c->trade_count) fail("a torn count or quality", row);
    if (!same(c->open, x + 1) || !same(c->high, x + 2) || !same(c->low, x + 3) || !same(c->close, x + 4) ||
        !same(c->volume, x + 5) || !same(c->quote_volume, x + 6) || !same(c->taker_buy_volume, x + 7))
        fail("values of different revisions", row);
}

static inline void check_values(uint64_t row, uint64_t revision, double first, double second) {
    const double x = (double)(row * 8 + revision);
    if (!same(first, x) || !same(second, -x)) fail("indicator values of another row or revision", row);
}

static inline void check_trade(const tpr_trade_t *t) {
    const uint64_t n = t->seq;
    if (t->exchange_ns != (int64_t)n || t->receive_ns != (int64_t)n + 1000 ||
        t->publish_ns != t->receive_ns + (int64_t)(n % 1000) || !same(t->price, (double)n + 0.5) ||
        !same(t->quantity, (double)n * 2) || t->id_high != n || t->id_low != ~n || t->flags != n % 2 ||
        t->id_form != TPR_ID_NUMBER)
        fail("a torn trade", n);
}

static inline void check_quote(const tpr_quote_t *q) {
    const int64_t n = q->exchange_ns;
    const double x = (double)n;
    if (q->receive_ns != n + 1 || q->publish_ns != n + 2 || !same(q->bid_price, x) || !same(q->bid_quantity, x + 1) ||
        !same(q->ask_price, x + 2) || !same(q->ask_quantity, x + 3))
        fail("a torn quote", (uint64_t)n);
}

static inline void check_event(const tpr_event_t *e) {
    if (e->detail != ~e->row || e->kind != TPR_EVENT_CLOSE || e->exchange != 1) fail("a torn event", e->row);
}

#endif
