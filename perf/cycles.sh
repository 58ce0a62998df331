#!/usr/bin/env bash
# Cuts the connections of a real plane to simulated venues TICKPLANE_CYCLES (10000) times, over TLS, and says what came of it.
#
#     perf/cycles.sh [--record]       writes perf/records/<date>-<commit>-cycles.md with --record
#
# The venues' limits on connections and requests hold for shorter times, so that it takes minutes: about five after the
# build. One attempt, message or request more than a venue allows as it counts them, one file or thread more at a
# checkpoint, or 400 bytes of memory for each cycle end it with 1. TICKPLANE_RUNTIME (park) names the runtime;
# TICKPLANE_RECONNECT_LEAK=1024 loses as many bytes with each connection on purpose, which must fail. A small form of the
# same runs in `cargo test -p tickplane-daemon`.
set -euo pipefail
cd "$(dirname "$0")/.."
export TICKPLANE_RUNTIME=${TICKPLANE_RUNTIME:-park}
export TICKPLANE_CYCLES=${TICKPLANE_CYCLES:-10000}
COMMIT=$(git rev-parse --short=10 HEAD)

record=no
case "${1:-}" in
    '') ;;
    --record) record=yes ;;
    *) echo "usage: perf/cycles.sh [--record]" >&2; exit 2 ;;
esac

dirty=$(git status --short -- Cargo.toml Cargo.lock engine tools/simulator | cut -c4- | paste -sd ' ')
load=$(cut -d' ' -f1-3 /proc/loadavg)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# A copy, so that no later build takes the program from under its processes.
program=$(cargo test --locked -p tickplane-daemon --test it --no-run --message-format=json \
    | sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | tail -n 1)
cp "$program" "$folder/it"
"$folder/it" --ignored --exact reconnects::ten_thousand_cycles --nocapture 2>&1 | tee "$folder/said"

if [ $record = yes ]; then
    name=perf/records/$(date -u +%F)-$COMMIT-cycles.md
    outcome=$(sed -n 's/^reconnects on [a-z]*: //p' "$folder/said" | sed 's/; /\n- /g; s/^/- /')
    {
        cat <<MARKDOWN
# $TICKPLANE_CYCLES reconnects, $(date -u '+%F %T') UTC

| | |
|---|---|
| machine | $(lscpu | sed -n 's/^Model name: *//p'), $(nproc) CPUs, Linux $(uname -r) |
| commit | $COMMIT$([ -n "$dirty" ] && echo ", with changes in $dirty") |
| build | $(rustc --version), dev |
| command | \`perf/cycles.sh --record\`, runtime $TICKPLANE_RUNTIME |
| load (1, 5, 15 min) | $load before, $(cut -d' ' -f1-3 /proc/loadavg) after |

$outcome

Attempts and requests are what arrived at the simulated venues, within any such time. The plane is a process of its own and
was killed once after a tenth of the cycles. At every checkpoint all its connections stood, and files less the connections
open at the venues, and threads, were the same. Bytes a cycle are the median slope between checkpoints of its anonymous
memory.

| cycles | after, s | files | at venues | threads | anonymous memory, KiB |
|---|---|---|---|---|---|
$(sed -n 's/^\([0-9]*\) cycles in \([0-9]*\) s: \([0-9]*\) files, \([0-9]*\) at venues, \([0-9]*\) threads, \([0-9]*\) KiB$/| \1 | \2 | \3 | \4 | \5 | \6 |/p' "$folder/said")
MARKDOWN
    } >"$name"
    echo "recorded in $name"
fi
