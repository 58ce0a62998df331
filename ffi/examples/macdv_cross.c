// A strategy: says when the MACD-V of a series crosses its signal line, as it happens.
//
//     macdv_cross [KEY [INSTANCE [ROOT]]]
//
//     cc -std=c11 macdv_cross.c $(pkg-config --cflags --libs tickplane) -o macdv_cross
//     ./macdv_cross candles:binance:BTC-USDT:1m
//
// It sleeps while nothing happens, decides on closed candles alone, and goes on by itself when the plane is restarted.
#include <inttypes.h>
#include <stdio.h>

#include "tickplane.h"

#define HISTOGRAM "macdv_12_26_26_9.hist"  // MACD-V minus its signal line: its sign says which is above
#define ROWS 256                           // that many closes may pass between two looks

typedef struct {
    const char *key;
    tp_plane_t *plane;
    tp_series_t *series;
    uint32_t histogram;  // number of the column
    uint64_t next;       // the row that is judged next
    int side;            // of the last row that had one: 1 above, -1 below, 0 unknown
    int live;            // past the history: signals are told
} strategy_t;

static int fail(const char *what, int32_t status) {
    fprintf(stderr, "macdv_cross: %s: %s (%s)\n", what, tp_strerror(status), tp_strerror_name(status));
    return status == TP_ENOPLANE || status == TP_ENOEXCHANGE || status == TP_ENOKEY ? 3 : 1;
}

static void tell(const strategy_t *s, uint64_t row, double value) {
    tp_candle_t candle;
    size_t count;
    uint64_t found;
    // The candle may have left the table meanwhile, or be another one: then the signal stands without its price.
    if (tp_rows(s->series, row, 1, &candle, &count, &found) != TP_OK || found != row) candle.close = 0;
    printf("%s %s row=%" PRIu64 " close=%.10g histogram=%.6g\n", value > 0 ? "BUY" : "SELL", s->key, row, candle.close,
           value);
    fflush(stdout);
}

// Judges the rows that closed since the last look. Values are NaN as long as the indicator is not defined.
static int32_t look(strategy_t *s) {
    double values[ROWS];
    size_t count;
    uint64_t first;
    const int32_t status = tp_copy_f64(s->series, s->histogram, ROWS, values, &count, &first);
    if (status != TP_OK) return status;
    if (s->live && first > s->next) fprintf(stderr, "macdv_cross: %" PRIu64 " rows went by unseen\n", first - s->next);
    for (size_t i = 0; i < count; i++) {
        const int side = (values[i] > 0) - (values[i] < 0);
        if (first + i < s->next || side == 0) continue;
        if (s->live && s->side == -side) tell(s, first + i, values[i]);
        s->side = side;
    }
    if (first + count > s->next) s->next = first + count;
    return TP_OK;
}

// Finds the series anew after a restart. As long as the plane is not back this fails, and is tried again.
static int32_t renew(strategy_t *s) {
    const int32_t status = tp_series_renew(s->series);
    if (status != TP_OK) return TP_OK;
    fprintf(stderr, "macdv_cross: attached again\n");
    return tp_column(s->series, HISTOGRAM, &s->histogram);
}

static int run(strategy_t *s) {
    int32_t status = look(s);
    if (status != TP_OK && status != TP_EEMPTY) return fail(s->key, status);
    printf("watching %s from row %" PRIu64 "\n", s->key, s->next);
    fflush(stdout);
    s->live = 1;
    for (uint64_t seen = 0;;) {
        status = look(s);
        if (status != TP_OK && status != TP_EEMPTY && status != TP_EBUSY && status != TP_EMOVED)
            return fail(s->key, status);
        const int32_t waited = tp_wait(s->plane, &seen, 1000);
        if (waited == TP_ERESTARTED || status == TP_EMOVED) {
            status = renew(s);
            if (status != TP_OK) return fail(HISTOGRAM, status);
        }
    }
}

int main(int argc, char **argv) {
    if (argc > 4) return fprintf(stderr, "usage: macdv_cross [KEY [INSTANCE [ROOT]]]\n"), 2;
    if (tp_abi_version() != TP_ABI_VERSION) return fprintf(stderr, "macdv_cross: built for another libtickplane\n"), 1;
    strategy_t s = {.key = argc > 1 ? argv[1] : "candles:binance:BTC-USDT:1m"};
    tp_open_options_t options;
    tp_open_options_init(&options, sizeof options);
    options.instance = argc > 2 ? argv[2] : NULL;
    options.root = argc > 3 ? argv[3] : NULL;

    int code = 0;
    int32_t status = tp_open_with(&options, &s.plane);
    if (status != TP_OK) code = fail("cannot open the plane", status);
    if (code == 0 && (status = tp_find(s.plane, s.key, &s.series)) != TP_OK) code = fail(s.key, status);
    if (code == 0 && (status = tp_column(s.series, HISTOGRAM, &s.histogram)) != TP_OK) code = fail(HISTOGRAM, status);
    if (code == 0) code = run(&s);
    tp_series_release(s.series);
    tp_close(s.plane);
    return code;
}
