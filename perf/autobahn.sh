#!/usr/bin/env bash
# Autobahn's WebSocket test suite against our client: every case, compared with the newest committed record.
#
#     perf/autobahn.sh             0: every case behaves as recorded. 1: one does not. 2: the suite cannot run here
#     perf/autobahn.sh --record    also writes perf/records/<date>-<commit>-autobahn.md and .csv; refuses a failed case
#
# The suite is a program for Python 2.7: `python2.7` on the PATH, one of pyenv's, or PYTHON2=/path/to/it. It is installed
# from PyPI into target/autobahn, and listens in a network namespace of its own that has nothing but loopback.
set -euo pipefail
cd "$(dirname "$0")/.."
SUITE=autobahntestsuite==25.10.1
HOME_OF_SUITE=target/autobahn
ADDRESS=127.0.0.1:9001

cannot() { echo "the suite cannot run: $*" >&2; exit 2; }

# The first of these that is a Python 2.7; pyenv's shims stand on the PATH whether or not they lead anywhere.
find_python() {
    local candidate
    for candidate in "${PYTHON2:-}" python2.7 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/2.7.*/bin/python; do
        if [ -n "$candidate" ] && "$candidate" -c 'import sys; sys.exit(sys.version_info[:2] != (2, 7))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    return 1
}

# Inside the namespace: the suite's server in the background, our client through all cases.
if [ "${1:-}" = --inside ]; then
    python=$2
    ip link set lo up
    "$python" -c 'import site, sys; site.addsitedir(sys.argv.pop(1)); from autobahntestsuite.wstest import run; run()' \
        "$HOME_OF_SUITE/site" --mode fuzzingserver --spec "$HOME_OF_SUITE/spec.json" --webport 0 \
        >"$HOME_OF_SUITE/server.log" 2>&1 &
    server=$!
    trap 'kill $server 2>/dev/null' EXIT
    for _ in $(seq 200); do
        (exec 3<>"/dev/tcp/${ADDRESS/:/\/}") 2>/dev/null && break
        kill -0 $server 2>/dev/null || { cat "$HOME_OF_SUITE/server.log" >&2; exit 2; }
        sleep 0.1
    done
    cargo run --quiet --locked --offline -p tickplane-frames --example autobahn_client -- "$ADDRESS" tickplane
    exit
fi

record=no
case "${1:-}" in
    '') ;;
    --record) record=yes ;;
    *) echo "usage: perf/autobahn.sh [--record]" >&2; exit 2 ;;
esac

python=$(find_python) || cannot "there is no Python 2.7; install one (pyenv install 2.7.18) or name it in PYTHON2"
unshare -rn true 2>/dev/null || cannot "no network namespace may be made here (unshare -rn is refused)"
if ! [ -e "$HOME_OF_SUITE/$SUITE" ]; then
    rm -rf "$HOME_OF_SUITE"
    mkdir -p "$HOME_OF_SUITE"
    "$python" -m pip install --quiet --disable-pip-version-check --target "$HOME_OF_SUITE/site" "$SUITE" \
        || cannot "$SUITE cannot be installed"
    touch "$HOME_OF_SUITE/$SUITE"
fi
cargo build --quiet --locked -p tickplane-frames --example autobahn_client
rm -rf "$HOME_OF_SUITE/reports"
printf '{"url": "ws://%s", "outdir": "%s/reports", "cases": ["*"], "exclude-cases": [], "exclude-agent-cases": {}}\n' \
    "$ADDRESS" "$HOME_OF_SUITE" >"$HOME_OF_SUITE/spec.json"
started=$SECONDS
unshare -rn "$0" --inside "$python"
took=$((SECONDS - started))

results=$HOME_OF_SUITE/results.csv
"$python" - "$HOME_OF_SUITE/reports/index.json" >"$results" <<'PYTHON'
import json, sys
cases = json.load(open(sys.argv[1]))["tickplane"]
print("case,behavior,behavior_close")
for case in sorted(cases, key=lambda name: [int(part) for part in name.split(".")]):
    print("%s,%s,%s" % (case, cases[case]["behavior"], cases[case]["behaviorClose"]))
PYTHON
# Verdict by verdict, most frequent first.
counts() { tail -n +2 "$1" | cut -d, -f"$2" | sort | uniq -c | sort -rn | awk '{printf "%s%s %s", sep, $1, $2; sep = ", "}'; }
echo "$(($(wc -l <"$results") - 1)) cases in $took s: $(counts "$results" 2)"

if grep -Ev '(,OK|,NON-STRICT|,INFORMATIONAL|,UNIMPLEMENTED)(,OK|,INFORMATIONAL|,UNIMPLEMENTED)$' "$results" | tail -n +2 | grep .; then
    echo "these cases failed" >&2
    exit 1
fi

if [ $record = yes ]; then
    name=perf/records/$(date -u +%F)-$(git rev-parse --short=10 HEAD)-autobahn
    dirty=$(git status --short -- Cargo.toml Cargo.lock engine/frames perf/autobahn.sh | cut -c4- | paste -sd ' ')
    cp "$results" "$name.csv"
    {
        cat <<MARKDOWN
# WebSocket conformance, $(date -u '+%F %T') UTC

| | |
|---|---|
| verdicts | $(counts "$results" 2): **0 FAILED** of $(($(wc -l <"$results") - 1)) |
| how connections ended | $(counts "$results" 3) |
| case by case | [$(basename "$name").csv]($(basename "$name").csv) |
| command | \`perf/autobahn.sh --record\`, $took s |
| suite | $SUITE, fuzzing server, $("$python" --version 2>&1) |
| client | \`tickplane_frames::Socket\` in engine/frames/examples/autobahn_client.rs, tungstenite $(sed -n '/^name = "tungstenite"$/{n;s/version = "\(.*\)"/\1/p}' Cargo.lock) |
| commit | $(git rev-parse --short=10 HEAD), $([ -n "$dirty" ] && echo "with changes in $dirty" || echo "what it builds from is clean") |
| build | $(rustc --version), dev |
| machine | $(lscpu | sed -n 's/^Model name: *//p'), $(nproc) CPUs, Linux $(uname -r) |

OK is what the protocol asks for. The others, by case:

MARKDOWN
        echo "| verdict | cases | what they say |"
        echo "|---|---|---|"
        list() { awk -F, -v verdict="$1" '$2 == verdict {printf "%s%s", sep, $1; sep = ", "}' "$results"; }
        echo "| NON-STRICT | $(list NON-STRICT) | text of invalid UTF-8 is refused when its frame is whole, not at its first wrong byte; the protocol permits both |"
        echo "| INFORMATIONAL | $(list INFORMATIONAL) | the suite only notes what a client does where the protocol leaves it open |"
        echo "| UNIMPLEMENTED | 12.\*, 13.\* | compressed messages: we do not offer permessage-deflate, so the server may not use it |"
    } >"$name.md"
    echo "recorded in $name.md"
    exit
fi

expected=$(find perf/records -name '*-autobahn.csv' | sort | tail -n 1)
[ -n "$expected" ] || cannot "there is no record to compare with; make one with --record"
if ! diff -u "$expected" "$results"; then
    echo "these cases no longer behave as in $expected" >&2
    exit 1
fi
echo "as in $expected"
