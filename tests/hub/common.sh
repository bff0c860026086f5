# SPDX-License-Identifier: Apache-2.0
# What the tests of tuwen-fetch share. Usage of each: NAME.sh TUWEN_FETCH HUB_DOUBLE. Everything stays on loopback.
# shellcheck shell=sh
set -u
fetch=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
double=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
root=$(cd "$(dirname "$0")/../.." && pwd)
tiny=$root/tests/golden/tiny
work=$(mktemp -d) || exit 2
hubs=
failed=0
trap 'for hub in $hubs; do kill "$hub" 2>/dev/null; done; rm -rf "$work"' EXIT
cd "$work" || exit 2
mkdir home
export HOME="$work/home" LC_ALL=C.UTF-8 TUWEN_NET_DELAY=0.001 TUWEN_NET_STALL=0.5
unset CURL_CA_BUNDLE SSL_CERT_FILE HF_HUB_CACHE HUGGINGFACE_HUB_CACHE HF_HOME XDG_CACHE_HOME MODELSCOPE_CACHE MODELSCOPE_DOMAIN HF_TOKEN \
    MODELSCOPE_API_TOKEN HF_HUB_OFFLINE http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY \
    LANG LC_MESSAGES
# Nothing may leave this machine, whatever a test gets wrong: port 9 is nobody's here.
export HF_ENDPOINT=http://127.0.0.1:9 MODELSCOPE_ENDPOINT=http://127.0.0.1:9

fail() {
    echo "FAILED: $test: $*"
    [ -e out ] && sed 's/^/    /' out | grep -v '	at	' | tail -n 20
    failed=$((failed + 1))
}

# start_hub FOLDER [FAULT...]: sets port and hub (its process).
start_hub() {
    rm -f port
    "$double" "$@" >port &
    hub=$!
    hubs="$hubs $hub"
    while [ ! -s port ]; do
        kill -0 "$hub" 2>/dev/null || { echo 'the double does not start'; exit 1; }
        sleep 0.01
    done
    port=$(cat port)
}

# Ends the last one. Its number may soon be another process's, so that nothing must be sent there again.
stop_hub() {
    kill "$hub"
    wait "$hub" 2>/dev/null
    hubs=$(for other in $hubs; do [ "$other" = "$hub" ] || printf ' %s' "$other"; done)
}

faults() { "$double" --ask "$port" "/control/set?$(echo "$*" | tr ' ' '&')" >/dev/null; }
reset() { "$double" --ask "$port" /control/reset >/dev/null; }
stat_of() { "$double" --ask "$port" /control/stats | sed -n "s/^$1 //p"; }

# pull CODE ARGUMENT...: runs a pull of some/tiny into stage, which must end with CODE.
pull() {
    wanted=$1
    shift
    "$fetch" pull --id some/tiny --into stage "$@" >out 2>err
    code=$?
    [ "$code" = "$wanted" ] || fail "exit code $code, not $wanted"
    [ ! -s err ] || { cat err; fail "wrote to standard error"; }
}
# A pull from the double as Hugging Face, as ModelScope.
pull_hf() { HF_ENDPOINT=http://127.0.0.1:$port pull "$@" --from hf; }
pull_modelscope() { MODELSCOPE_ENDPOINT=http://127.0.0.1:$port pull "$@" --from modelscope; }

says() { grep -q -- "$1" out || fail "does not say '$1'"; }
says_not() { if grep -q -- "$1" out; then fail "says '$1'"; fi; }

# same FOLDER: stage has the files of FOLDER that a checkpoint needs, byte by byte, and nothing unfinished.
same() {
    for name in config.json tokenizer.json model.safetensors model.safetensors.index.json model-00001-of-00002.safetensors \
        model-00002-of-00002.safetensors vocab.json merges.txt added_tokens.json preprocessor_config.json; do
        [ -e "$1/$name" ] || continue
        cmp -s "$1/$name" "stage/$name" || fail "$name is not the same"
    done
    for name in stage/*.part; do [ ! -e "$name" ] || fail "$name was left"; done
}

# at_least, at_most NUMBER BOUND WHAT
at_least() { [ "$1" -ge "$2" ] || fail "$3 is $1, less than $2"; }
at_most() { [ "$1" -le "$2" ] || fail "$3 is $1, more than $2"; }

finish() {
    [ "$failed" -eq 0 ] || { echo "$failed failed"; exit 1; }
    exit 0
}
