#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Requests that are no requests, or that two readers would understand differently: each gets a 4xx or the end of its connection,
# and the server goes on. Usage: hostile.sh TUWEN CLIENTS; see common.sh.
. "$(dirname "$0")/common.sh"
clients=$TUWEN_BUILD/${2#"$TUWEN_BUILD"/}
start --max-body 100K --max-wait 2
port=${url##*:}

# raw WANTED FORMAT: sends what printf makes of FORMAT; WANTED is a pattern for the statuses of the answers.
raw() {
    test=$2
    # shellcheck disable=SC2059
    said=$(printf "$2" | "$clients" "$port" raw)
    echo "$said" | grep -qxE "$1" || fail "answered with: $said"
    [ "$(curl -s -o body -w '%{http_code}' "$url/health")" = 200 ] || fail 'the server has gone'
}
wrong='400( 400)?|413( 413)?|none' # libmicrohttpd 0.9.75 sends the head of its own refusals twice
host='Host: localhost\r\n' type='Content-Type: application/json\r\n' body='{"input":"a"}'
post="POST /v1/embeddings HTTP/1.1\r\n$host$type"

raw 200 "${post}Content-Length: 13\r\n\r\n$body"
raw '200 200' "${post}Content-Length: 13\r\n\r\n${body}GET /health HTTP/1.1\r\n$host\r\n"

# Two readers could disagree where the body ends.
raw 400 "${post}Content-Length: 13\r\nContent-Length: 5\r\n\r\n$body"
raw 400 "${post}Content-Length: 13\r\nContent-Length: 13\r\n\r\n$body"
raw 400 "${post}Content-Length: 13\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /health HTTP/1.1\r\n$host\r\n"
raw 400 "${post}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n"
raw "$wrong" "${post}Content-Length: -1\r\n\r\n$body"
raw "$wrong" "${post}Content-Length: 99999999999999999999999\r\n\r\n$body"
raw "$wrong" "${post}Content-Length: 0x0d\r\n\r\n$body"
raw "$wrong" "${post}Content-Length: 13, 13\r\n\r\n$body"
raw 501 "${post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"
raw 501 "${post}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"
raw "$wrong" "${post}Transfer-Encoding: chunked\r\n\r\nzz\r\n$body\r\n0\r\n\r\n"
raw "$wrong" "${post}Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n$body\r\n0\r\n\r\n"
raw "$wrong" "${post}Transfer-Encoding: chunked\r\n\r\n-5\r\n$body\r\n0\r\n\r\n"

# Heads.
raw "$wrong" "GET /health HTTP/1.1\r\n\r\n"
raw 400 "GET /health HTTP/1.1\r\n${host}Host: evil.example\r\n\r\n"
raw 403 "GET /health HTTP/1.1\r\nHost: evil.example\r\n\r\n"
raw 403 "GET /health HTTP/1.1\r\nHost: localhost:1@evil.example\r\n\r\n"
raw 403 "GET /health HTTP/1.1\r\nHost: localhost.\r\n\r\n"
raw '400|408|none' "GARBAGE\r\n\r\n"
raw '400|408|none' "\r\n\r\n\r\n"
raw '400|408|none' "\026\003\001\002\000\001\000\001\374\003\003"
raw '400|404|505|none' "GET / HTTP/9.9\r\n$host\r\n"
raw '400|403|405|none' "GET http://evil.example/health HTTP/1.1\r\nHost: evil.example\r\n\r\n"
raw '4..|none' "CONNECT localhost:22 HTTP/1.1\r\n$host\r\n"
raw '4..|none' "TRACE /health HTTP/1.1\r\n$host\r\n"
raw '404' "GET /../../../etc/passwd HTTP/1.1\r\n$host\r\n"
raw '404' "GET /%%2e%%2e/%%2e%%2e/etc/passwd HTTP/1.1\r\n$host\r\n"
raw 404 "GET /health%%00 HTTP/1.1\r\n$host\r\n"
raw '414|431|413|none' "GET /$(printf '%70000s' '' | tr ' ' a) HTTP/1.1\r\n$host\r\n"
raw '431|413|400|none' "GET /health HTTP/1.1\r\n${host}X: $(printf '%70000s' '' | tr ' ' a)\r\n\r\n"
raw '431|413|400|none' "GET /health HTTP/1.1\r\n$host$(printf '%5000s' '' | sed 's/ /A: b\\r\\n/g')\r\n"
raw '400|200' "GET /health HTTP/1.1\r\n${host}X: a\r\n b: folded\r\n\r\n"
raw '417|400|200' "${post}Expect: 200-maybe\r\nContent-Length: 13\r\n\r\n$body"
raw '413' "${post}Expect: 100-continue\r\nContent-Length: 1000000\r\n\r\n"
raw '408' "${post}Content-Length: 13\r\n\r\n{\"input"
raw '408' "POST /v1/embeddings HT"

# Bodies.
raw 400 "${post}Content-Length: 15\r\n\r\n{\"input\":\"\377\376\"}xx"
raw 400 "${post}Content-Length: 18\r\n\r\n{\"input\":\"\\\\ud800\"}"
raw 400 "${post}Content-Length: 12\r\n\r\n{\"input\":NaN}"
raw 400 "${post}Content-Length: 17\r\n\r\n{\"input\":1e999999}"

test='pictures that are bombs'
# 40000 x 40000 pixels in a PNG of a few bytes; the same file cut in its middle.
{
    printf '\211PNG\r\n\032\n\000\000\000\rIHDR\000\000\234\100\000\000\234\100\010\002\000\000\000'
    printf '\027\263\120\042\000\000\000\000IDAT\065\257\006\036\000\000\000\000IEND\256\102\140\202'
} >bomb.png
for file in bomb.png; do
    printf '{"input": {"image": "%s"}}' "$(base64 -w 0 $file)" >request
    post /v1/embeddings
    expect 400 unusable_input
done
head -c 400 "$root/models/demo/pictures/dog.jpg" >cut.jpg
printf '{"image": "%s", "text": "a"}' "$(base64 -w 0 cut.jpg)" >request
post /v1/match
expect 400 unusable_input
test='the end'
stop
[ $code = 0 ] || fail "exit code $code"
end
