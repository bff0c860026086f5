#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# /v1/explain gives the numbers and the drawing of `tuwen explain`; while one runs, others are answered; it ends when its client
# leaves, or the server ends. Usage: see common.sh.
. "$(dirname "$0")/common.sh"
photo=$root/models/demo/pictures/dog.jpg

# What both documents have, a piece a line, with numbers as short as they get.
numbers() {
    tr -d '\n' <"$1" | sed 's/,"heat".*//; s/\(\.[0-9]*[1-9]\)00*\([],}]\)/\1\2/g; s/\.00*\([],}]\)/.0\1/g' |
        grep -o '"picture":{[^}]*}\|"\(text\|verdict\|kind\|word\|best\|told\)":"[^"]*"\|"words":\[[^]]*\]\|"truncated":[a-z]*\|"\(cosine\|score\|margin\|begin\|size\|without\|effect\)":[-0-9.e]*\|"regions":{.*}' |
        sed 's/}\(,"usage.*\)\{0,1\}}*$//'
}

# series NAME: of the metrics.
series() {
    curl -s "$url/metrics" | sed -n "s/^$1 //p"
}

# waits NUMBER: until so many requests wait or are computed.
waits() {
    for _ in $(seq 600); do
        ! curl -s "$url/ready" | grep -q "\"waiting\":$1" || return 0
        sleep 0.05
    done
    fail "there are never $1 requests: $(curl -s "$url/ready")"
}

# body NAME TEXT [MEMBER]: the file NAME, of a question about the photograph.
body() {
    printf '{"image": "%s", "text": "%s"%s}' "$(base64 -w 0 "$photo")" "$2" "${3-}" >"$1"
}

start

test='the numbers and the drawing of the command'
"$tuwen" explain -q --json -m "$model" --heatmap map.png "$photo" 'two red dogs on the left' >wanted.json
body request 'two red dogs on the left' ', "heat": true'
post /v1/explain
expect 200 '"profile":"'
expect 200 '"match":0\.[0-9]'
expect 200 '"warnings":\[{"kind":"count","words":\["two"\]}'
numbers wanted.json >wanted
numbers body >got
[ "$(wc -l <wanted)" -gt 20 ] && cmp -s wanted got || fail "$(diff wanted got)"
tr -d '\n' <body | sed 's/.*"heat":"data:image\/png;base64,\([^"]*\)".*/\1/' | base64 -d >got.png
cmp -s map.png got.png || fail 'another drawing'
passes=$(tr -d '\n' <body | sed 's/.*"passes":\([0-9]*\).*/\1/')
[ "$(series tuwen_explain_passes_total)" = "$passes" ] || fail "$(series tuwen_explain_passes_total) passes, not $passes"

test='with a budget, and an instruction'
"$tuwen" explain -q --json -m "$model" --budget 5 --instruction 'Another one.' "$photo" '一只狗' >wanted.json
body request '一只狗' ', "budget": 5, "instruction": "Another one."'
post /v1/explain
expect 200 '"match":null'
numbers wanted.json >wanted
numbers body >got
cmp -s wanted got || fail "$(diff wanted got)"
! grep -q '"heat"' body || fail 'a drawing that was not asked for'

test='phrases alone'
"$tuwen" explain -q --json -m "$model" --budget 0 "$photo" 'a dog' >wanted.json
body request 'a dog' ', "regions": false'
post /v1/explain
expect 200 '"regions":null'
numbers wanted.json >wanted
numbers body >got
cmp -s wanted got || fail "$(diff wanted got)"

# refused PATTERN MEMBERS: an object of these members.
refused() {
    test="refused: $2"
    echo "{$2}" >request
    post /v1/explain
    expect 400 "$1"
}
refused '"param":"image"' '"text": "a dog"'
refused '"param":"text"' '"image": "AAAA"'
refused '"param":"image"' '"image": "AAAA", "text": "a dog"'
refused '"param":"image"' '"image": "https://example.com/a.png", "text": "a dog"'
refused '"param":"text"' "\"image\": \"$(base64 -w 0 "$photo")\", \"text\": \"\""
refused '"param":"text"' "\"image\": \"$(base64 -w 0 "$photo")\", \"text\": \"$(picture "$photo")\""
refused '"param":"texts"' '"image": "AAAA", "texts": ["a dog"]'
for budget in 0 -1 1.5 10001 '"5"'; do
    refused '1 to 10000' "\"image\": \"AAAA\", \"text\": \"a dog\", \"budget\": $budget"
done
refused '"param":"heat"' '"image": "AAAA", "text": "a dog", "regions": false, "heat": true'
refused 'true or false' '"image": "AAAA", "text": "a dog", "heat": 1'
refused '"param":"image"' "\"image\": \"$(head -c 3000 "$photo" | base64 -w 0)\", \"text\": \"a dog\""
stop

# A picture of 576 cells, whose passes take minutes.
start --image-tokens 576..576 --max-length 1024 --grace 1
body long 'a dog on the grass' ', "budget": 10000'
echo '{"input": ["a dog", "a cat"]}' >request

test='others are answered while it runs'
curl -s -o explained -H 'Content-Type: application/json' --data-binary @long "$url/v1/explain" &
first=$!
for _ in $(seq 600); do
    passes=$(series tuwen_explain_passes_total)
    [ "$passes" = 0 ] || break
    sleep 0.05
done
[ "$passes" -gt 0 ] || fail 'it does not begin'
for _ in 1 2 3; do
    post /v1/embeddings
    expect 200 '"index":1'
done
kill -0 $first && [ ! -s explained ] || fail 'it is over already'
waits 1

test='another one waits, and is gone when its client leaves'
curl -s -o explained -H 'Content-Type: application/json' --data-binary @long "$url/v1/explain" &
second=$!
waits 2
kill $second
waits 1
kill -0 $first && [ ! -s explained ] || fail 'the first is over'

test='leaving ends it'
kill $first
waits 0
post /v1/embeddings
expect 200

test='the end of the server ends it'
curl -s -o explained -w '%{http_code}' -H 'Content-Type: application/json' --data-binary @long "$url/v1/explain" >status &
first=$!
waits 1
stop TERM
wait $first
[ $code = 0 ] || fail "exit code $code"
[ "$(cat status)" = 503 ] && grep -q shutting_down explained || fail "answered with $(cat status)"
end
