#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Starting and ending: bad options and models, keys, signals with requests on their way. Usage: see common.sh.
. "$(dirname "$0")/common.sh"

# ends CODE PATTERN OPTION...: the command ends at once.
ends() {
    test="serve $*"
    wanted=$1 pattern=$2
    shift 2
    "$tuwen" serve "$@" >out 2>log
    code=$?
    [ $code = "$wanted" ] || fail "exit code $code, not $wanted"
    grep -q -- "$pattern" log || fail "the complaint does not have: $pattern"
    [ ! -s out ] || [ "$wanted" = 3 ] || fail 'it says that it listens'
}
printf 'short\n' >short.txt
printf '# keys of the test\n0123456789abcdef first\n\nfedcba9876543210fedcba\n' >keys.txt
cp keys.txt open.txt
chmod 600 short.txt keys.txt
chmod 644 open.txt
ends 3 'no such folder' -m /nowhere --listen 0
ends 2 'cannot use the argument' -m "$model" here
ends 2 '--listen' -m "$model" --listen nonsense:port
ends 2 '--listen' -m "$model" --listen ::1:80
ends 2 'from 0 to 65535' -m "$model" --listen 65536
ends 2 'from 0 to 65535' -m "$model" --listen 127.0.0.1:70000
ends 2 '--insecure' -m "$model" --listen 0.0.0.0:0
ends 2 'line 1 is no key' -m "$model" --listen 0 --keys short.txt
ends 2 'chmod 600' -m "$model" --listen 0 --keys open.txt
ends 2 'nowhere.txt' -m "$model" --listen 0 --keys nowhere.txt
ends 3 'nowhere.json' -m "$model" --listen 0 --profile nowhere.json
ends 3 'more than one profile is called tuwen-demo' -m "$model" --listen 0 --profile "$model/profile.json" --profile "$model/profile.json"
sed 's/^  "name": .*/  "name": "none",/' "$model/profile.json" >none.json
ends 3 'called none' -m "$model" --listen 0 --profile none.json
mkdir broken
cp "$model"/*.json broken/
ends 3 'model.safetensors' -m broken --listen 0

test='a rate'
printf '0123456789abcdef slow 2/h\nfedcba9876543210fedcba\n' >rates.txt
chmod 600 rates.txt
start --listen 0.0.0.0:0 --keys rates.txt
url=http://127.0.0.1:${url##*:}
for _ in 1 2; do
    curl -s -o answer -w '%{http_code}' -H 'X-Api-Key: 0123456789abcdef' "$url/v1/models" >status
    [ "$(cat status)" = 200 ] || fail "$(cat status) within the rate"
done
curl -s -D head -o answer -w '%{http_code}' -H 'X-Api-Key: 0123456789abcdef' "$url/v1/models" >status
[ "$(cat status)" = 429 ] || fail "$(cat status) beyond the rate"
grep -q '"rate_limited"' answer || fail 'the code'
grep -q '2 times per hour' answer || fail 'the sentence'
seconds=$(sed -n 's/^Retry-After: \([0-9]*\).*/\1/p' head)
{ [ "$seconds" -gt 1700 ] && [ "$seconds" -le 1800 ]; } || fail "Retry-After: $seconds"
curl -s -o answer -w '%{http_code}' -H 'X-Api-Key: fedcba9876543210fedcba' "$url/v1/models" >status
[ "$(cat status)" = 200 ] || fail "$(cat status) of another key"
kill -HUP "$server"
until grep -q 'keys were read anew' log; do sleep 0.01; done
curl -s -o answer -w '%{http_code}' -H 'X-Api-Key: 0123456789abcdef' "$url/v1/models" >status
[ "$(cat status)" = 429 ] || fail "$(cat status) after the keys were read anew"
stop

test='threads that wait spin little, unless the user says how'
(
    unset OMP_WAIT_POLICY GOMP_SPINCOUNT
    start
    tr '\0' '\n' <"/proc/$server/environ" | grep -qx 'GOMP_SPINCOUNT=1000' || fail 'GOMP_SPINCOUNT is not set'
    stop
    export OMP_WAIT_POLICY=active
    start
    tr '\0' '\n' <"/proc/$server/environ" | grep -q '^GOMP' && fail 'GOMP_SPINCOUNT is set'
    stop
    exit $failed
) || failed=1

test='a broken profile of the checkpoint is told'
cp -r "$model" broken-profile
echo '{' >broken-profile/profile.json
(
    model=broken-profile
    start
    grep -q 'profile.json' log || fail 'the log does not say so'
    stop
    exit $failed
) || failed=1

test='keys'
start --listen 0.0.0.0:0 --keys keys.txt
url=http://127.0.0.1:${url##*:}
echo '{"input": "a"}' >request
post /v1/embeddings
expect 401 missing_api_key
grep -qi '^www-authenticate: Bearer' head || fail 'no WWW-Authenticate'
for header in 'Authorization: Bearer wrong-wrong-wrong-wrong' 'Authorization: Bearer 0123456789abcde' 'Authorization: Basic abc'; do
    post /v1/embeddings -H "$header"
    expect 401
done
post /v1/embeddings -H 'X-Api-Key: wrong-wrong-wrong-wrong'
expect 401 '"this key is not known.*invalid_api_key'
for header in 'Authorization: Bearer 0123456789abcdef' 'X-Api-Key: fedcba9876543210fedcba' 'Authorization: bearer  0123456789abcdef'; do
    post /v1/embeddings -H "$header"
    expect 200
done
[ "$(curl -s -o body -w '%{http_code}' "$url/health")" = 200 ] || fail 'health wants a key'
[ "$(curl -s -o body -w '%{http_code}' "$url/v1/models")" = 401 ] || fail 'models wants no key'
grep -q 'key=first' log || fail 'the log does not name the key'

test='keys anew on SIGHUP'
echo 'newnewnewnewnewnew' >keys.txt
kill -HUP $server
for _ in $(seq 100); do
    grep -q 'keys were read anew' log && break
    sleep 0.05
done
post /v1/embeddings -H 'Authorization: Bearer newnewnewnewnewnew'
expect 200
post /v1/embeddings -H 'Authorization: Bearer 0123456789abcdef'
expect 401
echo 'bad' >keys.txt
kill -HUP $server
for _ in $(seq 100); do
    grep -q 'no key' log && break
    sleep 0.05
done
post /v1/embeddings -H 'Authorization: Bearer newnewnewnewnewnew'
expect 200

test='SIGTERM'
stop TERM
[ $code = 0 ] || fail "exit code $code"

test='SIGINT with requests on their way'
start
awk 'BEGIN { printf "{\"input\": [\"a dog 0\""; for (i = 1; i < 600; i++) printf ", \"a dog %d on the grass near a house\"", i; print "]}" }' >request
curl -s -o body -w '%{http_code}' -H 'Content-Type: application/json' --data-binary @request "$url/v1/embeddings" >status &
asked=$!
for _ in $(seq 400); do
    curl -s "$url/ready" | grep -q '"waiting":1' && break
    sleep 0.01
done
kill -INT $server
wait $asked
[ "$(cat status)" = 200 ] || fail "the request was answered with $(cat status)"
[ "$(tr '{' '\n' <body | grep -c '"object":"embedding"')" = 600 ] || fail 'not all vectors came'
wait $server
code=$?
server=
[ $code = 130 ] || fail "exit code $code"

test='no grace'
start --grace 0
curl -s -o body -w '%{http_code}' -H 'Content-Type: application/json' --data-binary @request "$url/v1/embeddings" >status &
asked=$!
for _ in $(seq 400); do
    curl -s "$url/ready" | grep -q '"waiting":1' && break
    sleep 0.01
done
stop TERM
wait $asked
[ $code = 0 ] || fail "exit code $code"
case $(cat status) in 503 | 200) ;; *) fail "the request was answered with $(cat status)" ;; esac

test='the port is taken'
start
"$tuwen" serve -m "$model" --listen "${url#http://}" >out2 2>log2
[ $? = 2 ] && grep -q -- "--listen ${url#http://}: " log2 || fail 'no complaint'
end
