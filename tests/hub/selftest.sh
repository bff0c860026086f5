#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# tuwen selftest --card --fetch with the real tuwen-fetch: what the folder lacks is fetched, once; what cannot be fetched
# is said and not left half. Usage: selftest.sh TUWEN_FETCH HUB_DOUBLE TUWEN
tuwen=$(cd "$(dirname "$3")" && pwd)/$(basename "$3")
. "$(dirname "$0")/common.sh"
first=Tesla_Cybertruck_damaged_window.jpg
second=TaobaoCity_Alibaba_Xixi_Park.jpg
mkdir served
cp "$root/tests/golden/images/60x44.png" "served/$first"

# card CODE ARGUMENT...: the comparison with the tiny checkpoint, which FAILs, so that 1 is the code of all that works.
card() {
    wanted=$1
    shift
    "$tuwen" selftest -m "$tiny" --force --card card --card-from "http://127.0.0.1:$port/some/tiny/resolve/main" "$@" >out 2>err
    code=$?
    [ "$code" = "$wanted" ] || { cat err; fail "exit code $code, not $wanted"; }
}

test='one is not there'
start_hub served
card 1 --fetch
cmp -s "card/$first" "served/$first" || fail 'the first was not fetched'
[ "$(ls card)" = "$first" ] || fail 'something was left'
grep -q "$second" err || fail 'does not name it'
[ ! -s out ] || fail 'printed something'

test='a line that breaks'
cp "$root/tests/golden/images/150x100.png" "served/$second"
stop_hub
start_hub served cut=100,1
card 1 --fetch
cmp -s "card/$second" "served/$second" || fail 'the second was not fetched'
says 'text 1, picture 1'
[ "$(stat_of requests)" -ge 1 ] || fail 'no request came'

test='both are there: no connection'
before=$(stat_of requests)
card 1 --fetch --json
says '"passed":2,"failed":10'
[ "$(stat_of requests)" = "$before" ] || fail 'connected all the same'

test='offline'
rm "card/$second"
card 1 --offline
card 2 --offline --fetch
grep -q -- --offline err || fail 'does not say why'
[ "$(stat_of requests)" = "$before" ] || fail 'connected all the same'

test='too large, and nobody there'
head -c 70000000 /dev/zero >"served/$second"
stop_hub
start_hub served
card 1 --fetch
grep -q 67108864 err || fail 'does not name the limit'
stop_hub
card 1 --fetch -q
[ -s err ] || fail 'says nothing'
[ "$(ls card)" = "$first" ] || fail 'something was left'
finish
