#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# TLS: files that are refused, answers over it, old versions, and clients that do not end their handshake. Usage: see common.sh.
# shellcheck source=tests/server/common.sh
. "$(dirname "$0")/common.sh"
command -v openssl >/dev/null || { echo 'skipped: no openssl'; exit 77; }

clients=$TUWEN_BUILD/${2#"$TUWEN_BUILD"/}

certificate() {
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' \
        -keyout "$1.key" -out "$1.crt" 2>openssl.log || fail "openssl: $(cat openssl.log)"
    chmod 600 "$1.key"
}
certificate one
certificate two

# ends SENTENCE OPTION...: the server ends at once with 2 and says so.
ends() {
    sentence=$1
    shift
    "$tuwen" serve -m "$model" --listen 0 "$@" >out 2>log
    code=$?
    [ $code = 2 ] || fail "$*: exit code $code"
    grep -q -- "$sentence" log || fail "$*: $(cat log)"
}

test='files that cannot be used'
echo 'no certificate' >bad.pem
cp one.key open.key
chmod 644 open.key
chmod 600 bad.pem
ends 'belong together' --tls-cert one.crt
ends 'belong together' --tls-key one.key
ends 'nowhere.crt' --tls-cert nowhere.crt --tls-key one.key
ends 'bad.pem: no certificate in PEM' --tls-cert bad.pem --tls-key one.key
ends 'bad.pem: no private key in PEM' --tls-cert one.crt --tls-key bad.pem
ends 'two.key: does not belong to the certificate' --tls-cert one.crt --tls-key two.key
ends 'chmod 600' --tls-cert one.crt --tls-key open.key

test='answers'
export CURL_CA_BUNDLE="$work/one.crt"
start --tls-cert one.crt --tls-key one.key --max-wait 2
case $url in https://127.0.0.1:*) ;; *) fail "it listens on $url" ;; esac
echo '{"input": "a dog", "encoding_format": "float"}' >request
post /v1/embeddings
[ "$status" = 200 ] || fail "status $status"
cp body over-tls
post /v1/embeddings -H "Origin: $url"
[ "$status" = 200 ] || fail "status $status with its own origin"
post /v1/embeddings -H 'Origin: https://elsewhere.example'
[ "$status" = 403 ] || fail "status $status with another's origin"
curl -s --cacert two.crt "$url/health" && fail 'another certificate is good too'
curl -s "http${url#https}/health" && fail 'it answers without TLS'
curl -s --tls-max 1.1 "$url/health" && fail 'TLS 1.1'
for version in 1.2 1.3; do
    curl -s -o body "--tlsv$version" --tls-max $version "$url/health" || fail "no TLS $version"
done

test='a large body'
{
    printf '{"texts":["a dog"],"image":"'
    head -c 12000000 /dev/zero | tr '\0' 'A'
    printf '"}'
} >request
post /v1/match
[ "$status" = 400 ] || fail "status $status"

test='a client that does not begin its handshake is cut off'
"$clients" "${url##*:}" silent 60 || fail 'not within a minute'
curl -s -o body "$url/ready" || fail 'others are not answered'

test='the same as without TLS'
stop
[ "$code" = 0 ] || fail "exit code $code"
start
echo '{"input": "a dog", "encoding_format": "float"}' >request
post /v1/embeddings
cmp -s body over-tls || fail 'another answer'

end
