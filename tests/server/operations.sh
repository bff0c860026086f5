#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What those who run the server ask it: /metrics in the format of Prometheus, with numbers that are right, and /openapi.json,
# which has every route and no other. Usage: see common.sh.
. "$(dirname "$0")/common.sh"
TUWEN_CACHE=$work/cache.sqlite
photo=$root/models/demo/pictures/dog.jpg
start

metrics() {
    curl -s -D head -o metrics "$url/metrics"
}

# value SERIES: of the last metrics.
value() {
    awk -v series="$1" 'index($0, series " ") == 1 { print substr($0, length(series) + 2) }' metrics
}

# is SERIES NUMBER
is() {
    [ "$(value "$1")" = "$2" ] || fail "$1 is $(value "$1"), not $2"
}

test='the format of Prometheus'
metrics
grep -qi '^content-type: text/plain; version=0.0.4' head || fail 'the type'
cat >format.awk <<'A'
function bad(why) { print FILENAME ":" NR ": " why ": " $0; wrong = 1 }
/^# HELP / { if ($3 in helped) bad("helped twice"); helped[$3] = 1; next }
/^# TYPE / {
    if (!($3 in helped) || $3 in type) bad("no help, or a second type")
    if ($4 !~ /^(counter|gauge|histogram)$/) bad("not a type")
    if (($4 == "counter") != ($3 ~ /_total$/)) bad("counters, and only they, end in _total")
    type[family = $3] = $4
    next
}
{
    if ($0 !~ /^[a-z_]+(\{[a-z_]+="([^"\\]|\\.)*"(,[a-z_]+="([^"\\]|\\.)*")*\})? [0-9]+(\.[0-9]+)?$/) bad("not a sample")
    name = $0
    sub(/[{ ].*/, "", name)
    series = substr($0, 1, length($0) - length($NF) - 1)
    if (series in seen) bad("twice")
    seen[series] = 1
    if (type[family] != "histogram") {
        if (name != family) bad("outside of its family")
        next
    }
    labels = substr(series, length(name) + 1)
    if (name == family "_bucket") {
        bound = labels
        sub(/.*le="/, "", bound)
        sub(/".*/, "", bound)
        if (count > $NF) bad("buckets must not fall")
        count = $NF
        if (bound != "+Inf" && last != "" && bound + 0 <= last + 0) bad("bounds must rise")
        last = bound == "+Inf" ? "" : bound
        ended = bound == "+Inf"
    } else if (name == family "_sum") {
        if (!ended) bad("no bucket +Inf")
    } else if (name == family "_count") {
        if (count != $NF) bad("the count is not that of +Inf")
        count = 0
    } else {
        bad("outside of its family")
    }
}
END { exit wrong }
A
awk -f format.awk metrics || fail 'it is not'

test='before the first call'
is tuwen_ready 1
is tuwen_queue_length 0
is tuwen_http_requests_in_flight 1
is 'tuwen_http_requests_total{method="POST",path="/v1/match",status="200"}' 0
grep -q "^tuwen_info{version=\"$("$tuwen" --version | sed 's/^tuwen //; s/ .*//;q')\",model=\"..*\",precision=\"..*\",fingerprint=\"..*\"} 1\$" metrics ||
    fail 'no version and model'

test='what was done'
printf '{"image": "%s", "texts": ["a dog", "a cat"]}' "$(base64 -w 0 "$photo")" >request
post /v1/match
expect 200
width=$(sed -n 's/.*"width":\([0-9]*\).*/\1/p' body) height=$(sed -n 's/.*"height":\([0-9]*\).*/\1/p' body)
tokens=$(sed -n 's/.*"total_tokens":\([0-9]*\).*/\1/p' body) image_tokens=$(sed -n 's/.*"image_tokens":\([0-9]*\).*/\1/p' body)
post /v1/match
post /v1/match -H 'Host: evil.example'
expect 403
echo '{"image": "AAAA"}' >request
post /v1/match
expect 400
curl -s -o body "$url/nothing"
for _ in $(seq 100); do
    metrics
    [ "$(value tuwen_http_requests_in_flight)" != 1 ] || break
    sleep 0.02
done
awk -f format.awk metrics || fail 'the format'
is 'tuwen_http_requests_total{method="POST",path="/v1/match",status="200"}' 2
is 'tuwen_http_requests_total{method="POST",path="/v1/match",status="403"}' 1
is 'tuwen_http_requests_total{method="POST",path="/v1/match",status="400"}' 1
is 'tuwen_http_requests_total{method="other",path="other",status="404"}' 1
is 'tuwen_http_request_duration_seconds_count{method="POST",path="/v1/match"}' 4
is 'tuwen_inputs_total{kind="text"}' 4
is 'tuwen_inputs_total{kind="picture"}' 2
is tuwen_cache_misses_total 3
is tuwen_cache_hits_total 3
is tuwen_tokens_total $((2 * tokens))
is tuwen_image_tokens_total $((2 * image_tokens))
is tuwen_picture_pixels_total $((2 * width * height))
is tuwen_batch_inputs_count 2
is 'tuwen_batch_inputs_bucket{le="2"}' 0
is 'tuwen_batch_inputs_bucket{le="4"}' 2
is tuwen_batch_inputs_sum 6.000000

test='every route, and no other, is in /openapi.json'
curl -s -D head -o openapi "$url/openapi.json"
grep -qi '^content-type: application/json' head || fail 'the type'
cmp -s openapi "$root/apps/server/openapi.json" || fail 'it is not the file'
awk -F '"' '/^  "paths"/ { inside = 1 } /^  }/ { inside = 0 }
    inside && /^    "\// { path = $2 }
    inside && /^      "[a-z]+": \{/ { print toupper($2), path }' openapi | sort >described
sed -n 's/^tuwen_http_request_duration_seconds_count{method="\([A-Z]*\)",path="\([^"]*\)"} .*/\1 \2/p' metrics | sort >routes
[ -s routes ] && cmp -s described routes || fail "$(diff described routes)"
while read -r method path; do
    number=$(curl -s -o body -w '%{http_code}' -X "$method" "$url$(echo "$path" | sed 's/{model}/tuwen-demo/')")
    case $number in 404 | 405) fail "$method $path gives $number" ;; esac
done <described
test='every reference in it leads somewhere'
sed -n 's/.*"\$ref": "#\/components\/\([a-z]*\)\/\([A-Za-z]*\)".*/\2/p' openapi | sort -u | while read -r name; do
    grep -q "^      \"$name\": {" openapi || echo "$name"
done >missing
[ ! -s missing ] || fail "$(cat missing)"

stop
test='metrics need a key where there are keys'
( umask 077; echo 'a-key-of-sixteen-letters prometheus' >keys )
start --keys keys
[ "$(curl -s -o body -w '%{http_code}' "$url/metrics")" = 401 ] || fail 'they do not'
[ "$(curl -s -o body -w '%{http_code}' -H 'Authorization: Bearer a-key-of-sixteen-letters' "$url/metrics")" = 200 ] || fail 'not even with it'
end
