// The header is C++ as it stands, and its functions have C linkage.
#include "tickplane.h"

#include <cstring>
#include <type_traits>

static_assert(std::is_trivially_copyable<tp_candle_t>::value && std::is_standard_layout<tp_candle_t>::value, "");
static_assert(std::is_trivially_copyable<tp_trade_t>::value && std::is_standard_layout<tp_event_t>::value, "");
static_assert(offsetof(tp_candle_t, quality) == 72 && offsetof(tp_live_t, publish_ns) == 24, "");
static_assert(offsetof(tp_trade_t, flags) == 64 && offsetof(tp_event_t, ring) == 44, "");

int main() {
    tp_plane_t *plane = nullptr;
    const bool refused = tp_open(nullptr, "a/b", &plane) == TP_EINSTANCE && plane == nullptr;
    tp_close(plane);
    return refused && tp_abi_version() == TP_ABI_VERSION && std::strlen(tp_version()) > 0 ? 0 : 1;
}
