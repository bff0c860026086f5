#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# /v1/embeddings gives the bits that `tuwen embed` gives: texts, pictures, both together; as floats and as base64; alone, in
# one request, and in requests that are computed together. Usage: see common.sh.
. "$(dirname "$0")/common.sh"
photo=$root/models/demo/pictures/dog.jpg
drawing=$root/models/demo/pictures/house-and-tree.png

# The vectors of the answer as bytes, in its order; of base64 and of floats.
bytes_of_base64() {
    tr '{' '\n' <"$1" | sed -n 's/.*"embedding":"\([^"]*\)".*/\1/p' | while read -r line; do
        printf %s "$line" | base64 -d
    done
}
numbers() {
    tr '{' '\n' <"$1" | sed -n 's/.*"embedding":\[\([^]]*\)\].*/\1/p' | tr ',' '\n' | awk '{ printf "%.9g\n", $1 }'
}

# same NAME: the answer in base64 is the array NAME.npy.
same() {
    bytes_of_base64 body >got
    tail -c "$(wc -c <got)" "$1.npy" >wanted
    [ -s got ] && [ "$(wc -c <"$1.npy")" = $((128 + $(wc -c <got))) ] || fail 'the sizes differ'
    cmp -s got wanted || fail 'the vectors differ'
}

"$tuwen" embed -q -m "$model" -t 'a dog' -t '一只狗在草地上' -t 'quote " \ and	tab' --format npy -o texts.npy
"$tuwen" embed -q -m "$model" -t 'a dog' --instruction 'Find a picture.' --format npy -o instructed.npy
"$tuwen" embed -q -m "$model" -i "$photo" -i "$drawing" --format npy -o pictures.npy
"$tuwen" embed -q -m "$model" --fuse -i "$drawing" -t 'a house' --format npy -o fused.npy
"$tuwen" embed -q -m "$model" -t 'a dog' -t '一只狗在草地上' -t 'quote " \ and	tab' >texts.jsonl
start

test='texts as base64'
cat >request <<'R'
{"model": "any", "input": ["a dog", "一只狗在草地上", "quote \" \\ and\ttab"], "encoding_format": "base64", "user": "u"}
R
post /v1/embeddings
expect 200 '"object":"list"'
same texts
grep -q '"model":"tuwen-demo"' body || fail 'the model is not named'

test='texts as floats'
sed -i 's/, "encoding_format": "base64"//' request
post /v1/embeddings
expect 200
numbers body >got
numbers texts.jsonl >wanted
[ -s got ] && cmp -s got wanted || fail 'the numbers differ'

test='one text'
echo '{"input": "a dog"}' >request
post /v1/embeddings
expect 200
numbers body >got
head -n "$(wc -l <got)" wanted | cmp -s - got || fail 'the numbers differ'

test='an instruction, of the item and of the request'
for request in '{"input": [{"text": "a dog", "instruction": "Find a picture."}], "encoding_format": "base64"}' \
    '{"input": "a dog", "instruction": "Find a picture.", "encoding_format": "base64"}'; do
    echo "$request" >request
    post /v1/embeddings
    expect 200
    same instructed
done

test='pictures, as a data URL and as bare base64'
{
    printf '{"encoding_format": "base64", "input": [{"image": "data:image/jpeg;base64,'
    base64 -w 0 "$photo"
    printf '"}, {"image": "'
    base64 -w 0 "$drawing"
    printf '"}]}'
} >request
post /v1/embeddings
expect 200
same pictures

test='a picture with a text'
printf '{"encoding_format": "base64", "input": {"image": "%s", "text": "a house"}}' "$(picture "$drawing")" >request
post /v1/embeddings
expect 200
same fused

test='chunks of a body'
post /v1/embeddings -H 'Transfer-Encoding: chunked'
expect 200
same fused

test='requests that are computed together'
printf '{"encoding_format": "base64", "input": ["a dog", "一只狗在草地上", "quote \\" \\\\ and\\ttab"]}' >request
for i in 1 2 3 4 5 6 7 8; do
    curl -s -o "body$i" -H 'Content-Type: application/json' --data-binary @request "$url/v1/embeddings" &
    others="${others-} $!"
done
# shellcheck disable=SC2086
wait $others
for i in 1 2 3 4 5 6 7 8; do
    mv "body$i" body
    same texts
done

test='models'
status=$(curl -s -o body -w '%{http_code}' "$url/v1/models")
expect 200 '"id":"tuwen-demo","object":"model"'
end
