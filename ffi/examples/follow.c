// Prints the last closed candle of a series, then each new one:  follow KEY [INSTANCE [ROOT]]
#include <inttypes.h>
#include <stdio.h>

#include "tickplane.h"

int main(int argc, char **argv) {
    const char *key = argc > 1 ? argv[1] : "candles:binance:BTC-USDT:1m";
    tp_plane_t *plane;
    tp_series_t *series;
    tp_candle_t candle;
    uint64_t first, next = 0, row, seen = 0;
    size_t count;
    int32_t status = tp_open(argc > 3 ? argv[3] : NULL, argc > 2 ? argv[2] : "default", &plane);
    if (status == TP_OK) status = tp_find(plane, key, &series);
    if (status == TP_OK) status = tp_row_range(series, &first, &next);
    if (status != TP_OK) return fprintf(stderr, "%s: %s\n", key, tp_strerror(status)), 1;
    if (next > first) next--;
    for (;;) {
        while ((status = tp_rows(series, next, 1, &candle, &count, &row)) == TP_OK) {
            printf("row=%" PRIu64 " close=%.10g volume=%.10g\n", row, candle.close, candle.volume);
            next = row + 1;
        }
        fflush(stdout);
        // Sleeps until there is something new. A plane that was restarted is attached again, and nothing is missed.
        if (tp_wait(plane, &seen, 1000) == TP_ERESTARTED || status == TP_EMOVED) tp_series_renew(series);
    }
}
