#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Everything that a hub or a line can do to a pull: survived, or named.
. "$(dirname "$0")/common.sh"
start_hub "$tiny"
size=$(wc -c <"$tiny/model.safetensors")

# good TEST FAULT...: with these faults a pull still ends well.
good() {
    test=$1
    shift
    rm -rf stage
    reset
    faults "$@"
    pull_hf 0
    same "$tiny"
}

# bad TEST SENTENCE FAULT...: it ends with that sentence; once they are gone the same command ends well.
bad() {
    test=$1
    sentence=$2
    shift 2
    rm -rf stage
    reset
    faults "$@"
    pull_hf 1
    says "^error	.*$sentence"
    [ ! -e stage/model.safetensors ] || fail 'took weights that are not good'
    reset
    pull_hf 0
    same "$tiny"
}

good 'cut bodies are gone on with' cut=300000,4
at_most "$(stat_of bytes)" $((size + 100000)) bytes
at_least "$(stat_of ranges)" 2 ranges
good 'a body that ends early, without a length' short=200000,3
good 'stalls' stall=400000,1
at_most "$(stat_of bytes)" $((size + 200000)) bytes
good 'a server that ignores Range' cut=300000,2 ignore-range=1
at_least "$(stat_of bytes)" $((size + 300000)) bytes
good 'errors of the server' status=500,3
good '503 and 429' status=429,2,1
good 'an address that expires' expired=1,3
at_least "$(stat_of resolves)" 12 resolves
good 'a damaged byte: fetched once more' flip=5000,1
says '^say	.*fetched once more'
good 'a damaged byte in a part that is gone on with' flip=5000,1 cut=300000,2
good 'the listing comes at the second try' listing-status=502,2
good 'a slow line' rate=800000

bad 'always cut' 'connection broke' cut=10
bad 'always silent' 'does not answer' silent=1
bad 'always 500' 'HTTP 500' status=500
bad 'a wait that is too long' 'wait of 100000 seconds' status=429,-1,100000
bad 'a length that contradicts the listing' 'Content-Length' length=5
bad 'a listing with another size' 'Content-Length' size=7
bad 'a size that is larger than allowed' 'at most\|are allowed' size=9000000000000
bad 'more than the disk has' 'are needed' size=900000000000
bad 'a sum that is not that of the content' 'another content' hash=1
bad 'a listing without sums' 'no sum' no-sum=1
bad 'more bytes than announced' 'sends more' extra=100000
bad 'a listing that is none' 'JSON' garbage=1
bad 'no such checkpoint' 'HTTP 404' only=nobody
bad 'refused' 'HTTP 403' listing-status=403
bad 'redirects without end' 'redirects' loop=1
bad 'a redirect to another protocol' 'redirects' foreign=1

test='ModelScope: the same'
rm -rf stage
reset
faults cut=300000,3 status=503,2
pull_modelscope 0
same "$tiny"
rm -rf stage
reset
faults hash=1
pull_modelscope 1
says 'another content'

test='a part of another content is not gone on with'
rm -rf stage
reset
faults cut=50000
pull_hf 1
mkdir changed
cp "$tiny"/*.json "$tiny"/merges.txt changed
tac "$tiny/model.safetensors" >changed/model.safetensors
stop_hub
start_hub "$PWD/changed"
pull_hf 0
same "$PWD/changed"

test='a part that is longer than the file, and a damaged state'
rm -rf stage
mkdir stage
head -c 5000000 /dev/urandom >stage/model.safetensors.part
pull_hf 0
same "$PWD/changed"
rm stage/model.safetensors
head -c 5000 /dev/urandom >stage/pull.state
cp "$PWD/changed/model.safetensors" stage/model.safetensors.part
pull_hf 0
same "$PWD/changed"

test='two pulls at once'
rm -rf stage
reset
faults rate=400000
HF_ENDPOINT=http://127.0.0.1:$port "$fetch" pull --id some/tiny --into stage --from hf >first &
first=$!
while ! grep -q '^phase	download' first; do sleep 0.05; done
pull_hf 1
says '^error	.*another pull is at work'

test='a pull that is asked to stop'
kill -INT "$first" 2>/dev/null || kill "$first"
kill "$first"
wait "$first"
code=$?
[ $code = 130 ] || fail "exit code $code"
cp first out
says '^error	.*the same command goes on'
reset
pull_hf 0
same "$PWD/changed"

test='the reader goes away'
rm -rf stage
faults rate=100000
(HF_ENDPOINT=http://127.0.0.1:$port "$fetch" pull --id some/tiny --into stage --from hf
    echo $? >ended) | head -n 3 >/dev/null
for _ in $(seq 100); do [ -s ended ] || sleep 0.1; done
[ "$(cat ended)" = 141 ] || fail "did not end with its reader"

test='the parent goes away'
rm -rf stage
sh -c 'HF_ENDPOINT=http://127.0.0.1:$2 "$1" pull --id some/tiny --into stage --from hf >left &
    while ! grep -q "^phase	download" left; do sleep 0.05; done; kill -9 $$' sh "$fetch" "$port" 2>/dev/null
for _ in $(seq 100); do grep -q "^error" left || sleep 0.1; done
cp left out
says '^error	.*the same command goes on'
finish
