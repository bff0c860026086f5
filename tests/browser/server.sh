#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The page of `tuwen serve` in headless Chromium, against a real server with the demo checkpoint, and against the numbers of
# `tuwen match`: server.sh TUWEN DRIVE.
set -eu
folder=$(cd "$(dirname "$0")" && pwd)
model=$folder/../../models/demo
tuwen=$(realpath "$1") drive=$(realpath "$2")
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill $server; rm -rf "$work"' EXIT
cd "$work"
export HOME="$work" LC_ALL=C.UTF-8 TUWEN_CACHE=off
unset TUWEN_MODEL TUWEN_ISA LANG LC_MESSAGES

{
    echo 'const corpus ='
    cat "$folder/corpus.json"
    echo '; const wanted ='
    "$tuwen" match -q --json -m "$model" -i "$model/pictures/dog.jpg" -i "$model/pictures/sunset-city.png" \
        'a dog' '一只狗' 'a pizza' 'sunset over the city' '城市日落'
    echo ';'
    cat "$folder/common.js" "$folder/server.js"
} >test.js

"$tuwen" serve -m "$model" --listen 0 >address 2>log &
server=$!
for _ in $(seq 600); do
    [ ! -s address ] || break
    kill -0 $server 2>/dev/null || { echo 'the server does not start'; cat log; exit 1; }
    sleep 0.05
done
code=0
"$drive" "$(sed -n 's/^listening on //p' address)/" "$folder/server-prelude.js" test.js || code=$?
[ $code != 1 ] || tail -5 log
exit $code
