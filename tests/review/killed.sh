#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A review that is killed again and again: killed.sh TUWEN [ROWS [KILLS [SEED]]]. ROWS rows of the shipped pictures, every
# twentieth with a planted error (missing file, truncated JPEG, empty text, wrong encoding, huge picture), are reviewed in
# one go, and again with KILLS times kill -9 at random moments. Both must be the same bytes, with every row once, in order.
# Prints what it measured.
set -eu
binary=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
rows=${2:-1000}
kills=${3:-20}
seed=${4:-$$}
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export LC_ALL=C.UTF-8 HOME="$work" TUWEN_MODEL="$root/models/demo"
unset XDG_DATA_HOME XDG_CACHE_HOME
cd "$work"

fail() {
    echo "killed.sh: $* (seed $seed)" >&2
    exit 1
}

cp -r "$root/models/demo/pictures" pictures
head -c 2000 pictures/dog.jpg >pictures/cut.jpg
# A BMP of 60000x60000 pixels, of which only the header is there.
printf 'BM\066\000\000\000\000\000\000\000\066\000\000\000\050\000\000\000\140\352\000\000\140\352\000\000\001\000\030\000' >pictures/huge.bmp
printf '\000\000\000\000\000\000\000\000\023\013\000\000\023\013\000\000\000\000\000\000\000\000\000\000' >>pictures/huge.bmp
LC_ALL=C awk -v rows="$rows" 'BEGIN {
    n = split("dog.jpg pizza.jpg coffee.tiff girl-on-bench.webp house-and-tree.png red-apple.gif sunset-city.png traffic-light.png", pictures, " ")
    m = split("a dog|a pizza|一杯咖啡|a girl on a bench|a tree and a house|a red apple|城市上空的日落|红绿灯", texts, "|")
    print "id,image,title"
    for (i = 1; i <= rows; i++) {
        picture = pictures[i % n + 1]
        text = "\"" texts[int(i / n) % m + 1] ", \"\"no. " i "\"\"\""
        planted = i % 20 ? 0 : int(i / 20) % 5 + 1
        if (planted == 1) picture = "missing.jpg"
        if (planted == 2) picture = "cut.jpg"
        if (planted == 3) text = ""
        if (planted == 4) text = "\322\273\326\273\271\267"
        if (planted == 5) picture = "huge.bmp"
        print i ",pictures/" picture "," text
    }
}' >input.csv

review() {
    "$binary" review --no-cache --max-errors "$rows" input.csv -o "$1"
}

start=$(date +%s.%N)
review whole.csv 2>whole.said || fail "the run without a break ended with $?: $(cat whole.said)"
seconds=$(echo "$(date +%s.%N) $start" | awk '{ printf "%.2f", $1 - $2 }')
planted=$((rows / 20))
errors=$(LC_ALL=C cut -d, -f4- whole.csv | LC_ALL=C grep -cE '[A-Z_]+: ' || true)
[ "$errors" = "$planted" ] || fail "$errors rows with errors instead of $planted"

done=0
for delay in $(awk -v seed="$seed" -v kills="$kills" -v seconds="$seconds" 'BEGIN {
    srand(seed)
    for (i = 0; i < kills; i++) printf "%.3f ", 0.03 + rand() * 1.5 * seconds / kills
}'); do
    "$binary" review --no-cache --max-errors "$rows" input.csv -o broken.csv 2>broken.said &
    process=$!
    sleep "$delay"
    kill -9 $process 2>kill.said || true
    code=0
    wait $process 2>wait.said || code=$?
    [ $code = 137 ] && done=$((done + 1))
    [ $code = 137 ] || [ $code = 0 ] || fail "a run ended with $code: $(cat broken.said)"
done
review broken.csv 2>broken.said || fail "the last run ended with $?: $(cat broken.said)"
review broken.csv 2>broken.said || fail "a complete review ended with $?: $(cat broken.said)"
grep -q complete broken.said || fail "a complete review does not say so: $(cat broken.said)"

LC_ALL=C cut -d, -f1 broken.csv | sed 1d >order
seq "$rows" | cmp -s - order || fail "rows are missing, repeated or out of order"
cmp whole.csv broken.csv >differ 2>&1 || fail "another result than without a break: $(cat differ)"
echo "$rows rows, $planted of them with planted errors, in $seconds s; $done of $kills kills in the middle of a run, and the same bytes"
[ "$done" -gt $((kills / 2)) ] || fail "only $done of $kills runs were killed"
