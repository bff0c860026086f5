#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# 50 clients that ask without a pause, more than may wait; then the server is killed while they do, and starts again on the
# same port and cache. Usage: load.sh TUWEN SERVER_LOAD; see common.sh.
. "$(dirname "$0")/common.sh"
load=$TUWEN_BUILD/${2#"$TUWEN_BUILD"/}
pictures="$model/pictures/coffee.tiff $model/pictures/dog.jpg $model/pictures/girl-on-bench.webp
    $model/pictures/house-and-tree.png $model/pictures/red-apple.gif"

# number NAME: of what the clients said.
number() {
    sed -n "s/.*\"$1\":\([0-9.]*\).*/\1/p" said
}

test='more clients than may wait'
start --max-queue 40
# shellcheck disable=SC2086 # several files
"$load" -p "${url##*:}" -s $server -c 50 -t 4 $pictures >said 2>trouble || fail "exit code $?: $(cat trouble)"
[ "$(number wrong)" = 0 ] && [ "$(number good)" -gt 0 ] && [ "$(number busy)" -gt 0 ] || fail "$(cat said)"
[ "$(number reconnects)" = 0 ] || fail "connections were closed: $(cat said)"
stop
[ $code = 0 ] || fail "exit code $code"

test='killed under load'
mkdir cached temporary
export TUWEN_CACHE="$work/cached/vectors.sqlite" TMPDIR="$work/temporary"
start
port=${url##*:}
# shellcheck disable=SC2086
"$load" -p "$port" -c 50 -t 60 $pictures >said 2>trouble &
asking=$!
# A vector is in the cache, and others are computed.
for _ in $(seq 600); do
    curl -s "$url/metrics" | grep -q '^tuwen_batch_inputs_count [1-9]' && break
    sleep 0.05
done
stop KILL
wait $asking
[ $code = 137 ] || fail "exit code $code"
start --listen "127.0.0.1:$port"
[ "$url" = "http://127.0.0.1:$port" ] || fail "it listens on $url"
! grep -q damaged log || fail 'the cache is damaged'
echo '{"input": "a dog"}' >request
post /v1/embeddings
expect 200
stop
[ $code = 0 ] || fail "exit code $code"
[ -z "$(ls temporary)" ] || fail "left behind: $(ls temporary)"
[ "$(ls cached | tr '\n' ' ')" = 'vectors.sqlite vectors.sqlite.lock ' ] || fail "in the folder of the cache: $(ls cached)"
"$tuwen" cache --json >said || fail 'the cache cannot be read'
[ "$(sed -n 's/.*"vectors": *\([0-9]*\).*/\1/p' said | head -n 1)" -gt 0 ] || fail "$(cat said)"
if command -v sqlite3 >/dev/null; then
    [ "$(sqlite3 cached/vectors.sqlite 'PRAGMA integrity_check')" = ok ] || fail 'the cache has lost its structure'
fi
end
