// Reads a plane whose writer was killed, once and completely; nothing may be busy or torn: dead ROOT INSTANCE.
#include "relation.h"

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    static tpr_segment_t plane, binance;
    static tpr_events_t events;
    tpr_series_t series;
    tpr_instrument_t instrument;
    must(tpr_open_plane(argv[1], argv[2], &plane), "tpr_open_plane");
    must(tpr_open_exchange(argv[1], argv[2], "binance", &binance), "tpr_open_exchange");
    must(tpr_series_find(&binance, KEY, &series), "tpr_series_find");
    must(tpr_instrument_find(&binance, "trades:binance:BTC-USDT", &instrument), "tpr_instrument_find");
    if (tpr_writer_lives(&plane)) fail("a dead writer counts as alive", 0);

    tpr_ticket_t ticket;
    must(tpr_ticket(&series, &ticket), "tpr_ticket");
    tpr_candle_t rows[ROWS];
    double values[2][ROWS];
    uint64_t first = 0;
    size_t count = 0;
    int32_t status = tpr_candles(&series, ROWS, rows, &first, &count);
    if (status != TPR_EEMPTY) must(status, "tpr_candles");
    for (uint32_t column = 0; column < 2 && status == TPR_OK; column++)
        must(tpr_values(&series, TPR_CANDLE_COLUMNS + column, ROWS, values[column], &first, &count), "tpr_values");
    for (size_t i = 0; i < count; i++) {
        check_candle(first + i, &rows[i]);
        check_values(first + i, rows[i].trade_count, values[0][i], values[1][i]);
    }
    tpr_live_t live;
    double provisional[2] = {0};
    status = tpr_live(&series, &live, provisional, 2);
    if (status != TPR_EEMPTY) {
        must(status, "tpr_live");
        check_candle(live.row, &live.candle);
        check_values(live.row, live.candle.trade_count, provisional[0], provisional[1]);
    }
    tpr_quote_t quote;
    status = tpr_quote(&instrument, &quote);
    if (status != TPR_EEMPTY) must(status, "tpr_quote"), check_quote(&quote);

    tpr_trades_t trades;
    tpr_trade_t batch[128];
    uint64_t lost;
    size_t taken = 0;
    must(tpr_trades_follow(&instrument, &trades), "tpr_trades_follow");
    tpr_trades_rewind(&trades, UINT64_MAX);
    must(tpr_trades_read(&trades, batch, 128, &taken, &lost), "tpr_trades_read");
    for (size_t i = 0; i < taken; i++) check_trade(&batch[i]);
    must(tpr_events_follow(&plane, &events), "tpr_events_follow");
    if (ticket.in_flight) printf("in flight: row %" PRIu64 "\n", ticket.torn);
    if (ticket.in_flight && ticket.torn >= first && ticket.torn < first + count)
        printf("journal: revision %" PRIu64 "\n", rows[ticket.torn - first].trade_count);
    tpr_close(&binance);
    tpr_close(&plane);
    return 0;
}
