#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Vectors in the shapes of vLLM, Jina, Qianfan, Ollama, Cohere, TEI, Voyage, DashScope and Immich are, bit for bit, those of
# `tuwen embed`; errors have each one's own shape. Usage: see common.sh.
. "$(dirname "$0")/common.sh"
photo=$root/models/demo/pictures/dog.jpg
drawing=$root/models/demo/pictures/house-and-tree.png
scope=/api/v1/services/embeddings/multimodal-embedding/multimodal-embedding

# Every number of the lists of numbers in the answer (also of one in a string), a line each, as the shortest that says which
# float it is.
numbers() {
    sed 's/\\"//g' "$1" | grep -o '\[-\{0,1\}[0-9][-0-9.e,+]*\]' | tr -d '[]' | tr ',' '\n' | awk '{ printf "%.9g\n", $1 }'
}
# same NAME: the vectors of the answer are those of NAME.jsonl.
same() {
    numbers "$1.jsonl" >want
    numbers body >got
    [ -s want ] && cmp -s want got || fail "not the vectors of $1"
}
# asked PATH NAME BODY: the body gives these vectors.
asked() {
    printf '%s' "$3" >request
    post "$1"
    expect 200
    same "$2"
}
# told PATH STATUS PATTERN BODY: what is answered, good or bad
told() {
    printf '%s' "$4" >request
    post "$1"
    expect "$2" "$3"
}

embed() {
    "$tuwen" embed -q -m "$model" "$@"
}
find='Find an image that matches the given text.'
embed -t 'a dog' -t '一只狗' >texts.jsonl
embed -t 'a dog' >text.jsonl
embed -t 'a dog' --instruction "$find" >query.jsonl
embed -t 'a dog' --instruction 'Say what it is.' >instructed.jsonl
embed -i "$photo" -i "$drawing" >pictures.jsonl
embed -i "$photo" >picture.jsonl
embed --fuse -i "$photo" -t 'a dog' >pair.jsonl
cat text.jsonl picture.jsonl >text-picture.jsonl
url_photo="data:image/jpeg;base64,$(base64 -w 0 "$photo")" url_drawing=$(picture "$drawing")
start

test='vLLM: messages'
photo_part="{\"type\": \"image_url\", \"image_url\": {\"url\": \"$url_photo\"}}"
text_part='{"type": "text", "text": "a dog"}'
asked /v1/embeddings text '{"model": "m", "messages": [{"role": "user", "content": "a dog"}]}'
expect 200 '{"id":"embd-..*","created":[0-9]*,"object":"list"'
asked /v1/embeddings instructed "{\"messages\": [{\"role\": \"system\", \"content\": \"Say what it is.\"}, {\"role\": \"user\", \"content\": [$text_part]}]}"
asked /v1/embeddings picture "{\"messages\": [{\"role\": \"user\", \"content\": [$photo_part]}]}"
asked /v1/embeddings pair "{\"messages\": [{\"role\": \"user\", \"content\": [$photo_part, $text_part]}, {\"role\": \"assistant\", \"content\": [{\"type\": \"text\", \"text\": \"\"}]}], \"continue_final_message\": true}"
told /v1/embeddings 400 '"type":"BadRequestError"' '{"messages": [{"role": "assistant", "content": "a"}]}'
told /v1/embeddings 400 'more than one picture' "{\"messages\": [{\"role\": \"user\", \"content\": [$photo_part, $photo_part]}]}"
told /v1/embeddings 400 'type must be ..* | ..*image_url' '{"messages": [{"role": "user", "content": [{"type": "video_url", "video_url": {"url": "a"}}]}]}'
told /v1/embeddings 400 'is missing' '{"messages": []}'

test='Jina, SGLang, Qianfan: objects'
asked /v1/embeddings text-picture "{\"input\": [{\"text\": \"a dog\"}, {\"image\": \"$(base64 -w 0 "$photo")\"}], \"embedding_type\": \"float\", \"normalized\": true, \"task\": \"retrieval.query\"}"
asked /v1/embeddings pair "{\"input\": [{\"text\": \"a dog\", \"image\": \"$url_photo\"}]}"
told /v1/embeddings 400 'normalized must be true' '{"input": "a", "normalized": false}'
told /v1/embeddings 400 'late_chunking must be false' '{"input": "a", "late_chunking": true}'
printf '{"input": "a dog", "embedding_type": "ubinary"}' >request
post /v1/embeddings
expect 200
numbers text.jsonl | awk '{ byte = byte * 2 + ($1 > 0) } NR % 8 == 0 { print byte; byte = 0 }' >want
numbers body >got
cmp -s want got || fail 'the bits are not the signs'

test='infinity: pictures'
asked /embeddings pictures "{\"input\": [\"$url_photo\", \"$url_drawing\"], \"modality\": \"image\"}"
asked /embeddings text '{"input": ["a dog"], "modality": "text"}'
told /embeddings 400 'input\[1\] is an address' "{\"input\": [\"$url_photo\", \"https://example.com/a.png\"], \"modality\": \"image\"}"
told /embeddings 400 'modality must be' '{"input": "a", "modality": "audio"}'

test='Ollama'
asked /api/embed texts '{"model": "m", "input": ["a dog", "一只狗"], "truncate": true, "options": {}, "keep_alive": "5m"}'
expect 200 '"embeddings":\[\[.*"total_duration":[0-9]*,"load_duration":0,"prompt_eval_count":[0-9]'
asked /api/embed text '{"model": "m", "input": "a dog"}'
asked /api/embeddings text '{"model": "m", "prompt": "a dog"}'
long=$(printf '%2000s' '' | sed 's/ /dog /g')
told /api/embed 413 '^{"error":"input has more than [0-9]* tokens.*--max-length' "{\"input\": \"$long\", \"truncate\": false}"
told /api/embed 400 '^{"error":"input is a picture in base64' "{\"input\": \"$(base64 -w 0 "$photo")\"}"
told /api/embed 400 '^{"error":"input\[1\] is a picture in base64' "{\"input\": [\"a\", \"$url_photo\"]}"
told /api/embed 400 '^{"error":"dimensions is 8' '{"input": "a", "dimensions": 8}'
for path in tags ps; do
    status=$(curl -s -o body -w '%{http_code}' "$url/api/$path")
    expect 200 '^{"models":\[{"name":"tuwen-demo","model":"tuwen-demo",'
done
status=$(curl -s -o body -w '%{http_code}' "$url/api/version")
expect 200 '^{"version":"[0-9]'
told /api/show 200 '"qwen2vl.embedding_length":256' '{"model": "m"}'
told /api/pull 404 '^{"error":"there is nothing at this path' '{"model": "m"}'
test='Ollama: a body whose type is not said'
status=$(curl -s -o body -w '%{http_code}' -d '{"model": "m", "input": "a dog"}' "$url/api/embed")
expect 200
same text

test='Cohere'
asked /v2/embed texts '{"model": "embed-v4.0", "texts": ["a dog", "一只狗"], "input_type": "search_document", "embedding_types": ["float"], "truncate": "END"}'
expect 200 '"embeddings":{"float":\[\[.*"texts":\["a dog","一只狗"\],"meta":{"api_version":{"version":"2"}'
asked /v1/embed texts '{"texts": ["a dog", "一只狗"], "input_type": "search_document"}'
expect 200 '"response_type":"embeddings_floats","embeddings":\[\[.*"meta":{"api_version":{"version":"1"}'
asked /v1/embed text '{"texts": ["a dog"], "embedding_types": ["float"]}'
expect 200 '"response_type":"embeddings_by_type","embeddings":{"float":\[\['
asked /v2/embed query '{"texts": ["a dog"], "input_type": "search_query"}'
asked /v2/embed pictures "{\"images\": [\"$url_photo\", \"$url_drawing\"], \"input_type\": \"image\"}"
asked /v2/embed pair "{\"inputs\": [{\"content\": [$text_part, {\"type\": \"image_url\", \"image_url\": \"$url_photo\"}]}]}"
printf '{"texts": ["a dog"], "embedding_types": ["int8", "uint8", "binary", "base64"]}' >request
post /v2/embed
expect 200 '"base64":\["[A-Za-z0-9+/=]*"\],"int8":\[\[.*"uint8":\[\[.*"binary":\[\['
numbers text.jsonl | awk '{ v[NR] = $1; a = $1 < 0 ? -$1 : $1; if (a > top) top = a }
    END { for (i = 1; i <= NR; i++) printf "%d\n", v[i] / top * 127 + (v[i] < 0 ? -0.5 : 0.5) }' >want
head -n "$(wc -l <want)" <<G >got
$(numbers body)
G
cmp -s want got || fail 'int8 is not the rounded vector'
told /v2/embed 400 '^{"id":"..*","message":"one of texts, images and inputs is missing"}' '{"input_type": "image"}'
told /v2/embed 400 '"message":"embedding_types must be' '{"texts": ["a"], "embedding_types": ["int4"]}'
told /v2/embed 400 '"message":"output_dimension is 64' '{"texts": ["a"], "output_dimension": 64}'
told /v2/embed 413 'tokens' "{\"texts\": [\"$long\"], \"truncate\": \"NONE\"}"

test='TEI'
asked /embed texts '{"inputs": ["a dog", "一只狗"], "normalize": true, "truncate": false}'
expect 200 '^\[\[.*\]\]$'
asked /embed text '{"inputs": "a dog"}'
told /embed 413 '"error_type":"Validation"' "{\"inputs\": \"$long\"}"
told /embed 400 '"error":"inputs has no element","error_type":"Empty"' '{"inputs": []}'
told /embed 400 'token ids.*"error_type":"Validation"' '{"inputs": [[1, 2]]}'
status=$(curl -s -o body -w '%{http_code}' "$url/info")
expect 200 '"model_id":"tuwen-demo".*"max_client_batch_size":2048'

test='Voyage'
asked /v1/multimodalembeddings text-picture "{\"inputs\": [{\"content\": [$text_part]}, {\"content\": [{\"type\": \"image_base64\", \"image_base64\": \"$url_photo\"}]}], \"model\": \"voyage-multimodal-3\"}"
expect 200 '"usage":{"text_tokens":[0-9]*,"image_pixels":200704,"video_pixels":0,"total_tokens":'
asked /v1/embeddings texts '{"input": ["a dog", "一只狗"], "model": "voyage-3", "input_type": "document", "truncation": true}'
asked /v1/embeddings query '{"input": "a dog", "input_type": "query", "truncation": true}'
told /v1/embeddings 400 '^{"detail":"input\[0\] is an empty text' '{"input": [""], "truncation": true}'
told /v1/embeddings 200 '"embedding":\[-\{0,1\}[0-9]*,' '{"input": ["a dog"], "truncation": true, "output_dtype": "int8"}'
told /v1/multimodalembeddings 400 'inputs\[0\] must be a string' '{"inputs": [["a"]]}'
asked /v1/multimodalembeddings query "{\"inputs\": [{\"content\": [$text_part]}], \"input_type\": \"query\"}"
told /v1/multimodalembeddings 400 '^{"detail":"inputs\[0\].content\[0\].image_url is an address, and this server does not fetch' '{"inputs": [{"content": [{"type": "image_url", "image_url": "https://example.com/a.png"}]}]}'

test='DashScope'
asked $scope text-picture "{\"model\": \"m\", \"input\": {\"contents\": [{\"text\": \"a dog\"}, {\"image\": \"$url_photo\"}]}, \"parameters\": {\"output_type\": \"dense\"}}"
expect 200 '"input_tokens_details":{"text_tokens":[0-9]*,"image_tokens":9}'
asked $scope pair "{\"input\": {\"contents\": [{\"text\": \"a dog\"}, {\"image\": \"$url_photo\"}]}, \"parameters\": {\"enable_fusion\": true}}"
asked $scope pair "{\"input\": {\"contents\": [{\"text\": \"a dog\", \"image\": \"$url_photo\"}]}}"
told $scope 400 '^{"code":"InvalidParameter","message":"input.contents is missing","request_id":"..*"}' '{"input": {}}'
told $scope 400 'more than one text' '{"input": {"contents": [{"text": "a"}, {"text": "b"}]}, "parameters": {"enable_fusion": true}}'

test='Immich'
# form [CURL OPTION]...
form() {
    status=$(curl -s -D head -o body -w '%{http_code}' "$@" "$url/predict")
}
visual='entries={"clip":{"visual":{"modelName":"ViT-B-32__openai","options":{}}}}'
textual='entries={"clip":{"textual":{"modelName":"ViT-B-32__openai","options":{"language":"zh"}}}}'
form -F "$visual" -F "image=@$photo"
expect 200 '^{"clip":"\[.*\]","imageHeight":448,"imageWidth":448}'
same picture
form -F "$textual" -F 'text=a dog'
expect 200 '^{"clip":"\[.*\]"}'
same query
form -F "$visual"
expect 400 '^{"detail":"image is missing"}'
form -F 'entries={"faces":{}}' -F "image=@$photo"
expect 422 '"detail":"entries must be'
form -F "$visual" -F 'image=nothing'
expect 400 '"detail":"image'
form -F "$textual" -F "text=$url_photo"
expect 400 'is a picture in base64'
[ "$(curl -s "$url/ping")" = pong ] || fail 'no pong'
printf -- '--B\r\nContent-Disposition: form-data; name="entries"\r\n\r\n{}\r\n--B--\r\ntail' >request
form -H 'Content-Type: multipart/form-data; boundary=B' --data-binary @request
expect 400 '"detail":"the body is not a valid form: something follows'
echo '{}' >request
post /predict
expect 415 'multipart/form-data'
end
