// Every face of tickplane.hpp on a hot plane: what it accepts is whole: faces ROOT INSTANCE ROUNDS. The writer is that of hot.c.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "relation.h"
#include "tickplane.hpp"

namespace {

template <class T> T take(tickplane::result<T> from, const char *what) {
    if (!from) {
        std::fprintf(stderr, "faces: %s: %s\n", what, from.message());
        std::exit(1);
    }
    return *std::move(from);
}

void refusals(const char *root, tickplane::plane &plane, const tickplane::series &series) {
    using tickplane::status;
    const bool right = tickplane::plane::open("absent", root).error() == status::no_file &&
                       tickplane::plane::open("a b", root).error() == status::invalid &&
                       plane.series("candle").error() == status::bad_key &&
                       plane.series("trades:binance:BTC-USDT").error() == status::bad_key &&
                       plane.series("candles:binance:DOGE-USDT:1m").error() == status::no_key &&
                       plane.series("candles:kraken:BTC-USDT:1m").error() == status::no_file &&
                       plane.series("indicator:binance:BTC-USDT:1m:rsi_14").error() == status::no_key &&
                       plane.series("indicator:binance:BTC-USDT:1m:macd_12_26_9").has_value() &&
                       plane.trades("candles:binance:BTC-USDT:1m").error() == status::bad_key &&
                       series.column("rsi_14").error() == status::no_column && series.live().error() == status::ok;
    if (!right) fail("a wrong refusal", 0);
}

unsigned long views, changed, copied, trades_read, events_read;

void read_series(const tickplane::series &series, std::uint32_t ema) {
    double provisional[2];
    tickplane::candle room[ROWS];
    if (const auto live = series.live(provisional)) {
        check_candle(live->row, &live->candle);
        check_values(live->row, live->candle.trade_count, provisional[0], provisional[1]);
    }
    if (const auto rows = series.last(room)) {
        std::uint64_t row = rows->first_row;
        for (const auto &candle : *rows) {
            if (take(series.open_time_ns(row), "open_time_ns") != candle.open_time_ns) fail("another time of", row);
            check_candle(row++, &candle);
        }
        if (row != rows->end_row()) fail("rows of a wrong length", row);
        copied += rows->size();
    }
    if (const auto view = series.view(ROWS)) {
        std::vector<tickplane::candle> candles(view->begin(), view->end());
        const auto first = view->values(ema), second = view->values(ema + 1);
        std::vector<double> values(first.begin(), first.end()), others(second.begin(), second.end());
        if (!view->values(99).empty() || view->integers(tickplane::columns::trade_count).size() != view->size())
            fail("a column of a wrong length", 0);
        if (!view->validate()) {
            changed++;
            return;
        }
        for (std::size_t i = 0; i < candles.size(); i++) {
            check_candle(view->first_row() + i, &candles[i]);
            check_values(view->first_row() + i, candles[i].trade_count, values[i], others[i]);
        }
        views++;
    }
}

void follow(const tickplane::series &series, tickplane::trades &trades, tickplane::events &events) {
    const auto due = trades.next_seq();
    const auto batch = trades.poll();
    std::uint64_t seq = due + batch.lost;
    for (const auto &trade : batch) {
        if (trade.seq != seq++) fail("an inexact loss, or trades out of order", trade.seq);
        check_trade(&trade);
        trades_read++;
    }
    for (const auto &event : events.poll()) {
        check_event(&event);
        if (!series.is_told_by(event)) fail("an event about something else", event.row);
        events_read++;
    }
}

} // namespace

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    auto plane = take(tickplane::plane::open(argv[2], argv[1]), "plane");
    auto series = take(plane.series(KEY), "series");
    auto instrument = take(plane.instrument("quote:binance:BTC-USDT"), "instrument");
    auto trades = take(plane.trades("trades:binance:BTC-USDT"), "trades");
    auto events = plane.events();
    refusals(argv[1], plane, series);
    const auto ema = take(series.column("ema_9"), "column");
    if (std::strcmp(take(instrument.facts(), "facts").venue_symbol, "BTCUSDT") != 0) fail("wrong facts", 0);
    if (plane.release().compare(0, 10, "tickplane ") != 0) fail("another release", 0);
    if (!plane.is_alive() || plane.changed() || plane.epoch() == 0) fail("the plane is not well", 0);
    auto seen = plane.seen();
    const unsigned long rounds = std::strtoul(argv[3], nullptr, 10);
    for (unsigned long round = 0; round < rounds; round++) {
        read_series(series, ema);
        follow(series, trades, events);
        if (const auto quote = instrument.quote()) check_quote(&*quote);
        if (round % 64 == 0) seen = plane.wait(seen, std::chrono::microseconds(100));
        if (round % 256 == 0 && (plane.reattach() != tickplane::status::ok || plane.renew(series) != tickplane::status::ok ||
                                 plane.renew(trades) != tickplane::status::ok || plane.renew(events) != tickplane::status::ok))
            fail("renewal failed", round);
    }
    std::printf("views=%lu changed=%lu rows=%lu trades=%lu events=%lu lost=%llu\n", views, changed, copied, trades_read,
                events_read, static_cast<unsigned long long>(trades.lost()));
    if (views == 0 || trades_read == 0 || events_read == 0) fail("something was never read", 0);
    return 0;
}
