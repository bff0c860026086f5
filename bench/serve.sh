#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `tuwen serve` under load, with the client of tests/server/load.c; docs/server.md, "Under load", has what came out.
#
#     bench/serve.sh load [SECONDS] [SVG]     200 clients with texts and pictures of all kinds, for 600 seconds: a line of JSON;
#                                             SVG is drawn from what was noted each 5 seconds
#     bench/serve.sh rate [ROUNDS] [SECONDS]  what is answered a second and what `tuwen bench` computes of the same inputs, in turns
#     bench/serve.sh kill [COUNT]             kill -9 under load, and how long after the next start /ready says 200
#     bench/serve.sh crowd                    200 slow and 1,000 idle connections beside others: the longest answer
#
# BUILD is the build folder (build), MODEL the model (models/demo), CAPTIONS those of a run of `tuwen bench captions` (1000),
# CLIENTS how many ask at once (200; of rate: 32), SERVE further options of `tuwen serve`.
set -eu
cd "$(dirname "$0")/.."
build=${BUILD:-build}
model=${MODEL:-models/demo}
work=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
unset TUWEN_MODEL
export TUWEN_CACHE=off

pictures=$(ls models/demo/pictures/*.tiff models/demo/pictures/*.jpg models/demo/pictures/*.webp models/demo/pictures/*.png \
    models/demo/pictures/*.gif)
load() {
    # shellcheck disable=SC2086 # several files
    "$build/tests/server/server_load" -p "$port" -s $server "$@" $pictures
}

# start [OPTION]...: sets `port` and `server`.
start() {
    : >"$work/out"
    # shellcheck disable=SC2086 # several options
    "$build/tuwen" serve -m "$model" --listen 127.0.0.1:0 ${SERVE-} "$@" >"$work/out" 2>"$work/log" &
    server=$!
    until [ -s "$work/out" ]; do
        kill -0 $server
        sleep 0.02
    done
    port=$(sed 's/.*://' "$work/out")
    "$build/tests/server/server_clients" "$port" ready >/dev/null
}

stop() {
    kill $server
    wait $server
    server=
}

run_load() {
    start
    load -c "${CLIENTS:-200}" -t "${1:-600}" -o "$work/series"
    stop
    [ $# -lt 2 ] || awk -f bench/serve-graph.awk "$work/series" >"$2"
    if grep -v 'level=info' "$work/log" | grep -v 'status=429'; then
        exit 1
    fi
}

# The middle one of the numbers of standard input.
median() {
    sort -g | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'
}

run_rate() {
    start
    for name in captions picture match; do
        load -w $name -c "${CLIENTS:-32}" -t 2 >/dev/null
        for round in $(seq "${1:-5}"); do
            "$build/tuwen" bench -m "$model" --captions "${CAPTIONS:-1000}" --runs 5 --seconds "${2:-8}" --json $name 2>/dev/null >"$work/bench"
            seconds=$(sed -n 's/.*"seconds": \([0-9.e-]*\).*/\1/p' "$work/bench" | head -n 5 | median)
            inputs=$(sed -n 's/.*"inputs": \([0-9]*\).*/\1/p' "$work/bench" | head -n 1)
            load -w $name -c "${CLIENTS:-32}" -t "${2:-8}" >"$work/said"
            awk -v work=$name -v round="$round" -v inputs="$inputs" -v seconds="$seconds" \
                -v served="$(sed 's/.*"inputs_per_second":\([0-9.]*\).*/\1/' "$work/said")" 'BEGIN {
                printf "%s %d: bench %.2f, server %.2f inputs a second: %.2f\n", work, round, inputs / seconds, served, served / (inputs / seconds) }'
        done >"$work/rounds"
        cat "$work/rounds"
        echo "$name: median $(sed 's/.*: //' "$work/rounds" | median)"
    done
    stop
}

run_kill() {
    TUWEN_CACHE=$work/vectors.sqlite
    mkdir "$work/temporary"
    export TUWEN_CACHE TMPDIR="$work/temporary"
    start
    for round in $(seq "${1:-20}"); do
        load -c 50 -t 60 >/dev/null 2>&1 &
        asking=$!
        until curl -s "http://127.0.0.1:$port/metrics" | grep -q '^tuwen_batch_inputs_count [1-9]'; do
            sleep 0.02
        done
        kill -9 $server
        wait $server 2>/dev/null || true
        # shellcheck disable=SC2086
        "$build/tuwen" serve -m "$model" --listen "127.0.0.1:$port" ${SERVE-} >"$work/out" 2>"$work/log" &
        server=$!
        "$build/tests/server/server_clients" "$port" ready
        wait $asking || true
        [ -z "$(ls "$work/temporary")" ] || { echo "round $round: left in TMPDIR: $(ls "$work/temporary")" >&2; exit 1; }
        [ "$(sqlite3 "$TUWEN_CACHE" 'PRAGMA integrity_check')" = ok ] || { echo "round $round: the cache is damaged" >&2; exit 1; }
        if grep damaged "$work/log" >&2; then
            exit 1
        fi
    done >"$work/times"
    stop
    echo "$(wc -l <"$work/times") kills: ready again after $(median <"$work/times") s (median), $(sort -g "$work/times" | tail -n 1) s (longest)"
}

run_crowd() {
    echo '{"input": "a dog on the grass"}' >"$work/small"
    start --max-wait 10
    "$build/tests/server/server_clients" "$port" slow 200 15 "$work/small"
    stop
    start --max-wait 300
    "$build/tests/server/server_clients" "$port" idle 1000 "$work/small"
    stop
}

case ${1-} in
load | rate | kill | crowd)
    name=$1
    shift
    "run_$name" "$@"
    ;;
*)
    echo 'see the head of bench/serve.sh' >&2
    exit 2
    ;;
esac
