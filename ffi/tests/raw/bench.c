// Nanoseconds per read: bench ROOT INSTANCE. Every read's answer is checked, so that none is optimised away.
#include "relation.h"

static uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int ascending(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

#define BATCHES 400
#define READS 5000

// The median and the 99th percentile over batches of reads.
#define MEASURE(name, read)                                                                       \
    do {                                                                                          \
        static double took[BATCHES];                                                              \
        for (size_t batch = 0; batch < BATCHES; batch++) {                                        \
            const uint64_t begun = now_ns();                                                      \
            for (size_t i = 0; i < READS; i++) read;                                              \
            took[batch] = (double)(now_ns() - begun) / READS;                                     \
        }                                                                                         \
        qsort(took, BATCHES, sizeof *took, ascending);                                            \
        printf("%-34s p50 %6.1f ns  p99 %6.1f ns\n", name, took[BATCHES / 2], took[BATCHES * 99 / 100]); \
    } while (0)

static unsigned long busy;

static void read_live(const tpr_series_t *series) {
    tpr_live_t live;
    const int32_t status = tpr_live(series, &live, NULL, 0);
    if (status == TPR_EBUSY) busy++;
    else if (status != TPR_OK || !same(live.candle.close, live.candle.open + 3)) fail("live", 0);
}

static void read_values(const tpr_series_t *series) {
    tpr_live_t live;
    double values[2];
    const int32_t status = tpr_live(series, &live, values, 2);
    if (status == TPR_EBUSY) busy++;
    else if (status != TPR_OK || !same(values[0], -values[1])) fail("values", 0);
}

static void read_view(const tpr_series_t *series, size_t rows) {
    tpr_view_t view;
    if (tpr_view(series, rows, &view) != TPR_OK || view.count != rows) fail("view", 0);
    const double *close = tpr_view_f64(&view, TPR_COLUMN_CLOSE);
    const double last = close[view.count - 1];
    if (tpr_view_validate(&view) != TPR_OK || !same(last, 5999 * 8 + 4)) fail("view", 0);
}

static void read_rows(const tpr_series_t *series, size_t rows) {
    static tpr_candle_t copy[500];
    uint64_t first;
    size_t count;
    if (tpr_candles(series, rows, copy, &first, &count) != TPR_OK || count != rows) fail("rows", 0);
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    static tpr_segment_t binance;
    static double values[5000];
    tpr_series_t series;
    uint64_t first;
    size_t count;
    must(tpr_open_exchange(argv[1], argv[2], "binance", &binance), "tpr_open_exchange");
    must(tpr_series_find(&binance, KEY, &series), "tpr_series_find");
    MEASURE("live candle", read_live(&series));
    MEASURE("live candle and two values", read_values(&series));
    MEASURE("view of 5 rows and validate", read_view(&series, 5));
    MEASURE("view of 500 rows and validate", read_view(&series, 500));
    MEASURE("view of 5000 rows and validate", read_view(&series, 5000));
    MEASURE("copy of one row", read_rows(&series, 1));
    MEASURE("copy of 50 rows", read_rows(&series, 50));
    MEASURE("copy of a column of 500", must(tpr_values(&series, 4, 500, values, &first, &count), "tpr_values"));
    printf("%lu busy\n", busy);
    tpr_close(&binance);
    return 0;
}
