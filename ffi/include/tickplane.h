#ifndef TICKPLANE_H
#define TICKPLANE_H

/*
 * libtickplane: live candles, indicators, quotes, trades and events from a plane's shared memory.
 *
 *     tp_plane_t *plane = NULL;
 *     tp_series_t *series = NULL;
 *     tp_candle_t candle;
 *     tp_open(NULL, "default", &plane);
 *     tp_find(plane, "candles:binance:BTC-USDT:1m", &series);
 *     tp_live(series, &candle, NULL);
 *     tp_series_release(series);
 *     tp_close(plane);
 *
 * Status. Functions that can fail return int32_t: TP_OK or a negative code that tp_strerror explains; TP_EINVAL and
 * TP_EPANIC are possible everywhere and not repeated below. A function that fails sets the handle it should have given
 * to NULL and leaves its other results alone. No function unwinds.
 *
 * Handles. tp_open gives a plane, tp_find a series and tp_find_instrument an instrument of it; tp_view, tp_follow_trades
 * and tp_follow_events go on from those. Each is released once, in any order; NULL is allowed and does nothing. The
 * plane's files are mapped read-only and stay mapped until the last handle that points into them is released.
 *
 * Restarts. A plane that dies leaves everything readable, and its successor goes on in place. Where it cannot, because a
 * shape changed or files were made anew, reads say TP_EMOVED, and tp_wait says TP_ERESTARTED. The answer to both is to
 * renew the handle: tp_series_renew and its like, which attach the plane again where that is needed and find the same
 * key. Followers keep their place and their count. As long as renewing fails, the plane is not back: wait and try again.
 *
 * Memory. A function whose "Threads" line says "neither system call nor allocation" is fit for the hot path. Options
 * and filters begin with their own size, so that they can grow: set it, or call the _init function.
 *
 * Threads. Stated per function. "any" means: from any thread, also at the same time on the same handle. Releasing or
 * renewing a handle while another thread uses it is an error of the caller that cannot be detected. No function is for
 * signal handlers.
 *
 * Times are nanoseconds since 1970-01-01T00:00:00Z.
 *
 * A library serves programs of its own TP_ABI_VERSION, also those that were compiled with an older header: compare it with
 * tp_abi_version().
 *
 * Generated from ffi/src by cbindgen. Do not edit: change the source, then run
 * TICKPLANE_BLESS=1 cargo test -p tickplane-ffi the_header
 */

#include <stddef.h>
#include <stdint.h>

/**
 * Version of this interface: a library of the same number serves a program that was compiled with an older header.
 */
#define TP_ABI_VERSION 1

/**
 * Done.
 */
#define TP_OK 0

/**
 * An argument is NULL, misaligned or zero where that is not allowed: an error of the calling program.
 */
#define TP_EINVAL -1

/**
 * A defect of the library: it failed inside, and the call did nothing. Please report what stands on stderr.
 */
#define TP_EPANIC -2

/**
 * The instance's name is not 1 to 64 letters, digits, - and _.
 */
#define TP_EINSTANCE -3

/**
 * There is no plane of that name under that root.
 */
#define TP_ENOPLANE -4

/**
 * The plane was written by a release whose layout this library does not read.
 */
#define TP_EVERSION -5

/**
 * A file of the plane is damaged or no segment at all.
 */
#define TP_EDAMAGED -6

/**
 * The plane's files may not be read by this user.
 */
#define TP_EACCESS -7

/**
 * The system refused for another reason, such as too many open files.
 */
#define TP_EIO -8

/**
 * The text is no key, or a key of another kind than the call takes.
 */
#define TP_EKEY -9

/**
 * The plane has nothing of this exchange.
 */
#define TP_ENOEXCHANGE -10

/**
 * The exchange is there, but it has no such series or instrument.
 */
#define TP_ENOKEY -11

/**
 * The series has no such column, or its values are of another type.
 */
#define TP_ENOCOLUMN -12

/**
 * Nothing has been published yet.
 */
#define TP_EEMPTY -13

/**
 * The writer overtook every one of a bounded number of attempts: try again.
 */
#define TP_EBUSY -14

/**
 * What the handle stands for moved, because its shape changed, its file was made anew or its plane was attached again:
 * renew the handle. A view is released and taken anew.
 */
#define TP_EMOVED -15

/**
 * Rows of the view were overwritten or revised meanwhile: discard what was computed from it and renew it.
 */
#define TP_ECHANGED -16

/**
 * Nothing new within the time.
 */
#define TP_ETIMEDOUT -17

/**
 * Another writer took the plane over, or its files were removed or made anew: renew the handles.
 */
#define TP_ERESTARTED -18

/**
 * The plane has not come so far: its numbers began anew.
 */
#define TP_ENOSEQ -19

/**
 * An option was set that this library is too old to know.
 */
#define TP_EOPTION -20

/**
 * The plane's segment was made, but no writer has opened it yet.
 */
#define TP_STATE_NEW 0

/**
 * A writer has it open, or died with it open: see `alive`.
 */
#define TP_STATE_LIVE 1

/**
 * Its writer said goodbye. The data stays readable.
 */
#define TP_STATE_CLOSED 2

/**
 * Another file has taken its name: re-attach.
 */
#define TP_STATE_REPLACED 3

/**
 * Keys of candles, for tp_find: "candles:binance:BTC-USDT:1m".
 */
#define TP_KEY_CANDLES 1

/**
 * Keys of indicators, for tp_find: "indicator:binance:BTC-USDT:1m:rsi_14".
 */
#define TP_KEY_INDICATOR 2

/**
 * Keys of trades, for tp_find_instrument: "trades:binance:BTC-USDT". There is one per instrument.
 */
#define TP_KEY_TRADES 4

/**
 * Keys of quotes, for tp_find_instrument: "quote:binance:BTC-USDT".
 */
#define TP_KEY_QUOTE 8

/**
 * The interval is over; only a revision changes the candle from here.
 */
#define TP_QUALITY_FINAL 1

/**
 * The plane began to listen inside the interval: earlier trades are missing.
 */
#define TP_QUALITY_PARTIAL 2

/**
 * No trade happened; the prices are the previous close.
 */
#define TP_QUALITY_SYNTHETIC 4

/**
 * Holds trades that were fetched afterwards.
 */
#define TP_QUALITY_BACKFILLED 8

/**
 * Taken from the exchange's own candle instead of its trades.
 */
#define TP_QUALITY_VENUE 16

/**
 * The exchange's market was closed.
 */
#define TP_QUALITY_MARKET_CLOSED 32

/**
 * Computed from a finer timeframe.
 */
#define TP_QUALITY_DERIVED 64

/**
 * `quality >> TP_QUALITY_REVISIONS_SHIFT & 0xffff`: how often the candle was revised after it was final.
 */
#define TP_QUALITY_REVISIONS_SHIFT 16

/**
 * `quality >> TP_QUALITY_GAP_MS_SHIFT`: how long the feed was interrupted inside the interval, in milliseconds.
 */
#define TP_QUALITY_GAP_MS_SHIFT 32

/**
 * Column open_time_ns: tp_view_i64.
 */
#define TP_COLUMN_OPEN_TIME_NS 0

/**
 * Column open: tp_view_f64, like the six after it.
 */
#define TP_COLUMN_OPEN 1

/**
 * Column high.
 */
#define TP_COLUMN_HIGH 2

/**
 * Column low.
 */
#define TP_COLUMN_LOW 3

/**
 * Column close.
 */
#define TP_COLUMN_CLOSE 4

/**
 * Column volume.
 */
#define TP_COLUMN_VOLUME 5

/**
 * Column quote_volume.
 */
#define TP_COLUMN_QUOTE_VOLUME 6

/**
 * Column taker_buy_volume.
 */
#define TP_COLUMN_TAKER_BUY_VOLUME 7

/**
 * Column trade_count: tp_view_u64.
 */
#define TP_COLUMN_TRADE_COUNT 8

/**
 * Column quality: tp_view_u64. Indicator columns come after it, all tp_view_f64: ask tp_column for their numbers.
 */
#define TP_COLUMN_QUALITY 9

/**
 * Columns of a candle; the numbers of indicator columns begin here.
 */
#define TP_CANDLE_COLUMNS 10

/**
 * `seed_row` of a column without a settled value.
 */
#define TP_ROW_NONE 18446744073709551615ull

/**
 * Bytes of a symbol in a structure, its NUL included.
 */
#define TP_SYMBOL_BYTES 72

/**
 * Facts: traded at once.
 */
#define TP_PRODUCT_SPOT 1

/**
 * A perpetual future settled in the quote currency.
 */
#define TP_PRODUCT_PERPETUAL 2

/**
 * A perpetual future settled in the base currency.
 */
#define TP_PRODUCT_INVERSE_PERPETUAL 3

/**
 * A future with a date.
 */
#define TP_PRODUCT_DATED 4

/**
 * Facts: trading.
 */
#define TP_TRADING 1

/**
 * Some order types are refused, or the market is halted.
 */
#define TP_RESTRICTED 2

/**
 * Not trading.
 */
#define TP_CLOSED 3

/**
 * Begin with what is published next.
 */
#define TP_START_NEXT 0

/**
 * Begin with the oldest that is kept.
 */
#define TP_START_OLDEST 1

/**
 * Begin with a given number: trades only.
 */
#define TP_START_SEQ 2

/**
 * The taker sold; without this bit it bought.
 */
#define TP_TRADE_SELL 1

/**
 * Sent by the exchange as history when the subscription began.
 */
#define TP_TRADE_HISTORY 2

/**
 * Fetched afterwards, to close a gap.
 */
#define TP_TRADE_BACKFILLED 4

/**
 * Several fills in one.
 */
#define TP_TRADE_AGGREGATE 8

/**
 * The quantity counts contracts.
 */
#define TP_TRADE_CONTRACTS 16

/**
 * Derived from something else than a trade message.
 */
#define TP_TRADE_DERIVED 32

/**
 * The exchange gives its trades no id.
 */
#define TP_ID_NONE 0

/**
 * The id is a decimal number.
 */
#define TP_ID_NUMBER 1

/**
 * The id is a UUID.
 */
#define TP_ID_UUID 2

/**
 * The id is the first 128 bits of a hash.
 */
#define TP_ID_HASH 3

/**
 * A candle closed: its row is readable.
 */
#define TP_EVENT_CANDLE_CLOSE 1

/**
 * A closed candle was revised by trades that came late or were fetched.
 */
#define TP_EVENT_CANDLE_REVISE 2

/**
 * A connection of the exchange came or went; `detail` is its state: tp_name with TP_NAMES_CONNECTION_STATE.
 */
#define TP_EVENT_LIFECYCLE 3

/**
 * An alert fired.
 */
#define TP_EVENT_ALERT 4

/**
 * A stream of trades came, went, fell silent or died; `detail` is its state: tp_name with TP_NAMES_STREAM_STATE.
 */
#define TP_EVENT_STREAM 5

/**
 * Bytes that the text of every key fits into, its NUL included.
 */
#define TP_KEY_BYTES 192

/**
 * Room for counters of a connection.
 */
#define TP_CONNECTION_COUNTERS 16

/**
 * Room for reasons why messages were rejected.
 */
#define TP_CONNECTION_REJECTS 32

/**
 * Room for reasons why a connection ended.
 */
#define TP_CONNECTION_CLOSES 64

/**
 * Room for counters of a stream.
 */
#define TP_STREAM_COUNTERS 16

/**
 * `last_close` of a connection that never ended.
 */
#define TP_CLOSE_NONE 4294967295

/**
 * Exchanges: 1 is "binance".
 */
#define TP_NAMES_EXCHANGE 1

/**
 * Timeframes: 4 is "1m".
 */
#define TP_NAMES_TIMEFRAME 2

/**
 * Kinds of events: TP_EVENT_CANDLE_CLOSE is "candle-close".
 */
#define TP_NAMES_EVENT 3

/**
 * States of a connection: 4 is "live".
 */
#define TP_NAMES_CONNECTION_STATE 4

/**
 * What is counted per connection: `counters` of tp_connection_t.
 */
#define TP_NAMES_CONNECTION_COUNTER 5

/**
 * Why messages were rejected: `rejects` of tp_connection_t.
 */
#define TP_NAMES_REJECT 6

/**
 * Why connections ended: `closes` of tp_connection_t.
 */
#define TP_NAMES_CLOSE 7

/**
 * States of a stream: 3 is "live".
 */
#define TP_NAMES_STREAM_STATE 8

/**
 * What is counted per stream: `counters` of tp_stream_t.
 */
#define TP_NAMES_STREAM_COUNTER 9

/**
 * A follower of the events of a plane.
 */
typedef struct tp_events_t tp_events_t;

/**
 * One instrument of an exchange.
 */
typedef struct tp_instrument_t tp_instrument_t;

/**
 * The keys a plane had when it was asked.
 */
typedef struct tp_keys_t tp_keys_t;

/**
 * A plane that is open for reading.
 */
typedef struct tp_plane_t tp_plane_t;

/**
 * The candles of one symbol and timeframe, with their indicators.
 */
typedef struct tp_series_t tp_series_t;

/**
 * A follower of the trades of one instrument.
 */
typedef struct tp_trades_t tp_trades_t;

/**
 * The last rows of a series, without a copy.
 *
 * The writer goes on while a view is held. Read, compute, keep the result aside, call tp_view_validate, and use the
 * result only if it says TP_OK:
 *
 *     do {
 *         status = tp_view_renew(view, 14);
 *         if (status != TP_OK) return status;
 *         mean = mean_of(tp_view_f64(view, TP_COLUMN_CLOSE), tp_view_count(view));
 *     } while (tp_view_validate(view) == TP_ECHANGED);
 *
 * Until then a value may be of a newer row, so it must not index memory or end a loop.
 */
typedef struct tp_view_t tp_view_t;

/**
 * Which plane to open. Zero is the default of every field.
 */
typedef struct {
    /**
     * sizeof(tp_open_options_t).
     */
    size_t struct_size;
    /**
     * The folder of the instances; NULL for /dev/shm/tickplane.
     */
    const char *root;
    /**
     * The plane's name; NULL for "default".
     */
    const char *instance;
} tp_open_options_t;

/**
 * Which keys to list. Zero is the default of every field: all.
 */
typedef struct {
    /**
     * sizeof(tp_filter_t).
     */
    size_t struct_size;
    /**
     * TP_KEY_CANDLES and the others, added up; 0 for all of them.
     */
    uint32_t kinds;
    /**
     * Always 0.
     */
    uint32_t reserved;
    /**
     * An exchange such as "binance"; NULL for all.
     */
    const char *exchange;
    /**
     * A pattern over the text of keys, as `tickplane ls` takes it: `*` stands for any run of characters; without one,
     * what the key contains. NULL for all.
     */
    const char *pattern;
} tp_filter_t;

/**
 * Where to begin with the trades of an instrument. Zero is the default of every field: with the next one.
 */
typedef struct {
    /**
     * sizeof(tp_trades_options_t).
     */
    size_t struct_size;
    /**
     * TP_START_NEXT, TP_START_OLDEST or TP_START_SEQ.
     */
    uint32_t start;
    /**
     * Always 0.
     */
    uint32_t reserved;
    /**
     * With TP_START_SEQ: the number of the trade that is read first, as tp_trades_next gave it. What is no longer kept
     * is counted as lost.
     */
    uint64_t seq;
} tp_trades_options_t;

/**
 * Which events to follow. Zero is the default of every field: all, from the next one on.
 */
typedef struct {
    /**
     * sizeof(tp_events_options_t).
     */
    size_t struct_size;
    /**
     * TP_START_NEXT or TP_START_OLDEST.
     */
    uint32_t start;
    /**
     * `1 << TP_EVENT_CANDLE_CLOSE` and the others, added up; 0 for all of them.
     */
    uint32_t kinds;
    /**
     * An exchange such as "binance"; NULL for all.
     */
    const char *exchange;
} tp_events_options_t;

/**
 * Signs of life of a plane's writer.
 */
typedef struct {
    /**
     * What the writer said last: one of TP_STATE_NEW, TP_STATE_LIVE, TP_STATE_CLOSED and TP_STATE_REPLACED.
     */
    uint32_t state;
    /**
     * 1 if its process lives and has not said goodbye, as far as `known` allows to say, else 0.
     */
    uint32_t alive;
    /**
     * Its process id, 0 if there was no writer yet.
     */
    uint32_t pid;
    /**
     * 1 if `pid` means something to the caller: the same boot, the same pid namespace. If 0, `alive` only says that nothing
     * speaks against it, and a heartbeat more than three seconds old does.
     */
    uint32_t known;
    /**
     * How many writers the plane's segment has had.
     */
    uint64_t epoch;
    /**
     * When that process opened it.
     */
    int64_t opened_ns;
    /**
     * When it last said that it lives; about once a second.
     */
    int64_t heartbeat_ns;
} tp_status_t;

/**
 * One candle. In a gap prices are NaN and volumes 0.
 */
typedef struct {
    /**
     * When the interval opens.
     */
    int64_t open_time_ns;
    /**
     * Price of the first trade.
     */
    double open;
    /**
     * Highest price.
     */
    double high;
    /**
     * Lowest price.
     */
    double low;
    /**
     * Price of the last trade.
     */
    double close;
    /**
     * Sum of quantities, in base currency.
     */
    double volume;
    /**
     * Sum of price times quantity, in quote currency.
     */
    double quote_volume;
    /**
     * The part of `volume` whose taker bought.
     */
    double taker_buy_volume;
    /**
     * Number of trades.
     */
    uint64_t trade_count;
    /**
     * What the candle is made of: TP_QUALITY_FINAL and the others.
     */
    uint64_t quality;
} tp_candle_t;

/**
 * What comes with the live candle.
 */
typedef struct {
    /**
     * Number of its publication, from 1: the same number is the same candle.
     */
    uint64_t seq;
    /**
     * Its row: every earlier row is closed and readable.
     */
    uint64_t row;
    /**
     * Sequence number of the newest trade it contains, 0 if none.
     */
    uint64_t trade_seq;
    /**
     * When the plane published it.
     */
    int64_t publish_ns;
} tp_live_t;

/**
 * What an exchange says about an instrument. A size that is not known is 0.
 */
typedef struct {
    /**
     * The smallest step of the price.
     */
    double tick_size;
    /**
     * The smallest step of the quantity.
     */
    double lot_size;
    /**
     * What one contract stands for: 1 for spot.
     */
    double contract_size;
    /**
     * What was traded within 24 hours, in quote currency, as of the start of the plane.
     */
    double quote_volume_24h;
    /**
     * Number of the exchange: tp_name with TP_NAMES_EXCHANGE.
     */
    uint32_t exchange;
    /**
     * TP_PRODUCT_SPOT and the others.
     */
    uint32_t product;
    /**
     * TP_TRADING, TP_RESTRICTED or TP_CLOSED.
     */
    uint32_t status;
    /**
     * Always 0.
     */
    uint32_t reserved;
    /**
     * The symbol in keys: "BTC-USDT".
     */
    char symbol[TP_SYMBOL_BYTES];
    /**
     * The exchange's own ticker: "BTCUSDT".
     */
    char venue_symbol[TP_SYMBOL_BYTES];
} tp_facts_t;

/**
 * The best bid and offer.
 */
typedef struct {
    /**
     * Its number, dense from 1: a jump says how many quotes were not seen.
     */
    uint64_t seq;
    /**
     * When the exchange says it happened; 0 where it does not say.
     */
    int64_t exchange_ns;
    /**
     * When its bytes were read from the socket.
     */
    int64_t receive_ns;
    /**
     * When the plane published it.
     */
    int64_t publish_ns;
    /**
     * The highest price somebody buys at.
     */
    double bid_price;
    /**
     * How much is bid for there, in base currency.
     */
    double bid_quantity;
    /**
     * The lowest price somebody sells at.
     */
    double ask_price;
    /**
     * How much is offered there, in base currency.
     */
    double ask_quantity;
} tp_quote_t;

/**
 * One trade.
 */
typedef struct {
    /**
     * Its number, dense from 1.
     */
    uint64_t seq;
    /**
     * When the exchange says it happened.
     */
    int64_t exchange_ns;
    /**
     * When its bytes were read from the socket.
     */
    int64_t receive_ns;
    /**
     * When the plane published it.
     */
    int64_t publish_ns;
    /**
     * Price.
     */
    double price;
    /**
     * Quantity, in base currency unless TP_TRADE_CONTRACTS is set.
     */
    double quantity;
    /**
     * The exchange's id: the high 64 of its 128 bits.
     */
    uint64_t id_high;
    /**
     * The low 64 bits.
     */
    uint64_t id_low;
    /**
     * TP_TRADE_SELL and the others.
     */
    uint32_t flags;
    /**
     * TP_ID_NUMBER and the others.
     */
    uint32_t id_form;
} tp_trade_t;

/**
 * One event.
 */
typedef struct {
    /**
     * Its number among those of one thread of the plane, dense from 1.
     */
    uint64_t seq;
    /**
     * When it was announced.
     */
    int64_t publish_ns;
    /**
     * Row of the series, for TP_EVENT_CANDLE_CLOSE and TP_EVENT_CANDLE_REVISE: tp_rows reads it.
     */
    uint64_t row;
    /**
     * What else the kind says.
     */
    uint64_t detail;
    /**
     * TP_EVENT_CANDLE_CLOSE and the others.
     */
    uint32_t kind;
    /**
     * Number of the exchange: tp_name with TP_NAMES_EXCHANGE.
     */
    uint16_t exchange;
    /**
     * Which file of the exchange counts the entry: one that is built anew numbers its entries anew.
     */
    uint16_t generation;
    /**
     * Number of the series or instrument within that file: tp_event_key, tp_event_is_of.
     */
    uint32_t entry;
    /**
     * Number of the thread's ring.
     */
    uint32_t ring;
} tp_event_t;

/**
 * The health of one connection. Every number stands for itself: two of them are not of one moment. Counters are of the
 * present or last writer; tp_number finds their places by name, and places without a name are 0.
 */
typedef struct {
    /**
     * The connection's name: "binance-0".
     */
    char label[TP_SYMBOL_BYTES];
    /**
     * Number of the exchange: tp_name with TP_NAMES_EXCHANGE.
     */
    uint32_t exchange;
    /**
     * Its state: tp_name with TP_NAMES_CONNECTION_STATE.
     */
    uint32_t state;
    /**
     * Why it ended last: tp_name with TP_NAMES_CLOSE; TP_CLOSE_NONE if it never did.
     */
    uint32_t last_close;
    /**
     * Always 0.
     */
    uint32_t reserved;
    /**
     * When it connected last, 0 if never.
     */
    int64_t connected_at_ns;
    /**
     * Its last sign of life, 0 if none.
     */
    int64_t last_heartbeat_ns;
    /**
     * Its last data, 0 if none.
     */
    int64_t last_data_ns;
    /**
     * When the last attempt to connect began, 0 if none did.
     */
    int64_t last_attempt_ns;
    /**
     * Attempts to connect.
     */
    uint64_t attempts;
    /**
     * What is counted: TP_NAMES_CONNECTION_COUNTER.
     */
    uint64_t counters[TP_CONNECTION_COUNTERS];
    /**
     * Rejected messages by reason: TP_NAMES_REJECT.
     */
    uint64_t rejects[TP_CONNECTION_REJECTS];
    /**
     * How often it ended, by reason: TP_NAMES_CLOSE.
     */
    uint64_t closes[TP_CONNECTION_CLOSES];
} tp_connection_t;

/**
 * The health of one instrument's stream of trades. As tp_connection_t in what its numbers mean.
 */
typedef struct {
    /**
     * The instrument.
     */
    char symbol[TP_SYMBOL_BYTES];
    /**
     * Its state: tp_name with TP_NAMES_STREAM_STATE.
     */
    uint32_t state;
    /**
     * Always 0.
     */
    uint32_t reserved;
    /**
     * When it entered that state, 0 if it never changed.
     */
    int64_t since_ns;
    /**
     * When its newest trade was read from the socket, 0 if none was.
     */
    int64_t last_trade_ns;
    /**
     * Places where trades are missing and being fetched.
     */
    uint64_t seams;
    /**
     * Trades missing there, where the exchange's ids tell.
     */
    uint64_t missing;
    /**
     * What is counted: TP_NAMES_STREAM_COUNTER.
     */
    uint64_t counters[TP_STREAM_COUNTERS];
} tp_stream_t;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The library's version as text, such as "0.1.0". Never NULL, never to be freed.
 *
 * Threads: any.
 */
const char *tp_version(void);

/**
 * The interface that the library has. A program compiled with another TP_ABI_VERSION should go no further.
 *
 * Threads: any.
 */
uint32_t tp_abi_version(void);

/**
 * The layout of shared memory that the library reads: major version in the high 16 bits, minor in the low.
 *
 * Threads: any.
 */
uint32_t tp_layout_version(void);

/**
 * What a status means and what to do about it, in English. Never NULL, never to be freed.
 *
 * Threads: any.
 */
const char *tp_strerror(int32_t status);

/**
 * The name of a status, such as "TP_ENOPLANE"; "TP_E?" for a number that is none. Never NULL, never to be freed.
 *
 * Threads: any.
 */
const char *tp_strerror_name(int32_t status);

/**
 * Fills options with their defaults and their size: `tp_open_options_init(&options, sizeof options)`. The same as zero
 * bytes with `struct_size` set.
 *
 * Fails with TP_EINVAL.
 *
 * Threads: any. Neither system call nor allocation.
 *
 * # Safety
 * `options` is NULL or has room for `struct_size` bytes.
 */
int32_t tp_open_options_init(tp_open_options_t *options, size_t struct_size);

/**
 * As tp_open_options_init.
 *
 * Threads: any. Neither system call nor allocation.
 *
 * # Safety
 * `filter` is NULL or has room for `struct_size` bytes.
 */
int32_t tp_filter_init(tp_filter_t *filter, size_t struct_size);

/**
 * As tp_open_options_init.
 *
 * Threads: any. Neither system call nor allocation.
 *
 * # Safety
 * `options` is NULL or has room for `struct_size` bytes.
 */
int32_t tp_trades_options_init(tp_trades_options_t *options, size_t struct_size);

/**
 * As tp_open_options_init.
 *
 * Threads: any. Neither system call nor allocation.
 *
 * # Safety
 * `options` is NULL or has room for `struct_size` bytes.
 */
int32_t tp_events_options_init(tp_events_options_t *options, size_t struct_size);

/**
 * Attaches to a plane, whether its writer lives or not. Nothing is registered, and the writer never waits.
 *
 * `root` is the folder of the instances, NULL for /dev/shm/tickplane. `instance` is the plane's name; `tickplane run`
 * calls it "default" unless told otherwise. `*plane` is to be closed with tp_close.
 *
 * Fails with TP_EINSTANCE, TP_ENOPLANE, TP_EVERSION, TP_EDAMAGED, TP_EACCESS or TP_EIO.
 *
 * Threads: any. Allocates.
 *
 * # Safety
 * `root` and `instance` are NUL-terminated; `plane` has room for a pointer.
 */
int32_t tp_open(const char *root, const char *instance, tp_plane_t **plane);

/**
 * tp_open with options, which may be NULL: the plane "default" under /dev/shm/tickplane.
 *
 * Fails as tp_open does, and with TP_EOPTION.
 *
 * Threads: any. Allocates.
 *
 * # Safety
 * `options` is NULL or as its `struct_size` says, its texts NULL or NUL-terminated; `plane` has room for a pointer.
 */
int32_t tp_open_with(const tp_open_options_t *options, tp_plane_t **plane);

/**
 * Closes a plane. Whatever was taken from it stays usable until it is released.
 *
 * Threads: any, but never while another thread uses the same plane.
 *
 * # Safety
 * `plane` is NULL or came from tp_open and was not closed yet.
 */
void tp_close(tp_plane_t *plane);

/**
 * 1 if another writer took the plane over, or its files were made anew, since it was opened or re-attached; 0 if not.
 * Then renew what was taken from it: tp_series_renew and the others. Costs a few system calls: for once a second, not for every read.
 *
 * Threads: any. Takes the plane's lock.
 *
 * # Safety
 * `plane` is NULL or a plane that is open.
 */
int32_t tp_changed(const tp_plane_t *plane);

/**
 * Attaches to the plane of the same root and name again. What was taken from it before says TP_EMOVED until it is
 * renewed; renewing does this by itself where it is needed, so this call is for who wants to see it fail. Views keep
 * what they have.
 *
 * Fails as tp_open does; then the old attachment stays.
 *
 * Threads: any. Takes the plane's lock. Allocates.
 *
 * # Safety
 * `plane` is NULL or a plane that is open.
 */
int32_t tp_reattach(tp_plane_t *plane);

/**
 * Asks whether the plane's writer lives, and since when. Costs a few system calls. A heartbeat more than three seconds
 * old belongs to a writer that is stuck or stopped; of one that is not `known`, to one that is gone.
 *
 * Threads: any. Takes the plane's lock. No allocation.
 *
 * # Safety
 * `plane` is NULL or a plane that is open; `status` has room for one.
 */
int32_t tp_status(const tp_plane_t *plane, tp_status_t *status);

/**
 * Sleeps until the plane has published anything since `*seen`, at most `timeout_ms` milliseconds. `*seen` begins as 0
 * and is then the library's:
 *
 *     uint64_t seen = 0;
 *     for (;;) {
 *         read_everything_new();
 *         status = tp_wait(plane, &seen, 1000);
 *         if (status == TP_ERESTARTED) tp_series_renew(series);
 *     }
 *
 * Nothing is missed: what is published after the reads ends the next wait at once. A sleeper is woken at most a
 * millisecond after the publication.
 *
 * Fails with TP_ETIMEDOUT when nothing new came, or a signal did; with TP_ERESTARTED when another writer took the plane
 * over or its files are gone, which is looked for before sleeping and after a time-out: choose about a second. Then
 * renew the handles. While a plane that is gone has not come back, renewals fail and waits last their time.
 *
 * Threads: any; each with its own `seen`. Takes the plane's lock, not while it sleeps. No allocation.
 *
 * # Safety
 * `plane` is NULL or a plane that is open; `seen` is NULL or points to a number.
 */
int32_t tp_wait(const tp_plane_t *plane, uint64_t *seen, uint32_t timeout_ms);

/**
 * Lists what the present or last writer of a plane serves: by exchange, then in the order of its directory. `*keys` is
 * to be released with tp_keys_release. Exchanges whose files cannot be read have no keys; finding one of them says why.
 *
 * `filter` may be NULL: all keys.
 *
 * Fails with TP_EKEY for an exchange that nobody knows, and with TP_EOPTION.
 *
 * Threads: any. Takes the plane's lock. Allocates.
 *
 * # Safety
 * `plane` is NULL or a plane that is open; `filter` is NULL or as its `struct_size` says, its texts NULL or
 * NUL-terminated; `keys` has room for a pointer.
 */
int32_t tp_keys(const tp_plane_t *plane, const tp_filter_t *filter, tp_keys_t **keys);

/**
 * How many keys there are; 0 for NULL.
 *
 * Threads: any. Neither system call nor allocation.
 *
 * # Safety
 * `keys` is NULL or keys that are not released.
 */
size_t tp_keys_count(const tp_keys_t *keys);

/**
 * The text of a key, counted from 0; NULL beyond the last. Valid until the keys are released.
 *
 * Threads: any. Neither system call nor allocation.
 *
 * # Safety
 * `keys` is NULL or keys that are not released.
 */
const char *tp_keys_at(const tp_keys_t *keys, size_t index);

/**
 * Releases keys and with them their texts.
 *
 * Threads: any, but never while another thread uses the same keys.
 *
 * # Safety
 * `keys` is NULL or came from tp_keys and was not released yet.
 */
void tp_keys_release(tp_keys_t *keys);

/**
 * Finds the series of a key: "candles:binance:BTC-USDT:1m", or "indicator:binance:BTC-USDT:1m:rsi_14" for the same
 * series if it has that indicator. `*series` is to be released with tp_series_release.
 *
 * Fails with TP_EKEY, TP_ENOEXCHANGE or TP_ENOKEY, and as tp_open does when the exchange's file cannot be attached.
 *
 * Threads: any. Takes the plane's lock. Allocates.
 *
 * # Safety
 * `plane` is NULL or a plane that is open; `key` is NUL-terminated; `series` has room for a pointer.
 */
int32_t tp_find(const tp_plane_t *plane, const char *key, tp_series_t **series);

/**
 * Finds the series of the same key again, after TP_EMOVED or TP_ERESTARTED; attaches the plane again first where that
 * is needed. Does no harm when nothing changed. Columns may have other numbers afterwards: ask tp_column again.
 *
 * Fails as tp_reattach and tp_find do; then the series keeps what it had, and is to be renewed once more later.
 *
 * Threads: one at a time for a series, and no other call with it meanwhile. Takes the plane's lock. Allocates.
 *
 * # Safety
 * `series` is NULL or a series that is not released, and no other thread uses it.
 */
int32_t tp_series_renew(tp_series_t *series);

/**
 * Releases a series. Views taken from it stay usable until they are released.
 *
 * Threads: any, but never while another thread uses the same series.
 *
 * # Safety
 * `series` is NULL or came from tp_find and was not released yet.
 */
void tp_series_release(tp_series_t *series);

/**
 * The forming candle, whole: never a mixture of two publications. `live` may be NULL.
 *
 * A close is published as: the closed row, then the live candle of the next row. So who takes the live candle first
 * and then the rows before `live->row` has none twice and none missing.
 *
 * Fails with TP_EEMPTY before the first, with TP_EMOVED or TP_EBUSY.
 *
 * Threads: any. Neither system call nor allocation.
 *
 * # Safety
 * `series` is NULL or a series that is not released; `candle` has room for one, `live` too if it is not NULL.
 */
int32_t tp_live(const tp_series_t *series, tp_candle_t *candle, tp_live_t *live);

/**
 * The forming candle and the provisional values of its indicators, all of one publication. `values[i]` is that of
 * column `TP_CANDLE_COLUMNS + i`; the first `n` of them are copied, so `tp_column_count(series) - TP_CANDLE_COLUMNS`
 * are all. `*count` says how many, NaN stands for one that is not defined yet. `live` may be NULL, and `values` when
 * `n` is 0.
 *
 * Fails as tp_live does; then `values` hold nothing of use.
 *
 * Threads: any. Neither system call nor allocation.
 *
 * # Safety
 * `series` is NULL or a series that is not released; `candle` and `count` have room for one, `live` too if it is not
 * NULL, `values` for `n`.
 */
int32_t tp_live_values(const tp_series_t *series, tp_candle_t *candle, tp_live_t *live, size_t n, double *values, size_t *count);

/**
 * Number of the live candle's newest publication, 0 if there is none or for NULL: one word in shared memory, to spin
 * on.
 *
 * Threads: any. Neither system call nor allocation.
 *
 * # Safety
 * `series` is NULL or a series that is not released.
 */
uint64_t tp_live_seq(const tp_series_t *series);

/**
 * The number of a column by its name: "close", or an indicator's output such as "rsi_14" and "macd_12_26_9.hist".
 * It stays the same until the series is renewed. Fails with TP_ENOCOLUMN.
 *
 * Threads: any. Neither system call nor allocation.
 *
 * # Safety
 * `series` is NULL or a series that is not released; `name` is NUL-terminated; `column` has room for one.
 */
int32_t tp_column(const tp_series_t *series, const char *name, uint32_t *column);

/**
 * How many columns a series has, TP_CANDLE_COLUMNS and its indicators' outputs; 0 for NULL.
 *
 * Threads: any, but not during tp_series_renew of the same series. Neither system call nor allocation.
 *
 * # Safety
 * `series` is NULL or a series that is not released.
 */
size_t tp_column_count(const tp_series_t *series);

/**
 * The name of a column; NULL if there is no such column. Valid until the series is renewed or released.
 *
 * Threads: as tp_column_count.
 *
 * # Safety
 * `series` is NULL or a series that is not released.
 */
const char *tp_column_name(const tp_series_t *series, uint32_t column);

/**
 * The first row from which an indicator column's values are settled: computed from there on, the same rows give the
 * same values. TP_ROW_NONE as long as there is none, and for the candle's own columns.
 *
 * Fails with TP_ENOCOLUMN or TP_EMOVED.
 *
 * Threads: as tp_column_count.
 *
 * # Safety
 * `series` is NULL or a series that is not released; `row` has room for one.
 */
int32_t tp_column_seed_row(const tp_series_t *series, uint32_t column, uint64_t *row);

/**
 * Copies the last `n` closed candles (or as many as there are; at most the series' depth), oldest first. `*count` says
 * how many, `*first_row` which row the first one is: rows count intervals without a break, so the next one is
 * `*first_row + 1`. `first_row` may be NULL.
 *
 * A row whose writer died while revising it is taken from the journal, so this works where a view stays busy.
 *
 * Fails with TP_EINVAL when `n` is 0, TP_EEMPTY without a closed candle, TP_EMOVED or TP_EBUSY.
 *
 * Threads: any. Neither system call nor allocation.
 *
 * # Safety
 * `series` is NULL or a series that is not released; `candles` has room for `n`, `count` and, if it is not NULL,
 * `first_row` for one.
 */
int32_t tp_candles(const tp_series_t *series, size_t n, tp_candle_t *candles, size_t *count, uint64_t *first_row);

/**
 * Copies the oldest `n` of the closed candles from row `from` on that are kept: what comes next for who follows a
 * series. Otherwise as tp_candles; `*first_row` is above `from` where the rows before it are kept no longer, which is
 * how a loss shows.
 *
 * Fails as tp_candles does; TP_EEMPTY says that row `from` is not closed yet.
 *
 * Threads: any. Neither system call nor allocation.
 *
 * # Safety
 * As tp_candles.
 */
int32_t tp_rows(const tp_series_t *series, uint64_t from, size_t n, tp_candle_t *candles, size_t *count, uint64_t *first_row);

/**
 * The rows that are closed and kept: from `*first_row` to before `*head`, which is the row that closes next. Equal when
 * there are none.
 *
 * Fails with TP_EMOVED or TP_EBUSY.
 *
 * Threads: any. Neither system call nor allocation.
 *
 * # Safety
 * `series` is NULL or a series that is not released; `first_row` and `head` have room for one.
 */
int32_t tp_row_range(const tp_series_t *series, uint64_t *first_row, uint64_t *head);

/**
 * Copies the last `n` values of a column (or as many as there are; at most the series' depth), oldest first: a price, a
 * volume or an indicator. `*count` says how many, `*first_row` which row the first one is of; it may be NULL.
 *
 * Fails as tp_candles does, and with TP_ENOCOLUMN for a column that is not there or holds integers.
 *
 * Threads: any. Neither system call nor allocation.
 *
 * # Safety
 * `series` is NULL or a series that is not released; `values` has room for `n`, `count` and, if it is not NULL,
 * `first_row` for one.
 */
int32_t tp_copy_f64(const tp_series_t *series, uint32_t column, size_t n, double *values, size_t *count, uint64_t *first_row);

/**
 * tp_copy_f64 for the column TP_COLUMN_OPEN_TIME_NS.
 *
 * Threads: any. Neither system call nor allocation.
 *
 * # Safety
 * As tp_copy_f64.
 */
int32_t tp_copy_i64(const tp_series_t *series, uint32_t column, size_t n, int64_t *values, size_t *count, uint64_t *first_row);

/**
 * tp_copy_f64 for the columns TP_COLUMN_TRADE_COUNT and TP_COLUMN_QUALITY.
 *
 * Threads: any. Neither system call nor allocation.
 *
 * # Safety
 * As tp_copy_f64.
 */
int32_t tp_copy_u64(const tp_series_t *series, uint32_t column, size_t n, uint64_t *values, size_t *count, uint64_t *first_row);

/**
 * Opens a view of the last `n` closed rows (or as many as there are; at most the series' depth). `*view` is to be
 * released with tp_view_release.
 *
 * Fails with TP_EINVAL when `n` is 0, TP_EEMPTY without a closed row, TP_EMOVED, or TP_EBUSY while one of the rows is
 * being revised.
 *
 * Threads: any. Allocates the handle; tp_view_renew does not.
 *
 * # Safety
 * `series` is NULL or a series that is not released; `view` has room for a pointer.
 */
int32_t tp_view(const tp_series_t *series, size_t n, tp_view_t **view);

/**
 * Moves a view to the last `n` rows as of now. Pointers taken from it before are stale, but stay readable. When it
 * fails, as tp_view does, the view keeps its rows; after TP_EMOVED release it, renew the series and take a new one.
 *
 * Threads: one at a time for a view. Neither system call nor allocation.
 *
 * # Safety
 * `view` is NULL or a view that is not released, and no other thread uses it.
 */
int32_t tp_view_renew(tp_view_t *view, size_t n);

/**
 * Row of the view's first values; 0 for NULL.
 *
 * Threads: any, but not during tp_view_renew of the same view. Neither system call nor allocation.
 *
 * # Safety
 * `view` is NULL or a view that is not released.
 */
uint64_t tp_view_first_row(const tp_view_t *view);

/**
 * Number of rows, never 0; 0 for NULL.
 *
 * Threads: as tp_view_first_row.
 *
 * # Safety
 * `view` is NULL or a view that is not released.
 */
size_t tp_view_count(const tp_view_t *view);

/**
 * The column's values in the view's rows, oldest first, tp_view_count of them in one piece. NULL if the series has no
 * such column or its values are integers. Valid until the view is released or renewed; means something only after
 * tp_view_validate.
 *
 * Threads: as tp_view_first_row.
 *
 * # Safety
 * `view` is NULL or a view that is not released.
 */
const double *tp_view_f64(const tp_view_t *view, uint32_t column);

/**
 * tp_view_f64 for the column TP_COLUMN_OPEN_TIME_NS; NULL for every other.
 *
 * Threads: as tp_view_first_row.
 *
 * # Safety
 * `view` is NULL or a view that is not released.
 */
const int64_t *tp_view_i64(const tp_view_t *view, uint32_t column);

/**
 * tp_view_f64 for the columns TP_COLUMN_TRADE_COUNT and TP_COLUMN_QUALITY; NULL for every other.
 *
 * Threads: as tp_view_first_row.
 *
 * # Safety
 * `view` is NULL or a view that is not released.
 */
const uint64_t *tp_view_u64(const tp_view_t *view, uint32_t column);

/**
 * Whether everything read through the view so far was whole and in its place: TP_OK, or TP_ECHANGED.
 *
 * Threads: as tp_view_first_row, and it judges the reads of the calling thread. Neither system call nor allocation.
 *
 * # Safety
 * `view` is NULL or a view that is not released.
 */
int32_t tp_view_validate(const tp_view_t *view);

/**
 * Releases a view and with it the pointers taken from it.
 *
 * Threads: any, but never while another thread uses the same view.
 *
 * # Safety
 * `view` is NULL or came from tp_view and was not released yet.
 */
void tp_view_release(tp_view_t *view);

/**
 * Finds the instrument of a key: "trades:binance:BTC-USDT" or "quote:binance:BTC-USDT". `*instrument` is to be released
 * with tp_instrument_release.
 *
 * Fails as tp_find does.
 *
 * Threads: any. Takes the plane's lock. Allocates.
 *
 * # Safety
 * `plane` is NULL or a plane that is open; `key` is NUL-terminated; `instrument` has room for a pointer.
 */
int32_t tp_find_instrument(const tp_plane_t *plane, const char *key, tp_instrument_t **instrument);

/**
 * Finds the instrument of the same key again, as tp_series_renew does for a series.
 *
 * Fails as tp_reattach and tp_find do; then the instrument keeps what it had, and is to be renewed once more later.
 *
 * Threads: one at a time for an instrument, and no other call with it meanwhile. Takes the plane's lock. Allocates.
 *
 * # Safety
 * `instrument` is NULL or an instrument that is not released, and no other thread uses it.
 */
int32_t tp_instrument_renew(tp_instrument_t *instrument);

/**
 * Releases an instrument. Followers taken from it stay usable until they are released.
 *
 * Threads: any, but never while another thread uses the same instrument.
 *
 * # Safety
 * `instrument` is NULL or came from tp_find_instrument and was not released yet.
 */
void tp_instrument_release(tp_instrument_t *instrument);

/**
 * What the exchange says about the instrument, as of the start of the plane.
 *
 * Fails with TP_EEMPTY when nothing is known, with TP_EMOVED or TP_EBUSY.
 *
 * Threads: any. Allocates while it runs.
 *
 * # Safety
 * `instrument` is NULL or an instrument that is not released; `facts` has room for one.
 */
int32_t tp_facts(const tp_instrument_t *instrument, tp_facts_t *facts);

/**
 * The last quote, whole: never a mixture of two.
 *
 * Fails with TP_EEMPTY before the first, with TP_EMOVED or TP_EBUSY.
 *
 * Threads: any. Neither system call nor allocation.
 *
 * # Safety
 * `instrument` is NULL or an instrument that is not released; `quote` has room for one.
 */
int32_t tp_quote(const tp_instrument_t *instrument, tp_quote_t *quote);

/**
 * Follows the trades of an instrument from a place of its own, which nobody else sees and the writer does not wait for.
 * `options` may be NULL: from the next trade on. `*trades` is to be released with tp_trades_release.
 *
 * Fails with TP_ENOSEQ when the trade to begin with is more than one after the newest: it is of a plane whose files were
 * made anew since. Fails with TP_EMOVED, TP_EINVAL or TP_EOPTION.
 *
 * Threads: any. Allocates.
 *
 * # Safety
 * `instrument` is NULL or an instrument that is not released; `options` is NULL or as its `struct_size` says; `trades`
 * has room for a pointer.
 */
int32_t tp_follow_trades(const tp_instrument_t *instrument, const tp_trades_options_t *options, tp_trades_t **trades);

/**
 * Takes the next trades, at most `n`, oldest first. `*count` says how many, 0 when there is nothing new. `*lost` says how
 * many were overwritten before they were read, exactly: they stood between the last trade of the call before and the
 * first of this one.
 *
 * Fails with TP_EMOVED once every trade of the place it had was taken: then call tp_trades_renew. Fails with TP_EINVAL
 * when `n` is 0.
 *
 * Threads: one at a time for a follower. Neither system call nor allocation.
 *
 * # Safety
 * `trades` is NULL or a follower that is not released, and no other thread uses it; `rows` has room for `n`, `count` and
 * `lost` for one.
 */
int32_t tp_trades_read(tp_trades_t *trades, size_t n, tp_trade_t *rows, size_t *count, uint64_t *lost);

/**
 * Lets a follower go on after TP_EMOVED or TP_ERESTARTED, from where it stands; attaches the plane again first where that
 * is needed. Does no harm when nothing changed. Where the plane's files were made anew, numbers begin at 1 again: the
 * next trade is the oldest of the new ones, its `seq` below the last, and trades of the old ones that were not read are
 * counted as lost; there are none if TP_EMOVED was waited for.
 *
 * Fails as tp_reattach and tp_find do; then the follower keeps its place, and is to be renewed once more later.
 *
 * Threads: one at a time for a follower. Takes the plane's lock. Allocates.
 *
 * # Safety
 * `trades` is NULL or a follower that is not released, and no other thread uses it.
 */
int32_t tp_trades_renew(tp_trades_t *trades);

/**
 * Number of the trade that is read next, 0 for NULL: keep it, and a later process goes on there with TP_START_SEQ.
 *
 * Threads: one at a time for a follower. Neither system call nor allocation.
 *
 * # Safety
 * `trades` is NULL or a follower that is not released, and no other thread changes it.
 */
uint64_t tp_trades_next(const tp_trades_t *trades);

/**
 * How many trades it lost in all, also over renewals; 0 for NULL.
 *
 * Threads: one at a time for a follower. Neither system call nor allocation.
 *
 * # Safety
 * `trades` is NULL or a follower that is not released, and no other thread changes it.
 */
uint64_t tp_trades_lost(const tp_trades_t *trades);

/**
 * Releases a follower.
 *
 * Threads: any, but never while another thread uses the same follower.
 *
 * # Safety
 * `trades` is NULL or came from tp_follow_trades and was not released yet.
 */
void tp_trades_release(tp_trades_t *trades);

/**
 * Follows the events of a plane from a place of its own. `options` may be NULL: all of them, from the next one on.
 * `*events` is to be released with tp_events_release.
 *
 * Fails with TP_EKEY for an exchange that nobody knows, with TP_EINVAL or TP_EOPTION.
 *
 * Threads: any. Takes the plane's lock. Allocates.
 *
 * # Safety
 * `plane` is NULL or a plane that is open; `options` is NULL or as its `struct_size` says, its text NULL or
 * NUL-terminated; `events` has room for a pointer.
 */
int32_t tp_follow_events(const tp_plane_t *plane, const tp_events_options_t *options, tp_events_t **events);

/**
 * Takes the next events, at most `n`: in order within a thread of the plane, in no promised order between two. `*count`
 * says how many, 0 when there is nothing new. `*lost` says how many were overwritten before they were read, exactly,
 * whatever their kind, since the call before. What an event speaks of was published before it.
 *
 * Fails with TP_EMOVED once every event of the place it had was taken and the plane was attached again: then call
 * tp_events_renew. Fails with TP_EINVAL when `n` is 0.
 *
 * Threads: one at a time for a follower. No system call. Allocates only when a thread of the plane announces its first
 * event.
 *
 * # Safety
 * `events` is NULL or a follower that is not released, and no other thread uses it; `rows` has room for `n`, `count` and
 * `lost` for one.
 */
int32_t tp_events_read(tp_events_t *events, size_t n, tp_event_t *rows, size_t *count, uint64_t *lost);

/**
 * Lets a follower go on after TP_EMOVED or TP_ERESTARTED, from where it stands; attaches the plane again first where that
 * is needed. Does no harm when nothing changed. Nothing that is still kept is lost: events of files that were made anew
 * since are read first.
 *
 * Fails as tp_reattach does; then the follower keeps its place, and is to be renewed once more later.
 *
 * Threads: one at a time for a follower. Takes the plane's lock. Allocates.
 *
 * # Safety
 * `events` is NULL or a follower that is not released, and no other thread uses it.
 */
int32_t tp_events_renew(tp_events_t *events);

/**
 * How many events it lost in all, also over renewals; 0 for NULL.
 *
 * Threads: one at a time for a follower. Neither system call nor allocation.
 *
 * # Safety
 * `events` is NULL or a follower that is not released, and no other thread changes it.
 */
uint64_t tp_events_lost(const tp_events_t *events);

/**
 * Releases a follower.
 *
 * Threads: any, but never while another thread uses the same follower.
 *
 * # Safety
 * `events` is NULL or came from tp_follow_events and was not released yet.
 */
void tp_events_release(tp_events_t *events);

/**
 * 1 if an event is about this series, else 0, also for NULL.
 *
 * Threads: any. Neither system call nor allocation.
 *
 * # Safety
 * `event` is NULL or points to an event, `series` is NULL or a series that is not released.
 */
int32_t tp_event_is_of(const tp_event_t *event, const tp_series_t *series);

/**
 * The key an event is about, into `room` bytes: "candles:binance:BTC-USDT:1m" for closes and revisions,
 * "trades:binance:BTC-USDT" for streams, "channel:exchange:binance:lifecycle" and "channel:alerts:binance" for the
 * others. TP_KEY_BYTES are always enough.
 *
 * Fails with TP_ENOKEY when there is nothing of that number, or the exchange's file was built anew since and numbers its
 * entries anew, TP_ENOEXCHANGE, with TP_EINVAL when the room is too small,
 * and as tp_open does when the exchange's file cannot be attached.
 *
 * Threads: any. Takes the plane's lock. Allocates.
 *
 * # Safety
 * `plane` is NULL or a plane that is open; `event` is NULL or points to an event; `key` has room for `room` bytes.
 */
int32_t tp_event_key(const tp_plane_t *plane, const tp_event_t *event, char *key, size_t room);

/**
 * The health of the connections of the present or last writer, in the order of its directory. The first `n` are
 * copied; `*count` says how many there are, be it more. With `n` 0, `connections` may be NULL.
 *
 * Threads: any. Takes the plane's lock. Allocates while it runs.
 *
 * # Safety
 * `plane` is NULL or a plane that is open; `connections` has room for `n`, `count` for one.
 */
int32_t tp_connections(const tp_plane_t *plane, size_t n, tp_connection_t *connections, size_t *count);

/**
 * The health of the streams of an exchange, one per instrument, as tp_connections gives connections.
 *
 * Fails with TP_EKEY for an exchange that nobody knows, with TP_ENOEXCHANGE, and as tp_open does when its file cannot be
 * attached.
 *
 * Threads: any. Takes the plane's lock. Allocates while it runs.
 *
 * # Safety
 * `plane` is NULL or a plane that is open; `exchange` is NUL-terminated; `streams` has room for `n`, `count` for one.
 */
int32_t tp_streams(const tp_plane_t *plane, const char *exchange, size_t n, tp_stream_t *streams, size_t *count);

/**
 * The health of one instrument's stream.
 *
 * Fails with TP_EMOVED.
 *
 * Threads: any. Allocates while it runs.
 *
 * # Safety
 * `instrument` is NULL or an instrument that is not released; `stream` has room for one.
 */
int32_t tp_stream(const tp_instrument_t *instrument, tp_stream_t *stream);

/**
 * The word of a number of one of the lists TP_NAMES_EXCHANGE and the others; NULL if there is none. Never to be freed.
 *
 * Threads: any. Neither system call nor allocation.
 */
const char *tp_name(uint32_t list, uint32_t number);

/**
 * The number of a word of one of the lists: where "trades" stands in `counters` of tp_connection_t, say. Words are added
 * at the end, and keep their numbers.
 *
 * Fails with TP_ENOKEY when the list has no such word, with TP_EINVAL when there is no such list.
 *
 * Threads: any. Neither system call nor allocation.
 *
 * # Safety
 * `name` is NUL-terminated; `number` has room for one.
 */
int32_t tp_number(uint32_t list, const char *name, uint32_t *number);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

/* The sizes that the library was built with: another one has a negative length here. */
#define TP_SIZE_(type, bytes) typedef char type##_has_##bytes##_bytes[sizeof(type) == (bytes) ? 1 : -1]
TP_SIZE_(tp_candle_t, 80);
TP_SIZE_(tp_live_t, 32);
TP_SIZE_(tp_status_t, 40);
TP_SIZE_(tp_trade_t, 72);
TP_SIZE_(tp_quote_t, 64);
TP_SIZE_(tp_event_t, 48);
TP_SIZE_(tp_facts_t, 192);
TP_SIZE_(tp_connection_t, 1024);
TP_SIZE_(tp_stream_t, 240);
TP_SIZE_(tp_open_options_t, 24);
TP_SIZE_(tp_filter_t, 32);
TP_SIZE_(tp_trades_options_t, 24);
TP_SIZE_(tp_events_options_t, 24);
#undef TP_SIZE_

#endif /* TICKPLANE_H */
