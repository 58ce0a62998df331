// Prints the last closed candle of a key and follows new ones, over restarts of the plane: follow [KEY [INSTANCE [ROOT]]]
#include <cstdio>
#include "tickplane.hpp"

int main(int argc, char **argv) {
    auto plane = tickplane::plane::open(argc > 2 ? argv[2] : "default", argc > 3 ? argv[3] : nullptr);
    if (!plane) return std::fprintf(stderr, "%s\n", plane.message()), 1;
    auto series = plane->series(argc > 1 ? argv[1] : "candles:binance:BTC-USDT:1m");
    if (!series) return std::fprintf(stderr, "%s\n", series.message()), 1;
    tickplane::candle room[64];
    std::uint64_t next = 0;
    for (auto seen = plane->seen();; seen = plane->wait(seen, std::chrono::seconds(1))) {
        auto rows = next ? series->since(next, room) : series->last({room, 1});
        if (!rows && plane->changed() && plane->reattach() == tickplane::status::ok) plane->renew(*series);
        if (!rows) continue;
        for (const auto &row : *rows) std::printf("%lld %g\n", static_cast<long long>(row.open_time_ns), row.close);
        std::fflush(stdout);
        next = rows->end_row();
    }
}
