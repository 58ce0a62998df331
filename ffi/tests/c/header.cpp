// The header is C++17 as it stands, and its functions have C linkage.
#include "tickplane.h"

#include <cstring>
#include <type_traits>

static_assert(std::is_trivially_copyable_v<tp_candle_t> && std::is_standard_layout_v<tp_candle_t>);
static_assert(offsetof(tp_candle_t, quality) == 72 && offsetof(tp_live_t, publish_ns) == 24);

int main() {
    tp_plane_t *plane = nullptr;
    const bool refused = tp_open(nullptr, "a/b", &plane) == TP_EINSTANCE && plane == nullptr;
    tp_close(plane);
    return refused && tp_abi_version() == TP_ABI_VERSION && std::strlen(tp_version()) > 0 ? 0 : 1;
}
