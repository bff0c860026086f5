#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kill -9 at many moments of `tuwen pull`, from the first byte to the last link: each time the model is the old one (or
# none) or the new one, and the same command goes on. Arguments as of pull.sh.
. "$(dirname "$0")/../hub/common.sh"
tuwen=$(dirname "$fetch")/tuwen # which finds its tuwen-fetch there
store=$HOME/.local/share/tuwen/models
unset TUWEN_CACHE TUWEN_CACHE_SIZE XDG_CACHE_HOME XDG_DATA_HOME TUWEN_MODEL TUWEN_ISA
start_hub "$tiny" rate=1200000
export HF_ENDPOINT=http://127.0.0.1:$port
"$tuwen" convert -q "$tiny" new.tuwen
"$tuwen" convert -q --precision f32 "$tiny" old.tuwen

kills=0 busy=0 rounds=0
# round OPTION LEFT: pulls until it succeeds; LEFT is what the store holds then.
round() {
    test="kill -9, $1"
    most=0.3
    while :; do
        # shellcheck disable=SC2086
        "$tuwen" pull -q some/tiny --from hf $1 >out 2>err &
        child=$!
        sleep "$(awk -v seed="$kills$busy$$" -v most=$most 'BEGIN { srand(seed); print 0.01 + rand() * most }')"
        most=$(awk -v most=$most 'BEGIN { print most * 1.05 }') # a slow machine gets there too
        kill -9 $child 2>/dev/null
        wait $child 2>/dev/null
        code=$?
        if [ -e "$store/tiny.tuwen" ]; then
            cmp -s "$store/tiny.tuwen" new.tuwen || cmp -s "$store/tiny.tuwen" old.tuwen || fail 'neither old nor new'
            "$tuwen" verify -q tiny >/dev/null || fail 'the model is damaged'
        fi
        if [ $code = 137 ]; then
            kills=$((kills + 1))
        elif [ $code = 1 ] && grep -q 'is at work on' err; then
            busy=$((busy + 1)) # tuwen-fetch is just ending
        else
            break
        fi
    done
    [ $code = 0 ] || { cat err; fail "exit code $code"; }
    cmp -s "$store/tiny.tuwen" new.tuwen || fail 'the model is not the new one'
    [ "$(ls -A "$store" | tr '\n' ' ')" = "$2" ] || { ls -A "$store"; fail 'something was left, or is missing'; }
    "$tuwen" info -q >/dev/null || fail 'the default is none'
    rm -rf "$store"
    rounds=$((rounds + 1))
}
while [ $kills -lt 24 ] && [ $rounds -lt 60 ] && [ $failed -eq 0 ]; do
    round '' '.tiny.from default tiny.tuwen '
    round --keep '.tiny.from default tiny tiny.tuwen '
    mkdir -p "$store"
    cp old.tuwen "$store/tiny.tuwen"
    round --force '.tiny.from default tiny.tuwen '
done
at_least $kills 24 'the number of kills'
echo "killed $kills times in $rounds pulls; $busy times the helper was still ending"
finish
