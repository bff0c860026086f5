#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What is refused: each with its status, its code, and a sentence that names the limit and the option. Usage: see common.sh.
. "$(dirname "$0")/common.sh"
photo=$root/models/demo/pictures/dog.jpg
start --max-body 200K --max-items 3

# refused PATH STATUS CODE BODY
refused() {
    test="$1 $4"
    printf '%s' "$4" >request
    post "$1"
    expect "$2" "\"code\":\"$3\""
    grep -q '"error":{"message":"..*","type":"..*","code":"' body || fail 'not the shape of an error'
}

both() {
    for path in /v1/embeddings /v1/match; do
        refused $path "$@"
    done
}
both 400 empty_body ''
both 400 invalid_json '{"input": '
both 400 invalid_json '{"input": "a", "input": "b"}'
both 400 invalid_json "$(printf '{"input": "\377\376"}')"
both 400 invalid_json "$(printf '%100000s' '' | tr ' ' '[')"
both 400 invalid_value '["a"]'
both 400 missing_field '{}'
refused /v1/embeddings 400 empty_list '{"input": []}'
refused /v1/embeddings 400 empty_text '{"input": ""}'
refused /v1/embeddings 400 empty_text '{"input": ["a", {"text": ""}]}'
refused /v1/embeddings 400 invalid_value '{"input": [{"instruction": "a"}]}'
refused /v1/embeddings 400 unknown_field '{"input": [{"text": "a", "picture": "b"}]}'
refused /v1/embeddings 400 tokens_not_supported '{"input": [1, 2]}'
refused /v1/embeddings 400 tokens_not_supported '{"input": [[1, 2]]}'
refused /v1/embeddings 400 dimensions_not_supported '{"input": "a", "dimensions": 64}'
refused /v1/embeddings 400 invalid_value '{"input": "a", "dimensions": "64"}'
refused /v1/embeddings 400 invalid_value '{"input": "a", "encoding_format": "int8"}'
refused /v1/embeddings 413 too_many_items '{"input": ["a", "b", "c", "d"]}'
grep -q -- 'the limit is 3, which --max-items sets' body || fail 'the limit is not named'
refused /v1/embeddings 400 picture_in_text "{\"input\": \"$(base64 -w 0 "$photo" | head -c 50000)\"}"
refused /v1/embeddings 400 picture_in_text '{"input": ["data:image/png;base64,iVBORw0KGgo="]}'
refused /v1/embeddings 400 invalid_base64 '{"input": {"image": "iVBORw0KGgo*"}}'
refused /v1/embeddings 400 invalid_data_url '{"input": {"image": "data:text/html,hello"}}'
refused /v1/embeddings 400 path_not_read '{"input": {"image": "../photo.jpg"}}'
refused /v1/embeddings 400 address_not_fetched '{"input": {"image": "https://example.com/a.png"}}'
refused /v1/embeddings 400 unusable_input '{"input": ["a", {"image": "iVBORw0KGgo="}]}'
refused /v1/match 400 unknown_field '{"image": "AAAA", "texts": ["a"], "topp": 1}'
refused /v1/match 400 invalid_value '{"image": "AAAA", "texts": ["a"], "top": 0}'
refused /v1/match 400 invalid_value '{"image": "AAAA", "images": ["AAAA"], "texts": ["a"]}'

test='a body that is too large, with its length and without'
head -c 300000 /dev/zero | tr '\0' ' ' >request
post /v1/match -H 'Expect:'
expect 413 '200.* bytes, which is the limit; --max-body sets it\|204800 bytes'
post /v1/match -H 'Expect:' -H 'Transfer-Encoding: chunked'
expect 413 body_too_large

test='heads'
echo '{"input": "a"}' >request
for case in "403 host_not_allowed Host: evil.example" "403 host_not_allowed Host: 127.0.0.1.evil.example" \
    "403 origin_not_allowed Origin: http://evil.example" "403 origin_not_allowed Origin: null" \
    "400 bad_request Content-Type: text/plain" "415 unsupported_encoding Content-Encoding: gzip"; do
    number=${case%% *} rest=${case#* }
    code=${rest%% *} header=${rest#* }
    test=$header
    status=$(curl -s -D head -o body -w '%{http_code}' -H 'Content-Type: application/json' -H "$header" \
        --data-binary @request "$url/v1/embeddings")
    expect "$number" "$code"
done
test='no JSON'
status=$(curl -s -D head -o body -w '%{http_code}' -H 'Content-Type: text/plain' --data-binary @request "$url/v1/match")
expect 415 unsupported_media_type
status=$(curl -s -D head -o body -w '%{http_code}' -H 'Sec-Fetch-Site: cross-site' --data-binary @request "$url/v1/match")
expect 415 unsupported_media_type
test='a page of our own'
post /v1/embeddings -H "Origin: $url"
expect 200
post /v1/embeddings -H "Host: localhost:${url##*:}"
expect 200

test='paths and methods'
for case in "404 GET /page" "404 GET /v1" "404 GET /../../etc/passwd" "404 POST /v1/match/" "405 GET /v1/match" \
    "405 POST /" "405 POST /health" "405 DELETE /v1/models" "200 GET /health?a=b" "404 GET /%68ealth"; do
    number=${case%% *} rest=${case#* }
    test=$rest
    status=$(curl -s --path-as-is -X "${rest%% *}" -D head -o body -w '%{http_code}' "$url${rest#* }")
    expect "$number"
done
test='the head alone'
[ "$(curl -s -I -o head -w '%{http_code} %{size_download}' "$url/health")" = '200 0' ] || fail 'HEAD'
test='405 says what is allowed'
curl -s -D head -o body "$url/v1/match"
grep -qi '^allow: POST' head || fail 'it does not'

test='nothing of a request is in the log'
echo '{"input": "SECRETWORD"}' >request
post /v1/embeddings
curl -s -o body "$url/SECRETPATH?SECRETQUERY" -H 'Authorization: Bearer SECRETKEY'
! grep -q SECRET log || fail 'it is'
end
