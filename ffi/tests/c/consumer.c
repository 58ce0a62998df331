// Reads a hot series in every way the library offers and checks that nothing accepted was torn:
// consumer ROOT INSTANCE KEY ROUNDS. Every value of row r is a function of r and of the row's revision.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tickplane.h"

#define ROWS 24

static void fail(const char *what, uint64_t row) {
    fprintf(stderr, "consumer: %s (row %" PRIu64 ")\n", what, row);
    exit(1);
}

static void must(int32_t status, const char *what) {
    if (status != TP_OK) {
        fprintf(stderr, "consumer: %s: %s\n", what, tp_strerror(status));
        exit(1);
    }
}

static int same(double a, double b) { return a <= b && a >= b; }

static void check(uint64_t row, const tp_candle_t *c) {
    const double x = (double)row, revision = c->open - (x + 1.0);
    if (c->open_time_ns != (int64_t)row * 60000000000) fail("open_time_ns of another row", row);
    if (!same(c->high, x + 2.0 + revision) || !same(c->low, x + 3.0 + revision) ||
        !same(c->close, x + 4.0 + revision) || !same(c->volume, x + 5.0 + revision) ||
        !same(c->quote_volume, x + 6.0 + revision) || !same(c->taker_buy_volume, x + 7.0 + revision))
        fail("values of different revisions", row);
    if (c->trade_count != row) fail("trade_count of another row", row);
}

// Column by column, as a strategy does: a revision in between leaves values of two revisions in one row.
static int read_view(tp_view_t *view, uint32_t rsi) {
    double f64[7][ROWS], values[ROWS];
    tp_candle_t rows[ROWS];
    const uint64_t first = tp_view_first_row(view);
    const size_t count = tp_view_count(view);
    if (count == 0 || count > ROWS) fail("a view of a wrong length", first);
    for (uint32_t column = 0; column < 7; column++)
        memcpy(f64[column], tp_view_f64(view, TP_COLUMN_OPEN + column), count * sizeof(double));
    memcpy(values, tp_view_f64(view, rsi), count * sizeof(double));
    const int64_t *open_time_ns = tp_view_i64(view, TP_COLUMN_OPEN_TIME_NS);
    const uint64_t *trade_count = tp_view_u64(view, TP_COLUMN_TRADE_COUNT);
    const uint64_t *quality = tp_view_u64(view, TP_COLUMN_QUALITY);
    for (size_t i = 0; i < count; i++)
        rows[i] = (tp_candle_t){open_time_ns[i], f64[0][i], f64[1][i], f64[2][i], f64[3][i], f64[4][i],
                                f64[5][i],       f64[6][i], trade_count[i], quality[i]};
    const int32_t status = tp_view_validate(view);
    if (status == TP_ECHANGED) return 0;
    must(status, "tp_view_validate");
    for (size_t i = 0; i < count; i++) {
        check(first + i, &rows[i]);
        if (!same(values[i], (double)(first + i) / 2.0)) fail("an indicator value of another row", first + i);
    }
    return 1;
}

// A trade is a function of its number; numbers go on, and what is missing between two is what was said to be lost.
static void read_trades(tp_trades_t *trades, uint64_t *next, uint64_t *total) {
    tp_trade_t rows[ROWS];
    size_t count;
    uint64_t lost;
    must(tp_trades_read(trades, ROWS, rows, &count, &lost), "tp_trades_read");
    *next += lost;
    *total += count;
    for (size_t i = 0; i < count; i++) {
        const double x = (double)rows[i].seq;
        if (rows[i].seq != (*next)++) fail("a trade of another place", rows[i].seq);
        if (!same(rows[i].price, x + 0.5) || !same(rows[i].quantity, x / 4.0) || rows[i].id_high != rows[i].seq ||
            rows[i].id_low != ~rows[i].seq || (rows[i].flags & TP_TRADE_SELL) != (rows[i].seq % 2 == 0))
            fail("values of different trades", rows[i].seq);
    }
}

static void read_quote(const tp_instrument_t *instrument, uint64_t *last) {
    tp_quote_t q;
    const int32_t status = tp_quote(instrument, &q);
    if (status == TP_EBUSY || status == TP_EEMPTY) return;
    must(status, "tp_quote");
    if (q.seq < *last || !same(q.bid_quantity, q.bid_price + 1) || !same(q.ask_price, q.bid_price + 2) ||
        !same(q.ask_quantity, q.bid_price + 3) || q.receive_ns != q.exchange_ns + 1)
        fail("values of different quotes", q.seq);
    *last = q.seq;
}

// The values of a live candle and of its indicators are of one publication.
static void read_values(const tp_series_t *series) {
    tp_candle_t candle;
    tp_live_t live;
    double values[ROWS];
    size_t count;
    const int32_t status = tp_live_values(series, &candle, &live, ROWS, values, &count);
    if (status == TP_EBUSY) return;
    must(status, "tp_live_values");
    check(live.row, &candle);
    if (count != 2 || !same(values[0], (double)live.row / 2.0) || !same(values[1], -(double)live.row))
        fail("indicator values of another row", live.row);
}

int main(int argc, char **argv) {
    if (argc != 5) return 2;
    tp_plane_t *plane;
    tp_series_t *series;
    tp_view_t *view;
    uint32_t rsi;
    must(tp_open(argv[1], argv[2], &plane), "tp_open");
    must(tp_find(plane, argv[3], &series), "tp_find");
    must(tp_column(series, "rsi_14", &rsi), "tp_column");
    must(tp_view(series, ROWS, &view), "tp_view");
    tp_instrument_t *instrument;
    tp_trades_t *trades;
    must(tp_find_instrument(plane, "trades:binance:BTC-USDT", &instrument), "tp_find_instrument");
    must(tp_follow_trades(instrument, NULL, &trades), "tp_follow_trades");
    tp_close(plane);

    const long rounds = atol(argv[4]);
    long views = 0, changed = 0, busy = 0;
    uint64_t last = 0, next = tp_trades_next(trades), taken = 0, quote = 0;
    while (views < rounds) {
        read_trades(trades, &next, &taken);
        read_quote(instrument, &quote);
        read_values(series);

        tp_candle_t rows[ROWS];
        tp_live_t live;
        size_t count;
        uint64_t first;
        int32_t status = tp_view_renew(view, ROWS);
        if (status == TP_EBUSY) busy++;
        else if (must(status, "tp_view_renew"), read_view(view, rsi)) views++;
        else changed++;

        status = tp_live(series, rows, &live);
        if (status == TP_EBUSY) busy++;
        else {
            must(status, "tp_live");
            check(live.row, rows);
            if (live.row < last) fail("the live candle went back", live.row);
            last = live.row;
        }

        status = tp_candles(series, ROWS, rows, &count, &first);
        if (status == TP_EBUSY) busy++;
        else {
            must(status, "tp_candles");
            if (first + count < last) fail("a row before the live candle is missing", last);
            for (size_t i = 0; i < count; i++) check(first + i, &rows[i]);
        }
    }
    if (taken == 0 || quote == 0) fail("no trade or no quote came", next);
    printf("views=%ld changed=%ld busy=%ld trades=%" PRIu64 " lost=%" PRIu64 "\n", views, changed, busy, taken,
           tp_trades_lost(trades));
    tp_trades_release(trades);
    tp_instrument_release(instrument);
    tp_view_release(view);
    tp_series_release(series);
    return 0;
}
