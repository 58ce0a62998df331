// Reads a hot plane in every way of tickplane_raw.h and, beside it, of libtickplane, and checks that nothing accepted is
// torn and that both say the same: hot ROOT INSTANCE ROUNDS.
#include "relation.h"
#include "tickplane.h"

typedef struct {
    unsigned long views, changed, busy, rows, trades, lost, events, agreed;
} tally_t;

static void read_view(const tpr_series_t *series, tally_t *tally) {
    double f64[7][ROWS], values[2][ROWS];
    tpr_view_t view;
    const int32_t status = tpr_view(series, ROWS, &view);
    if (status == TPR_EBUSY) {
        tally->busy++;
        return;
    }
    must(status, "tpr_view");
    if (view.count == 0 || view.count > ROWS) fail("a view of a wrong length", view.count);
    // Column by column, as a strategy does: a revision in between leaves values of two revisions in one row.
    tpr_candle_t rows[ROWS];
    for (uint32_t column = 0; column < 7; column++)
        memcpy(f64[column], tpr_view_f64(&view, TPR_COLUMN_OPEN + column), view.count * sizeof(double));
    for (uint32_t column = 0; column < 2; column++)
        memcpy(values[column], tpr_view_f64(&view, TPR_CANDLE_COLUMNS + column), view.count * sizeof(double));
    for (size_t i = 0; i < view.count; i++) {
        rows[i].open_time_ns = (int64_t)tpr_view_u64(&view, TPR_COLUMN_OPEN_TIME_NS)[i];
        rows[i].open = f64[0][i];
        rows[i].high = f64[1][i];
        rows[i].low = f64[2][i];
        rows[i].close = f64[3][i];
        rows[i].volume = f64[4][i];
        rows[i].quote_volume = f64[5][i];
        rows[i].taker_buy_volume = f64[6][i];
        rows[i].trade_count = tpr_view_u64(&view, TPR_COLUMN_TRADE_COUNT)[i];
        rows[i].quality = tpr_view_u64(&view, TPR_COLUMN_QUALITY)[i];
    }
    if (tpr_view_validate(&view) != TPR_OK) {
        tally->changed++;
        return;
    }
    for (size_t i = 0; i < view.count; i++) {
        check_candle(view.first_row + i, &rows[i]);
        check_values(view.first_row + i, rows[i].trade_count, values[0][i], values[1][i]);
    }
    tally->views++;
}

static void read_live(const tpr_series_t *series, tally_t *tally) {
    tpr_live_t live;
    double values[2];
    const int32_t status = tpr_live(series, &live, values, 2);
    if (status == TPR_EBUSY) {
        tally->busy++;
        return;
    }
    must(status, "tpr_live");
    check_candle(live.row, &live.candle);
    check_values(live.row, live.candle.trade_count, values[0], values[1]);
    // Live first, then the rows before it: none twice, none missing.
    tpr_candle_t row;
    uint64_t first;
    size_t count;
    const int32_t before = live.row == 0 ? TPR_EEMPTY : tpr_rows(series, live.row - 1, 1, &row, &first, &count);
    if (before == TPR_OK && first < live.row - 1) fail("a row before the one that was asked for", first);
    if (before == TPR_EEMPTY && live.row > 1) fail("the row before the live candle is missing", live.row);
}

// The same rows by both ways; where both met the same revision, every bit is the same.
static void compare(const tpr_series_t *raw, tp_series_t *library, tally_t *tally) {
    tpr_candle_t mine[ROWS];
    tp_candle_t theirs[ROWS];
    uint64_t my_first, their_first;
    size_t my_count, their_count;
    const int32_t status = tpr_candles(raw, ROWS, mine, &my_first, &my_count);
    if (status == TPR_EBUSY) {
        tally->busy++;
        return;
    }
    must(status, "tpr_candles");
    for (size_t i = 0; i < my_count; i++) check_candle(my_first + i, &mine[i]);
    tally->rows += my_count;
    if (tp_candles(library, ROWS, theirs, &their_count, &their_first) != TP_OK) return;
    if (their_first + their_count < my_first + my_count) fail("the library's rows went back", their_first);
    for (size_t i = 0; i < their_count; i++) {
        const uint64_t row = their_first + i;
        if (row < my_first || row >= my_first + my_count) continue;
        const tpr_candle_t *a = &mine[row - my_first];
        if (a->trade_count != theirs[i].trade_count) continue;
        if (sizeof *a != sizeof theirs[i] || memcmp(a, &theirs[i], sizeof *a) != 0) fail("two readers differ", row);
        tally->agreed++;
    }
}

// The oldest trades, whose slots the writer is about to take.
static void read_oldest(tpr_trades_t *trades) {
    tpr_trade_t batch[4];
    size_t count;
    uint64_t lost;
    for (int i = 0; i < 8; i++) {
        tpr_trades_rewind(trades, UINT64_MAX);
        must(tpr_trades_read(trades, batch, 4, &count, &lost), "tpr_trades_read");
        for (size_t j = 0; j < count; j++) check_trade(&batch[j]);
    }
}

static void follow(tpr_trades_t *trades, tpr_events_t *events, tally_t *tally) {
    tpr_trade_t batch[32];
    tpr_event_t told[32];
    size_t count;
    uint64_t lost;
    const uint64_t due = trades->cursor.next;
    must(tpr_trades_read(trades, batch, 32, &count, &lost), "tpr_trades_read");
    if (count > 0 && batch[0].seq != due + lost) fail("an inexact loss of trades", lost);
    for (size_t i = 0; i < count; i++) {
        if (batch[i].seq != batch[0].seq + i) fail("trades out of order", batch[i].seq);
        check_trade(&batch[i]);
    }
    tally->trades += count;
    tally->lost += lost;
    must(tpr_events_read(events, told, 32, &count, &lost), "tpr_events_read");
    for (size_t i = 0; i < count; i++) check_event(&told[i]);
    tally->events += count;
}

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    static tpr_events_t events;
    static tpr_segment_t plane, binance;
    tpr_series_t series;
    tpr_instrument_t instrument;
    tpr_trades_t trades;
    must(tpr_open_plane(argv[1], argv[2], &plane), "tpr_open_plane");
    must(tpr_open_exchange(argv[1], argv[2], "binance", &binance), "tpr_open_exchange");
    must(tpr_series_find(&binance, KEY, &series), "tpr_series_find");
    must(tpr_instrument_find(&binance, "trades:binance:BTC-USDT", &instrument), "tpr_instrument_find");
    must(tpr_trades_follow(&instrument, &trades), "tpr_trades_follow");
    must(tpr_events_follow(&plane, &events), "tpr_events_follow");
    if (!tpr_writer_lives(&plane)) fail("a living writer counts as dead", 0);
    tp_plane_t *library_plane;
    tp_series_t *library;
    if (tp_open(argv[1], argv[2], &library_plane) != TP_OK || tp_find(library_plane, KEY, &library) != TP_OK)
        fail("the library does not open", 0);

    const unsigned long rounds = strtoul(argv[3], NULL, 10);
    tally_t tally = {0};
    uint64_t seen = tpr_seen(&plane);
    for (unsigned long round = 0; round < rounds || tally.views < rounds / 4; round++) {
        tpr_quote_t quote;
        read_view(&series, &tally);
        read_live(&series, &tally);
        if (round % 8 == 0) compare(&series, library, &tally);
        if (tpr_quote(&instrument, &quote) == TPR_OK) check_quote(&quote);
        follow(&trades, &events, &tally);
        tpr_trades_t beside = trades;
        read_oldest(&beside);
        if (round % 64 == 0) seen = tpr_wait(&plane, seen, 100000);
        if (round > rounds * 1000) fail("no progress", round);
    }
    printf("views=%lu changed=%lu busy=%lu rows=%lu trades=%lu lost=%lu events=%lu agreed=%lu\n", tally.views,
           tally.changed, tally.busy, tally.rows, tally.trades, tally.lost, tally.events, tally.agreed);
    if (tally.trades == 0 || tally.events == 0 || tally.agreed == 0) fail("something was never read", 0);
    tp_series_release(library);
    tp_close(library_plane);
    tpr_close(&binance);
    tpr_close(&plane);
    return 0;
}
