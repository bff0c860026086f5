#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The page of `tuwen serve` in headless Chromium, against a real server with the demo checkpoint, and against what `tuwen match`
# and `tuwen review` say; then a report that the page made of hostile strings, as that of the command is tested: server.sh TUWEN DRIVE.
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

# A table to review: a mark, semicolons, quotes, two columns of texts, names that are taken, and rows that cannot be judged.
mkdir -p shop/pictures
cp "$model/pictures/dog.jpg" "$model/pictures/sunset-city.png" shop/pictures
echo 'no picture' >shop/pictures/bad.png
{
    printf '\357\273\277SKU;Product Image;Title 1;title_2（中文）;score;note\r\n'
    printf '0017;pictures/dog.jpg;a dog;一只狗;9;"said ""good""; so"\r\n\r\n'
    printf '0018;./pictures/sunset-city.png;城市日落;;;\n'
    printf '0019;pictures/dog.jpg;"a pizza\non two lines";a dog;;=1+1\n'
    printf '0020;pictures/dog.jpg; ;;;no text\n'
    printf '0021;;a dog;;;no picture\n'
    printf '0022;pictures/bad.png;a dog;a cat;;\n'
    printf '0023;pictures/dog.jpg;a;b;;c;too many\n'
    printf '0024;pictures/sunset-city.png;a dog;<b>sunset</b> & </script>;;short\n'
    printf '0025;pictures/dog.jpg;"open;;;\n'
} >shop/table.csv
printf '{"id":12345678901234567890,"picture":"pictures/dog.jpg","texts":["a dog","a pizza"],"n":null}\n{"picture":"pictures/sunset-city.png","texts":"城市日落","id":"x"}\n[1]\n' >shop/table.jsonl
"$tuwen" review -q -m "$model" shop/table.csv -o shop/reviewed.csv --report shop/reviewed.html 2>/dev/null || [ $? = 1 ]
"$tuwen" review -q -m "$model" shop/table.jsonl --format csv -o shop/lines.csv 2>/dev/null || [ $? = 1 ]

encoded() {
    echo "; const $1 = Uint8Array.from(atob('$(base64 -w0 "$2")'), (c) => c.charCodeAt(0))"
}
{
    echo 'const corpus ='
    cat "$folder/corpus.json"
    echo '; const wanted ='
    "$tuwen" match -q --json -m "$model" -i "$model/pictures/dog.jpg" -i "$model/pictures/sunset-city.png" \
        'a dog' '一只狗' 'a pizza' 'sunset over the city' '城市日落'
    encoded dogBytes "$model/pictures/dog.jpg"
    encoded tableBytes shop/table.csv
    encoded reviewedBytes shop/reviewed.csv
    encoded reportBytes shop/reviewed.html
    encoded linesBytes shop/table.jsonl
    encoded reviewedLinesBytes shop/lines.csv
    echo ';'
    cat "$folder/common.js" "$folder/server.js" "$folder/server-review.js" "$folder/server-end.js"
} >test.js

"$tuwen" serve -m "$model" --listen 0 >address 2>log &
server=$!
for _ in $(seq 600); do
    [ ! -s address ] || break
    kill -0 $server 2>/dev/null || { echo 'the server does not start'; cat log; exit 1; }
    sleep 0.05
done
code=0
"$drive" "$(sed -n 's/^listening on //p' address)/" "$folder/server-prelude.js" test.js report.html || code=$?
[ $code != 1 ] || tail -5 log
[ $code = 0 ] || exit $code

{ echo 'const corpus ='; cat "$folder/corpus.json"; echo ';'; cat "$folder/common.js"
    echo 'await until(() => end !== null && document.readyState === "complete", "the end of the rows");'
    cat "$folder/hostile.js"; } >hostile.js
"$drive" report.html "$folder/prelude.js" hostile.js
