#ifndef TICKPLANE_H
#define TICKPLANE_H

/*
 * libtickplane: live candles and indicators from a plane's shared memory.
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
 * Memory. The plane's files are mapped read-only and stay mapped until the last handle that points into them is
 * released, so handles may be released in any order. Each handle is released once; NULL is allowed and does nothing.
 *
 * Threads. Stated per function. "any" means: from any thread, also at the same time on the same handle. Releasing a
 * handle while another thread uses it is an error of the caller that cannot be detected.
 *
 * Times are nanoseconds since 1970-01-01T00:00:00Z.
 *
 * Layout and ABI may change until TP_ABI_VERSION is 1: compare it with tp_abi_version().
 *
 * Generated from ffi/src by cbindgen. Do not edit: change the source, then run
 * TICKPLANE_BLESS=1 cargo test -p tickplane-ffi the_header
 */

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Version of this interface. 0 promises nothing; from 1 on, a library of the same number serves a program that was
 * compiled with an older header.
 */
#define TP_ABI_VERSION 0

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
 * The text is no key of candles or of an indicator.
 */
#define TP_EKEY -9

/**
 * The plane has nothing of this exchange.
 */
#define TP_ENOEXCHANGE -10

/**
 * The exchange is there, but it has no such series.
 */
#define TP_ENOKEY -11

/**
 * The series has no such column.
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
 * The series moved, because its shape changed or its file was made anew: release it, re-attach, find it again.
 */
#define TP_EMOVED -15

/**
 * Rows of the view were overwritten or revised meanwhile: discard what was computed from it and renew it.
 */
#define TP_ECHANGED -16

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
 * A plane that is open for reading.
 */
typedef struct tp_plane_t tp_plane_t;

/**
 * The candles of one symbol and timeframe, with their indicators.
 */
typedef struct tp_series_t tp_series_t;

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
 * Signs of life of a plane's writer.
 */
typedef struct {
    /**
     * What the writer said last: one of TP_STATE_NEW, TP_STATE_LIVE, TP_STATE_CLOSED and TP_STATE_REPLACED.
     */
    uint32_t state;
    /**
     * 1 if its process lives and has not said goodbye, else 0.
     */
    uint32_t alive;
    /**
     * Its process id, 0 if there was no writer yet.
     */
    uint32_t pid;
    /**
     * Always 0.
     */
    uint32_t reserved;
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
 * Closes a plane. Series and views taken from it stay usable until they are released.
 *
 * Threads: any, but never while another thread uses the same plane.
 *
 * # Safety
 * `plane` is NULL or came from tp_open and was not closed yet.
 */
void tp_close(tp_plane_t *plane);

/**
 * 1 if another writer took the plane over, or its files were made anew, since it was opened or re-attached; 0 if not.
 * Then call tp_reattach and find each series again. Costs a few system calls: for once a second, not for every read.
 *
 * Threads: any. Takes the plane's lock.
 *
 * # Safety
 * `plane` is NULL or a plane that is open.
 */
int32_t tp_changed(const tp_plane_t *plane);

/**
 * Attaches to the plane of the same root and name again. Series and views taken before keep what they have.
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
 * Asks whether the plane's writer lives, and since when. Costs a few system calls.
 *
 * Threads: any. Takes the plane's lock. Allocates.
 *
 * # Safety
 * `plane` is NULL or a plane that is open; `status` has room for one.
 */
int32_t tp_status(const tp_plane_t *plane, tp_status_t *status);

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
 * Threads: any. No system call. Allocates only when two threads read the live candle of one handle at the same moment.
 *
 * # Safety
 * `series` is NULL or a series that is not released; `candle` has room for one, `live` too if it is not NULL.
 */
int32_t tp_live(const tp_series_t *series, tp_candle_t *candle, tp_live_t *live);

/**
 * Copies the last `n` closed candles (or as many as there are; at most the series' depth), oldest first. `*count` says
 * how many, `*first_row` which row the first one is: rows count intervals without a break, so the next one is
 * `*first_row + 1`. `first_row` may be NULL.
 *
 * A row whose writer died while revising it is taken from the journal, so this works where a view stays busy.
 *
 * Fails with TP_EINVAL when `n` is 0, TP_EEMPTY without a closed candle, TP_EMOVED or TP_EBUSY.
 *
 * Threads: any. Allocates room for the copies while it runs.
 *
 * # Safety
 * `series` is NULL or a series that is not released; `candles` has room for `n`, `count` and, if it is not NULL,
 * `first_row` for one.
 */
int32_t tp_candles(const tp_series_t *series, size_t n, tp_candle_t *candles, size_t *count, uint64_t *first_row);

/**
 * The number of a column by its name: "close", or an indicator's output such as "rsi_14" and "macd_12_26_9.hist".
 * It stays the same until the series is found anew. Fails with TP_ENOCOLUMN.
 *
 * Threads: any. Neither system call nor allocation.
 *
 * # Safety
 * `series` is NULL or a series that is not released; `name` is NUL-terminated; `column` has room for one.
 */
int32_t tp_column(const tp_series_t *series, const char *name, uint32_t *column);

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
 * fails, as tp_view does, the view keeps its rows.
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

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

/* The sizes that the library was built with. */
static_assert(sizeof(tp_candle_t) == 80, "tp_candle_t has 80 bytes");
static_assert(sizeof(tp_live_t) == 32, "tp_live_t has 32 bytes");
static_assert(sizeof(tp_status_t) == 40, "tp_status_t has 40 bytes");

#endif /* TICKPLANE_H */
