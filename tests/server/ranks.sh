#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# /score, /rerank and their relatives give the numbers of `tuwen match`, in the shapes of vLLM, Jina, Cohere, TEI and DashScope.
# Usage: see common.sh.
. "$(dirname "$0")/common.sh"
photo=$root/models/demo/pictures/dog.jpg
drawing=$root/models/demo/pictures/house-and-tree.png

# wanted PICTURE TEXT...: "cosine score" of each text, in the order of the texts.
wanted() {
    wanted_picture=$1
    shift
    for text in "$@"; do
        "$tuwen" match -q --json -m "$model" -i "$wanted_picture" "$text" |
            sed -n 's/.*"cosine":\([-0-9.]*\),"score":\([0-9.]*\).*/\1 \2/p' | awk '{ printf "%.6f %.6f\n", $1, $2 }'
    done
}
# numbers NAME: the numbers of that name in the answer, a line each.
numbers() {
    tr ',{}' '\n\n\n' <body | sed -n "s/^\"$1\":\([-0-9.]*\)\$/\1/p"
}
same() {
    [ -s want ] && cmp -s want got || fail "$(diff want got)"
}

wanted "$photo" 'a dog' 'a house and a tree' 'a cup' >of_photo
wanted "$drawing" 'a house and a tree' >of_drawing
sort -k 1,1gr of_photo >ranked
start

test='vLLM: a picture with texts'
part() {
    printf '{"content": [{"type": "image_url", "image_url": {"url": "%s"}}]}' "$(picture "$1")"
}
for names in 'queries documents' 'queries items' 'data_1 data_2' 'text_1 text_2'; do
    printf '{"model": "m", "%s": %s, "%s": ["a dog", {"content": [{"type": "text", "text": "a house and a tree"}]}, {"text": "a cup"}]}' \
        "${names% *}" "$(part "$photo")" "${names#* }" >request
    for path in /score /v1/score; do
        post $path
        expect 200 '"object":"score"'
        cut -d ' ' -f 1 of_photo >want
        numbers score >got
        same
    done
done

test='vLLM: as many with as many'
printf '{"queries": [%s, %s], "documents": ["a dog", "a house and a tree"]}' "$(part "$photo")" "$(part "$drawing")" >request
post /score
expect 200 '"usage":{"prompt_tokens":'
{ head -n 1 of_photo; cat of_drawing; } | cut -d ' ' -f 1 >want
numbers score >got
same

test='vLLM: what does not fit'
echo '{"queries": ["a", "b"], "documents": ["c", "d", "e"]}' >request
post /score
expect 400 '"type":"BadRequestError","param":"queries","code":400'
echo '{"queries": ["a", "b"]}' >request
post /score
expect 400 '"error":{"message":"queries, with documents, is missing"'
echo '{"queries": {"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}, "documents": "c"}' >request
post /score
expect 400 'more than one text'
echo '{"queries": {"content": [{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]}, "documents": "c"}' >request
post /score
expect 400 'this server does not fetch pictures'

test='reranking: vLLM and Jina'
for query in "$(part "$photo")" "{\"image\": \"$(base64 -w 0 "$photo")\"}"; do
    printf '{"model": "m", "query": %s, "documents": ["a dog", {"text": "a house and a tree"}, "a cup"]}' "$query" >request
    for path in /rerank /v1/rerank /v2/rerank; do
        post $path
        expect 200 '"document":{"text":"'
        numbers relevance_score >scores
        numbers cosine | paste -d ' ' - scores >got
        cp ranked want
        same
    done
done
sed -i 's/"model"/"top_n": 1, "return_documents": false, "model"/' request
post /v1/rerank
expect 200
[ "$(numbers cosine | wc -l)" = 1 ] || fail 'not the best only'
! grep -q '"document"' body || fail 'documents all the same'

test='reranking: pictures for a text'
printf '{"query": "a dog", "documents": [{"image": "%s"}, {"image": "%s"}]}' "$(picture "$drawing")" "$(picture "$photo")" >request
post /v1/rerank
expect 200
{ wanted "$drawing" 'a dog'; wanted "$photo" 'a dog'; } | sort -k 1,1gr | cut -d ' ' -f 1 >want
numbers cosine >got
same

test='reranking: errors in their shapes'
echo '{"documents": ["a"]}' >request
post /v1/rerank
expect 400 '"error":{"message":"query is missing","type":"BadRequestError"'
post /v2/rerank
expect 400 '{"id":"..*","message":"query is missing"}'
echo '{"query": "a", "documents": ["a"], "top_n": "1"}' >request
post /v1/rerank
expect 400 'top_n must be a whole number'

test='reranking: Voyage'
echo '{"query": "a dog", "documents": ["one dog", "a dog"], "model": "m", "top_k": null, "truncation": true, "return_documents": true}' >request
post /v1/rerank
expect 200 '^{"object":"list","data":\['
grep -q '"usage":{"total_tokens":' body || fail 'no usage'
[ "$(numbers index | head -n 1)" = 1 ] || fail 'the same text is not the best'

test='TEI'
printf '{"query": {"image": "%s"}, "texts": ["a dog", "a house and a tree", "a cup"], "return_text": true}' "$(picture "$photo")" >request
post /rerank
expect 200 '^\[{"index":0,"score":.*,"text":"a dog"}'
cut -d ' ' -f 2 ranked >want
numbers score >got
same
sed -i 's/"return_text"/"raw_scores"/' request
post /rerank
cut -d ' ' -f 1 ranked >want
numbers score >got
same
printf '{"inputs": {"source_sentence": {"image": "%s"}, "sentences": ["a dog", "a house and a tree", "a cup"]}}' "$(picture "$photo")" >request
post /similarity
expect 200
cut -d ' ' -f 1 of_photo >want
tr -d '[]' <body | tr ',' '\n' >got
same
echo '{"query": "a", "texts": []}' >request
post /rerank
expect 400 '"error_type":"Empty"'
echo '{"inputs": "a"}' >request
post /similarity
expect 400 '"error_type":"Validation"'

test='DashScope'
printf '{"model": "m", "input": {"query": {"image": "%s"}, "documents": [{"text": "a dog"}, {"text": "a house and a tree"}, {"text": "a cup"}]}, "parameters": {"top_n": 2, "return_documents": true}}' \
    "$(picture "$photo")" >request
post /api/v1/services/rerank/text-rerank/text-rerank
expect 200 '"request_id":"..*"'
head -n 2 ranked | cut -d ' ' -f 2 >want
numbers relevance_score >got
same
end
