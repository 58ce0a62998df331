// Opens a view, then judges it after each line on stdin: slack ROOT INSTANCE.
#include "relation.h"

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    static tpr_segment_t binance;
    tpr_series_t series;
    tpr_view_t view;
    must(tpr_open_exchange(argv[1], argv[2], "binance", &binance), "tpr_open_exchange");
    must(tpr_series_find(&binance, KEY, &series), "tpr_series_find");
    must(tpr_view(&series, ROWS, &view), "tpr_view");
    printf("open\n");
    fflush(stdout);
    for (int byte; (byte = getchar()) != EOF;) {
        if (byte != '\n') continue;
        printf("%s\n", tpr_view_validate(&view) == TPR_OK ? "whole" : "changed");
        fflush(stdout);
    }
    tpr_close(&binance);
    return 0;
}
