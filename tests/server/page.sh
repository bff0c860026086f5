#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The page at / and its pictures as HTTP has them; what it does is tested in tests/browser. Usage: see common.sh.
. "$(dirname "$0")/common.sh"
start

get() {
    path=$1
    shift
    status=$(curl -s -D head -o body -w '%{http_code}' "$@" "$url$path")
}

has() {
    grep -qi "^$1" head || fail "no header: $1"
}

test='the page'
get /
expect 200 '<!doctype html>'
has 'Content-Type: text/html; charset=utf-8'
has "Content-Security-Policy: default-src 'none'; .*script-src 'sha256-[A-Za-z0-9+/=]*';"
has "Content-Security-Policy: frame-ancestors 'none'"
has 'Cache-Control: no-cache'
has 'X-Content-Type-Options: nosniff'
! grep -q "unsafe\|'self' 'sha" head || fail 'the policy allows too much'
[ "$(wc -l <head)" -gt 8 ] && [ "$(grep -ci '^cache-control' head)" = 1 ] || fail 'Cache-Control twice'
grep -q '@[A-Z_]*@' body && fail 'a mark was not replaced'
page_bytes=$(wc -c <body)

test='what the browser has already'
tag=$(sed -n 's/^[Ee][Tt]ag: //p' head | tr -d '\r')
get / -H "If-None-Match: $tag"
expect 304
has 'Content-Length: 0'
get / -H 'If-None-Match: "another"'
expect 200

test='HEAD'
get / -I
expect 200
has "Content-Length: $page_bytes"

test='other methods'
get / -X POST
expect 405
has 'Allow: GET'

test='other paths'
for path in /page/ /page/../etc/passwd /page/%2e%2e/x /index.html //; do
    get "$path" --path-as-is
    expect 404
done

test='pictures'
for picture in apps/server/web/traffic-light.webp models/demo/pictures/sunset-city.png; do
    name=$(basename "$picture")
    get "/page/$name"
    expect 200
    cmp -s body "$root/$picture" || fail "$name is another"
    page_bytes=$((page_bytes + $(wc -c <body)))
done
has 'Content-Type: image/png'

test='the whole is small'
[ $page_bytes -lt 150000 ] || fail "$page_bytes bytes"

test='the page of reports, which the page reads and fills in'
get /page/report.html
expect 200 '<!-- tuwen report -->'
has "Content-Security-Policy: default-src 'none'"
tag=$(sed -n 's/^[Ee][Tt]ag: //p' head | tr -d '\r')
get /page/report.html -H "If-None-Match: $tag"
expect 304

test='another host'
get / -H 'Host: example.org'
expect 403

test='with keys the page is there, and asks for one'
stop
echo 'a-key-that-is-long-enough me' >keys
chmod 600 keys
start --keys keys
get /
expect 200 '<!doctype html>'
get /v1/models
expect 401
end
