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
    tp_close(plane);

    const long rounds = atol(argv[4]);
    long views = 0, changed = 0, busy = 0;
    uint64_t last = 0;
    while (views < rounds) {
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
    printf("views=%ld changed=%ld busy=%ld\n", views, changed, busy);
    tp_view_release(view);
    tp_series_release(series);
    return 0;
}
