#ifndef TICKPLANE_RAW_H
#define TICKPLANE_RAW_H

/*
 * tickplane_raw.h: reads a plane's shared memory straight from its published format, without libtickplane.
 *
 *     tpr_segment_t segment;
 *     tpr_series_t series;
 *     tpr_live_t live;
 *     tpr_open_exchange(NULL, "default", "binance", &segment);
 *     tpr_series_find(&segment, "candles:binance:BTC-USDT:1m", &series);
 *     tpr_live(&series, &live, NULL, 0);
 *     tpr_close(&segment);
 *
 * The format is docs/format.md; every offset of it that is used here is repeated below as a static assertion. C11 and
 * C++17, GCC or Clang, 64-bit little-endian Linux; nothing but libc.
 *
 * Status. Functions that can fail return int32_t: TPR_OK or a negative code that tpr_strerror explains. A function that
 * fails sets what it should have given to zero (a zeroed handle gives TPR_EINVAL), and may have written to arrays.
 * tpr_open* fill `major` and `minor` of a file that has them also when they refuse it.
 *
 * Memory. Segments are mapped read-only and nothing here writes to them. Nothing allocates; all state is in structs of
 * the caller, which may be copied freely. A series, instrument or follower points into the mapping of the segment it
 * was found in: it ends with tpr_close. A plane that restarts, moves a series or removes its files leaves an open
 * mapping as it is; reads then say TPR_EMOVED, or tpr_segment_changed does.
 *
 * Hostile files. Sizes and places are checked once, before use, and copied; words that change later only steer bounded
 * loops. Only the owner of a file can hurt a reader: by truncating it (SIGBUS).
 *
 * Threads. Everything may be called from any thread. What changes its argument (tpr_*_follow, tpr_*_read, tpr_*_seek,
 * tpr_open*, tpr_close) may not run twice at once on the same one.
 *
 * Times are nanoseconds since 1970-01-01T00:00:00Z.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#if !defined(__GNUC__) || !defined(__linux__)
#error "tickplane_raw.h needs GCC or Clang on Linux"
#endif
#if !defined(__LP64__) || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "tickplane segments are defined for 64-bit little-endian machines"
#endif

/* What glibc hides under a strict -std=c11. */
#if defined(O_CLOEXEC)
#define TPR_O_CLOEXEC O_CLOEXEC
#elif defined(__x86_64__) || defined(__aarch64__) || defined(__riscv)
#define TPR_O_CLOEXEC 02000000
#else
#define TPR_O_CLOEXEC 0
#endif
#if !defined(__cplusplus) && !defined(_DEFAULT_SOURCE) && !defined(_GNU_SOURCE)
extern long syscall(long number, ...);
#endif

#ifdef __cplusplus
#define TPR_ASSERT(fact, text) static_assert(fact, text)
extern "C" {
#else
#define TPR_ASSERT(fact, text) _Static_assert(fact, text)
#endif

/* ---- status ---- */

#define TPR_OK 0            /* Done. */
#define TPR_EINVAL (-1)     /* An argument is NULL, too long or out of range. */
#define TPR_ESYSTEM (-2)    /* The system refused: see errno. */
#define TPR_ENOFILE (-3)    /* There is no such plane, or it has nothing of this exchange. */
#define TPR_EMAGIC (-4)     /* Not a tickplane segment. */
#define TPR_ENOTREADY (-5)  /* The file was never finished. */
#define TPR_EENDIAN (-6)    /* Written on a machine of another byte order. */
#define TPR_EVERSION (-7)   /* Another layout major: see `major` and `minor`. */
#define TPR_EFEATURE (-8)   /* Uses a feature this header does not know. */
#define TPR_EDAMAGED (-9)   /* A checksum, size or place does not agree. */
#define TPR_EKEY (-10)      /* The text is no key of this kind, or names another exchange. */
#define TPR_ENOKEY (-11)    /* The segment has no such key. */
#define TPR_ENOCOLUMN (-12) /* The series has no such column. */
#define TPR_EEMPTY (-13)    /* Nothing has been published yet. */
#define TPR_EBUSY (-14)     /* The writer overtook every one of a bounded number of attempts: try again. */
#define TPR_EMOVED (-15)    /* Replaced by a region or file of another shape: open and find it again. */
#define TPR_ECHANGED (-16)  /* What was read through the view was overwritten or revised meanwhile: discard it. */

/* What a status means, in English; never NULL. */
static inline const char *tpr_strerror(int32_t status) {
    switch (status) {
    case TPR_OK: return "done";
    case TPR_EINVAL: return "an argument is NULL, too long or out of range";
    case TPR_ESYSTEM: return "the system refused (errno says why)";
    case TPR_ENOFILE: return "no such plane or exchange: start one with `tickplane run`";
    case TPR_EMAGIC: return "not a tickplane segment";
    case TPR_ENOTREADY: return "the segment was never finished";
    case TPR_EENDIAN: return "written on a machine of another byte order";
    case TPR_EVERSION: return "another layout major: use the tickplane_raw.h of the plane's release";
    case TPR_EFEATURE: return "uses a feature this header does not know: use the tickplane_raw.h of the plane's release";
    case TPR_EDAMAGED: return "the segment is damaged";
    case TPR_EKEY: return "not a key of this kind, or of another exchange: candles:EXCHANGE:SYMBOL:TIMEFRAME";
    case TPR_ENOKEY: return "the plane has no such key: `tickplane ls` lists what it has";
    case TPR_ENOCOLUMN: return "the series has no such column";
    case TPR_EEMPTY: return "nothing has been published yet";
    case TPR_EBUSY: return "the writer overtook every attempt: try again";
    case TPR_EMOVED: return "replaced: open the segment and find the key again";
    case TPR_ECHANGED: return "overwritten or revised while it was read: discard it";
    default: return "unknown status";
    }
}

/* ---- the format, as docs/format.md has it ---- */

#define TPR_MAGIC UINT64_C(0x4e414c504b434954) /* "TICKPLAN" */
#define TPR_ENDIAN UINT64_C(0x0102030405060708)
#define TPR_MAJOR 1 /* The layout major this header reads. */
#define TPR_MINOR 0 /* The newest minor it knows of; files of any minor are read. */
#define TPR_INCOMPAT_KNOWN UINT64_C(0)
#define TPR_PAGE_BYTES UINT64_C(4096)
#define TPR_TRIES_MAX 64 /* Attempts of every bounded read. */
#define TPR_NONE UINT64_MAX

enum { TPR_SEGMENT_PLANE = 1, TPR_SEGMENT_EXCHANGE = 2 };
enum { TPR_STATE_NEW = 0, TPR_STATE_LIVE = 1, TPR_STATE_CLOSED = 2, TPR_STATE_REPLACED = 3 };
enum { TPR_ENTRY_LIVE = 1, TPR_ENTRY_MOVED = 2 };
enum {
    TPR_INSTRUMENT = 1, TPR_SERIES = 2, TPR_EVENTS = 3, TPR_THREAD = 4, TPR_CONNECTION = 5, TPR_HISTORY = 6, TPR_REST = 7
};
enum {
    TPR_COLUMN_OPEN_TIME_NS = 0,
    TPR_COLUMN_OPEN = 1,
    TPR_COLUMN_HIGH = 2,
    TPR_COLUMN_LOW = 3,
    TPR_COLUMN_CLOSE = 4,
    TPR_COLUMN_VOLUME = 5,
    TPR_COLUMN_QUOTE_VOLUME = 6,
    TPR_COLUMN_TAKER_BUY_VOLUME = 7,
    TPR_COLUMN_TRADE_COUNT = 8,
    TPR_COLUMN_QUALITY = 9,
    TPR_CANDLE_COLUMNS = 10 /* Indicator columns begin here. */
};
enum { TPR_F64 = 0, TPR_I64 = 1, TPR_U64 = 2 };
enum { TPR_ALWAYS_OPEN = 0, TPR_WEEKDAYS = 1 };
enum { TPR_EVENT_CLOSE = 1, TPR_EVENT_REVISE = 2, TPR_EVENT_LIFECYCLE = 3, TPR_EVENT_ALERT = 4, TPR_EVENT_STREAM = 5 };
enum { TPR_ID_NONE = 0, TPR_ID_NUMBER = 1, TPR_ID_UUID = 2, TPR_ID_HASH = 3 };

/* Bits of the quality word; see also tpr_gap_ms and tpr_revisions. */
#define TPR_QUALITY_FINAL UINT64_C(0x01)         /* The interval is over; only a revision changes the row from here. */
#define TPR_QUALITY_PARTIAL UINT64_C(0x02)       /* The plane began to listen inside the interval. */
#define TPR_QUALITY_SYNTHETIC UINT64_C(0x04)     /* No trade happened; the prices are the previous close. */
#define TPR_QUALITY_BACKFILLED UINT64_C(0x08)    /* Holds trades fetched by REST. */
#define TPR_QUALITY_VENUE UINT64_C(0x10)         /* Taken from the venue's own candle. */
#define TPR_QUALITY_MARKET_CLOSED UINT64_C(0x20) /* The venue's market was closed. */
#define TPR_QUALITY_DERIVED UINT64_C(0x40)       /* Computed from rows of a finer timeframe. */

/* Flags of a trade. */
#define TPR_TRADE_SELL UINT32_C(0x01)       /* The taker sold; clear: the taker bought. */
#define TPR_TRADE_HISTORY UINT32_C(0x02)    /* Sent by the venue as history on subscribe. */
#define TPR_TRADE_BACKFILLED UINT32_C(0x04) /* Fetched by REST after a loss. */
#define TPR_TRADE_AGGREGATE UINT32_C(0x08)  /* Stands for several fills. */
#define TPR_TRADE_CONTRACTS UINT32_C(0x10)  /* The quantity counts contracts of unknown size. */
#define TPR_TRADE_DERIVED UINT32_C(0x20)    /* Derived from another message. */

typedef struct tpr_writer_slot_t {
    uint64_t seq, pid, start_ticks, opened_ns;
    uint8_t boot_id[16];
    uint64_t pid_namespace, reserved;
} tpr_writer_slot_t;

typedef struct tpr_header_t {
    uint64_t magic, version, endian, compat, ro_compat, incompat, kind, checksum;
    uint64_t total_bytes, directory_offset, entries_max, entry_bytes, regions_offset, created_ns, generation, reserved_120;
    uint64_t state, heartbeat_ns, successor, writer_minor, reserved_160[4];
    uint64_t bell, reserved_200[7];
    uint64_t writer_latest, reserved_264[7];
    tpr_writer_slot_t writer[2];
    uint64_t count, reserved_456[7];
    uint64_t release[8], reserved_576[440];
} tpr_header_t;

typedef struct tpr_entry_t {
    uint64_t key, offset, bytes, generation, state, successor, created_ns, checksum, name[8];
} tpr_entry_t;

typedef struct tpr_region_t {
    uint64_t kind, bytes, shape[4], reserved, checksum;
} tpr_region_t;

typedef struct tpr_control_t {
    uint64_t first_row, begin, head, revise_begin, revise_end, epoch, reserved[2];
} tpr_control_t;

typedef struct tpr_column_entry_t {
    uint64_t name[6], seed_row, type;
} tpr_column_entry_t;

typedef struct tpr_journal_t {
    uint64_t seq, kind, row, cells[1]; /* One cell a column. */
} tpr_journal_t;

typedef struct tpr_live_slot_t {
    uint64_t seq, row, trade_seq, publish_ns, cells[1]; /* One cell a column. */
} tpr_live_slot_t;

typedef struct tpr_trade_slot_t {
    uint64_t seq, exchange_ns, receive_ns, price, quantity, id_high, id_low, flags;
} tpr_trade_slot_t;

typedef struct tpr_event_slot_t {
    uint64_t seq, what, row, publish_ns, detail, reserved[3];
} tpr_event_slot_t;

typedef struct tpr_quote_slot_t {
    uint64_t seq, exchange_ns, receive_ns, publish_ns, bid_price, bid_quantity, ask_price, ask_quantity;
} tpr_quote_slot_t;

typedef struct tpr_facts_slot_t {
    uint64_t seq, tick_size, lot_size, contract_size, quote_volume_24h, product_status, venue_symbol[8], epoch, reserved;
} tpr_facts_slot_t;

typedef struct tpr_stream_t {
    uint64_t state, since_ns, last_trade_ns, seams, missing, reserved[3], counters[16];
} tpr_stream_t;

typedef struct tpr_instrument_head_t {
    tpr_region_t region;
    uint64_t facts_latest, reserved_72[7];
    tpr_facts_slot_t facts[2];
    uint64_t quote_latest, reserved_392[7];
    tpr_quote_slot_t quote[2];
    uint64_t trades_head, reserved_584[7];
    tpr_trade_slot_t trades[1]; /* One slot a record of capacity; a tpr_stream_t follows. */
} tpr_instrument_head_t;

typedef struct tpr_events_head_t {
    tpr_region_t region;
    uint64_t events_head, reserved_72[7];
    tpr_event_slot_t events[1]; /* One slot a record of capacity. */
} tpr_events_head_t;

typedef struct tpr_connection_t {
    tpr_region_t region;
    uint64_t epoch, state, connected_at_ns, last_heartbeat_ns, last_data_ns, attempts, last_attempt_ns, reserved_120;
    uint64_t counters[16], rejects[32], closes[64], last_close, next_attempt_ns, hold, reserved_1048[5];
} tpr_connection_t;

typedef struct tpr_histogram_t {
    uint64_t count, sum_ns, max_ns, reserved[5], buckets[3840];
} tpr_histogram_t;

typedef struct tpr_thread_t {
    tpr_region_t region;
    uint64_t epoch, runtime, core, reserved_88[5];
    uint64_t counters[16];
    tpr_histogram_t stages[1]; /* As many as shape[0] says. */
} tpr_thread_t;

typedef struct tpr_history_t {
    tpr_region_t region;
    uint64_t epoch, series, filled, requests_left, eta_ns, price_difference, volume_difference, worst;
    uint64_t counters[16];
} tpr_history_t;

typedef struct tpr_rest_t {
    tpr_region_t region;
    uint64_t epoch, closed_until_ns, last_answer_ns, last_status, reserved_96[4];
    uint64_t counters[16];
} tpr_rest_t;

#define TPR_AT(type, field, offset) TPR_ASSERT(offsetof(type, field) == (offset), #type "." #field)
#define TPR_SIZE(type, bytes) TPR_ASSERT(sizeof(type) == (bytes), #type)
TPR_AT(tpr_header_t, magic, 0);
TPR_AT(tpr_header_t, version, 8);
TPR_AT(tpr_header_t, endian, 16);
TPR_AT(tpr_header_t, compat, 24);
TPR_AT(tpr_header_t, ro_compat, 32);
TPR_AT(tpr_header_t, incompat, 40);
TPR_AT(tpr_header_t, kind, 48);
TPR_AT(tpr_header_t, checksum, 56);
TPR_AT(tpr_header_t, total_bytes, 64);
TPR_AT(tpr_header_t, directory_offset, 72);
TPR_AT(tpr_header_t, entries_max, 80);
TPR_AT(tpr_header_t, entry_bytes, 88);
TPR_AT(tpr_header_t, regions_offset, 96);
TPR_AT(tpr_header_t, created_ns, 104);
TPR_AT(tpr_header_t, generation, 112);
TPR_AT(tpr_header_t, state, 128);
TPR_AT(tpr_header_t, heartbeat_ns, 136);
TPR_AT(tpr_header_t, successor, 144);
TPR_AT(tpr_header_t, writer_minor, 152);
TPR_AT(tpr_header_t, bell, 192);
TPR_AT(tpr_header_t, writer_latest, 256);
TPR_AT(tpr_header_t, writer, 320);
TPR_AT(tpr_header_t, count, 448);
TPR_AT(tpr_header_t, release, 512);
TPR_SIZE(tpr_header_t, 4096);
TPR_AT(tpr_writer_slot_t, seq, 0);
TPR_AT(tpr_writer_slot_t, pid, 8);
TPR_AT(tpr_writer_slot_t, start_ticks, 16);
TPR_AT(tpr_writer_slot_t, opened_ns, 24);
TPR_AT(tpr_writer_slot_t, boot_id, 32);
TPR_AT(tpr_writer_slot_t, pid_namespace, 48);
TPR_SIZE(tpr_writer_slot_t, 64);
TPR_AT(tpr_entry_t, key, 0);
TPR_AT(tpr_entry_t, offset, 8);
TPR_AT(tpr_entry_t, bytes, 16);
TPR_AT(tpr_entry_t, generation, 24);
TPR_AT(tpr_entry_t, state, 32);
TPR_AT(tpr_entry_t, successor, 40);
TPR_AT(tpr_entry_t, created_ns, 48);
TPR_AT(tpr_entry_t, checksum, 56);
TPR_AT(tpr_entry_t, name, 64);
TPR_SIZE(tpr_entry_t, 128);
TPR_AT(tpr_region_t, kind, 0);
TPR_AT(tpr_region_t, bytes, 8);
TPR_AT(tpr_region_t, shape, 16);
TPR_AT(tpr_region_t, checksum, 56);
TPR_SIZE(tpr_region_t, 64);
TPR_AT(tpr_control_t, first_row, 0);
TPR_AT(tpr_control_t, begin, 8);
TPR_AT(tpr_control_t, head, 16);
TPR_AT(tpr_control_t, revise_begin, 24);
TPR_AT(tpr_control_t, revise_end, 32);
TPR_AT(tpr_control_t, epoch, 40);
TPR_SIZE(tpr_control_t, 64);
TPR_AT(tpr_column_entry_t, name, 0);
TPR_AT(tpr_column_entry_t, seed_row, 48);
TPR_AT(tpr_column_entry_t, type, 56);
TPR_SIZE(tpr_column_entry_t, 64);
TPR_AT(tpr_journal_t, seq, 0);
TPR_AT(tpr_journal_t, kind, 8);
TPR_AT(tpr_journal_t, row, 16);
TPR_AT(tpr_journal_t, cells, 24);
TPR_AT(tpr_live_slot_t, seq, 0);
TPR_AT(tpr_live_slot_t, row, 8);
TPR_AT(tpr_live_slot_t, trade_seq, 16);
TPR_AT(tpr_live_slot_t, publish_ns, 24);
TPR_AT(tpr_live_slot_t, cells, 32);
TPR_AT(tpr_trade_slot_t, seq, 0);
TPR_AT(tpr_trade_slot_t, exchange_ns, 8);
TPR_AT(tpr_trade_slot_t, receive_ns, 16);
TPR_AT(tpr_trade_slot_t, price, 24);
TPR_AT(tpr_trade_slot_t, quantity, 32);
TPR_AT(tpr_trade_slot_t, id_high, 40);
TPR_AT(tpr_trade_slot_t, id_low, 48);
TPR_AT(tpr_trade_slot_t, flags, 56);
TPR_SIZE(tpr_trade_slot_t, 64);
TPR_AT(tpr_event_slot_t, seq, 0);
TPR_AT(tpr_event_slot_t, what, 8);
TPR_AT(tpr_event_slot_t, row, 16);
TPR_AT(tpr_event_slot_t, publish_ns, 24);
TPR_AT(tpr_event_slot_t, detail, 32);
TPR_SIZE(tpr_event_slot_t, 64);
TPR_AT(tpr_quote_slot_t, seq, 0);
TPR_AT(tpr_quote_slot_t, exchange_ns, 8);
TPR_AT(tpr_quote_slot_t, receive_ns, 16);
TPR_AT(tpr_quote_slot_t, publish_ns, 24);
TPR_AT(tpr_quote_slot_t, bid_price, 32);
TPR_AT(tpr_quote_slot_t, bid_quantity, 40);
TPR_AT(tpr_quote_slot_t, ask_price, 48);
TPR_AT(tpr_quote_slot_t, ask_quantity, 56);
TPR_SIZE(tpr_quote_slot_t, 64);
TPR_AT(tpr_facts_slot_t, seq, 0);
TPR_AT(tpr_facts_slot_t, tick_size, 8);
TPR_AT(tpr_facts_slot_t, lot_size, 16);
TPR_AT(tpr_facts_slot_t, contract_size, 24);
TPR_AT(tpr_facts_slot_t, quote_volume_24h, 32);
TPR_AT(tpr_facts_slot_t, product_status, 40);
TPR_AT(tpr_facts_slot_t, venue_symbol, 48);
TPR_AT(tpr_facts_slot_t, epoch, 112);
TPR_SIZE(tpr_facts_slot_t, 128);
TPR_AT(tpr_instrument_head_t, facts_latest, 64);
TPR_AT(tpr_instrument_head_t, facts, 128);
TPR_AT(tpr_instrument_head_t, quote_latest, 384);
TPR_AT(tpr_instrument_head_t, quote, 448);
TPR_AT(tpr_instrument_head_t, trades_head, 576);
TPR_AT(tpr_instrument_head_t, trades, 640);
TPR_AT(tpr_events_head_t, events_head, 64);
TPR_AT(tpr_events_head_t, events, 128);
TPR_AT(tpr_stream_t, state, 0);
TPR_AT(tpr_stream_t, since_ns, 8);
TPR_AT(tpr_stream_t, last_trade_ns, 16);
TPR_AT(tpr_stream_t, seams, 24);
TPR_AT(tpr_stream_t, missing, 32);
TPR_AT(tpr_stream_t, counters, 64);
TPR_SIZE(tpr_stream_t, 192);
TPR_AT(tpr_connection_t, epoch, 64);
TPR_AT(tpr_connection_t, state, 72);
TPR_AT(tpr_connection_t, connected_at_ns, 80);
TPR_AT(tpr_connection_t, last_heartbeat_ns, 88);
TPR_AT(tpr_connection_t, last_data_ns, 96);
TPR_AT(tpr_connection_t, attempts, 104);
TPR_AT(tpr_connection_t, last_attempt_ns, 112);
TPR_AT(tpr_connection_t, counters, 128);
TPR_AT(tpr_connection_t, rejects, 256);
TPR_AT(tpr_connection_t, closes, 512);
TPR_AT(tpr_connection_t, last_close, 1024);
TPR_SIZE(tpr_connection_t, 1088);
TPR_AT(tpr_histogram_t, count, 0);
TPR_AT(tpr_histogram_t, sum_ns, 8);
TPR_AT(tpr_histogram_t, max_ns, 16);
TPR_AT(tpr_histogram_t, buckets, 64);
TPR_SIZE(tpr_histogram_t, 30784);
TPR_AT(tpr_thread_t, epoch, 64);
TPR_AT(tpr_thread_t, runtime, 72);
TPR_AT(tpr_thread_t, core, 80);
TPR_AT(tpr_thread_t, counters, 128);
TPR_AT(tpr_thread_t, stages, 256);
TPR_AT(tpr_history_t, epoch, 64);
TPR_AT(tpr_history_t, series, 72);
TPR_AT(tpr_history_t, filled, 80);
TPR_AT(tpr_history_t, requests_left, 88);
TPR_AT(tpr_history_t, eta_ns, 96);
TPR_AT(tpr_history_t, price_difference, 104);
TPR_AT(tpr_history_t, volume_difference, 112);
TPR_AT(tpr_history_t, worst, 120);
TPR_AT(tpr_history_t, counters, 128);
TPR_SIZE(tpr_history_t, 256);
TPR_AT(tpr_rest_t, epoch, 64);
TPR_AT(tpr_rest_t, closed_until_ns, 72);
TPR_AT(tpr_rest_t, last_answer_ns, 80);
TPR_AT(tpr_rest_t, last_status, 88);
TPR_AT(tpr_rest_t, counters, 128);
TPR_SIZE(tpr_rest_t, 256);
TPR_ASSERT(sizeof(double) == 8 && sizeof(size_t) == 8, "the format's numbers");

/* ---- words ---- */

static inline uint64_t tpr_load(const uint64_t *word) { return __atomic_load_n(word, __ATOMIC_RELAXED); }
static inline uint64_t tpr_load_acquire(const uint64_t *word) { return __atomic_load_n(word, __ATOMIC_ACQUIRE); }
/* Between the words that were read and the loads that judge them. */
static inline void tpr_fence(void) { __atomic_thread_fence(__ATOMIC_ACQUIRE); }

static inline void tpr_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

static inline double tpr_f64(uint64_t word) {
    double value;
    memcpy(&value, &word, sizeof value);
    return value;
}

static inline uint64_t tpr_lines(uint64_t words) { return (words + 7) / 8 * 8; }

/* 64-bit FNV-1a over the bytes of words. */
static inline uint64_t tpr_checksum(const uint64_t *words, size_t count) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < count; i++)
        for (unsigned shift = 0; shift < 64; shift += 8)
            hash = (hash ^ (words[i] >> shift & 0xff)) * UINT64_C(0x100000001b3);
    return hash;
}

/* Text into words, padded with zeros; false if it is empty or does not fit. */
static inline bool tpr_pack(const char *text, size_t length, uint64_t *words, size_t count) {
    if (length == 0 || length > count * 8) return false;
    memset(words, 0, count * 8);
    memcpy(words, text, length);
    return true;
}

/* Words into terminated text; `text` has room for 8 * count + 1 bytes. */
static inline void tpr_unpack(const uint64_t *words, size_t count, char *text) {
    for (size_t i = 0; i < count; i++) {
        const uint64_t word = tpr_load(&words[i]);
        memcpy(text + 8 * i, &word, 8);
    }
    text[8 * count] = '\0';
}

/* ---- segments ---- */

#define TPR_PATH_MAX 1024

/* An open segment. */
typedef struct tpr_segment_t {
    const tpr_header_t *header; /* The mapping; NULL when closed. */
    const tpr_entry_t *entries;
    uint64_t bytes; /* Length of the mapping. */
    uint64_t total_bytes, entries_max, regions_offset, generation;
    uint64_t epoch;          /* Of the writer when it was opened. */
    uint64_t device, inode;  /* Of the file; 0 when attached to memory. */
    uint16_t major, minor;   /* Of the file. */
    uint8_t kind, exchange;  /* TPR_SEGMENT_*; number of the exchange, 0 for a plane. */
    char path[TPR_PATH_MAX]; /* Empty when attached to memory. */
} tpr_segment_t;

/* Who writes a segment. */
typedef struct tpr_writer_t {
    uint64_t epoch;       /* Counts the writers the file has had. */
    uint64_t pid;         /* Its process. */
    uint64_t start_ticks; /* When that process started: field 22 of /proc/PID/stat. */
    int64_t opened_ns;    /* When it opened the segment. */
    uint8_t boot_id[16];  /* The boot it runs in; zero if unknown. */
    uint64_t pid_namespace; /* Inode of its /proc/self/ns/pid; 0 if unknown. */
} tpr_writer_t;

/* The writer of a header. TPR_EEMPTY if there never was one. */
static inline int32_t tpr_header_writer(const tpr_header_t *header, tpr_writer_t *writer) {
    memset(writer, 0, sizeof *writer);
    for (int tries = 0; tries < TPR_TRIES_MAX; tries++) {
        const uint64_t latest = tpr_load_acquire(&header->writer_latest);
        const tpr_writer_slot_t *slot = &header->writer[latest & 1];
        if (latest == 0) return TPR_EEMPTY;
        if (tpr_load(&slot->seq) == latest) {
            tpr_writer_t found;
            found.epoch = latest;
            found.pid = tpr_load(&slot->pid);
            found.start_ticks = tpr_load(&slot->start_ticks);
            found.opened_ns = (int64_t)tpr_load(&slot->opened_ns);
            for (size_t i = 0; i < 2; i++) {
                const uint64_t word = tpr_load((const uint64_t *)(const void *)slot->boot_id + i);
                memcpy(&found.boot_id[8 * i], &word, 8);
            }
            found.pid_namespace = tpr_load(&slot->pid_namespace);
            tpr_fence();
            if (tpr_load(&slot->seq) == latest) {
                *writer = found;
                return TPR_OK;
            }
        }
        tpr_pause();
    }
    return TPR_EBUSY;
}

static inline int32_t tpr_check_header(const tpr_header_t *header, tpr_segment_t *out) {
    uint64_t words[16];
    const uint64_t *source = &header->magic;
    const uint64_t version = tpr_load_acquire(&header->version);
    for (size_t i = 0; i < 16; i++) words[i] = tpr_load(&source[i]);
    if (version == 0) return words[0] == 0 || words[0] == TPR_MAGIC ? TPR_ENOTREADY : TPR_EMAGIC;
    if (words[0] != TPR_MAGIC) return TPR_EMAGIC;
    if (words[2] != TPR_ENDIAN) return TPR_EENDIAN;
    out->major = (uint16_t)(version >> 16 & 0xffff);
    out->minor = (uint16_t)(version & 0xffff);
    if (out->major != TPR_MAJOR || version >> 32 != UINT64_C(0x80000000)) return TPR_EVERSION;
    if ((words[5] & ~TPR_INCOMPAT_KNOWN) != 0) return TPR_EFEATURE;
    const uint64_t checksum = words[7];
    words[1] = words[7] = 0;
    if (tpr_checksum(words, 16) != checksum) return TPR_EDAMAGED;

    const uint64_t kind = words[6] & 0xff, exchange = words[6] >> 8, entries_max = words[10];
    if (!(kind == TPR_SEGMENT_PLANE && exchange == 0) && !(kind == TPR_SEGMENT_EXCHANGE && exchange <= 0xff))
        return TPR_EDAMAGED;
    if (words[9] != sizeof(tpr_header_t) || words[11] != sizeof(tpr_entry_t)) return TPR_EDAMAGED;
    if (words[8] > out->bytes || entries_max > words[8] / sizeof(tpr_entry_t)) return TPR_EDAMAGED;
    const uint64_t directory_end = sizeof(tpr_header_t) + entries_max * sizeof(tpr_entry_t);
    const uint64_t regions = (directory_end + TPR_PAGE_BYTES - 1) / TPR_PAGE_BYTES * TPR_PAGE_BYTES;
    if (words[12] != regions || regions > words[8]) return TPR_EDAMAGED;
    out->total_bytes = words[8];
    out->entries_max = entries_max;
    out->regions_offset = regions;
    out->generation = words[14];
    out->kind = (uint8_t)kind;
    out->exchange = (uint8_t)exchange;
    return TPR_OK;
}

/* Reads a segment that the caller has in memory (a descriptor passed on, a copy): `bytes` at `words`, aligned to 8.
 * tpr_close does not unmap it. */
static inline int32_t tpr_attach(const void *words, uint64_t bytes, tpr_segment_t *out) {
    if (!words || !out || (uintptr_t)words % 8 != 0) return TPR_EINVAL;
    memset(out, 0, sizeof *out);
    if (bytes < sizeof(tpr_header_t)) return TPR_EDAMAGED;
    out->bytes = bytes;
    const tpr_header_t *header = (const tpr_header_t *)words;
    const int32_t status = tpr_check_header(header, out);
    if (status != TPR_OK) return status;
    out->header = header;
    out->entries = (const tpr_entry_t *)(header + 1);
    tpr_writer_t writer;
    out->epoch = tpr_header_writer(header, &writer) == TPR_OK ? writer.epoch : 0;
    return TPR_OK;
}

/* Opens a segment file by its path. One system call each of open, fstat, mmap and close. */
static inline int32_t tpr_open(const char *path, tpr_segment_t *out) {
    if (!path || !out || strlen(path) >= TPR_PATH_MAX) return TPR_EINVAL;
    memset(out, 0, sizeof *out);
    const int file = open(path, O_RDONLY | TPR_O_CLOEXEC);
    if (file < 0) return errno == ENOENT ? TPR_ENOFILE : TPR_ESYSTEM;
    struct stat facts;
    void *map = MAP_FAILED;
    if (fstat(file, &facts) == 0) {
        if (facts.st_size < (off_t)sizeof(tpr_header_t)) {
            close(file);
            return TPR_EDAMAGED;
        }
        map = mmap(NULL, (size_t)facts.st_size, PROT_READ, MAP_SHARED, file, 0);
    }
    const int reason = errno;
    close(file);
    if (map == MAP_FAILED) {
        errno = reason;
        return TPR_ESYSTEM;
    }
    const int32_t status = tpr_attach(map, (uint64_t)facts.st_size, out);
    if (status != TPR_OK) {
        munmap(map, (size_t)facts.st_size);
        return status;
    }
    out->device = (uint64_t)facts.st_dev;
    out->inode = (uint64_t)facts.st_ino;
    memcpy(out->path, path, strlen(path) + 1);
    return TPR_OK;
}

/* Joins ROOT/INSTANCE/FILE.seg; root NULL is /dev/shm/tickplane, instance NULL is "default". */
static inline int32_t tpr_path(const char *root, const char *instance, const char *file, char path[TPR_PATH_MAX]) {
    if (!file || !path) return TPR_EINVAL;
    const char *const parts[6] = {root ? root : "/dev/shm/tickplane", "/", instance ? instance : "default", "/", file, ".seg"};
    for (const char *at = parts[2]; *at; at++)
        if (!((*at >= '0' && *at <= '9') || (*at >= 'A' && *at <= 'Z') || (*at >= 'a' && *at <= 'z') ||
            *at == '-' || *at == '_'))
            return TPR_EINVAL;
    if (!*parts[2] || strlen(parts[2]) > 64 || !*file || strchr(file, '/')) return TPR_EINVAL;
    size_t length = 0;
    for (size_t i = 0; i < 6; i++) {
        const size_t more = strlen(parts[i]);
        if (length + more >= TPR_PATH_MAX) return TPR_EINVAL;
        memcpy(path + length, parts[i], more);
        length += more;
    }
    path[length] = '\0';
    return TPR_OK;
}

/* Unmaps a segment. Everything found in it ends with it. */
static inline void tpr_close(tpr_segment_t *segment) {
    if (!segment) return;
    if (segment->header && segment->path[0])
        munmap((void *)(uintptr_t)segment->header, (size_t)segment->bytes);
    segment->header = NULL;
}

/* Opens the segment of a plane: events, health and the bell. NULL, NULL is the plane that `tickplane run` makes. */
static inline int32_t tpr_open_plane(const char *root, const char *instance, tpr_segment_t *out) {
    char path[TPR_PATH_MAX];
    int32_t status = tpr_path(root, instance, "plane", path);
    if (status == TPR_OK) status = tpr_open(path, out);
    if (status == TPR_OK && out->kind != TPR_SEGMENT_PLANE) {
        tpr_close(out);
        status = TPR_EDAMAGED;
    }
    return status;
}

/* Opens the segment of an exchange ("binance"): its instruments and series. */
static inline int32_t tpr_open_exchange(const char *root, const char *instance, const char *exchange,
                                        tpr_segment_t *out) {
    char path[TPR_PATH_MAX];
    int32_t status = tpr_path(root, instance, exchange, path);
    if (status == TPR_OK) status = tpr_open(path, out);
    if (status == TPR_OK && out->kind != TPR_SEGMENT_EXCHANGE) {
        tpr_close(out);
        status = TPR_EDAMAGED;
    }
    return status;
}

/* Who writes it. TPR_EEMPTY if nobody ever did. */
static inline int32_t tpr_writer(const tpr_segment_t *segment, tpr_writer_t *writer) {
    if (!segment || !segment->header || !writer) return TPR_EINVAL;
    return tpr_header_writer(segment->header, writer);
}

/* Whether the writer means to go on: TPR_STATE_*. */
static inline uint64_t tpr_state(const tpr_segment_t *segment) { return tpr_load(&segment->header->state); }

/* When the writer last said that it lives; about once a second. */
static inline int64_t tpr_heartbeat_ns(const tpr_segment_t *segment) {
    return (int64_t)tpr_load(&segment->header->heartbeat_ns);
}

/* Whether another writer took over, or another file took the name, since it was opened. Makes a system call: ask about
 * once a second, or when nothing new comes. */
static inline bool tpr_segment_changed(const tpr_segment_t *segment) {
    tpr_writer_t writer;
    if (tpr_state(segment) == TPR_STATE_REPLACED) return true;
    if (tpr_writer(segment, &writer) == TPR_OK && writer.epoch != segment->epoch) return true;
    if (!segment->path[0]) return false;
    struct stat named;
    return stat(segment->path, &named) != 0 || (uint64_t)named.st_dev != segment->device ||
           (uint64_t)named.st_ino != segment->inode;
}

/* Whether nobody holds the lock beside the segment. False if this process may not ask: the file is its owner's. */
static inline bool tpr_lock_is_free(const tpr_segment_t *segment) {
    char path[TPR_PATH_MAX];
    const char *slash = strrchr(segment->path, '/');
    const size_t folder = slash ? (size_t)(slash - segment->path) + 1 : 0;
    if (!segment->path[0] || folder + 5 > TPR_PATH_MAX) return false;
    memcpy(path, segment->path, folder);
    memcpy(path + folder, "lock", 5);
    const int file = open(path, O_RDONLY | TPR_O_CLOEXEC);
    if (file < 0) return false;
    struct flock request;
    memset(&request, 0, sizeof request);
    request.l_type = F_RDLCK;
    /* 36 is F_OFD_GETLK, which glibc shows only with _GNU_SOURCE. */
    const bool is_free = fcntl(file, 36, &request) == 0 && request.l_type == F_UNLCK;
    close(file);
    return is_free;
}

/* The layout minor of the release that writes it now; that of the segment is its maker's. */
static inline uint16_t tpr_writer_minor(const tpr_segment_t *segment) {
    return (uint16_t)(tpr_load(&segment->header->writer_minor) & 0xffff);
}

/* The release that writes it now: "tickplane 1.0.0". */
static inline void tpr_release(const tpr_segment_t *segment, char text[65]) {
    tpr_unpack(segment->header->release, 8, text);
}

/* The boot this process runs in, and its pid namespace; zero where the system does not say. */
static inline void tpr_own_host(uint8_t boot_id[16], uint64_t *pid_namespace) {
    char text[36];
    struct stat facts;
    memset(boot_id, 0, 16);
    *pid_namespace = stat("/proc/self/ns/pid", &facts) == 0 ? (uint64_t)facts.st_ino : 0;
    const int file = open("/proc/sys/kernel/random/boot_id", O_RDONLY | TPR_O_CLOEXEC);
    if (file < 0) return;
    const ssize_t got = read(file, text, sizeof text);
    close(file);
    if (got != (ssize_t)sizeof text) return;
    unsigned digits = 0;
    for (size_t i = 0; i < sizeof text && digits < 32; i++) {
        const char c = text[i];
        if (c == '-') continue;
        const unsigned digit = (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10) & 0xf;
        boot_id[digits / 2] = (uint8_t)((unsigned)boot_id[digits / 2] << 4 | digit);
        digits++;
    }
}

/* Whether the process that wrote it last still runs, holds the lock as far as this process may ask, and has not said
 * goodbye. Its process id and lock mean something only in the boot, and the id only in the namespace, that it says; elsewhere
 * a heartbeat that is more than three seconds old says no. A few system calls. */
static inline bool tpr_writer_lives(const tpr_segment_t *segment) {
    static const uint8_t unknown[16] = {0};
    tpr_writer_t writer;
    uint8_t boot_id[16];
    uint64_t pid_namespace;
    if (tpr_state(segment) != TPR_STATE_LIVE || tpr_writer(segment, &writer) != TPR_OK) return false;
    tpr_own_host(boot_id, &pid_namespace);
    const bool same_boot = memcmp(boot_id, unknown, 16) != 0 && memcmp(boot_id, writer.boot_id, 16) == 0;
    if (same_boot && tpr_lock_is_free(segment)) return false;
    if (!same_boot || pid_namespace == 0 || pid_namespace != writer.pid_namespace)
        return (int64_t)time(NULL) - tpr_heartbeat_ns(segment) / 1000000000 <= 3;
    char path[40] = "/proc/", text[1024], digits[20];
    size_t length = 6, count = 0;
    for (uint64_t pid = writer.pid; count == 0 || pid > 0; pid /= 10) digits[count++] = (char)('0' + pid % 10);
    while (count > 0) path[length++] = digits[--count];
    memcpy(path + length, "/stat", 6);
    const int file = open(path, O_RDONLY | TPR_O_CLOEXEC);
    if (file < 0) return false;
    const ssize_t got = read(file, text, sizeof text - 1);
    close(file);
    if (got <= 0) return false;
    text[got] = '\0';
    /* The second field is the command in parentheses, which may hold anything; the start time is the 22nd. */
    const char *at = strrchr(text, ')');
    for (int field = 2; at && field < 22; field++) at = strchr(at + 1, ' ');
    uint64_t ticks = 0;
    if (at)
        for (at++; *at >= '0' && *at <= '9'; at++) ticks = ticks * 10 + (uint64_t)(*at - '0');
    return at && ticks == writer.start_ticks;
}

/* ---- waiting ---- */

/* The bell of a plane's segment: load it before looking at the data. */
static inline uint64_t tpr_seen(const tpr_segment_t *plane) { return tpr_load_acquire(&plane->header->bell); }

/* Sleeps until the bell no longer stands at `seen`, at most so long, and gives the bell as it stands then:
 *     seen = tpr_seen(&plane);
 *     for (;;) { read everything new; seen = tpr_wait(&plane, seen, 1000000000); }
 * misses nothing. The kernel compares the low half of the word. */
static inline uint64_t tpr_wait(const tpr_segment_t *plane, uint64_t seen, int64_t timeout_ns) {
    if (tpr_seen(plane) == seen && timeout_ns > 0) {
        struct timespec timeout;
        timeout.tv_sec = (time_t)(timeout_ns / 1000000000);
        timeout.tv_nsec = (long)(timeout_ns % 1000000000);
        /* 0 is FUTEX_WAIT on a shared word. */
        (void)syscall(SYS_futex, &plane->header->bell, 0, (uint32_t)seen, &timeout, NULL, 0);
    }
    return tpr_seen(plane);
}

/* ---- keys ---- */

/* Name of an exchange's number in keys and file names; NULL for one this header does not know. */
static inline const char *tpr_exchange_name(unsigned number) {
    static const char *const names[13] = {"binance", "coinbase", "kraken", "bybit", "okx",  "mexc", "hyperliquid",
                                          "kucoin",  "bitget",   "htx",    "gate",  "delta", "fyers"};
    return number >= 1 && number <= 13 ? names[number - 1] : NULL;
}

/* Name of a timeframe's number; NULL for one this header does not know. */
static inline const char *tpr_timeframe_name(unsigned number) {
    static const char *const names[16] = {"1s", "5s", "15s", "1m", "3m", "5m",  "15m", "30m",
                                          "1h", "2h", "4h",  "6h", "8h", "12h", "1d",  "1w"};
    return number >= 1 && number <= 16 ? names[number - 1] : NULL;
}

/* A parsed key: its parts point into the text. */
typedef struct tpr_key_t {
    uint8_t kind;      /* TPR_SERIES or TPR_INSTRUMENT. */
    uint8_t exchange;  /* Number of the exchange. */
    uint8_t timeframe; /* Number of the timeframe, 0 for instruments. */
    const char *symbol;
    size_t symbol_length;
    const char *indicator; /* Name, and output if any, of an indicator; NULL otherwise. */
    size_t indicator_length;
} tpr_key_t;

/* Takes candles:EXCHANGE:SYMBOL:TIMEFRAME, indicator:EXCHANGE:SYMBOL:TIMEFRAME:NAME[.OUTPUT], trades:EXCHANGE:SYMBOL and
 * quote:EXCHANGE:SYMBOL apart. */
static inline int32_t tpr_key_parse(const char *text, tpr_key_t *out) {
    const char *part[5];
    size_t length[5], parts = 0;
    if (!text || !out) return TPR_EINVAL;
    for (const char *at = text; parts < 5; at++) {
        const char *end = strchr(at, ':');
        part[parts] = at;
        length[parts++] = end ? (size_t)(end - at) : strlen(at);
        if (!end) break;
        if (parts == 5) return TPR_EKEY;
        at = end;
    }
    const bool candles = parts == 4 && length[0] == 7 && memcmp(part[0], "candles", 7) == 0;
    const bool indicator = parts == 5 && length[0] == 9 && memcmp(part[0], "indicator", 9) == 0 && length[4] > 0;
    const bool trades = parts == 3 && length[0] == 6 && memcmp(part[0], "trades", 6) == 0;
    const bool quote = parts == 3 && length[0] == 5 && memcmp(part[0], "quote", 5) == 0;
    if (!(candles || indicator || trades || quote) || length[2] == 0) return TPR_EKEY;
    memset(out, 0, sizeof *out);
    const char *name;
    for (unsigned n = 1; (name = tpr_exchange_name(n)) != NULL; n++)
        if (strlen(name) == length[1] && memcmp(name, part[1], length[1]) == 0) out->exchange = (uint8_t)n;
    if (candles || indicator)
        for (unsigned n = 1; (name = tpr_timeframe_name(n)) != NULL; n++)
            if (strlen(name) == length[3] && memcmp(name, part[3], length[3]) == 0) out->timeframe = (uint8_t)n;
    if (out->exchange == 0 || ((candles || indicator) && out->timeframe == 0)) return TPR_EKEY;
    out->kind = candles || indicator ? TPR_SERIES : TPR_INSTRUMENT;
    out->symbol = part[2];
    out->symbol_length = length[2];
    if (indicator) {
        out->indicator = part[4];
        out->indicator_length = length[4];
    }
    return TPR_OK;
}

/* ---- the directory ---- */

/* Number of published entries; each number below it is an argument of tpr_entry. */
static inline uint64_t tpr_count(const tpr_segment_t *segment) {
    const uint64_t count = tpr_load_acquire(&segment->header->count);
    return count < segment->entries_max ? count : segment->entries_max;
}

/* A checked entry and its region. */
typedef struct tpr_found_t {
    const tpr_header_t *header;
    const tpr_entry_t *entry;
    const tpr_region_t *region;
    uint64_t bytes; /* Length of the region, all of it inside the segment. */
    uint64_t shape[4];
    uint32_t index; /* Number of the entry, by which events name it together with the segment's generation. */
    uint8_t kind, exchange, timeframe;
    char name[65];
} tpr_found_t;

/* Looks at an entry. TPR_EDAMAGED if it, its region or their agreement is damaged; TPR_EMOVED if another one took over. */
static inline int32_t tpr_entry(const tpr_segment_t *segment, uint64_t index, tpr_found_t *out) {
    if (!segment || !segment->header || !out || index >= tpr_count(segment)) return TPR_EINVAL;
    const tpr_entry_t *entry = &segment->entries[index];
    const uint64_t *source = &entry->key;
    uint64_t words[16];
    for (size_t i = 0; i < 16; i++) words[i] = tpr_load(&source[i]);
    const uint64_t checksum = words[7];
    words[4] = words[5] = words[7] = 0;
    if (tpr_checksum(words, 16) != checksum || words[0] >> 24 != 0) return TPR_EDAMAGED;

    const uint64_t offset = words[1], bytes = words[2];
    if (offset < segment->regions_offset || offset % TPR_PAGE_BYTES != 0 || offset > segment->total_bytes ||
        bytes > segment->total_bytes - offset || bytes < sizeof(tpr_region_t))
        return TPR_EDAMAGED;
    const tpr_region_t *region = (const tpr_region_t *)((const char *)segment->header + offset);
    uint64_t head[8];
    for (size_t i = 0; i < 8; i++) head[i] = tpr_load(&(&region->kind)[i]);
    if (tpr_checksum(head, 7) != head[7] || head[0] != (words[0] & 0xff) || head[1] != bytes) return TPR_EDAMAGED;

    memset(out, 0, sizeof *out);
    out->header = segment->header;
    out->entry = entry;
    out->region = region;
    out->bytes = bytes;
    memcpy(out->shape, &head[2], sizeof out->shape);
    out->index = (uint32_t)index;
    out->kind = (uint8_t)(words[0] & 0xff);
    out->exchange = (uint8_t)(words[0] >> 8 & 0xff);
    out->timeframe = (uint8_t)(words[0] >> 16 & 0xff);
    memcpy(out->name, &words[8], 64);
    return tpr_load_acquire(&entry->state) == TPR_ENTRY_LIVE ? TPR_OK : TPR_EMOVED;
}

/* Whether a region is still the one of its key. */
static inline bool tpr_is_current(const tpr_header_t *header, const tpr_entry_t *entry) {
    return tpr_load_acquire(&entry->state) == TPR_ENTRY_LIVE && tpr_load(&header->state) != TPR_STATE_REPLACED;
}

/* The region of a key: its last live entry. */
static inline int32_t tpr_find(const tpr_segment_t *segment, const tpr_key_t *key, tpr_found_t *out) {
    uint64_t name[8];
    if (!segment || !segment->header || !key || !out) return TPR_EINVAL;
    if (segment->kind != TPR_SEGMENT_EXCHANGE || segment->exchange != key->exchange) return TPR_EKEY;
    if (!tpr_pack(key->symbol, key->symbol_length, name, 8)) return TPR_ENOKEY;
    const uint64_t what = (uint64_t)key->kind | (uint64_t)key->exchange << 8 | (uint64_t)key->timeframe << 16;
    for (uint64_t index = tpr_count(segment); index-- > 0;) {
        const tpr_entry_t *entry = &segment->entries[index];
        bool same = tpr_load(&entry->key) == what;
        for (size_t i = 0; same && i < 8; i++) same = tpr_load(&entry->name[i]) == name[i];
        if (!same) continue;
        const int32_t status = tpr_entry(segment, index, out);
        if (status != TPR_EMOVED) return status;
    }
    return TPR_ENOKEY;
}

/* ---- a series ---- */

/* The candle of one interval. */
typedef struct tpr_candle_t {
    int64_t open_time_ns;
    double open, high, low, close;
    double volume, quote_volume, taker_buy_volume; /* Base currency, quote currency, base currency. */
    uint64_t trade_count;
    uint64_t quality; /* TPR_QUALITY_*, tpr_gap_ms, tpr_revisions. */
} tpr_candle_t;

/* Milliseconds for which the feed was interrupted inside the interval, saturating; 0 is no gap. */
static inline uint32_t tpr_gap_ms(uint64_t quality) { return (uint32_t)(quality >> 32); }
/* How often the row was revised after it was final, saturating. */
static inline uint32_t tpr_revisions(uint64_t quality) { return (uint32_t)(quality >> 16 & 0xffff); }

/* The forming candle. */
typedef struct tpr_live_t {
    uint64_t seq;       /* Of the publication. */
    uint64_t row;       /* Its row: every earlier row is closed and readable. */
    uint64_t trade_seq; /* The newest trade it contains, 0 if none. */
    int64_t publish_ns;
    tpr_candle_t candle;
} tpr_live_t;

/* A found series. */
typedef struct tpr_series_t {
    const tpr_header_t *header;
    const tpr_entry_t *entry;
    const tpr_control_t *control;
    const tpr_column_entry_t *column_table;
    const uint64_t *live; /* Double slot. */
    const tpr_journal_t *journal;
    const uint64_t *cells;
    uint64_t capacity, depth, live_stride;
    uint64_t calendar; /* How row numbers follow from time: tpr_open_time_ns. */
    uint32_t columns;  /* The candle's ten included. */
    uint32_t index;    /* Number of its directory entry: tpr_event_is_of. */
    uint8_t exchange, timeframe; /* Their numbers. */
    bool integers;     /* Some indicator column is not of f64, as all are so far. */
} tpr_series_t;

/* The series in a region. */
static inline int32_t tpr_series_at(const tpr_found_t *found, tpr_series_t *out) {
    const uint64_t capacity = found->shape[0], depth = found->shape[1], columns = found->shape[2];
    if (found->kind != TPR_SERIES || capacity > UINT64_C(1) << 24 || capacity % 8 != 0 || depth == 0 ||
        depth > capacity || capacity - depth < 8 || columns < TPR_CANDLE_COLUMNS || columns > 1024)
        return TPR_EDAMAGED;
    /* At most 2^24 * 2 * 1024 * 8 bytes: no sum overflows. */
    const uint64_t stride = tpr_lines(4 + columns);
    const uint64_t live = 16 + columns * 8, journal = live + 8 + 2 * stride, cells = journal + tpr_lines(3 + columns);
    if ((cells + columns * 2 * capacity) * 8 > found->bytes) return TPR_EDAMAGED;
    const uint64_t *words = &found->region->kind;
    memset(out, 0, sizeof *out);
    out->header = found->header;
    out->entry = found->entry;
    out->control = (const tpr_control_t *)(words + 8);
    out->column_table = (const tpr_column_entry_t *)(words + 16);
    out->live = words + live;
    out->journal = (const tpr_journal_t *)(words + journal);
    out->cells = words + cells;
    out->capacity = capacity;
    out->depth = depth;
    out->live_stride = stride;
    out->calendar = found->shape[3];
    out->columns = (uint32_t)columns;
    out->index = found->index;
    out->exchange = found->exchange;
    out->timeframe = found->timeframe;
    for (uint32_t at = TPR_CANDLE_COLUMNS; at < out->columns; at++)
        out->integers |= tpr_load(&out->column_table[at].type) != TPR_F64;
    return TPR_OK;
}

/* What the words of a column are: TPR_F64, TPR_I64, TPR_U64, or a number that only later releases know. */
static inline uint64_t tpr_column_type(const tpr_series_t *series, uint32_t column) {
    if (column >= series->columns) return TPR_F64;
    if (column >= TPR_CANDLE_COLUMNS) return tpr_load(&series->column_table[column].type);
    if (column == TPR_COLUMN_OPEN_TIME_NS) return TPR_I64;
    return column == TPR_COLUMN_TRADE_COUNT || column == TPR_COLUMN_QUALITY ? TPR_U64 : TPR_F64;
}

/* A word of a column of some type as the nearest number; NaN for a type that only later releases know. */
static inline double tpr_number(uint64_t type, uint64_t word) {
    return type == TPR_F64   ? tpr_f64(word)
           : type == TPR_I64 ? (double)(int64_t)word
           : type == TPR_U64 ? (double)word
                             : tpr_f64(UINT64_C(0x7ff8000000000000));
}

/* Seconds of a timeframe's number; 0 for one this header does not know. */
static inline int64_t tpr_timeframe_seconds(unsigned number) {
    static const int32_t seconds[16] = {1,    5,    15,    60,    180,   300,   900,   1800,
                                        3600, 7200, 14400, 21600, 28800, 43200, 86400, 604800};
    return number >= 1 && number <= 16 ? seconds[number - 1] : 0;
}

/* When a row opens, whether it is there or not. TPR_EFEATURE if the exchange has a calendar that only later releases know: then
 * take the column open_time_ns. TPR_EINVAL for a row that no time has. */
static inline int32_t tpr_open_time_ns(const tpr_series_t *series, uint64_t row, int64_t *open_time_ns) {
    if (open_time_ns) *open_time_ns = 0;
    if (!series || !series->header || !open_time_ns) return TPR_EINVAL;
    const int64_t length = tpr_timeframe_seconds(series->timeframe), week = 604800;
    const int64_t opens = (int64_t)(series->calendar >> 8 & 0xffffff), closes = (int64_t)(series->calendar >> 32 & 0xffffff);
    const int64_t zone = 900 * (int64_t)(int8_t)(series->calendar >> 56 & 0xff), r = (int64_t)row;
    int64_t at;
    if (length == 0 || row > UINT64_C(1) << 34) return TPR_EINVAL;
    if ((series->calendar & 0xff) == TPR_ALWAYS_OPEN) {
        at = r * length + (length == week ? 4 * 86400 : 0);
    } else if ((series->calendar & 0xff) == TPR_WEEKDAYS && opens < closes && closes <= 86400) {
        const int64_t rows = (closes - opens + length - 1) / length, d = r / rows + 3;
        const int64_t day = length == week ? 4 + 7 * r : d / 5 * 7 + d % 5 - 3;
        at = day * 86400 + opens + (length == week ? 0 : r % rows * length) - zone;
    } else {
        return TPR_EFEATURE;
    }
    if (at > INT64_MAX / 1000000000) return TPR_EINVAL;
    *open_time_ns = at * 1000000000;
    return TPR_OK;
}

/* Name of a column. */
static inline int32_t tpr_column_name(const tpr_series_t *series, uint32_t column, char name[49]) {
    if (!series || !name) return TPR_EINVAL;
    if (column >= series->columns) return TPR_ENOCOLUMN;
    tpr_unpack(series->column_table[column].name, 6, name);
    return TPR_OK;
}

/* Number of a column: "close", "rsi_14", "macd_12_26_9.hist". */
static inline int32_t tpr_column(const tpr_series_t *series, const char *name, uint32_t *column) {
    uint64_t words[6];
    if (column) *column = 0;
    if (!series || !series->header || !name || !column) return TPR_EINVAL;
    if (!tpr_pack(name, strlen(name), words, 6)) return TPR_ENOCOLUMN;
    for (uint32_t at = 0; at < series->columns; at++) {
        bool same = true;
        for (size_t i = 0; same && i < 6; i++) same = tpr_load(&series->column_table[at].name[i]) == words[i];
        if (same) {
            *column = at;
            return TPR_OK;
        }
    }
    return TPR_ENOCOLUMN;
}

/* The first row with a settled value of a column; TPR_NONE if there is none yet. */
static inline uint64_t tpr_seed_row(const tpr_series_t *series, uint32_t column) {
    return column < series->columns ? tpr_load(&series->column_table[column].seed_row) : TPR_NONE;
}

/* Finds the series of a candles: key, or the one an indicator: key belongs to. */
static inline int32_t tpr_series_find(const tpr_segment_t *segment, const char *key, tpr_series_t *out) {
    tpr_key_t parsed;
    tpr_found_t found;
    tpr_series_t series;
    if (!out) return TPR_EINVAL;
    memset(out, 0, sizeof *out);
    int32_t status = tpr_key_parse(key, &parsed);
    if (status == TPR_OK && parsed.kind != TPR_SERIES) status = TPR_EKEY;
    if (status == TPR_OK) status = tpr_find(segment, &parsed, &found);
    if (status == TPR_OK) status = tpr_series_at(&found, &series);
    if (status != TPR_OK) return status;
    bool has = parsed.indicator == NULL;
    for (uint32_t at = TPR_CANDLE_COLUMNS; !has && at < series.columns; at++) {
        char name[49];
        tpr_unpack(series.column_table[at].name, 6, name);
        /* Without an output, any output of it. */
        const size_t length = parsed.indicator_length;
        has = length < sizeof name && memcmp(name, parsed.indicator, length) == 0 &&
              (name[length] == '\0' || (name[length] == '.' && !memchr(parsed.indicator, '.', length)));
    }
    if (!has) return TPR_ENOKEY;
    *out = series;
    return TPR_OK;
}

/* Sequence of the live candle's newest publication, 0 if there is none: what a follower spins on. */
static inline uint64_t tpr_live_seq(const tpr_series_t *series) { return tpr_load_acquire(series->live); }

static inline void tpr_candle_of(const uint64_t *words, tpr_candle_t *out) {
    out->open_time_ns = (int64_t)words[0];
    out->open = tpr_f64(words[1]);
    out->high = tpr_f64(words[2]);
    out->low = tpr_f64(words[3]);
    out->close = tpr_f64(words[4]);
    out->volume = tpr_f64(words[5]);
    out->quote_volume = tpr_f64(words[6]);
    out->taker_buy_volume = tpr_f64(words[7]);
    out->trade_count = words[8];
    out->quality = words[9];
}

/* Makes numbers of the words that stand in columns of integers. */
static inline void tpr_to_numbers(const tpr_series_t *series, double *values, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        uint64_t word;
        memcpy(&word, &values[i], sizeof word);
        values[i] = tpr_number(tpr_column_type(series, TPR_CANDLE_COLUMNS + i), word);
    }
}

/* The forming candle and the first `count` of its provisional indicator values (`values` may be NULL when it is 0), in the
 * order of the columns from TPR_CANDLE_COLUMNS on. On TPR_EBUSY `values` may have been written to. */
static inline int32_t tpr_live(const tpr_series_t *series, tpr_live_t *live, double *values, uint32_t count) {
    if (!series || !series->header || !live || (count > 0 && !values) ||
        count > series->columns - TPR_CANDLE_COLUMNS) return TPR_EINVAL;
    int32_t status = tpr_is_current(series->header, series->entry) ? TPR_EBUSY : TPR_EMOVED;
    for (int tries = 0; status == TPR_EBUSY && tries < TPR_TRIES_MAX; tries++) {
        const uint64_t latest = tpr_load_acquire(series->live);
        if (latest == 0) {
            status = TPR_EEMPTY;
            break;
        }
        const uint64_t *slot = series->live + 8 + (latest & 1) * series->live_stride;
        if (tpr_load(slot) == latest) {
            uint64_t words[13];
            for (size_t i = 0; i < 13; i++) words[i] = tpr_load(&slot[1 + i]);
            for (uint32_t i = 0; i < count; i++) values[i] = tpr_f64(tpr_load(&slot[14 + i]));
            tpr_fence();
            if (tpr_load(slot) == latest) {
                if (series->integers) tpr_to_numbers(series, values, count);
                live->seq = latest;
                live->row = words[0];
                live->trade_seq = words[1];
                live->publish_ns = (int64_t)words[2];
                tpr_candle_of(&words[3], &live->candle);
                return TPR_OK;
            }
        }
        tpr_pause();
    }
    memset(live, 0, sizeof *live);
    return status;
}

/* What may be read of a table, as of one moment; means something only while tpr_validate agrees. */
typedef struct tpr_ticket_t {
    uint64_t first; /* The oldest row that may be asked for. */
    uint64_t head;  /* One past the newest row. */
    uint64_t begun; /* Revisions begun. */
    uint64_t torn;  /* The row that stands in the journal instead of its cells; TPR_NONE if none does. */
    bool in_flight; /* A change was begun and not yet finished, or never will be. */
} tpr_ticket_t;

/* Opens a ticket in one attempt. */
static inline int32_t tpr_ticket_try(const tpr_series_t *series, tpr_ticket_t *out) {
    const uint64_t ended = tpr_load_acquire(&series->control->revise_end);
    const uint64_t begun = tpr_load(&series->control->revise_begin);
    tpr_ticket_t ticket;
    uint64_t kind = 0, row = 0;
    if (begun != ended) {
        const uint64_t journal = tpr_load_acquire(&series->journal->seq);
        if (begun != ended + 1 || journal != begun) return TPR_EBUSY;
        kind = tpr_load(&series->journal->kind);
        row = tpr_load(&series->journal->row);
        if (kind != 1 && kind != 2) return TPR_EBUSY;
    }
    ticket.begun = begun;
    ticket.in_flight = begun != ended;
    ticket.torn = kind == 1 ? row : TPR_NONE;
    ticket.head = tpr_load_acquire(&series->control->head);
    ticket.first = tpr_load_acquire(&series->control->first_row);
    const uint64_t oldest = ticket.head > series->depth ? ticket.head - series->depth : 0;
    if (ticket.first < oldest) ticket.first = oldest;
    if (kind == 2) ticket.first = ticket.head = row;
    if (ticket.first > ticket.head) return TPR_EBUSY;
    *out = ticket;
    return TPR_OK;
}

/* Opens a ticket. Everything read until tpr_validate counts only if that agrees. */
static inline int32_t tpr_ticket(const tpr_series_t *series, tpr_ticket_t *out) {
    if (!series || !series->header || !out) return TPR_EINVAL;
    memset(out, 0, sizeof *out);
    for (int tries = 0; tries < TPR_TRIES_MAX; tries++) {
        if (tpr_ticket_try(series, out) == TPR_OK) return TPR_OK;
        tpr_pause();
    }
    return TPR_EBUSY;
}

/* Whether everything read since the ticket was opened, of rows from `oldest` on, was whole and in its place. */
static inline bool tpr_validate(const tpr_series_t *series, const tpr_ticket_t *ticket, uint64_t oldest) {
    tpr_fence();
    const uint64_t limit = oldest > UINT64_MAX - series->capacity ? UINT64_MAX : oldest + series->capacity;
    return tpr_load(&series->control->begin) <= limit && tpr_load(&series->control->revise_begin) == ticket->begun &&
           (!ticket->in_flight || tpr_load(&series->journal->seq) == ticket->begun);
}

/* Where a row stands in each column; the rows after it follow without a break. */
static inline uint64_t tpr_place(const tpr_series_t *series, uint64_t row) {
    /* A division of 32 bits takes a fraction of the time of one of 64. */
    return row >> 32 ? row % series->capacity : (uint32_t)row % (uint32_t)series->capacity;
}

static inline uint64_t tpr_cell_at(const tpr_series_t *series, const tpr_ticket_t *ticket, uint64_t row, uint64_t place,
                                   uint32_t column) {
    if (row == ticket->torn) return tpr_load(&series->journal->cells[0] + column);
    return tpr_load(&series->cells[column * 2 * series->capacity + place]);
}

/* One word of a row under a ticket: from the journal if that row is being revised. */
static inline uint64_t tpr_cell(const tpr_series_t *series, const tpr_ticket_t *ticket, uint64_t row, uint32_t column) {
    return tpr_cell_at(series, ticket, row, tpr_place(series, row), column);
}

/* Copies rows, validated: from row `from` on, or the last ones if `from` is TPR_NONE, at most `max` of them. `first_row`
 * says where the copy begins: later than `from` where older rows are gone. TPR_EEMPTY if there is none. A row whose
 * writer died while revising it is taken from the journal. */
static inline int32_t tpr_rows(const tpr_series_t *series, uint64_t from, size_t max, tpr_candle_t *rows,
                               uint64_t *first_row, size_t *count) {
    if (first_row) *first_row = 0;
    if (count) *count = 0;
    if (!series || !series->header || !rows || !first_row || !count || max == 0) return TPR_EINVAL;
    if (!tpr_is_current(series->header, series->entry)) return TPR_EMOVED;
    for (int tries = 0; tries < TPR_TRIES_MAX; tries++) {
        tpr_ticket_t ticket;
        if (tpr_ticket_try(series, &ticket) == TPR_OK) {
            uint64_t first = from != TPR_NONE ? from : ticket.head > max ? ticket.head - max : 0;
            if (first < ticket.first) first = ticket.first;
            /* At most `depth` rows, whatever the words say. */
            uint64_t n = first < ticket.head ? ticket.head - first : 0;
            if (n > max) n = max;
            const uint64_t place = tpr_place(series, first);
            for (uint64_t i = 0; i < n; i++) {
                uint64_t words[TPR_CANDLE_COLUMNS];
                for (uint32_t column = 0; column < TPR_CANDLE_COLUMNS; column++)
                    words[column] = tpr_cell_at(series, &ticket, first + i, place + i, column);
                tpr_candle_of(words, &rows[i]);
            }
            if (tpr_validate(series, &ticket, n > 0 ? first : ticket.first)) {
                if (n == 0) return TPR_EEMPTY;
                *first_row = first;
                *count = (size_t)n;
                return TPR_OK;
            }
        }
        tpr_pause();
    }
    return TPR_EBUSY;
}

/* Copies the last `max` rows, or as many as there are, oldest first. */
static inline int32_t tpr_candles(const tpr_series_t *series, size_t max, tpr_candle_t *rows, uint64_t *first_row,
                                  size_t *count) {
    return tpr_rows(series, TPR_NONE, max, rows, first_row, count);
}

/* Copies the last `max` values of a column, or as many as there are, oldest first, validated. The columns of integers
 * (open_time_ns, trade_count, quality) are converted. */
static inline int32_t tpr_values(const tpr_series_t *series, uint32_t column, size_t max, double *values,
                                 uint64_t *first_row, size_t *count) {
    if (first_row) *first_row = 0;
    if (count) *count = 0;
    if (!series || !series->header || !values || !first_row || !count || max == 0) return TPR_EINVAL;
    const uint64_t type = tpr_column_type(series, column);
    if (column >= series->columns || type > TPR_U64) return TPR_ENOCOLUMN;
    if (!tpr_is_current(series->header, series->entry)) return TPR_EMOVED;
    for (int tries = 0; tries < TPR_TRIES_MAX; tries++) {
        tpr_ticket_t ticket;
        if (tpr_ticket_try(series, &ticket) == TPR_OK) {
            uint64_t first = ticket.head > max ? ticket.head - max : 0;
            if (first < ticket.first) first = ticket.first;
            const uint64_t n = ticket.head - first, place = tpr_place(series, first);
            for (uint64_t i = 0; i < n; i++) {
                const uint64_t word = tpr_cell_at(series, &ticket, first + i, place + i, column);
                values[i] = tpr_number(type, word);
            }
            if (tpr_validate(series, &ticket, first)) {
                if (n == 0) return TPR_EEMPTY;
                *first_row = first;
                *count = (size_t)n;
                return TPR_OK;
            }
        }
        tpr_pause();
    }
    return TPR_EBUSY;
}

/* The last rows of a series without a copy. */
typedef struct tpr_view_t {
    tpr_series_t series;
    tpr_ticket_t ticket;
    uint64_t first_row; /* Row of the first value of every column. */
    size_t count;       /* Number of values. */
    uint64_t place;     /* Where the first one stands in each column. */
} tpr_view_t;

/* Opens a view of the last `max` rows, or as many as there are. What is read through it counts only if
 * tpr_view_validate says so afterwards: compute, validate, then use. TPR_EBUSY while one of the rows is being revised;
 * if its writer died in the middle, tpr_rows still reads it. */
static inline int32_t tpr_view(const tpr_series_t *series, size_t max, tpr_view_t *out) {
    if (!series || !series->header || !out || max == 0) return TPR_EINVAL;
    int32_t status = tpr_is_current(series->header, series->entry) ? TPR_EBUSY : TPR_EMOVED;
    for (int tries = 0; status == TPR_EBUSY && tries < TPR_TRIES_MAX; tries++) {
        tpr_ticket_t ticket;
        if (tpr_ticket_try(series, &ticket) == TPR_OK) {
            uint64_t first = ticket.head > max ? ticket.head - max : 0;
            if (first < ticket.first) first = ticket.first;
            const bool torn = ticket.torn != TPR_NONE && ticket.torn >= first;
            if (!torn && first != ticket.head) {
                out->series = *series;
                out->ticket = ticket;
                out->first_row = first;
                out->count = (size_t)(ticket.head - first);
                out->place = tpr_place(series, first);
                return TPR_OK;
            }
            if (!torn) status = TPR_EEMPTY;
        }
        tpr_pause();
    }
    memset(out, 0, sizeof *out);
    return status;
}

/* The values of a column, oldest first, `count` of them one after the other; NULL if there is no such column. Valid until
 * tpr_close; what they say is judged by tpr_view_validate. Columns 0, 8 and 9 are integers: take tpr_view_u64; of further ones
 * tpr_column_type says what they are. */
static inline const double *tpr_view_f64(const tpr_view_t *view, uint32_t column) {
    if (column >= view->series.columns) return NULL;
    return (const double *)(const void *)(view->series.cells + column * 2 * view->series.capacity + view->place);
}

/* The same for trade_count and quality; open_time_ns is an int64_t in the same bits. */
static inline const uint64_t *tpr_view_u64(const tpr_view_t *view, uint32_t column) {
    return (const uint64_t *)(const void *)tpr_view_f64(view, column);
}

/* TPR_OK if everything read through the view so far was whole and in its place, else TPR_ECHANGED. */
static inline int32_t tpr_view_validate(const tpr_view_t *view) {
    return tpr_validate(&view->series, &view->ticket, view->first_row) ? TPR_OK : TPR_ECHANGED;
}

/* ---- an instrument ---- */

/* A found instrument. */
typedef struct tpr_instrument_t {
    const tpr_header_t *header;
    const tpr_entry_t *entry;
    const tpr_instrument_head_t *head;
    const tpr_stream_t *stream; /* Health of its stream of trades; each word stands for itself (tpr_load). */
    uint64_t capacity;          /* Trades the ring holds. */
    uint32_t index;             /* Number of its directory entry, by which events name it. */
} tpr_instrument_t;

/* The instrument in a region. */
static inline int32_t tpr_instrument_at(const tpr_found_t *found, tpr_instrument_t *out) {
    const uint64_t capacity = found->shape[0];
    if (found->kind != TPR_INSTRUMENT || capacity < 2 || capacity > UINT64_C(1) << 24 ||
        (capacity & (capacity - 1)) != 0)
        return TPR_EDAMAGED;
    const uint64_t stream = 640 + capacity * sizeof(tpr_trade_slot_t);
    if (stream + sizeof(tpr_stream_t) > found->bytes) return TPR_EDAMAGED;
    out->header = found->header;
    out->entry = found->entry;
    out->head = (const tpr_instrument_head_t *)found->region;
    out->stream = (const tpr_stream_t *)((const char *)found->region + stream);
    out->capacity = capacity;
    out->index = found->index;
    return TPR_OK;
}

/* Finds the instrument of a trades: or quote: key. */
static inline int32_t tpr_instrument_find(const tpr_segment_t *segment, const char *key, tpr_instrument_t *out) {
    tpr_key_t parsed;
    tpr_found_t found;
    if (!out) return TPR_EINVAL;
    memset(out, 0, sizeof *out);
    int32_t status = tpr_key_parse(key, &parsed);
    if (status == TPR_OK && parsed.kind != TPR_INSTRUMENT) status = TPR_EKEY;
    if (status == TPR_OK) status = tpr_find(segment, &parsed, &found);
    return status == TPR_OK ? tpr_instrument_at(&found, out) : status;
}

/* The best bid and ask. */
typedef struct tpr_quote_t {
    uint64_t seq; /* Dense: a jump says how many quotes were not seen. */
    int64_t exchange_ns, receive_ns, publish_ns;
    double bid_price, bid_quantity, ask_price, ask_quantity;
} tpr_quote_t;

/* Copies one value of a double slot of `count` words after its sequence. */
static inline int32_t tpr_double_slot(const uint64_t *latest_word, const uint64_t *slots, size_t stride,
                                      uint64_t *words,
                                      size_t count, uint64_t *seq) {
    for (int tries = 0; tries < TPR_TRIES_MAX; tries++) {
        const uint64_t latest = tpr_load_acquire(latest_word);
        if (latest == 0) return TPR_EEMPTY;
        const uint64_t *slot = slots + (latest & 1) * stride;
        if (tpr_load(slot) == latest) {
            for (size_t i = 0; i < count; i++) words[i] = tpr_load(&slot[1 + i]);
            tpr_fence();
            if (tpr_load(slot) == latest) {
                *seq = latest;
                return TPR_OK;
            }
        }
        tpr_pause();
    }
    return TPR_EBUSY;
}

/* The last quote. */
static inline int32_t tpr_quote(const tpr_instrument_t *instrument, tpr_quote_t *out) {
    uint64_t words[7], seq;
    if (!instrument || !instrument->header || !out) return TPR_EINVAL;
    memset(out, 0, sizeof *out);
    if (!tpr_is_current(instrument->header, instrument->entry)) return TPR_EMOVED;
    const int32_t status =
        tpr_double_slot(&instrument->head->quote_latest, &instrument->head->quote[0].seq, 8, words, 7, &seq);
    if (status != TPR_OK) return status;
    out->seq = seq;
    out->exchange_ns = (int64_t)words[0];
    out->receive_ns = (int64_t)words[1];
    out->publish_ns = (int64_t)words[2];
    out->bid_price = tpr_f64(words[3]);
    out->bid_quantity = tpr_f64(words[4]);
    out->ask_price = tpr_f64(words[5]);
    out->ask_quantity = tpr_f64(words[6]);
    return TPR_OK;
}

/* What the venue says of an instrument. */
typedef struct tpr_facts_t {
    double tick_size, lot_size, contract_size, quote_volume_24h;
    uint8_t product; /* 1 spot, 2 perpetual, 3 inverse perpetual, 4 dated. */
    uint8_t status;  /* 1 trading, 2 restricted, 3 closed. */
    uint64_t epoch;  /* Of the writer that opened it last: another than the segment's is no longer served. */
    char venue_symbol[65];
} tpr_facts_t;

/* The facts of an instrument. */
static inline int32_t tpr_facts(const tpr_instrument_t *instrument, tpr_facts_t *out) {
    uint64_t words[14], seq;
    if (!instrument || !instrument->header || !out) return TPR_EINVAL;
    memset(out, 0, sizeof *out);
    if (!tpr_is_current(instrument->header, instrument->entry)) return TPR_EMOVED;
    const int32_t status =
        tpr_double_slot(&instrument->head->facts_latest, &instrument->head->facts[0].seq, 16, words, 14, &seq);
    if (status != TPR_OK) return status;
    out->tick_size = tpr_f64(words[0]);
    out->lot_size = tpr_f64(words[1]);
    out->contract_size = tpr_f64(words[2]);
    out->quote_volume_24h = tpr_f64(words[3]);
    out->product = (uint8_t)(words[4] & 0xff);
    out->status = (uint8_t)(words[4] >> 8 & 0xff);
    memcpy(out->venue_symbol, &words[5], 64);
    out->venue_symbol[64] = '\0';
    out->epoch = words[13];
    return TPR_OK;
}

/* ---- rings ---- */

/* A place in a ring of records. */
typedef struct tpr_cursor_t {
    const uint64_t *head, *slots;
    uint64_t capacity; /* A power of two. */
    uint64_t next;     /* The sequence number that is read next. */
    uint64_t lost;     /* Records lost in all. */
} tpr_cursor_t;

/* The record of a sequence number. TPR_EEMPTY if it is not yet published, TPR_ECHANGED if it is overwritten. */
static inline int32_t tpr_ring_read(const tpr_cursor_t *ring, uint64_t sequence, uint64_t words[7]) {
    const uint64_t *slot = ring->slots + (sequence & (ring->capacity - 1)) * 8;
    uint64_t found = tpr_load_acquire(slot);
    if (found < sequence) {
        /* The slot is older or open. Only the head tells "not yet" from "being overwritten". */
        if (tpr_load_acquire(ring->head) < sequence) return TPR_EEMPTY;
        found = tpr_load_acquire(slot);
    }
    if (found != sequence) return TPR_ECHANGED;
    for (size_t i = 0; i < 7; i++) words[i] = tpr_load(&slot[1 + i]);
    tpr_fence();
    return tpr_load(slot) == sequence ? TPR_OK : TPR_ECHANGED;
}

/* Takes the next record. TPR_ECHANGED: `*lost` more were overwritten before they were read; the cursor stands after them,
 * half a ring behind the head. TPR_EEMPTY: nothing new. */
static inline int32_t tpr_cursor_next(tpr_cursor_t *cursor, uint64_t words[7], uint64_t *lost) {
    const int32_t status = tpr_ring_read(cursor, cursor->next, words);
    if (status == TPR_OK && cursor->next < UINT64_MAX) cursor->next++;
    if (status == TPR_ECHANGED) {
        const uint64_t head = tpr_load_acquire(cursor->head), half = cursor->capacity / 2;
        uint64_t target = head > half ? head - half : 0;
        if (target <= cursor->next) target = cursor->next < UINT64_MAX ? cursor->next + 1 : UINT64_MAX;
        const uint64_t skipped = target - cursor->next;
        cursor->next = target;
        cursor->lost = cursor->lost > UINT64_MAX - skipped ? UINT64_MAX : cursor->lost + skipped;
        *lost += skipped;
    }
    return status;
}

/* ---- trades ---- */

/* A trade. */
typedef struct tpr_trade_t {
    uint64_t seq; /* Dense, from 1. */
    int64_t exchange_ns, receive_ns, publish_ns;
    double price, quantity;
    uint64_t id_high, id_low; /* The venue's id, 128 bits. */
    uint32_t flags;           /* TPR_TRADE_*. */
    uint32_t id_form;         /* TPR_ID_*. */
} tpr_trade_t;

/* Follows the trades of an instrument. */
typedef struct tpr_trades_t {
    const tpr_header_t *header;
    const tpr_entry_t *entry;
    tpr_cursor_t cursor;
} tpr_trades_t;

/* Stands after the newest trade. */
static inline int32_t tpr_trades_follow(const tpr_instrument_t *instrument, tpr_trades_t *out) {
    if (!out) return TPR_EINVAL;
    memset(out, 0, sizeof *out);
    if (!instrument || !instrument->header) return TPR_EINVAL;
    out->header = instrument->header;
    out->entry = instrument->entry;
    out->cursor.head = &instrument->head->trades_head;
    out->cursor.slots = &instrument->head->trades[0].seq;
    out->cursor.capacity = instrument->capacity;
    out->cursor.lost = 0;
    const uint64_t head = tpr_load_acquire(out->cursor.head);
    out->cursor.next = head < UINT64_MAX ? head + 1 : UINT64_MAX;
    return TPR_OK;
}

/* Goes to a sequence number (from 1); it is read next. */
static inline void tpr_trades_seek(tpr_trades_t *trades, uint64_t seq) { trades->cursor.next = seq > 0 ? seq : 1; }

/* Goes back so that the last `n` trades, or what the ring still holds of them, are read next. */
static inline void tpr_trades_rewind(tpr_trades_t *trades, uint64_t n) {
    /* The oldest slot may be overwritten at any moment. */
    const uint64_t held = trades->cursor.capacity - 1, head = tpr_load_acquire(trades->cursor.head);
    const uint64_t back = n < held ? n : held;
    tpr_trades_seek(trades, head >= back ? (head - back) + (head < UINT64_MAX) : 1);
}

/* Goes on in the region or file that replaced the one it followed, from the same place and with the same count of losses.
 * Where the numbers have begun anew, from the first. */
static inline int32_t tpr_trades_resume(const tpr_instrument_t *instrument, tpr_trades_t *trades) {
    if (!instrument || !instrument->header || !trades) return TPR_EINVAL;
    const uint64_t next = trades->cursor.next, lost = trades->cursor.lost;
    const int32_t status = tpr_trades_follow(instrument, trades);
    if (status == TPR_OK) {
        trades->cursor.next = next <= trades->cursor.next ? next : 1;
        trades->cursor.lost = lost;
    }
    return status;
}

/* Copies the next trades, oldest first, at most `max`. `*count` says how many there were: 0 if nothing is new. `*lost` says
 * how many were overwritten before they could be read: they lie before the first of this batch. TPR_EMOVED once there is
 * nothing more to read here: find the instrument again and tpr_trades_resume. */
static inline int32_t tpr_trades_read(tpr_trades_t *trades, tpr_trade_t *out, size_t max, size_t *count,
                                      uint64_t *lost) {
    if (count) *count = 0;
    if (lost) *lost = 0;
    if (!trades || !trades->header || !out || !count || !lost) return TPR_EINVAL;
    for (int jumps = 0; *count < max && jumps < TPR_TRIES_MAX;) {
        uint64_t words[7];
        const tpr_cursor_t before = trades->cursor;
        uint64_t skipped = 0;
        const int32_t status = tpr_cursor_next(&trades->cursor, words, &skipped);
        if (status == TPR_EEMPTY) break;
        if (status == TPR_ECHANGED && *count > 0) {
            /* This loss belongs before the next batch. */
            trades->cursor = before;
            break;
        }
        *lost += skipped;
        if (status == TPR_ECHANGED) {
            jumps++;
            continue;
        }
        tpr_trade_t *trade = &out[(*count)++];
        trade->seq = before.next;
        trade->exchange_ns = (int64_t)words[0];
        trade->receive_ns = (int64_t)words[1];
        trade->price = tpr_f64(words[2]);
        trade->quantity = tpr_f64(words[3]);
        trade->id_high = words[4];
        trade->id_low = words[5];
        trade->flags = (uint32_t)(words[6] & 0xffffff);
        trade->id_form = (uint32_t)(words[6] >> 24 & 0xff);
        trade->publish_ns = (int64_t)(words[1] + (words[6] >> 32));
    }
    return *count > 0 || *lost > 0 || tpr_is_current(trades->header, trades->entry) ? TPR_OK : TPR_EMOVED;
}

/* ---- events ---- */

#define TPR_EVENT_RINGS_MAX 256 /* Rings one follower takes: one a writing thread of the plane. */

/* What the plane announces, after it is readable. */
typedef struct tpr_event_t {
    uint64_t seq; /* Dense within its ring. */
    uint64_t row; /* Of the series, for candle events. */
    int64_t publish_ns;
    uint64_t detail;
    uint32_t ring;     /* Which ring it came from: the number of its directory entry. */
    uint32_t entry;    /* Series or instrument: the number of its entry in the exchange's directory; all ones if none. */
    uint32_t kind;     /* TPR_EVENT_*. */
    uint16_t exchange; /* Number of the exchange. */
    uint16_t generation; /* Of the exchange's file that counts the entry, its low 16 bits: tpr_event_entry. */
} tpr_event_t;

/* The entry that an event is about, in the segment of its exchange. TPR_ENOKEY if it is none of this file: it was built anew
 * since, with other numbers (or, if tpr_segment_changed, before: open it again). TPR_EMOVED: another region took its place. */
static inline int32_t tpr_event_entry(const tpr_segment_t *exchange, const tpr_event_t *event, tpr_found_t *out) {
    if (!exchange || !exchange->header || !event || !out) return TPR_EINVAL;
    if (exchange->kind != TPR_SEGMENT_EXCHANGE || exchange->exchange != event->exchange) return TPR_EKEY;
    if (event->generation != (exchange->generation & 0xffff) || event->entry >= tpr_count(exchange)) return TPR_ENOKEY;
    return tpr_entry(exchange, event->entry, out);
}

/* Whether an event is about this series. */
static inline bool tpr_event_is_of(const tpr_event_t *event, const tpr_series_t *series) {
    return (event->kind == TPR_EVENT_CLOSE || event->kind == TPR_EVENT_REVISE) && event->entry == series->index &&
           event->exchange == series->exchange && event->generation == (tpr_load(&series->header->generation) & 0xffff);
}

/* Follows the events of every writing thread: in order within a thread, in no promised order between them. */
typedef struct tpr_events_t {
    tpr_segment_t plane;
    uint64_t scanned; /* Directory entries looked at. */
    uint32_t rings, turn;
    uint32_t left_out; /* Rings beyond TPR_EVENT_RINGS_MAX, not followed. */
    uint32_t ring[TPR_EVENT_RINGS_MAX];
    tpr_cursor_t cursor[TPR_EVENT_RINGS_MAX];
} tpr_events_t;

/* Takes up rings that appeared since the last look, from their first event. */
static inline void tpr_events_scan(tpr_events_t *events) {
    const uint64_t count = tpr_count(&events->plane);
    for (; events->scanned < count; events->scanned++) {
        tpr_found_t found;
        const int32_t status = tpr_entry(&events->plane, events->scanned, &found);
        if ((status != TPR_OK && status != TPR_EMOVED) || found.kind != TPR_EVENTS) continue;
        const uint64_t capacity = found.shape[0];
        if (capacity < 2 || capacity > UINT64_C(1) << 20 || (capacity & (capacity - 1)) != 0 ||
            128 + capacity * sizeof(tpr_event_slot_t) > found.bytes)
            continue;
        if (events->rings == TPR_EVENT_RINGS_MAX) {
            events->left_out++;
            continue;
        }
        const tpr_events_head_t *head = (const tpr_events_head_t *)found.region;
        tpr_cursor_t *cursor = &events->cursor[events->rings];
        cursor->head = &head->events_head;
        cursor->slots = &head->events[0].seq;
        cursor->capacity = capacity;
        cursor->next = 1;
        cursor->lost = 0;
        events->ring[events->rings++] = found.index;
    }
}

/* Follows the events of a plane from now on. The plane's segment must stay open. */
static inline int32_t tpr_events_follow(const tpr_segment_t *plane, tpr_events_t *out) {
    if (!plane || !plane->header || !out || plane->kind != TPR_SEGMENT_PLANE) return TPR_EINVAL;
    memset(out, 0, sizeof *out);
    out->plane = *plane;
    tpr_events_scan(out);
    for (uint32_t i = 0; i < out->rings; i++) {
        const uint64_t head = tpr_load_acquire(out->cursor[i].head);
        out->cursor[i].next = head < UINT64_MAX ? head + 1 : UINT64_MAX;
    }
    return TPR_OK;
}

/* Goes back to the oldest events that the rings still hold. */
static inline void tpr_events_rewind(tpr_events_t *events) {
    for (uint32_t i = 0; i < events->rings; i++) {
        tpr_cursor_t *cursor = &events->cursor[i];
        const uint64_t head = tpr_load_acquire(cursor->head);
        /* The oldest slot may be overwritten at any moment. */
        cursor->next = head < cursor->capacity ? 1 : head - cursor->capacity + 2;
    }
}

/* Copies the next events, at most `max`; several rings take turns. `*lost` says how many were overwritten before they could
 * be read. */
static inline int32_t tpr_events_read(tpr_events_t *events, tpr_event_t *out, size_t max, size_t *count,
                                      uint64_t *lost) {
    if (count) *count = 0;
    if (lost) *lost = 0;
    if (!events || !events->plane.header || !out || !count || !lost) return TPR_EINVAL;
    tpr_events_scan(events);
    for (uint32_t quiet = 0, jumps = 0; *count < max && quiet < events->rings && jumps < TPR_TRIES_MAX;) {
        uint64_t words[7];
        events->turn = (events->turn + 1) % events->rings;
        tpr_cursor_t *cursor = &events->cursor[events->turn];
        const uint64_t seq = cursor->next;
        const int32_t status = tpr_cursor_next(cursor, words, lost);
        if (status == TPR_ECHANGED) jumps++;
        quiet = status == TPR_EEMPTY ? quiet + 1 : 0;
        if (status != TPR_OK) continue;
        tpr_event_t *event = &out[(*count)++];
        event->seq = seq;
        event->ring = events->ring[events->turn];
        event->kind = (uint32_t)(words[0] & 0xff);
        event->exchange = (uint16_t)(words[0] >> 8 & 0xff);
        event->generation = (uint16_t)(words[0] >> 16 & 0xffff);
        event->entry = (uint32_t)(words[0] >> 32);
        event->row = words[1];
        event->publish_ns = (int64_t)words[2];
        event->detail = words[3];
    }
    return TPR_OK;
}

#ifdef __cplusplus
}
#endif

#endif /* TICKPLANE_RAW_H */
