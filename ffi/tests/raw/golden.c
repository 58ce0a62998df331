// Says what a plane holds, line for line as engine/segments/tests/it/golden.rs does: golden ROOT INSTANCE.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "tickplane_raw.h"

static const char *const KEYS[2] = {"candles:binance:BTC-USDT:1m", "candles:binance:ETH-USDT-PERP:1h"};

static void must(int32_t status, const char *what) {
    if (status == TPR_OK) return;
    fprintf(stderr, "golden: %s: %s\n", what, tpr_strerror(status));
    exit(1);
}

static void number(double value) {
    if (value < 0 || value >= 0) printf(" %.17g", value);
    else printf(" NaN");
}

static void counts(const uint64_t *words, size_t count) {
    for (size_t i = 0; i < count; i++) printf(" %" PRIu64, tpr_load(&words[i]));
}

static void candle(const tpr_candle_t *c) {
    const double values[] = {c->open, c->high, c->low, c->close, c->volume, c->quote_volume, c->taker_buy_volume};
    printf(" %" PRId64, c->open_time_ns);
    for (size_t i = 0; i < 7; i++) number(values[i]);
    printf(" %" PRIu64 " %" PRIu64, c->trade_count, c->quality);
}

static void series(const tpr_segment_t *binance, const char *key) {
    tpr_series_t found;
    tpr_candle_t rows[64];
    double values[4][64];
    uint64_t first;
    size_t count;
    must(tpr_series_find(binance, key, &found), key);
    for (uint32_t column = 0; column < found.columns; column++) {
        char name[49];
        uint32_t again;
        must(tpr_column_name(&found, column, name), "tpr_column_name");
        must(tpr_column(&found, name, &again), "tpr_column");
        const uint64_t seed = tpr_seed_row(&found, column);
        static const char *const types[] = {"f64", "i64", "u64"};
        printf("column %s %s %s ", key, name, types[tpr_column_type(&found, column)]);
        if (seed == TPR_NONE) printf("none\n");
        else printf("%" PRIu64 "\n", seed);
        if (again != column) exit(1);
    }
    must(tpr_candles(&found, 64, rows, &first, &count), "tpr_candles");
    printf("opens %s", key);
    const uint64_t later[] = {0, 1, 2, 35, 1000};
    for (size_t i = 0; i < 5; i++) {
        int64_t opens;
        must(tpr_open_time_ns(&found, first + later[i], &opens), "tpr_open_time_ns");
        printf(" %" PRId64, opens);
    }
    printf("\n");
    for (uint32_t column = TPR_CANDLE_COLUMNS; column < found.columns; column++)
        must(tpr_values(&found, column, 64, values[column - TPR_CANDLE_COLUMNS], &first, &count), "tpr_values");
    for (size_t i = 0; i < count; i++) {
        printf("row %s %" PRIu64, key, first + i);
        candle(&rows[i]);
        for (uint32_t column = TPR_CANDLE_COLUMNS; column < found.columns; column++)
            number(values[column - TPR_CANDLE_COLUMNS][i]);
        printf("\n");
    }
    tpr_live_t live;
    double provisional[4];
    if (tpr_live(&found, &live, provisional, found.columns - TPR_CANDLE_COLUMNS) != TPR_OK) return;
    printf("live %s %" PRIu64 " %" PRIu64 " %" PRId64, key, live.row, live.trade_seq, live.publish_ns);
    candle(&live.candle);
    for (uint32_t column = 0; column < found.columns - TPR_CANDLE_COLUMNS; column++) number(provisional[column]);
    printf("\n");
}

static void instruments(const tpr_segment_t *binance) {
    tpr_instrument_t instrument;
    tpr_quote_t q;
    tpr_trades_t trades;
    tpr_trade_t batch[64];
    tpr_found_t found;
    size_t count;
    uint64_t lost;
    must(tpr_instrument_find(binance, "quote:binance:BTC-USDT", &instrument), "tpr_instrument_find");
    must(tpr_quote(&instrument, &q), "tpr_quote");
    printf("quote binance:BTC-USDT %" PRIu64 " %" PRId64 " %" PRId64 " %" PRId64, q.seq, q.exchange_ns, q.receive_ns,
           q.publish_ns);
    number(q.bid_price), number(q.bid_quantity), number(q.ask_price), number(q.ask_quantity);
    printf("\n");
    must(tpr_trades_follow(&instrument, &trades), "tpr_trades_follow");
    tpr_trades_rewind(&trades, UINT64_MAX);
    must(tpr_trades_read(&trades, batch, 64, &count, &lost), "tpr_trades_read");
    for (size_t i = 0; i < count; i++) {
        const tpr_trade_t *t = &batch[i];
        printf("trade binance:BTC-USDT %" PRIu64 " %" PRId64 " %" PRId64 " %" PRId64, t->seq, t->exchange_ns,
               t->receive_ns, t->publish_ns);
        number(t->price), number(t->quantity);
        printf(" %" PRIu64 " %" PRIu64 " %" PRIu32 " %" PRIu32 "\n", t->id_high, t->id_low, t->id_form, t->flags);
    }
    for (uint64_t i = 0; i < tpr_count(binance); i++) {
        tpr_facts_t f;
        if (tpr_entry(binance, i, &found) != TPR_OK || tpr_instrument_at(&found, &instrument) != TPR_OK) continue;
        must(tpr_facts(&instrument, &f), "tpr_facts");
        printf("facts %s %s %d %d", found.name, f.venue_symbol, f.product, f.status);
        number(f.tick_size), number(f.lot_size), number(f.contract_size), number(f.quote_volume_24h);
        printf("\n");
    }
    for (uint64_t i = 0; i < tpr_count(binance); i++) {
        if (tpr_entry(binance, i, &found) != TPR_OK || tpr_instrument_at(&found, &instrument) != TPR_OK) continue;
        printf("stream %s", found.name);
        counts(&instrument.stream->state, 5);
        counts(instrument.stream->counters, 8);
        printf("\n");
    }
}

static void plane_records(const tpr_segment_t *plane, const tpr_segment_t *binance) {
    static tpr_events_t events;
    tpr_writer_t writer;
    tpr_event_t told[64];
    tpr_found_t found;
    size_t count;
    uint64_t lost;
    must(tpr_writer(plane, &writer), "tpr_writer");
    printf("plane plane %" PRIu64 " %" PRIu64 " %" PRId64 " %" PRId64 "\n", tpr_state(plane), writer.epoch,
           writer.opened_ns, tpr_heartbeat_ns(plane));
    must(tpr_events_follow(plane, &events), "tpr_events_follow");
    tpr_events_rewind(&events);
    must(tpr_events_read(&events, told, 64, &count, &lost), "tpr_events_read");
    for (size_t i = 0; i < count; i++) {
        const int32_t named = tpr_event_entry(binance, &told[i], &found);
        printf("event %" PRIu32 " %" PRIu64 " %" PRIu32 " %d %d %" PRIu32, told[i].ring, told[i].seq, told[i].kind,
               told[i].exchange, told[i].generation, told[i].entry);
        printf(" %s %" PRIu64 " %" PRId64 " %" PRIu64 "\n", named == TPR_ENOKEY ? "none" : found.name, told[i].row,
               told[i].publish_ns, told[i].detail);
    }
    for (uint64_t i = 0; i < tpr_count(plane); i++) {
        if (tpr_entry(plane, i, &found) != TPR_OK || found.kind != TPR_CONNECTION) continue;
        const tpr_connection_t *record = (const tpr_connection_t *)found.region;
        printf("connection %s", found.name);
        counts(&record->state, 6);
        counts(record->counters, 11);
        counts(record->rejects, 9);
        if (tpr_load(&record->last_close) > 0) printf(" %" PRIu64, tpr_load(&record->last_close) - 1);
        printf("\n");
    }
    for (uint64_t i = 0; i < tpr_count(plane); i++) {
        if (tpr_entry(plane, i, &found) != TPR_OK || found.kind != TPR_HISTORY) continue;
        const tpr_history_t *record = (const tpr_history_t *)found.region;
        printf("history %s", tpr_exchange_name(found.exchange));
        counts(&record->series, 4);
        number(tpr_f64(tpr_load(&record->price_difference)));
        number(tpr_f64(tpr_load(&record->volume_difference)));
        const uint64_t worst = tpr_load(&record->worst);
        if (worst > 0) printf(" %" PRIu64 " %" PRIu64, worst >> 48, (worst & UINT64_C(0xffffffffffff)) - 1);
        counts(record->counters, 6);
        printf("\n");
    }
    for (uint64_t i = 0; i < tpr_count(plane); i++) {
        if (tpr_entry(plane, i, &found) != TPR_OK || found.kind != TPR_THREAD) continue;
        const tpr_thread_t *record = (const tpr_thread_t *)found.region;
        printf("thread %s %" PRIu64 " %" PRIu64, found.name, tpr_load(&record->runtime) - 1, tpr_load(&record->core) - 1);
        counts(record->counters, 9);
        for (uint64_t stage = 0; stage < found.shape[0] && stage < 4; stage++) {
            // The count of a histogram is the sum of its buckets.
            const tpr_histogram_t *histogram = &record->stages[0] + stage;
            uint64_t total = 0;
            for (size_t bucket = 0; bucket < 3840; bucket++) total += tpr_load(&histogram->buckets[bucket]);
            if (total != tpr_load(&histogram->count)) exit(1);
            counts(&histogram->count, 3);
        }
        printf("\n");
    }
}

int main(int argc, char **argv) {
    static tpr_segment_t plane, binance;
    if (argc != 3) return 2;
    int32_t status = tpr_open_plane(argv[1], argv[2], &plane);
    if (status != TPR_OK) fprintf(stderr, "golden: version %d.%d\n", plane.major, plane.minor);
    must(status, "tpr_open_plane");
    must(tpr_open_exchange(argv[1], argv[2], "binance", &binance), "tpr_open_exchange");
    for (size_t i = 0; i < 2; i++) series(&binance, KEYS[i]);
    instruments(&binance);
    plane_records(&plane, &binance);
    tpr_close(&binance);
    tpr_close(&plane);
    return 0;
}
