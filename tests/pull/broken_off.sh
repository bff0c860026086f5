#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `tuwen pull` broken off at each removal and renaming of a file in turn: the same command goes on, and leaves nothing
# behind. Arguments as of pull.sh, and the library of die_at.c.
die_at=$(cd "$(dirname "$3")" && pwd)/$(basename "$3") # ahead of common.sh, which goes elsewhere
. "$(dirname "$0")/../hub/common.sh"
[ -z "${SANITIZE:-}" ] || { echo 'skipped: a sanitizer must be loaded first'; exit 77; }
tuwen=$(dirname "$fetch")/tuwen # which finds its tuwen-fetch there
store=$HOME/.local/share/tuwen/models
unset TUWEN_CACHE TUWEN_CACHE_SIZE XDG_CACHE_HOME XDG_DATA_HOME TUWEN_MODEL TUWEN_ISA
start_hub "$tiny"
export HF_ENDPOINT=http://127.0.0.1:$port
"$tuwen" convert -q "$tiny" new.tuwen
"$tuwen" convert -q --precision f32 "$tiny" old.tuwen

# each OLD LEFT OPTION...: with an older model there or not; LEFT is what the store holds in the end.
each() {
    old=$1 left=$2 at=0 code=137
    shift 2
    while [ $code = 137 ]; do
        at=$((at + 1))
        test="pull $* broken off at $at"
        rm -rf "$store"
        mkdir -p "$store"
        ! $old || cp old.tuwen "$store/tiny.tuwen"
        LD_PRELOAD=$die_at DIE_PROGRAM=tuwen DIE_AT=$at "$tuwen" pull -q some/tiny --from hf "$@" >out 2>&1
        code=$?
        [ $code = 137 ] || [ $code = 0 ] || fail "exit code $code"
        # Its tuwen-fetch may be ending still.
        "$tuwen" pull -q some/tiny --from hf "$@" >out 2>&1
        again=$?
        for _ in 1 2 3 4 5 6 7 8 9 10; do
            [ $again = 1 ] && grep -q 'is at work on' out || break
            sleep 1
            "$tuwen" pull -q some/tiny --from hf "$@" >out 2>&1
            again=$?
        done
        [ $again = 0 ] || fail "the second time: exit code $again"
        cmp -s "$store/tiny.tuwen" new.tuwen || fail 'the model is not the new one'
        [ "$(ls -A "$store" | tr '\n' ' ')" = "$left" ] || fail "the store has $(ls -A "$store" | tr '\n' ' ')"
        [ $at -lt 200 ] || break
    done
    total=$((total + at - 1))
}
total=0
each false '.tiny.from default tiny.tuwen '
each false '.tiny.from default tiny tiny.tuwen ' --keep
each true '.tiny.from default tiny.tuwen ' --force
at_least $total 15 'the number of breaks'
echo "broken off at $total places"
finish
