// Prints the last closed candle of a series and the live one:  last_candle KEY [INSTANCE [ROOT]]
//
//     cc -std=c11 last_candle.c $(pkg-config --cflags --libs tickplane) -o last_candle
//     ./last_candle candles:binance:BTC-USDT:1m
#include <inttypes.h>
#include <stdio.h>

#include "tickplane.h"

static int fail(const char *what, int32_t status) {
    fprintf(stderr, "last_candle: %s: %s\n", what, tp_strerror(status));
    return status == TP_ENOPLANE || status == TP_ENOEXCHANGE || status == TP_ENOKEY ? 3 : 1;
}

static void print(const char *state, uint64_t row, const tp_candle_t *c) {
    printf("%s row=%" PRIu64 " open_time_ns=%" PRId64 " open=%.10g high=%.10g low=%.10g close=%.10g", state, row,
           c->open_time_ns, c->open, c->high, c->low, c->close);
    printf(" volume=%.10g trade_count=%" PRIu64 " quality=%#" PRIx64 "\n", c->volume, c->trade_count, c->quality);
}

static int show(const char *key, const tp_series_t *series) {
    tp_candle_t rows[2], forming;
    tp_live_t live;
    size_t count;
    uint64_t first;
    do {  // The live candle first, then the rows before it: none twice, none missing. Again if two closed in between.
        count = 0, first = 0;
        int32_t status = tp_live(series, &forming, &live);
        if (status != TP_OK) return fail(key, status);
        status = tp_candles(series, 2, rows, &count, &first);
        if (status != TP_OK && status != TP_EEMPTY) return fail(key, status);
    } while (first + count > live.row + 1);
    if (count > 0 && first + count > live.row) count--;
    if (count > 0) print("closed", first + count - 1, &rows[count - 1]);
    print("live", live.row, &forming);
    return 0;
}

int main(int argc, char **argv) {
    if (argc < 2 || argc > 4) return fprintf(stderr, "usage: last_candle KEY [INSTANCE [ROOT]]\n"), 2;
    const char *key = argv[1], *instance = argc > 2 ? argv[2] : "default", *root = argc > 3 ? argv[3] : NULL;
    if (tp_abi_version() != TP_ABI_VERSION) return fprintf(stderr, "last_candle: built for another libtickplane\n"), 1;
    tp_plane_t *plane = NULL;
    tp_series_t *series = NULL;
    int32_t status = tp_open(root, instance, &plane);
    int code = status == TP_OK ? 0 : fail(instance, status);
    if (code == 0 && (status = tp_find(plane, key, &series)) != TP_OK) code = fail(key, status);
    if (code == 0) code = show(key, series);
    tp_series_release(series);
    tp_close(plane);
    return code;
}
