#ifndef TICKPLANE_HPP
#define TICKPLANE_HPP

/*
 * tickplane.hpp: a plane's shared memory for C++17 and later, over tickplane_raw.h. Header only; no libtickplane.
 *
 *     auto plane = tickplane::plane::open("default");
 *     if (!plane) return fail(plane.message());
 *     auto series = plane->series("candles:binance:BTC-USDT:1m");
 *     tickplane::candle rows[100];
 *     if (auto copied = series->last(rows))
 *         for (const auto &row : *copied) use(row.close);
 *
 * Results. What can fail returns result<T>, which is like std::expected: test it, then take *value or value->member; error()
 * and message() say why not. Taking the value of a failed result is undefined. Nothing here throws but std::bad_alloc, and that only
 * where files are opened and keys are found; everything works under -fno-exceptions. Reads neither allocate nor lock, and make
 * no system call but wait().
 *
 * Life. Everything taken from a plane holds the mapping it points into: it may outlive the plane, and a plane that restarts or is
 * removed never pulls memory away. Reads then say status::moved: renew() what says so.
 *
 * Threads. A plane and a follower belong to one thread at a time. A series and an instrument may be read by many; copies are cheap.
 *
 * Spans are std::span where the standard library has it.
 */

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#if __has_include(<version>)
#include <version>
#endif
#if defined(__cpp_lib_span)
#include <span>
#endif

#include "tickplane_raw.h"

namespace tickplane {

/* ---- words ---- */

/* Why something failed; tickplane_raw.h explains each. */
enum class status : std::int32_t {
    ok = TPR_OK,
    invalid = TPR_EINVAL,
    system = TPR_ESYSTEM,
    no_file = TPR_ENOFILE,
    not_a_segment = TPR_EMAGIC,
    not_ready = TPR_ENOTREADY,
    byte_order = TPR_EENDIAN,
    version = TPR_EVERSION,
    feature = TPR_EFEATURE,
    damaged = TPR_EDAMAGED,
    bad_key = TPR_EKEY,
    no_key = TPR_ENOKEY,
    no_column = TPR_ENOCOLUMN,
    empty = TPR_EEMPTY,
    busy = TPR_EBUSY,
    moved = TPR_EMOVED,
    changed = TPR_ECHANGED,
};

/* What a status means, in English. */
[[nodiscard]] inline const char *message(status of) noexcept { return tpr_strerror(static_cast<std::int32_t>(of)); }

/* A value, or why there is none. */
template <class T> class [[nodiscard]] result {
public:
    result(T value) : value_(std::move(value)), status_(status::ok) {}
    result(status error) noexcept : status_(error) {}

    [[nodiscard]] bool has_value() const noexcept { return value_.has_value(); }
    explicit operator bool() const noexcept { return value_.has_value(); }
    /* Undefined unless has_value(). */
    T &operator*() & noexcept { return *value_; }
    const T &operator*() const & noexcept { return *value_; }
    T &&operator*() && noexcept { return std::move(*value_); }
    T *operator->() noexcept { return &*value_; }
    const T *operator->() const noexcept { return &*value_; }
    /* status::ok if there is a value. */
    [[nodiscard]] status error() const noexcept { return status_; }
    [[nodiscard]] const char *message() const noexcept { return tickplane::message(status_); }

private:
    std::optional<T> value_;
    status status_;
};

#if defined(__cpp_lib_span)
template <class T> using span = std::span<T>;
#else
/* What is used of std::span before C++20. */
template <class T> class span {
public:
    constexpr span() noexcept = default;
    constexpr span(T *data, std::size_t size) noexcept : data_(data), size_(size) {}
    template <std::size_t N> constexpr span(T (&array)[N]) noexcept : data_(array), size_(N) {}
    template <class C, class = decltype(std::declval<C &>().data())>
    constexpr span(C &container) noexcept : data_(container.data()), size_(container.size()) {}
    constexpr T *data() const noexcept { return data_; }
    constexpr std::size_t size() const noexcept { return size_; }
    constexpr bool empty() const noexcept { return size_ == 0; }
    constexpr T *begin() const noexcept { return data_; }
    constexpr T *end() const noexcept { return data_ + size_; }
    constexpr T &operator[](std::size_t at) const noexcept { return data_[at]; }
    constexpr T &front() const noexcept { return data_[0]; }
    constexpr T &back() const noexcept { return data_[size_ - 1]; }

private:
    T *data_ = nullptr;
    std::size_t size_ = 0;
};
#endif

using candle = tpr_candle_t;
using live_candle = tpr_live_t;
using trade = tpr_trade_t;
using quote = tpr_quote_t;
using facts = tpr_facts_t;
using event = tpr_event_t;

/* Numbers of the candle's columns; those of indicators come from series::column. */
namespace columns {
inline constexpr std::uint32_t open_time_ns = TPR_COLUMN_OPEN_TIME_NS;
inline constexpr std::uint32_t open = TPR_COLUMN_OPEN;
inline constexpr std::uint32_t high = TPR_COLUMN_HIGH;
inline constexpr std::uint32_t low = TPR_COLUMN_LOW;
inline constexpr std::uint32_t close = TPR_COLUMN_CLOSE;
inline constexpr std::uint32_t volume = TPR_COLUMN_VOLUME;
inline constexpr std::uint32_t quote_volume = TPR_COLUMN_QUOTE_VOLUME;
inline constexpr std::uint32_t taker_buy_volume = TPR_COLUMN_TAKER_BUY_VOLUME;
inline constexpr std::uint32_t trade_count = TPR_COLUMN_TRADE_COUNT;
inline constexpr std::uint32_t quality = TPR_COLUMN_QUALITY;
} // namespace columns

namespace detail {
/* A mapped segment, unmapped with its last user. */
struct mapping {
    tpr_segment_t segment{};
    mapping() = default;
    mapping(const mapping &) = delete;
    mapping &operator=(const mapping &) = delete;
    ~mapping() { tpr_close(&segment); }
};
using held = std::shared_ptr<const mapping>;
} // namespace detail

/* ---- a series ---- */

/* Consecutive rows in the caller's memory, oldest first. */
struct rows {
    std::uint64_t first_row = 0; /* Number of the first one. */
    span<candle> candles;

    [[nodiscard]] std::size_t size() const noexcept { return candles.size(); }
    /* Number of the row after the last one: where series::since goes on. */
    [[nodiscard]] std::uint64_t end_row() const noexcept { return first_row + candles.size(); }
    [[nodiscard]] auto begin() const noexcept { return candles.begin(); }
    [[nodiscard]] auto end() const noexcept { return candles.end(); }
    [[nodiscard]] const candle &operator[](std::size_t at) const noexcept { return candles[at]; }
    [[nodiscard]] const candle &back() const noexcept { return candles.back(); }
};

/* The last rows of a series without a copy. The writer goes on meanwhile: compute, then validate(), then use. */
class view {
public:
    /* Candles of a view, read one by one. */
    class iterator {
    public:
        using iterator_category = std::input_iterator_tag;
        using value_type = candle;
        using difference_type = std::ptrdiff_t;
        using pointer = const candle *;
        using reference = candle;

        iterator(const tpr_view_t *of, std::size_t at) noexcept : of_(of), at_(at) {}
        candle operator*() const noexcept {
            std::uint64_t words[TPR_CANDLE_COLUMNS];
            for (std::uint32_t column = 0; column < TPR_CANDLE_COLUMNS; column++)
                words[column] = tpr_load(tpr_view_u64(of_, column) + at_);
            candle row;
            tpr_candle_of(words, &row);
            return row;
        }
        iterator &operator++() noexcept {
            at_++;
            return *this;
        }
        iterator operator++(int) noexcept {
            const iterator before = *this;
            at_++;
            return before;
        }
        friend bool operator==(const iterator &a, const iterator &b) noexcept { return a.at_ == b.at_; }
        friend bool operator!=(const iterator &a, const iterator &b) noexcept { return a.at_ != b.at_; }

    private:
        const tpr_view_t *of_;
        std::size_t at_;
    };

    [[nodiscard]] std::uint64_t first_row() const noexcept { return view_.first_row; }
    [[nodiscard]] std::size_t size() const noexcept { return view_.count; }
    [[nodiscard]] iterator begin() const noexcept { return {&view_, 0}; }
    [[nodiscard]] iterator end() const noexcept { return {&view_, view_.count}; }
    /* The values of a column, contiguous, oldest first: for TA-Lib or a loop. Empty if there is no such column. open_time_ns,
     * trade_count and quality are integers: take them by integers(). */
    [[nodiscard]] span<const double> values(std::uint32_t of) const noexcept {
        const double *first = tpr_view_f64(&view_, of);
        return {first, first ? view_.count : 0};
    }
    [[nodiscard]] span<const std::uint64_t> integers(std::uint32_t of) const noexcept {
        const std::uint64_t *first = tpr_view_u64(&view_, of);
        return {first, first ? view_.count : 0};
    }
    /* Whether everything read through the view so far was whole and in its place. */
    [[nodiscard]] bool validate() const noexcept { return tpr_view_validate(&view_) == TPR_OK; }

private:
    friend class series;
    view(detail::held holds, const tpr_view_t &of) noexcept : holds_(std::move(holds)), view_(of) {}
    detail::held holds_;
    tpr_view_t view_;
};

/* Candles and indicators of one symbol and timeframe. */
class series {
public:
    [[nodiscard]] const std::string &key() const noexcept { return key_; }
    /* The most rows one call gives. */
    [[nodiscard]] std::size_t depth() const noexcept { return static_cast<std::size_t>(series_.depth); }
    [[nodiscard]] std::uint32_t columns() const noexcept { return series_.columns; }
    /* Number by which events of the same file name it. */
    [[nodiscard]] std::uint32_t entry() const noexcept { return series_.index; }
    /* Whether an event is about this series. */
    [[nodiscard]] bool is_told_by(const event &of) const noexcept { return tpr_event_is_of(&of, &series_); }
    /* When a row opens, whether it is there or not. */
    result<std::int64_t> open_time_ns(std::uint64_t row) const noexcept {
        std::int64_t found = 0;
        const auto asked = static_cast<status>(tpr_open_time_ns(&series_, row, &found));
        if (asked != status::ok) return asked;
        return found;
    }
    /* Number of a column: "close", "rsi_14", "macd_12_26_9.hist". */
    result<std::uint32_t> column(const char *name) const noexcept {
        std::uint32_t number = 0;
        const auto found = static_cast<status>(tpr_column(&series_, name, &number));
        if (found != status::ok) return found;
        return number;
    }
    /* The first row of a column with a settled value, if there is one. */
    [[nodiscard]] std::optional<std::uint64_t> seed_row(std::uint32_t of) const noexcept {
        const std::uint64_t row = tpr_seed_row(&series_, of);
        return row == TPR_NONE ? std::nullopt : std::optional(row);
    }
    /* Number of the live candle's newest publication, 0 if there is none: what a follower spins on. */
    [[nodiscard]] std::uint64_t live_seq() const noexcept { return tpr_live_seq(&series_); }
    /* The forming candle and the first of its provisional indicator values, as many as `values` has room for. */
    result<live_candle> live(span<double> values = {}) const noexcept {
        const std::uint32_t most = series_.columns - TPR_CANDLE_COLUMNS;
        const std::uint32_t count = values.size() < most ? static_cast<std::uint32_t>(values.size()) : most;
        live_candle found;
        const auto read = static_cast<status>(tpr_live(&series_, &found, values.data(), count));
        if (read != status::ok) return read;
        return found;
    }
    /* The last closed rows, copied and validated, as many as there are and fit. */
    result<rows> last(span<candle> room) const noexcept { return since(TPR_NONE, room); }
    /* Closed rows from a number on, copied and validated: later than `from` where older rows are gone. status::empty: none yet. */
    result<rows> since(std::uint64_t from, span<candle> room) const noexcept {
        std::uint64_t first = 0;
        std::size_t count = 0;
        const auto read = static_cast<status>(tpr_rows(&series_, from, room.size(), room.data(), &first, &count));
        if (read != status::ok) return read;
        return rows{first, span<candle>(room.data(), count)};
    }
    /* The last values of a column, copied and validated into the beginning of `room`; gives the part that was filled. */
    result<span<double>> values(std::uint32_t of, span<double> room) const noexcept {
        std::uint64_t first = 0;
        std::size_t count = 0;
        const auto read = static_cast<status>(tpr_values(&series_, of, room.size(), room.data(), &first, &count));
        if (read != status::ok) return read;
        return span<double>(room.data(), count);
    }
    /* The last `n` rows, or as many as there are, without a copy. */
    result<tickplane::view> view(std::size_t n) const noexcept {
        tpr_view_t found;
        const auto read = static_cast<status>(tpr_view(&series_, n, &found));
        if (read != status::ok) return read;
        return tickplane::view(holds_, found);
    }

private:
    friend class plane;
    series(detail::held holds, const tpr_series_t &of, std::string key)
        : holds_(std::move(holds)), series_(of), key_(std::move(key)) {}
    detail::held holds_;
    tpr_series_t series_;
    std::string key_;
};

/* ---- an instrument ---- */

/* The last quote and the facts of an instrument. */
class instrument {
public:
    [[nodiscard]] const std::string &key() const noexcept { return key_; }
    /* The best bid and ask. */
    result<tickplane::quote> quote() const noexcept {
        tickplane::quote found;
        const auto read = static_cast<status>(tpr_quote(&instrument_, &found));
        if (read != status::ok) return read;
        return found;
    }
    /* Tick size, lot size, status. */
    result<tickplane::facts> facts() const noexcept {
        tickplane::facts found;
        const auto read = static_cast<status>(tpr_facts(&instrument_, &found));
        if (read != status::ok) return read;
        return found;
    }

private:
    friend class plane;
    friend class trades;
    instrument(detail::held holds, const tpr_instrument_t &of, std::string key)
        : holds_(std::move(holds)), instrument_(of), key_(std::move(key)) {}
    detail::held holds_;
    tpr_instrument_t instrument_;
    std::string key_;
};

/* ---- followers ---- */

/* What a follower took in one go; valid until its next poll. */
template <class T> struct batch {
    span<const T> records;
    std::uint64_t lost = 0;          /* Overwritten before they could be read: the exact number. */
    tickplane::status status = status::ok; /* status::moved: nothing more comes here, renew the follower. */

    [[nodiscard]] std::size_t size() const noexcept { return records.size(); }
    [[nodiscard]] bool empty() const noexcept { return records.empty(); }
    [[nodiscard]] auto begin() const noexcept { return records.begin(); }
    [[nodiscard]] auto end() const noexcept { return records.end(); }
};

/* Follows the trades of an instrument, oldest first, each once. */
class trades {
public:
    [[nodiscard]] const std::string &key() const noexcept { return instrument_.key(); }
    /* The next trades; empty if nothing is new. What was lost lies before the first of them. */
    batch<trade> poll() noexcept {
        std::size_t count = 0;
        batch<trade> taken;
        taken.status = static_cast<status>(tpr_trades_read(&trades_, room_.data(), room_.size(), &count, &taken.lost));
        taken.records = span<const trade>(room_.data(), count);
        return taken;
    }
    /* The number that is read next. */
    [[nodiscard]] std::uint64_t next_seq() const noexcept { return trades_.cursor.next; }
    /* How many were lost in all. */
    [[nodiscard]] std::uint64_t lost() const noexcept { return trades_.cursor.lost; }
    void seek(std::uint64_t seq) noexcept { tpr_trades_seek(&trades_, seq); }
    /* Goes back so that the last `n` trades, or what is left of them, are read next. */
    void rewind(std::uint64_t n) noexcept { tpr_trades_rewind(&trades_, n); }

private:
    friend class plane;
    explicit trades(instrument of) noexcept : instrument_(std::move(of)) {
        (void)tpr_trades_follow(&instrument_.instrument_, &trades_);
    }
    instrument instrument_;
    tpr_trades_t trades_;
    std::array<trade, 64> room_{};
};

/* Follows what every writing thread of the plane announces: in order within a thread. */
class events {
public:
    /* The next events; empty if nothing is new. */
    batch<event> poll() noexcept {
        std::size_t count = 0;
        batch<event> taken;
        taken.status = static_cast<status>(tpr_events_read(events_.get(), room_.data(), room_.size(), &count, &taken.lost));
        taken.records = span<const event>(room_.data(), count);
        return taken;
    }
    /* Goes back to the oldest events that are left. */
    void rewind() noexcept { tpr_events_rewind(events_.get()); }

private:
    friend class plane;
    explicit events(detail::held holds) : holds_(std::move(holds)), events_(std::make_unique<tpr_events_t>()) {
        (void)tpr_events_follow(&holds_->segment, events_.get());
    }
    detail::held holds_;
    std::unique_ptr<tpr_events_t> events_;
    std::array<event, 64> room_{};
};

/* ---- the plane ---- */

/* An attached plane: finds keys, waits, says how it is. */
class plane {
public:
    /* Attaches to an instance, whether its writer lives or not; without a root under /dev/shm/tickplane. */
    static result<plane> open(const char *instance = "default", const char *root = nullptr) {
        plane opened;
        opened.instance_ = instance ? instance : "default";
        opened.root_ = root ? root : "/dev/shm/tickplane";
        const status attached = opened.reattach();
        if (attached != status::ok) return attached;
        return opened;
    }

    /* Finds the series of a candles: key, or the one an indicator: key belongs to. */
    result<tickplane::series> series(const std::string &key) {
        tpr_series_t found;
        const auto exchange = segment_of(key);
        if (!exchange) return exchange.error();
        const auto read = static_cast<status>(tpr_series_find(&(*exchange)->segment, key.c_str(), &found));
        if (read != status::ok) return read;
        return tickplane::series(*exchange, found, key);
    }
    /* Finds the instrument of a trades: or quote: key. */
    result<tickplane::instrument> instrument(const std::string &key) {
        tpr_instrument_t found;
        const auto exchange = segment_of(key);
        if (!exchange) return exchange.error();
        const auto read = static_cast<status>(tpr_instrument_find(&(*exchange)->segment, key.c_str(), &found));
        if (read != status::ok) return read;
        return tickplane::instrument(*exchange, found, key);
    }
    /* Follows the trades of a trades: key from now on. */
    result<tickplane::trades> trades(const std::string &key) {
        auto found = instrument(key);
        if (!found) return found.error();
        return tickplane::trades(*std::move(found));
    }
    /* Follows the plane's events from now on. */
    tickplane::events events() const { return tickplane::events(plane_); }

    /* Finds a series again that said status::moved. On failure it keeps what it had. */
    status renew(tickplane::series &of) {
        auto found = series(of.key());
        if (found) of = *std::move(found);
        return found.error();
    }
    /* Lets trades go on where they stood, in the region or file that took over; their count of losses goes on too. */
    status renew(tickplane::trades &of) {
        auto found = instrument(of.key());
        if (!found) return found.error();
        of.instrument_ = *std::move(found);
        return static_cast<status>(tpr_trades_resume(&of.instrument_.instrument_, &of.trades_));
    }
    /* Lets events go on after reattach(): from the oldest that are left if the plane's file is another one now. */
    status renew(tickplane::events &of) const {
        if (of.holds_ == plane_) return status::ok;
        of = tickplane::events(plane_);
        of.rewind();
        return status::ok;
    }

    /* The bell as it stands: take it before looking at data, and give it to wait(). */
    [[nodiscard]] std::uint64_t seen() const noexcept { return tpr_seen(&plane_->segment); }
    /* Sleeps until something is published after `seen`, at most so long; gives the bell as it stands then. */
    template <class Rep, class Period>
    std::uint64_t wait(std::uint64_t seen, std::chrono::duration<Rep, Period> timeout) const noexcept {
        const auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(timeout).count();
        return tpr_wait(&plane_->segment, seen, static_cast<std::int64_t>(ns));
    }

    /* Whether the plane's process runs and holds its lock. A few system calls. */
    /* The release that writes the plane: "tickplane 1.0.0". */
    [[nodiscard]] std::string release() const {
        char text[65];
        tpr_release(&plane_->segment, text);
        return text;
    }
    [[nodiscard]] bool is_alive() const noexcept { return tpr_writer_lives(&plane_->segment); }
    [[nodiscard]] std::int64_t heartbeat_ns() const noexcept { return tpr_heartbeat_ns(&plane_->segment); }
    /* Counts the writers the plane's file has had. */
    [[nodiscard]] std::uint64_t epoch() const noexcept {
        tpr_writer_t writer;
        return tpr_writer(&plane_->segment, &writer) == TPR_OK ? writer.epoch : 0;
    }
    /* Whether another writer took over, or the files were made anew. A system call: ask when nothing new comes. */
    [[nodiscard]] bool changed() const noexcept {
        if (tpr_segment_changed(&plane_->segment)) return true;
        for (const auto &exchange : exchanges_)
            if (exchange && tpr_segment_changed(&exchange->segment)) return true;
        return false;
    }
    /* Attaches again. What was taken before keeps what it has: renew() it. On failure the old attachment stays. */
    status reattach() {
        auto fresh = std::make_shared<detail::mapping>();
        const auto opened = static_cast<status>(tpr_open_plane(root_.c_str(), instance_.c_str(), &fresh->segment));
        if (opened != status::ok) return opened;
        plane_ = std::move(fresh);
        for (auto &exchange : exchanges_) exchange.reset();
        return status::ok;
    }

private:
    plane() = default;

    /* The segment of a key's exchange, opened once and again when its file is another one. */
    result<detail::held> segment_of(const std::string &key) {
        tpr_key_t parsed;
        const auto read = static_cast<status>(tpr_key_parse(key.c_str(), &parsed));
        if (read != status::ok) return read;
        auto &exchange = exchanges_[parsed.exchange];
        if (!exchange || tpr_segment_changed(&exchange->segment)) {
            auto fresh = std::make_shared<detail::mapping>();
            const auto opened = static_cast<status>(tpr_open_exchange(
                root_.c_str(), instance_.c_str(), tpr_exchange_name(parsed.exchange), &fresh->segment));
            if (opened != status::ok) return opened;
            exchange = std::move(fresh);
        }
        return exchange;
    }

    std::string root_, instance_;
    detail::held plane_;
    std::array<detail::held, 256> exchanges_{};
};

} // namespace tickplane

#endif /* TICKPLANE_HPP */
