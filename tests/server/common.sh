# SPDX-License-Identifier: Apache-2.0
# What the tests of the server share. Usage of each: NAME.sh TUWEN. Everything stays on loopback.
# shellcheck shell=sh
set -u
tuwen=$TUWEN_BUILD/${1#"$TUWEN_BUILD"/}
root=$TUWEN_SOURCE
model=$root/models/demo
command -v curl >/dev/null || { echo 'skipped: no curl'; exit 77; }
work=$(mktemp -d) || exit 2
server=
failed=0
trap 'kill $server 2>/dev/null; rm -rf "$work"' EXIT
cd "$work" || exit 2
export LC_ALL=C.UTF-8 TUWEN_CACHE="${TUWEN_CACHE-off}"
unset TUWEN_MODEL TUWEN_ISA LANG LC_MESSAGES http_proxy HTTP_PROXY all_proxy ALL_PROXY

fail() {
    echo "FAILED: $test: $*"
    for file in body head log; do
        [ ! -s $file ] || { echo "  $file:"; head -c 1500 $file | sed 's/^/    /'; echo; }
    done
    failed=$((failed + 1))
}

# start [OPTION]...: sets `url`, and `server`, its process. The log goes to the file log, its end code to the file code.
start() {
    rm -f out log code
    "$tuwen" serve -m "$model" --listen 0 "$@" >out 2>log &
    server=$!
    for _ in $(seq 600); do
        [ ! -s out ] || break
        kill -0 $server 2>/dev/null || { echo 'the server does not start'; cat log; exit 1; }
        sleep 0.05
    done
    url=$(sed -n 's/^listening on //p' out)
    for _ in $(seq 600); do
        [ "$(curl -s -o /dev/null -w '%{http_code}' "$url/ready")" != 200 ] || return 0
        sleep 0.05
    done
    echo 'the server does not get ready'
    cat log
    exit 1
}

# stop [SIGNAL]: ends it; `code` is its exit code.
stop() {
    kill -s "${1:-TERM}" $server
    wait $server
    code=$?
    server=
}

# post PATH [CURL OPTION]...: sends the file `request`; the answer is in the files body and head, `status` its number.
post() {
    path=$1
    shift
    status=$(curl -s -D head -o body -w '%{http_code}' -H 'Content-Type: application/json' "$@" --data-binary @request \
        "$url$path")
}

# expect STATUS [PATTERN]: of the last answer.
expect() {
    [ "$status" = "$1" ] || fail "status $status, not $1"
    [ $# -lt 2 ] || grep -q -- "$2" body || fail "the body does not have: $2"
}

# picture NAME: a picture as a data URL.
picture() {
    printf 'data:image/png;base64,'
    base64 -w 0 "$1"
}

end() {
    [ $failed = 0 ] || { echo "$failed failed"; exit 1; }
}
