// The price difference between two venues at every trade of either: spread TRADES_KEY TRADES_KEY [COUNT [INSTANCE [ROOT]]]
//
//     spread trades:binance:BTC-USDT trades:kraken:BTC-USD
//
// prints, per trade, its exchange time, its venue, its price, and how far the other venue's last price lies above the first
// one's, in hundredths of a percent. COUNT ends it after so many lines; 0 is for ever.
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>

#include "tickplane.hpp"

namespace {

struct venue {
    tickplane::trades trades;
    double price = std::numeric_limits<double>::quiet_NaN();
};

tickplane::result<venue> follow(tickplane::plane &plane, const char *key) {
    auto trades = plane.trades(key);
    if (!trades) return trades.error();
    // The last trade gives a price to begin with.
    trades->rewind(1);
    return venue{*std::move(trades)};
}

// Takes what is new at one venue and prints the difference. Gives the number of lines.
long take(venue &from, const venue &first, const venue &second) {
    long lines = 0;
    const auto batch = from.trades.poll();
    if (batch.lost > 0)
        std::printf("%s lost %llu trades\n", from.trades.key().c_str(), static_cast<unsigned long long>(batch.lost));
    for (const auto &trade : batch) {
        from.price = trade.price;
        const double basis_points = (second.price / first.price - 1.0) * 1e4;
        if (!(first.price > 0.0 && second.price > 0.0)) continue;
        std::printf("%lld %s %g %+.2f\n", static_cast<long long>(trade.exchange_ns), from.trades.key().c_str(),
                    trade.price, basis_points);
        lines++;
    }
    return lines;
}

// A plane that restarted, or an instrument that moved: goes on where it stood.
void renew(tickplane::plane &plane, venue &first, venue &second) {
    if (plane.changed()) (void)plane.reattach();
    (void)plane.renew(first.trades);
    (void)plane.renew(second.trades);
}

} // namespace

int main(int argc, char **argv) {
    if (argc < 3) return std::fprintf(stderr, "usage: spread TRADES_KEY TRADES_KEY [COUNT [INSTANCE [ROOT]]]\n"), 2;
    const long count = argc > 3 ? std::strtol(argv[3], nullptr, 10) : 0;
    auto plane = tickplane::plane::open(argc > 4 ? argv[4] : "default", argc > 5 ? argv[5] : nullptr);
    if (!plane) return std::fprintf(stderr, "%s\n", plane.message()), 1;
    auto first = follow(*plane, argv[1]);
    if (!first) return std::fprintf(stderr, "%s: %s\n", argv[1], first.message()), 1;
    auto second = follow(*plane, argv[2]);
    if (!second) return std::fprintf(stderr, "%s: %s\n", argv[2], second.message()), 1;

    long lines = 0;
    for (auto seen = plane->seen(); count == 0 || lines < count;) {
        const long more = take(*first, *first, *second) + take(*second, *first, *second);
        lines += more;
        if (more > 0) std::fflush(stdout);
        const auto before = seen;
        seen = plane->wait(seen, std::chrono::seconds(1));
        // A second without anything new: is it still the same plane?
        if (seen == before && plane->changed()) renew(*plane, *first, *second);
    }
    return 0;
}
