#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# /v1/review: the lines of `tuwen review` and the numbers of /v1/match, in order, whatever is wrong with some; bodies of any
# length in little memory; clients that are slow, or leave. Usage: review.sh TUWEN CLIENTS; see common.sh.
. "$(dirname "$0")/common.sh"
clients=$TUWEN_BUILD/${2#"$TUWEN_BUILD"/}
dog=$root/models/demo/pictures/dog.jpg
house=$root/models/demo/pictures/house-and-tree.png
base64 -w 0 "$dog" >dog
base64 -w 0 "$house" >house

# review [TYPE]: sends the file `request`, as post does.
review() {
    status=$(curl -s -D head -o body -w '%{http_code}' -H "Content-Type: ${1-application/x-ndjson}" \
        --data-binary @request "$url/v1/review")
}

# chunked: the same of standard input, as it comes.
chunked() {
    status=$(curl -s -D head -o body -w '%{http_code}' -H 'Content-Type: application/x-ndjson' -X POST -T - "$url/v1/review")
}

# line NUMBER PATTERN: of the answer.
line() {
    sed -n "$1p" body | grep -q -- "$2" || fail "line $1 does not have $2: $(sed -n "$1p" body)"
}

# waiting NUMBER: until so much is on its way, or more.
waiting() {
    for _ in $(seq 600); do
        now=$(curl -s "$url/ready" | sed -n 's/.*"waiting":\([0-9]*\).*/\1/p')
        [ "${now:-0}" -lt "$1" ] || return 0
        sleep 0.01
    done
    fail "never $1 on their way"
}

# Sets `lines` of the answer and `bad`, those with an error.
count() {
    lines=$(wc -l <body)
    bad=$(grep -vc 'error":null}$' body)
}

start
test='the lines of tuwen review'
# records PICTURE PICTURE: eight lines with these in the place of the pictures.
records() {
    printf '{"id":7,"image":"%s","text":"a dog","big":12345678901234567890123}\n' "$1"
    printf '{"image":"%s","text":"a house and a tree","error":1,"ERROR":2,"tuwen_error":{"a":["]}",null]}}\n' "$2"
    printf '\n \r\n{"image":"%s","texts":["a dog"," ","a house"],"text\\u0031":"\\"a\\\\"}\r\n' "$1"
    printf '{"score":5,"image":"%s","title":"x","text":"一只狗"}\n' "$1"
    printf '{"image":"%s","texts":["\\ta cup","a tree"],"sku": [1, {"b" :2}] , "t":true}' "$2"
}
records "$dog" "$house" >table.jsonl
"$tuwen" review -q -m "$model" table.jsonl -o wanted.jsonl --text-col text --text-col texts || fail 'tuwen review fails'
sed 's/"image":"[^"]*",//; s/ *, *"t":/,"t":/' wanted.jsonl >wanted
records "$(cat dog)" "data:image/png;base64,$(cat house)" >request
review
expect 200
grep -qi '^content-type: application/x-ndjson' head || fail 'the type'
[ "$(wc -l <wanted)" = 7 ] && cmp -s wanted body || fail "$(diff wanted body)"
cp body whole

test='the same in chunks, and bytes one by one'
chunked <request
cmp -s whole body || fail "$(diff whole body)"
printf '{"image":"AAAA","text":"a"}\n\n{"text":"a"}\nx' >request
review
cp body wanted
{
    printf 'POST /v1/review HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/jsonl\r\nTransfer-Encoding: chunked\r\n\r\n'
    od -An -v -tx1 -w1 request | while read -r byte; do printf '1\r\n%b\r\n' "\\0$(printf '%o' "0x$byte")"; done
    printf '0\r\n\r\n'
} >raw
[ "$("$clients" "${url##*:}" raw <raw)" = 200 ] || fail 'no answer'
[ "$(wc -l <wanted)" = 3 ] || fail "$(cat wanted)"

test='the numbers of /v1/match'
printf '{"images":["%s","%s"],"texts":["a dog","a red ball"]}' "$(cat dog)" "$(cat house)" >request
post /v1/match
expect 200
grep -o '"text":"[^"]*","cosine":[^,]*,"score":[^,]*,"match":[^,]*' body | sort >wanted
printf '{"image":"%s","texts":["a red ball","a dog"]}\n' "$(cat dog)" "$(cat house)" >request
review
grep -o '"text":"[^"]*","cosine":[^,]*,"score":[^,]*,"match":[^,]*' body | sort >got
[ "$(wc -l <got)" = 4 ] && cmp -s wanted got || fail "$(diff wanted got)"

test='lines that are wrong keep their places'
{
    printf '\357\273\277{"image":"%s","text":"a dog"}\n' "$(cat dog)"
    printf 'nonsense\n'
    printf '[1]\n'
    printf '{"image":"%s"}\n' "$(cat dog)"
    printf '{"text":"a"}\n'
    printf '{"image":"AAAA","text":["a","b"],"id":6}\n'
    printf '{"image":"https://example.com/a.png","text":"a"}\n'
    printf '{"image":"%s","text":5}\n' "$(cat dog)"
    printf '{"image":"%s","text":"%s"}\n' "$(cat dog)" "$(cat house)"
    printf '{"image":"%s","text":"\377\376"}\n' "$(cat dog)"
    printf '{"image":"%s","text":"a","a":%s}\n' "$(cat dog)" "$(printf '%5000s' '' | tr ' ' '[')"
    printf '{"image":"%s","text":"a","text":"b"}\n' "$(cat dog)"
    printf '{"image":"%s","text":"a\n' "$(cat dog)"
    printf '{"image":"%s","text":"a dog","instruction":"Another one."}\n' "$(cat dog)"
    printf '{"image":"%s","text":"a dog","error":"","Tuwen_Error":0}' "$(cat dog)"
} >request
review
expect 200
count
[ "$lines" = 16 ] && [ "$bad" = 13 ] || fail "$lines lines, $bad with errors"
line 1 '^{"text":"a dog","cosine":0\.[0-9]*,.*"match":0\.[0-9]*,"band":"[a-z ]*","truncated":false,"error":null}$'
line 2 '^{"cosine":null,"score":null,"match":null,"band":null,"truncated":null,"error":"INVALID_ARGUMENT: line 2 is not'
line 3 'INVALID_ARGUMENT: line 3 must be a JSON object'
line 4 'BAD_TEXT: text is missing'
line 5 '{"text":"a",.*INVALID_ARGUMENT: image is missing'
line 6 '"id":6,"tuwen_text":"a",.*"error":"BAD_IMAGE: '
line 7 '"id":6,"tuwen_text":"b",.*"error":"BAD_IMAGE: '
line 8 'BAD_IMAGE: image is an address'
line 9 'INVALID_ARGUMENT: text must be a string'
line 10 'BAD_TEXT: text is a picture in base64'
line 11 'INVALID_ARGUMENT: line 10 is not valid JSON: unable to decode byte'
line 12 'INVALID_ARGUMENT: line 11 is not valid JSON: maximum parsing depth'
line 13 'INVALID_ARGUMENT: line 12 is not valid JSON: duplicate'
line 14 'INVALID_ARGUMENT: line 13 is not valid JSON'
line 15 '"match":null,.*"error":null}$'
line 16 '"Tuwen_Error":0,.*,"tuwen_tuwen_error":null}$'

test='names that are taken with every number of prefixes'
name=error
{
    printf '{"image":"%s","text":"a dog"' "$(cat dog)"
    for _ in $(seq 40); do
        printf ',"%s":0' $name
        name=tuwen_$name
    done
    printf '}'
} >request
review
expect 200 ',"\(tuwen_\)\{15\}error":null}$'

test='a line whose rows are more than the memory'
{
    printf '{"image":"AAAA","note":"%1000000s","texts":["a"' ''
    printf ',"a"%.0s' $(seq 999)
    printf ']}\n{"image":"%s","text":"a dog"}' "$(cat dog)"
} >request
review
expect 200
count
[ "$lines" = 2 ] && [ "$bad" = 1 ] || fail "$lines lines, $bad with errors"
line 1 'LIMIT: the requests that are here take all 536870912 bytes'
[ "$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$server/status")" -lt 1000000 ] || fail 'the rows were made'

test='what is no review'
for type in application/jsonl application/x-ndjson application/jsonlines 'application/x-jsonlines; charset=utf-8'; do
    printf '\n\r\n \n' >request
    review "$type"
    expect 200
    [ ! -s body ] || fail 'blank lines are answered'
done
post /v1/review
expect 415 'JSON Lines'
: >request
review
expect 200
[ ! -s body ] || fail 'nothing is answered'

test='a client that reads when it has sent everything'
printf 'x\n%.0s' $(seq 20000) >request
{
    printf 'POST /v1/review HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nContent-Length: 40000\r\n\r\n'
    cat request
} | "$clients" "${url##*:}" raw >said
[ "$(cat said)" = 200 ] || fail "answered with $(cat said)"
review
count
[ "$lines" = 20000 ] && [ "$bad" = 20000 ] || fail "$lines lines, $bad with errors"
line 20000 'line 20000 is'

test='a client that leaves'
for _ in $(seq 300); do printf '{"image":"%s","text":"a dog"}\n' "$(cat dog)"; done >request
curl -s -o left -H 'Content-Type: application/x-ndjson' --data-binary @request "$url/v1/review" &
asked=$!
waiting 1
kill $asked
wait $asked 2>/dev/null
for _ in $(seq 600); do
    curl -s "$url/ready" | grep -q '"waiting":0' && break
    sleep 0.01
done
curl -s "$url/ready" | grep -q '"waiting":0' || fail 'its lines go on'
for _ in $(seq 3000); do
    lines=$(sed -n 's,.* path=/v1/review .* items=\([0-9]*\) .*,\1,p' log | tail -n 1)
    [ "$lines" != 20000 ] && break
    sleep 0.01
done
[ "$lines" -lt 300 ] || fail "$lines of its lines were read"

test='a small request beside a review, and the end'
stop
start --max-queue 4
curl -s -o reviewed -w '%{http_code}' -H 'Content-Type: application/x-ndjson' --data-binary @request "$url/v1/review" >status &
asked=$!
waiting 5
cp request lines
echo '{"input": "a dog"}' >request
post /v1/embeddings
expect 200
kill -0 $asked 2>/dev/null || fail 'the review ended first'
stop
[ $code = 0 ] || fail "exit code $code"
wait $asked
[ "$(cat status)" = 200 ] || fail "answered with $(cat status)"
cp reviewed body
count
[ "$lines" = 300 ] && [ "$bad" = 0 ] || fail "$lines lines, $bad with errors"

test='no grace, and a body without an end'
mkfifo never
start --grace 0
{ cat lines never; } | curl -s -o body -H 'Content-Type: application/x-ndjson' -X POST -T - "$url/v1/review" &
exec 4>never
waiting 1
stop
[ $code = 0 ] || fail "exit code $code"
exec 4>&-

test='lines that are too long'
start --max-body 40K --max-wait 1
{
    head -n 1 lines
    printf '{"text":"%s"}\n' "$(printf '%200000s' '' | tr ' ' a)"
    printf '{"text":"%s"}\n' "$(printf '%41000s' '' | tr ' ' a)"
    head -n 1 lines
    printf '%90000s' '' | tr ' ' a
} >request
review
expect 200
count
[ "$lines" = 5 ] && [ "$bad" = 3 ] || fail "$lines lines, $bad with errors"
line 2 'LIMIT: line 2 has more than 40960 bytes, which is the limit; --max-body'
line 5 'LIMIT: line 5 has more'

test='a body takes as long as its lines come'
mkfifo slow
for _ in 1 2 3 4; do head -n 1 lines; sleep 0.7; done >slow &
chunked <slow
expect 200
count
[ "$lines" = 4 ] && [ "$bad" = 0 ] || fail "$lines lines, $bad with errors"

test='bytes that drip are cut off'
(trap '' PIPE; for _ in $(seq 30); do printf a || break; sleep 0.1; done) >slow 2>/dev/null &
chunked <slow
expect 408
stop

test='answers that have no room'
start --max-memory 200K
printf 'x\n%.0s' $(seq 20000) >request
review
expect 429 -- --max-memory
grep -qi '^retry-after' head || fail 'no Retry-After'
{ head -n 1 lines; printf '{"text":"%s"}\n' "$(printf '%300000s' '' | tr ' ' a)"; head -n 1 lines; } >request
review
count
[ "$lines" = 3 ] && [ "$bad" = 1 ] || fail "$lines lines, $bad with errors"
line 2 'LIMIT: .*--max-memory'
stop

test='5000 lines in little memory'
TUWEN_CACHE=$work/cache.sqlite
start
peak() {
    sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' /proc/$server/status
}
awk '{ for (i = 0; i < 250; i++) { line = $0; sub(/a dog/, "a dog " i % 10, line); print line } }' lines | head -n 5000 >request
head -n 100 request >few
curl -s -o body -H 'Content-Type: application/x-ndjson' --data-binary @few "$url/v1/review"
before=$(peak)
chunked <request
expect 200
after=$(peak)
count
[ "$lines" = 5000 ] && [ "$bad" = 0 ] || fail "$lines lines, $bad with errors"
sed -n 's/.*"text":"\([^"]*\)".*/\1/p' body | head -n 20 >got
sed -n 's/.*"text":"\([^"]*\)".*/\1/p' request | head -n 20 >wanted
cmp -s wanted got || fail "$(diff wanted got)"
# A sanitizer keeps what is freed.
[ -n "$SANITIZE" ] || [ $((after - before)) -lt 30000 ] || fail "memory grew from $before to $after kB"
end
