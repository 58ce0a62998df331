#!/usr/bin/env bash
# How fast `tickplane candles` and `tickplane indicators` are: trades made up for it, and the captured ones beside the project.
#
#     perf/offline.sh [--record]       writes perf/records/<date>-<commit>-offline.md with --record, else to stdout
#
# RUNS (5) runs of each line over TRADES (20000000) trades; about two minutes after the build and 1.5 GB of /dev/shm, which
# are given back. PROGRAM=/path/to/tickplane measures a build that is there, COMMIT=hash says of what. Every run's answer is
# checked: each trade is in one row.
set -euo pipefail
cd "$(dirname "$0")/.."
RUNS=${RUNS:-5}
TRADES=${TRADES:-20000000}
CAPTURE=../shared/captures/bitmex-1m-trades/Bitmex_XBTUSD_1M.csv.gz
SET=ema_20,ema_50,rsi_14,atr_14,macd_12_26_9,macdv_12_26_26_9,bbands_20_2
COMMIT=${COMMIT:-$(git rev-parse --short=10 HEAD)}

record=no
case "${1:-}" in
    '') ;;
    --record) record=yes ;;
    *) echo "usage: perf/offline.sh [--record]" >&2; exit 2 ;;
esac
if [ -z "${PROGRAM:-}" ]; then
    cargo build --quiet --release --locked -p tickplane
    PROGRAM=target/release/tickplane
fi

folder=$(mktemp -d /dev/shm/tickplane-offline-XXXXXX)
trap 'rm -rf "$folder"' EXIT
# A price that walks in cents, 100 ns to 40 ms between trades, ids one after the other.
awk -v trades="$TRADES" 'BEGIN {
    srand(7); ms10 = 0; cents = 9000000
    print "time_ns,price,quantity,side,id"
    for (id = 1; id <= trades; id++) {
        ms10 += 1 + int(rand() * 399); cents += int(rand() * 201) - 100
        second = 1763942400 + int(ms10 / 10000)
        printf "%d%04d00000,%.2f,%.5f,%s,%d\n", second, ms10 % 10000, cents / 100, \
            (1 + int(rand() * 999999)) / 100000, rand() < 0.5 ? "buy" : "sell", id
    }
}' >"$folder/made.csv"
gzip -1 -k "$folder/made.csv"
if [ -e "$CAPTURE" ]; then
    zcat "$CAPTURE" | awk -F, 'BEGIN { print "time_ms,price,quantity,side" }
        NR > 1 { print $1 "," $2 "," ($3 < 0 ? -$3 ",sell" : $3 ",buy") }' >"$folder/bitmex.csv"
fi

# Runs a line and prints its row of the table: medians of the wall and the processor time, records a second of both.
measure() {
    local what=$1 file=$2 records=$3 check=$4
    shift 4
    for _ in $(seq "$RUNS"); do
        { TIMEFORMAT='%R %U %S'; time "$PROGRAM" "$@" --quiet "$file" >"$folder/out"; } 2>>"$folder/times"
        [ "$(awk -F, "$check" "$folder/out")" = "$records" ] || { echo "$what: a wrong answer" >&2; exit 1; }
    done
    awk '{ print $1 }' "$folder/times" | sort -n >"$folder/wall"
    awk '{ print $2 + $3 }' "$folder/times" | sort -n >"$folder/cpu"
    rm "$folder/times"
    local wall cpu middle=$(((RUNS + 1) / 2))
    wall=$(sed -n "${middle}p" "$folder/wall")
    cpu=$(sed -n "${middle}p" "$folder/cpu")
    awk -v what="$what" -v n="$records" -v bytes="$(stat -c %s "$file")" -v wall="$wall" -v cpu="$cpu" \
        -v walls="$(paste -sd ' ' "$folder/wall")" -v cpus="$(paste -sd ' ' "$folder/cpu")" 'BEGIN {
        printf "| %s | %d | %d MB | %.2f | %.2f | %.2f | %.2f | %.0f | %s; %s |\n", \
            what, n, bytes / 1e6, wall, n / wall / 1e6, cpu, n / cpu / 1e6, cpu / n * 1e9, walls, cpus }'
}

table() {
    local counted='NR > 1 { n += $9 } END { printf "%d", n }' lines='END { printf "%d", NR - 1 }'
    measure "candles 1m" "$folder/made.csv" "$TRADES" "$counted" candles --timeframe 1m
    measure "candles 1m, gzip" "$folder/made.csv.gz" "$TRADES" "$counted" candles --timeframe 1m
    if [ -e "$CAPTURE" ]; then
        measure "candles 1m, bitmex-1m-trades" "$folder/bitmex.csv" 1000000 "$counted" candles --timeframe 1m
    fi
    measure "candles 1s" "$folder/made.csv" "$TRADES" "$counted" candles --timeframe 1s
    cp "$folder/out" "$folder/candles.csv"
    measure "indicators, 13 outputs" "$folder/candles.csv" "$(($(wc -l <"$folder/candles.csv") - 1))" "$lines" \
        indicators --set "$SET"
}

report() {
    local dirty
    dirty=$(git status --short -- Cargo.toml Cargo.lock engine tools/src | cut -c4- | paste -sd ' ')
    cat <<MARKDOWN
# Offline commands, $(date -u '+%F %T') UTC

| | |
|---|---|
| machine | $(lscpu | sed -n 's/^Model name: *//p'), $(nproc) CPUs, Linux $(uname -r) |
| commit | $COMMIT$([ "$PROGRAM" = target/release/tickplane ] && [ -n "$dirty" ] && echo ", with changes in $dirty") |
| build | $(rustc --version), release |
| command | \`perf/offline.sh --record\`: $RUNS runs of each line, files in memory, one thread |
| load (1, 5, 15 min) | $(cut -d' ' -f1-3 /proc/loadavg) before |

| what | records | file | wall s | million/s | CPU s | million/CPU s | ns each | wall; CPU of each run, s |
|---|--:|--:|--:|--:|--:|--:|--:|---|
MARKDOWN
    table
    cat <<MARKDOWN

Load afterwards: $(cut -d' ' -f1-3 /proc/loadavg). Medians. Records are trades, or rows for indicators (\`$SET\`).
CPU time is the user and system time of the command: on a machine that does other work beside it, read that column, which is
what one core would do. Every run's answer was checked: each trade is in one row, each row has its values.
MARKDOWN
}

if [ $record = yes ]; then
    name=perf/records/$(date -u +%F)-$COMMIT-offline.md
    report >"$folder/report"
    cp "$folder/report" "$name"
    echo "recorded in $name"
else
    report
fi
