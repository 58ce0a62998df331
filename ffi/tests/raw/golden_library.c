// Says the rows and live candles of a plane by the library, line for line as golden.c does: golden_library ROOT INSTANCE.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "tickplane.h"

static const char *const KEYS[2] = {"candles:binance:BTC-USDT:1m", "candles:binance:ETH-USDT-PERP:1h"};

static void must(int32_t status, const char *what) {
    if (status == TP_OK) return;
    fprintf(stderr, "golden_library: %s: %s\n", what, tp_strerror(status));
    exit(1);
}

static void number(double value) {
    if (value < 0 || value >= 0) printf(" %.17g", value);
    else printf(" NaN");
}

static void print(const tp_candle_t *c) {
    const double values[] = {c->open, c->high, c->low, c->close, c->volume, c->quote_volume, c->taker_buy_volume};
    printf(" %" PRId64, c->open_time_ns);
    for (size_t i = 0; i < 7; i++) number(values[i]);
    printf(" %" PRIu64 " %" PRIu64, c->trade_count, c->quality);
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    tp_plane_t *plane;
    must(tp_open(argv[1], argv[2], &plane), "tp_open");
    for (size_t k = 0; k < 2; k++) {
        tp_series_t *series;
        tp_view_t *view;
        tp_candle_t rows[64], candle;
        tp_live_t live;
        size_t count;
        uint64_t first;
        must(tp_find(plane, KEYS[k], &series), KEYS[k]);
        const uint32_t columns = (uint32_t)tp_column_count(series);
        must(tp_candles(series, 64, rows, &count, &first), "tp_candles");
        must(tp_view(series, 64, &view), "tp_view");
        if (tp_view_first_row(view) != first || tp_view_count(view) != count) return 1;
        for (size_t i = 0; i < count; i++) {
            printf("row %s %" PRIu64, KEYS[k], first + i);
            print(&rows[i]);
            for (uint32_t column = TP_CANDLE_COLUMNS; column < columns; column++) number(tp_view_f64(view, column)[i]);
            printf("\n");
        }
        must(tp_view_validate(view), "tp_view_validate");
        tp_view_release(view);
        double values[4];
        if (tp_live_values(series, &candle, &live, 4, values, &count) == TP_OK) {
            printf("live %s %" PRIu64 " %" PRIu64 " %" PRId64, KEYS[k], live.row, live.trade_seq, live.publish_ns);
            print(&candle);
            for (size_t i = 0; i < count; i++) number(values[i]);
            printf("\n");
        }
        tp_series_release(series);
    }
    tp_close(plane);
    return 0;
}
