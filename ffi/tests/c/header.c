/* The header needs nothing before it, and serves C from C99 on. */
#include "tickplane.h"

#include <string.h>

int main(void) {
    tp_plane_t *plane = NULL;
    tp_open_options_t options;
    uint32_t number = 0;
    if (tp_open_options_init(&options, sizeof options) != TP_OK || options.struct_size != sizeof options) return 1;
    options.instance = "a/b";
    if (tp_open_with(&options, &plane) != TP_EINSTANCE || plane != NULL) return 2;
    tp_close(plane);
    if (tp_abi_version() != TP_ABI_VERSION || strcmp(tp_strerror_name(TP_EMOVED), "TP_EMOVED") != 0) return 3;
    if (tp_number(TP_NAMES_CONNECTION_COUNTER, "trades", &number) != TP_OK || number != 2) return 4;
    return strcmp(tp_name(TP_NAMES_EXCHANGE, 1), "binance") == 0 && TP_ROW_NONE == UINT64_MAX ? 0 : 5;
}
