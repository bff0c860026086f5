#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Pictures by address: refused unless --allow-fetch, addresses of this machine and of private networks refused by the real
# tuwen-fetch, and what the server makes of it by one of the test's own. Usage: see common.sh.
# shellcheck source=tests/server/common.sh
. "$(dirname "$0")/common.sh"
image=https://pictures.example/dog.jpg

test='not unless it is allowed'
start
printf '{"image": "%s", "texts": ["a dog"]}' "$image" >request
post /v1/match
expect 400 'does not fetch'
grep -q -- '--allow-fetch' body || fail 'the option is not named'
stop

test='the real one asks nobody here'
start --allow-fetch
for address in "${url}/page/traffic-light.webp" "http://localhost:${url##*:}/page/traffic-light.webp" "http://[::1]:${url##*:}/x" \
    "http://[::ffff:127.0.0.1]:${url##*:}/x" "http://0.0.0.0:${url##*:}/x" "http://2130706433:${url##*:}/x" \
    http://10.0.0.1/x http://169.254.169.254/latest http://192.168.1.1/x 'http://[fd00::1]/x' 'http://[fe80::1]/x' \
    'http://[64:ff9b::7f00:1]/x'; do
    printf '{"image": "%s", "texts": ["a dog"]}' "$address" >request
    post /v1/match
    expect 400 'could not be fetched'
done
grep -q 'path=/page/traffic-light.webp' log && fail 'it asked itself'
stop

# A folder of programs whose tuwen-fetch is ours: it has what is in `pictures`, and writes down what it was asked.
mkdir programs pictures
touch programs/build.ninja
cp "$tuwen" "$(dirname "$tuwen")/tuwen-server" programs
cp "$model/pictures/dog.jpg" pictures
cat >programs/tuwen-fetch <<'FETCH'
#!/bin/sh
echo "$*" >>asked
case $2 in
*/slow.jpg)
    echo $$ >slow
    exec sleep 300
    ;;
https://pictures.example/*)
    [ -e "pictures/${2##*/}" ] && exec cp "pictures/${2##*/}" "$4"
    ;;
esac
printf 'error\tthere is no such picture\tNOT_FOUND\n'
exit 1
FETCH
chmod +x programs/tuwen-fetch
tuwen=$work/programs/tuwen

test='a picture by address is that picture'
mkdir temporary
export TMPDIR="$work/temporary"
start --allow-fetch
printf '{"image": "%s", "texts": ["a dog", "a house"]}' "$image" >request
post /v1/match
expect 200
cp body by-address
printf '{"image": "%s", "texts": ["a dog", "a house"]}' "$(base64 <pictures/dog.jpg | tr -d '\n')" >request
post /v1/match
cmp -s body by-address || fail 'other numbers'
grep -q -- '--public' asked || fail 'not of the public internet only'
printf '{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"%s"}}]}]}' "$image" >request
post /v1/embeddings
expect 200
printf '{"image":"%s","text":"a dog"}\n{"image":"https://pictures.example/none.jpg","text":"a dog"}\n' "$image" >request
curl -s -o body -H 'Content-Type: application/x-ndjson' --data-binary @request "$url/v1/review"
[ "$(grep -c '"error":null' body)" = 1 ] && grep -q 'there is no such picture' body || fail 'the lines'

test='one that is not there'
printf '{"images": ["%s", "https://pictures.example/none.jpg"], "texts": ["a dog"]}' "$image" >request
post /v1/match
expect 200
grep -q '"param":"images\[1\]".*there is no such picture' body || fail 'the reason'

test='a slow one stops nobody, and ends with its client'
printf '{"image": "https://pictures.example/slow.jpg", "texts": ["a dog"]}' >slow-request
curl -s -o /dev/null -H 'Content-Type: application/json' --data-binary @slow-request "$url/v1/match" &
asked=$!
until [ -s slow ]; do :; done
echo '{"input": "a dog"}' >request
post /v1/embeddings
expect 200
kill $asked
wait $asked 2>/dev/null
while kill -0 "$(cat slow)" 2>/dev/null; do :; done
[ -z "$(ls temporary)" ] || fail "left behind: $(ls temporary)"

test='more than a request may name'
{
    printf '{"texts": ["a dog"], "images": ["https://pictures.example/none.jpg"'
    for _ in $(seq 64); do printf ', "%s"' "$image"; done
    printf ']}'
} >request
post /v1/match
expect 200
grep -q '"param":"images\[64\]".*64 addresses' body || fail 'the 65th'
end
