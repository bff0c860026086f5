#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `tuwen pull` from end to end, with tuwen-fetch and the stand-in for both hubs: pull.sh TUWEN_FETCH HUB_DOUBLE.
. "$(dirname "$0")/../hub/common.sh"
tuwen=$(dirname "$fetch")/tuwen # which finds its tuwen-fetch there
store=$HOME/.local/share/tuwen/models
picture=$root/tests/golden/images/28x28.png
unset TUWEN_CACHE TUWEN_CACHE_SIZE XDG_CACHE_HOME XDG_DATA_HOME TUWEN_MODEL TUWEN_ISA
start_hub "$tiny"
export HF_ENDPOINT=http://127.0.0.1:$port MODELSCOPE_ENDPOINT=http://127.0.0.1:$port
"$tuwen" convert -q "$tiny" expected.tuwen
"$tuwen" convert -q --precision f32 "$tiny" expected-f32.tuwen

# get CODE ARGUMENT...: a pull that must end with CODE.
get() {
    wanted=$1
    shift
    "$tuwen" pull "$@" >out 2>err
    code=$?
    [ "$code" = "$wanted" ] || { cat err; fail "exit code $code, not $wanted"; }
}
remarks() { grep -q -- "$1" err || { cat err; fail "does not remark '$1'"; }; }
# is_there NAME [FILE]: it is in the store, the same as FILE (expected.tuwen), and nothing else was left.
is_there() {
    cmp -s "$store/$1.tuwen" "${2:-expected.tuwen}" || fail "$1 is another"
    "$tuwen" verify -q "$1" >/dev/null || fail "$1 is damaged"
    for left in "$store"/.[!.]*; do
        case $left in *.from) continue ;; esac # where a model came from
        [ ! -e "$left" ] || fail "$left was left"
    done
}
# Bytes of the weights that have come so far.
fetched() { cat "$store/.tiny.pull/tiny/model.safetensors.part" 2>/dev/null | wc -c; }
anew() {
    rm -rf "$store" "$HOME/.cache"
    reset
}

for hub in hf modelscope "http://127.0.0.1:$port"; do
    test="from $hub"
    anew
    get 0 some/tiny --from "$hub"
    [ "$(cat out)" = "$store/tiny.tuwen" ] || fail "prints $(cat out)"
    remarks "^tuwen: tiny: .* kB in [0-9]* files from 127.0.0.1:$port"
    remarks '^tuwen: now: tuwen match photo.jpg'
    is_there tiny
    [ "$("$tuwen" match -q "$picture" "a dog" | wc -l)" = 3 ] || fail 'is not the default'
    [ "$("$tuwen" info -q --json tiny | grep -c '"model": "tiny"')" = 1 ] || fail 'has another name'
done

test='already there'
reset
get 0 some/tiny
[ "$(stat_of requests)" = 0 ] || fail 'asked the hub'
remarks 'is here already'

test='anew, in the other precision, under another name'
get 1 other/tiny
remarks 'tiny is here already, but it is some/tiny and not other/tiny'
[ ! -s out ] || fail 'prints a path'
get 0 some/tiny --force
is_there tiny
get 0 some/tiny --precision f32
is_there tiny-f32 expected-f32.tuwen
get 0 some/tiny --precision f32 --name full
is_there full expected-f32.tuwen
[ "$(readlink "$store/default")" = tiny.tuwen ] || fail 'the default has changed'

test='quiet'
anew
get 0 some/tiny -q
[ ! -s err ] || fail 'remarks'

test='--keep'
anew
get 0 some/tiny --keep
is_there tiny
cmp -s "$store/tiny/model.safetensors" "$tiny/model.safetensors" || fail 'the original files are not there'
for left in "$store"/tiny/pull.*; do [ ! -e "$left" ] || fail "$left was kept"; done

test='--offline, with nothing here and with a folder'
anew
get 1 some/tiny --offline
remarks '--offline'
get 0 --from "$tiny" --offline --keep
is_there tiny
[ "$(readlink "$store/tiny")" = "$(realpath "$tiny")" ] || fail 'the folder is not linked'
[ "$(stat_of requests)" = 0 ] || fail 'asked the hub'

test='from the cache of the hub'"'"'s own client'
anew
snapshot=$HOME/.cache/huggingface/hub/models--some--tiny/snapshots/2222222222222222222222222222222222222222
mkdir -p "$snapshot" "$snapshot/../../refs"
printf %s 2222222222222222222222222222222222222222 >"$snapshot/../../refs/main"
cp "$tiny"/*.* "$snapshot"
get 0 some/tiny
is_there tiny
[ "$(stat_of requests)" = 0 ] || fail 'asked the hub'
[ -e "$snapshot/model.safetensors" ] || fail 'took the files away'
"$tuwen" models remove -q tiny
get 2 --from "$snapshot"
get 0 some/tiny --from "$snapshot" --keep --copy
is_there tiny
[ ! -L "$store/tiny" ] && cmp -s "$store/tiny/config.json" "$tiny/config.json" || fail 'no copy'

test='a file that the hub damages: no model, and the sentence says which'
anew
faults flip=500000
get 1 some/tiny --from hf
remarks 'model.safetensors'
[ ! -e "$store/tiny.tuwen" ] || fail 'a model was made'
"$tuwen" models 2>&1 | grep -q "tuwen pull some/tiny --from hf" || fail 'the unfinished pull is not listed'
reset
get 0 some/tiny --from hf
is_there tiny

test='a second pull at the same time'
anew
faults rate=200000
"$tuwen" pull -q some/tiny --from hf >out1 2>err1 &
first=$!
while kill -0 $first && [ "$(fetched)" -lt 1000 ]; do sleep 0.05; done
get 1 some/tiny --from hf
remarks "process $first"
get 0 some/tiny --from "$tiny" --name other
faults rate=
wait $first || fail 'the first pull failed'
is_there tiny
is_there other

test='Ctrl-C, and on'
if env --default-signal=INT true 2>/dev/null; then
    anew
    faults rate=400000
    setsid env --default-signal=INT "$tuwen" pull some/tiny --from hf >out 2>err &
    first=$!
    while kill -0 $first && [ "$(fetched)" -lt 200000 ]; do sleep 0.05; done
    kill -INT -$first
    wait $first
    [ $? = 130 ] || fail 'exit code'
    [ "$(grep -vc ': tiny: \| revision ' err)" = 1 ] || { cat err; fail 'says more than one sentence'; }
    remarks 'the same command goes on'
    faults rate=
    get 0 some/tiny --from hf
    is_there tiny
    at_most "$(stat_of bytes)" 1200000 'the bytes sent'
fi
finish
