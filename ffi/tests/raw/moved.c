// Follows a series and its trades; after each line on stdin it says how its reads fare, and finds again what moved: moved ROOT
// INSTANCE.
#include "relation.h"

static tpr_segment_t binance;

static void find(tpr_series_t *series, tpr_instrument_t *instrument) {
    must(tpr_series_find(&binance, KEY, series), "tpr_series_find");
    must(tpr_instrument_find(&binance, "trades:binance:BTC-USDT", instrument), "tpr_instrument_find");
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    tpr_series_t series;
    tpr_instrument_t instrument;
    tpr_trades_t trades;
    must(tpr_open_exchange(argv[1], argv[2], "binance", &binance), "tpr_open_exchange");
    find(&series, &instrument);
    must(tpr_trades_follow(&instrument, &trades), "tpr_trades_follow");
    printf("ready\n");
    fflush(stdout);
    for (int byte; (byte = getchar()) != EOF;) {
        if (byte != '\n') continue;
        tpr_live_t live;
        tpr_candle_t rows[ROWS];
        tpr_view_t view;
        tpr_quote_t quote;
        tpr_facts_t facts;
        tpr_trade_t batch[64];
        double values[ROWS];
        uint64_t first, lost;
        size_t count;
        const int32_t told[] = {tpr_live(&series, &live, NULL, 0), tpr_candles(&series, ROWS, rows, &first, &count),
                                tpr_values(&series, 4, ROWS, values, &first, &count), tpr_view(&series, ROWS, &view),
                                tpr_quote(&instrument, &quote), tpr_facts(&instrument, &facts)};
        for (size_t i = 0; i < sizeof told / sizeof *told; i++) printf("%d ", told[i]);
        const int32_t status = tpr_trades_read(&trades, batch, 64, &count, &lost);
        printf("%d: %zu trades, %" PRIu64 " lost\n", status, count, lost);
        for (size_t i = 0; i < count; i++) check_trade(&batch[i]);
        if (status == TPR_EMOVED) {
            // A file that was made anew has to be opened anew; what was found in the old one is not read any more.
            if (tpr_segment_changed(&binance)) {
                tpr_close(&binance);
                must(tpr_open_exchange(argv[1], argv[2], "binance", &binance), "tpr_open_exchange");
            }
            find(&series, &instrument);
            must(tpr_trades_resume(&instrument, &trades), "tpr_trades_resume");
        }
        fflush(stdout);
    }
    tpr_close(&binance);
    return 0;
}
