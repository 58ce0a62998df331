#!/usr/bin/env bash
# Kills and stops the processes around a segment by the thousand, and says what came of it.
#
#     perf/kill.sh [--record]       writes perf/records/<date>-<commit>-kill.md with --record
#
# TICKPLANE_KILLS (20000) kills of a hot writer at random moments, TICKPLANE_POINT_KILLS (100) at each named place of its
# work, TICKPLANE_READERS (32) readers stopped and killed in each of TICKPLANE_READER_ROUNDS (100) rounds, and
# TICKPLANE_RACES (10000) races for an instance. About six minutes after the build. Any torn read, hang, leaked file or
# wrong account ends it with 1; the same tests run with smaller numbers in `cargo test -p tickplane-segments`.
set -euo pipefail
cd "$(dirname "$0")/.."
export TICKPLANE_KILLS=${TICKPLANE_KILLS:-20000}
export TICKPLANE_POINT_KILLS=${TICKPLANE_POINT_KILLS:-100}
export TICKPLANE_READERS=${TICKPLANE_READERS:-32}
export TICKPLANE_READER_ROUNDS=${TICKPLANE_READER_ROUNDS:-100}
export TICKPLANE_RACES=${TICKPLANE_RACES:-10000}
COMMIT=$(git rev-parse --short=10 HEAD)

record=no
case "${1:-}" in
    '') ;;
    --record) record=yes ;;
    *) echo "usage: perf/kill.sh [--record]" >&2; exit 2 ;;
esac

dirty=$(git status --short -- Cargo.toml Cargo.lock engine/layout engine/segments | cut -c4- | paste -sd ' ')
load=$(cut -d' ' -f1-3 /proc/loadavg)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
said=$folder/said
# A copy, so that no later build takes the program from under its processes.
program=$(cargo test --release --locked -p tickplane-segments --test it --no-run --message-format=json \
    | sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | tail -n 1)
cp "$program" "$folder/it"
started=$SECONDS
for test in kill::random_kills_are_survived points::a_kill_at_every_place_is_survived \
    readers::stopped_and_killed_readers_do_not_slow_the_writer \
    race::of_racing_processes_one_wins_and_the_others_are_told_who; do
    echo "== $test"
    "$folder/it" --exact "$test" --nocapture 2>&1 | tee -a "$said"
done
took=$((SECONDS - started))

# What a test said at its end, as a row of the table.
row() { sed -n "s/^$1: //p" "$said" | sed "s/; /<br>/g; s/^/| $1 | /; s/\$/ |/"; }

if [ $record = yes ]; then
    name=perf/records/$(date -u +%F)-$COMMIT-kill.md
    {
        cat <<MARKDOWN
# Killed and stopped processes, $(date -u '+%F %T') UTC

| | |
|---|---|
| machine | $(lscpu | sed -n 's/^Model name: *//p'), $(nproc) CPUs, Linux $(uname -r) |
| commit | $COMMIT$([ -n "$dirty" ] && echo ", with changes in $dirty") |
| build | $(rustc --version), release |
| command | \`perf/kill.sh --record\`, $took s |
| load (1, 5, 15 min) | $load before, $(cut -d' ' -f1-3 /proc/loadavg) after |

| what | what came of it |
|---|---|
$(row 'random kills')
$(row 'kills at places')
$(row 'readers')
$(row 'races')

Every read was checked against the number of its record, every loss against the numbers around it. After each kill the readers
that had stayed attached read on at once and attached anew by themselves; the successor took up the very rows and trades they
had seen, removed what was half-made, and went on. Each kill at a place was one: a writer that did not come there failed the run.

Killed at each place:

| what the writer did | killed at |
|---|---|
$(sed -n 's/^[0-9]* kills in \([A-Za-z]*\) at [A-Za-z]*(\(.*\)), [0-9]* s$/\1|\2/p' "$said" | awk -F'|' '{
    if ($1 != act) { if (act) printf "| %s | %s |\n", act, places; act = $1; places = $2 } else places = places ", " $2 }
    END { printf "| %s | %s |\n", act, places }')
MARKDOWN
    } >"$name"
    echo "recorded in $name"
fi
