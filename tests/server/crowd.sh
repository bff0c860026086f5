#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Many clients at once: more than may wait, slow ones, idle ones, those that leave, large requests beside small ones.
# Usage: crowd.sh TUWEN CLIENTS; see common.sh.
. "$(dirname "$0")/common.sh"
clients=$TUWEN_BUILD/${2#"$TUWEN_BUILD"/}
echo '{"input": "a dog on the grass"}' >small
awk 'BEGIN { printf "{\"input\": [\"a dog 0\""; for (i = 1; i < 1500; i++) printf ", \"a dog %d on the grass near a house\"", i; print "]}" }' >large
ask() {
    "$clients" "${url##*:}" "$@" >said || fail "clients: exit code $?"
}

# number NAME: what stands behind a word that was said.
number() {
    sed -n "s/.*$1 \([0-9.]*\).*/\1/p" said
}

test='more requests than may wait'
start --max-queue 4
ask burst 40 large
[ "$(number '200 x')" -ge 4 ] && [ "$(number '429 x')" -gt 0 ] && [ "$(number 'others x')" = 0 ] || fail "$(cat said)"
grep -q "429 x $(number '429 x') ($(number '429 x') with" said || fail "$(cat said)"

test='a small request beside a large one'
curl -s -o body -H 'Content-Type: application/json' --data-binary @large "$url/v1/embeddings" &
large=$!
for _ in $(seq 400); do
    curl -s "$url/ready" | grep -q '"waiting":1' && break
    sleep 0.01
done
cp small request
post /v1/embeddings
expect 200
kill -0 $large 2>/dev/null || fail 'the large one ended first'
wait $large

test='clients that leave'
ask leave 4 large
for _ in $(seq 400); do
    curl -s "$url/ready" | grep -q '"waiting":0' && break
    sleep 0.01
done
grep -c 'status=499' log >gone
[ "$(cat gone)" -ge 1 ] || fail 'the log shows none that left'
awk '/items=1500/ && match($0, /computed=[0-9.]*/) { n++; if (substr($0, RSTART + 9, RLENGTH - 9) < 0.5 * most) less++; else if (substr($0, RSTART + 9, RLENGTH - 9) > most) most = substr($0, RSTART + 9, RLENGTH - 9) } END { exit !(less > 0) }' log ||
    fail 'all were computed to their end'
stop
[ $code = 0 ] || fail "exit code $code"

test='200 slow clients do not stop others'
start --max-wait 3
ask slow 200 6 small
[ "$(number bad)" = 0 ] && [ "$(number good)" -ge 10 ] || fail "$(cat said)"
awk -v longest="$(number longest)" 'BEGIN { exit !(longest < 1.5) }' || fail "$(cat said)"
[ "$(number 'slow ended')" = 200 ] && [ "$(number 'told 408')" = 200 ] || fail "the slow ones are not cut off: $(cat said)"
stop

test='1000 idle connections'
[ "$(ulimit -n)" -ge 1100 ] || ulimit -n 2400 2>/dev/null || { echo 'skipped: too few files may be open'; exit 77; }
start --max-wait 300 # they connect before the first of them asks, and a sanitizer is slow
ask idle 1000 small
[ "$(number good)" = 2000 ] || fail "$(cat said)"

test='little memory for bodies'
stop
start --max-memory 20K
ask burst 3 large
[ "$(number '429 x')" = 3 ] || fail "$(cat said)"
ask burst 3 small
[ "$(number '200 x')" = 3 ] || fail "$(cat said)"

test='too many connections'
stop
start --max-connections 20
ask leave 200 small
cp small request
for _ in 1 2 3 4 5; do
    post /v1/embeddings
    [ "$status" = 200 ] && break
    sleep 0.2
done
expect 200
end
