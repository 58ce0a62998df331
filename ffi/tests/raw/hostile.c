// Reads damaged copies of segments, with checksums left wrong or made right again, and a copy that another thread damages
// meanwhile: hostile ROUNDS FILE... Built with the address sanitizer, which sees every read beyond the copy's end.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "tickplane_raw.h"

typedef struct {
    uint64_t *words;
    size_t bytes, used;
} copy_t;

static uint64_t state = 0x5eed;

static uint64_t below(uint64_t limit) {
    // xorshift64*; Vigna 2016.
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (state * UINT64_C(0x2545f4914f6cdd1d) >> 16) % limit;
}

static uint64_t hurtful(void) {
    const uint64_t values[] = {0, 1, 2, 8, 10, 24, 64, UINT64_MAX, UINT64_MAX >> 1, UINT64_C(1) << 63, 4096, UINT64_C(1) << 20,
                               below(4096), state, UINT64_C(1) << below(64)};
    return values[below(sizeof values / sizeof *values)];
}

// Everything a reader can do; what it gives does not matter, only that it comes back.
static double read_series(const tpr_series_t *series) {
    static tpr_candle_t rows[64];
    static double values[64];
    tpr_live_t live;
    tpr_view_t view;
    uint64_t first;
    size_t count;
    double sum = 0;
    uint32_t column;
    char name[49];
    (void)tpr_live(series, &live, values, series->columns > 12 ? 2 : 0);
    (void)tpr_candles(series, 64, rows, &first, &count);
    (void)tpr_rows(series, below(64), 64, rows, &first, &count);
    (void)tpr_values(series, series->columns - 1, 64, values, &first, &count);
    if (tpr_column(series, "ema_9", &column) == TPR_OK) sum += (double)tpr_seed_row(series, column);
    (void)tpr_column_name(series, series->columns - 1, name);
    if (tpr_view(series, SIZE_MAX, &view) == TPR_OK) {
        for (size_t i = 0; i < view.count; i++) sum += (double)tpr_load(&tpr_view_u64(&view, series->columns - 1)[i]);
        (void)tpr_view_validate(&view);
    }
    return sum;
}

static double read_segment(const tpr_segment_t *segment) {
    static tpr_events_t events;
    static tpr_event_t told[64];
    static tpr_trade_t batch[64];
    tpr_series_t series;
    tpr_instrument_t instrument;
    tpr_trades_t trades;
    tpr_quote_t quote;
    tpr_facts_t facts;
    tpr_writer_t writer;
    tpr_found_t found;
    size_t count;
    uint64_t lost;
    double sum = 0;
    (void)tpr_writer(segment, &writer);
    (void)tpr_segment_changed(segment);
    // As many as the file has; a liar's count is not worth the time.
    for (uint64_t i = 0; i < tpr_count(segment) && i < 64; i++)
        if (tpr_entry(segment, i, &found) == TPR_OK && tpr_series_at(&found, &series) == TPR_OK) sum += read_series(&series);
    if (tpr_series_find(segment, "candles:binance:BTC-USDT:1m", &series) == TPR_OK) sum += read_series(&series);
    (void)tpr_series_find(segment, "indicator:binance:BTC-USDT:1m:ema_9", &series);
    if (tpr_instrument_find(segment, "trades:binance:BTC-USDT", &instrument) == TPR_OK) {
        (void)tpr_quote(&instrument, &quote);
        (void)tpr_facts(&instrument, &facts);
        sum += (double)tpr_load(&instrument.stream->counters[15]);
        (void)tpr_trades_follow(&instrument, &trades);
        (void)tpr_trades_read(&trades, batch, 64, &count, &lost);
        tpr_trades_rewind(&trades, below(64));
        (void)tpr_trades_read(&trades, batch, 64, &count, &lost);
        tpr_trades_seek(&trades, below(2) ? UINT64_MAX : 0);
        (void)tpr_trades_read(&trades, batch, 64, &count, &lost);
        (void)tpr_trades_resume(&instrument, &trades);
    }
    if (tpr_events_follow(segment, &events) == TPR_OK) {
        for (uint32_t i = 0; i < events.rings; i++) events.cursor[i].next = below(3) ? 1 : UINT64_MAX;
        (void)tpr_events_read(&events, told, 64, &count, &lost);
        (void)tpr_wait(segment, tpr_seen(segment) + 1, 1000);
    }
    return sum;
}

// Makes the checksum over a word right again: a liar's file rather than a broken one.
static void mend(copy_t *copy, size_t word, size_t regions) {
    size_t start, covered;
    if (word < 16) start = 0, covered = 16;
    else if (word >= 512 && word < regions) start = word / 16 * 16, covered = 16;
    else if (word >= regions && word % 512 < 8) start = word / 512 * 512, covered = 7;
    else return;
    if (start + 16 > copy->bytes / 8) return;
    uint64_t words[16];
    memcpy(words, copy->words + start, sizeof words);
    if (covered == 16) words[7] = 0;
    if (start == 0) words[1] = 0;
    else if (covered == 16) words[4] = words[5] = 0;
    copy->words[start + 7] = tpr_checksum(words, covered);
}

static size_t place(const copy_t *copy) {
    const size_t limits[] = {64, 1024, copy->used / 8, copy->used / 8};
    const size_t limit = limits[below(4)];
    return (size_t)below(limit < copy->used / 8 ? limit : copy->used / 8);
}

static double random_damage(const copy_t *whole, unsigned long rounds) {
    copy_t copy = *whole;
    copy.words = malloc(copy.bytes);
    if (!copy.words) exit(1);
    memcpy(copy.words, whole->words, copy.bytes);
    const size_t regions = (size_t)whole->words[12] / 8;
    double sum = 0;
    unsigned long opened = 0;
    for (unsigned long round = 0; round < rounds; round++) {
        for (uint64_t wounds = 1 + below(8); wounds > 0; wounds--) {
            const size_t at = place(&copy);
            copy.words[at] = hurtful();
            if (below(2)) mend(&copy, at, regions);
        }
        static tpr_segment_t segment;
        if (tpr_attach(copy.words, copy.bytes, &segment) == TPR_OK) {
            opened++;
            sum += read_segment(&segment);
        }
        memcpy(copy.words, whole->words, copy.used);
    }
    printf("%lu damaged copies, %lu of them opened\n", rounds, opened);
    if (opened < rounds / 4) exit(1);
    free(copy.words);
    return sum;
}

// Every word that steers a reader, one after the other, with every value that might lead it astray and a checksum that
// vouches for it.
static double single_lies(const copy_t *whole) {
    const uint64_t values[] = {0,    1,       8,       24,      40,        64,         520,       1024,
                               4096, 1 << 16, 1 << 20, 1 << 24, 1u << 31u, UINT64_MAX, UINT64_MAX - 1, UINT64_C(1) << 63};
    copy_t copy = *whole;
    copy.words = malloc(copy.bytes);
    if (!copy.words) exit(1);
    memcpy(copy.words, whole->words, copy.bytes);
    const size_t regions = (size_t)whole->words[12] / 8;
    double sum = 0;
    for (size_t at = 0; at < copy.used / 8; at++) {
        const size_t within = at % 512;
        const bool steers = at < 64 || (at >= 512 && at < 512 + 4 * 16) || (at >= regions && within < 16);
        if (!steers || (at >= regions && whole->words[at - within] == 0)) continue;
        for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
            static tpr_segment_t segment;
            const size_t checked = at < 16 ? 7 : at < regions ? at / 16 * 16 + 7 : at - within + 7;
            copy.words[at] = values[i];
            mend(&copy, at, regions);
            if (tpr_attach(copy.words, copy.bytes, &segment) == TPR_OK) sum += read_segment(&segment);
            copy.words[at] = whole->words[at];
            copy.words[checked] = whole->words[checked];
        }
    }
    free(copy.words);
    return sum;
}

// Every length a file could be cut to: nothing beyond the end is read.
static void cut(const copy_t *whole) {
    for (size_t bytes = 0; bytes < whole->bytes && bytes < 40000; bytes += 8 * (1 + bytes / 64)) {
        uint64_t *words = malloc(bytes + 8);
        static tpr_segment_t segment;
        if (!words) exit(1);
        memcpy(words, whole->words, bytes);
        if (tpr_attach(words, bytes, &segment) == TPR_OK) (void)read_segment(&segment);
        free(words);
    }
}

static copy_t under;
static int stop;

static void *mutate(void *unused) {
    uint64_t seed = 7;
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        seed = seed * UINT64_C(6364136223846793005) + 1;
        const size_t at = 16 + (size_t)(seed >> 33) % (under.used / 8 - 16);
        const uint64_t values[] = {0, 1, seed, UINT64_MAX, UINT64_C(1) << (seed & 63), under.words[at] + 1, under.words[at] - 1};
        __atomic_store_n(&under.words[at], values[(seed >> 20) % 7], __ATOMIC_RELAXED);
    }
    return unused;
}

static double damage_during_reads(const copy_t *whole) {
    static tpr_segment_t segment;
    under = *whole;
    under.words = malloc(under.bytes);
    if (!under.words) exit(1);
    double sum = 0;
    for (int rest = 0; rest < 200; rest++) {
        memcpy(under.words, whole->words, under.bytes);
        if (tpr_attach(under.words, under.bytes, &segment) != TPR_OK) exit(1);
        tpr_series_t series;
        const bool has = tpr_series_find(&segment, "candles:binance:BTC-USDT:1m", &series) == TPR_OK;
        pthread_t thread;
        __atomic_store_n(&stop, 0, __ATOMIC_RELAXED);
        if (pthread_create(&thread, NULL, mutate, NULL) != 0) exit(1);
        for (int i = 0; i < 20; i++) {
            sum += read_segment(&segment);
            if (has) sum += read_series(&series);
        }
        __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
        pthread_join(thread, NULL);
    }
    free(under.words);
    return sum;
}

int main(int argc, char **argv) {
    double sum = 0;
    if (argc < 3) return 2;
    for (int i = 2; i < argc; i++) {
        copy_t whole = {NULL, 0, 0};
        FILE *file = fopen(argv[i], "rb");
        if (!file || fseek(file, 0, SEEK_END) != 0) return 1;
        whole.bytes = (size_t)ftell(file);
        whole.words = malloc(whole.bytes);
        rewind(file);
        if (!whole.words || fread(whole.words, 1, whole.bytes, file) != whole.bytes) return 1;
        fclose(file);
        // What the last region ends at is what a reader can be led to.
        for (whole.used = whole.bytes; whole.used > 8192 && whole.words[whole.used / 8 - 1] == 0;) whole.used -= 8;
        sum += single_lies(&whole);
        sum += random_damage(&whole, strtoul(argv[1], NULL, 10));
        cut(&whole);
        sum += damage_during_reads(&whole);
        free(whole.words);
    }
    printf("%d\n", sum > 0);
    return 0;
}
