#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# /v1/match gives the numbers of `tuwen match`; items that cannot be used do not stop the others. Usage: see common.sh.
. "$(dirname "$0")/common.sh"
photo=$root/models/demo/pictures/dog.jpg
drawing=$root/models/demo/pictures/house-and-tree.png

# Text, cosine, score, match (with a profile), share and band of each result, a line each.
results() {
    grep '"cosine":' "$1" | sed 's/.*"text":"\([^"]*\)"/\1/; s/"index":[0-9]*,//; s/"advice":"[^"]*",//; s/,"truncated".*//' |
        awk -F '[,:]' '{ printf "%s", $1; for (i = 3; i <= NF; i += 2) printf " %s", $i ~ /^-?[0-9.e-]+$/ ? sprintf("%.5f", $i) : $i; print "" }'
}

"$tuwen" match -q --json -m "$model" -i "$photo" -i "$drawing" 'a dog' '一只狗' 'a house and a tree' 'a cup' >wanted.json
"$tuwen" match -q --json -m "$model" -i "$photo" -i "$drawing" 'a dog' '一只狗' 'a house and a tree' 'a cup' --profile none >plain.json
start

test='pictures and texts'
{
    printf '{"images": ["'
    base64 -w 0 "$photo"
    printf '", "%s"], "texts": ["a dog", "一只狗", "a house and a tree", "a cup"]}' "$(picture "$drawing")"
} >request
cp request both
post /v1/match
expect 200 '"errors":\[\]'
results wanted.json >wanted
results body >got
[ "$(wc -l <got)" = 8 ] && cmp -s wanted got || fail "$(diff wanted got)"
grep -q '"match":0\.[0-9]' body || fail 'no probabilities, though the checkpoint has a profile'
grep -q '"share":0\.[0-9]*' body || fail 'no shares'
grep -q '"advice":"' body || fail 'no advice'

test='the shares of a picture add up to 1'
awk 'match($0, /"share":[0-9.]*/) { sum += substr($0, RSTART + 8, RLENGTH - 8) } END { exit !(sum > 1.99999 && sum < 2.00001) }' body ||
    fail 'they do not'

test='the best only'
sed -i 's/"images"/"top": 1, "images"/' request
post /v1/match
expect 200
[ "$(results body | wc -l)" = 2 ] || fail 'not one of each picture'

test='items that cannot be used'
printf '{"images": ["%s", "data:image/png;base64,AAAA", "https://example.com/a.png"], "texts": ["a dog", "", 5, "%s"]}' \
    "$(base64 -w 0 "$photo")" "$(picture "$drawing")" >request
post /v1/match
expect 200 '"param":"images\[1\]","status":"BAD_IMAGE"'
expect 200 'images\[2\] is an address'
expect 200 'texts\[1\] is an empty text'
expect 200 'texts\[2\] must be a string'
expect 200 'texts\[3\] is a picture in base64'
[ "$(results body | wc -l)" = 1 ] || fail 'the good ones are not matched'

test='one text in the place of a list; both, and neither'
printf '{"images": "%s", "texts": "a dog"}' "$(base64 -w 0 "$photo")" >request
post /v1/match
expect 200 '"text":"a dog"'
printf '{"image": "a", "images": ["b"], "texts": ["a dog"]}' >request
post /v1/match
expect 400 'image and images cannot both be given'
printf '{"image": "%s", "texts": 5}' "$(picture "$drawing")" >request
post /v1/match
expect 400 'texts must be a string, or a list of them'
printf '{"image": "a"}' >request
post /v1/match
expect 400 'either text or texts is missing'

test='the language that is asked for'
printf '{"image": "data:image/png;base64,AAAA", "text": "a dog"}' >request
post /v1/match
expect 400 '"message":"image: is not a picture in a known format'
for accept in zh-CN 'fr, zh-TW;q=0.8, en;q=0.7' 'en;q=0.5,ZH' 'en;q=0, zh;q=0.001'; do
    post /v1/match -H "Accept-Language: $accept"
    expect 400 '不是'
done
for accept in en-US 'zh;q=0.1, en' fr '*' 'zh;q=0' 'zh;q=9' zhx ',;q=, z' ''; do
    post /v1/match -H "Accept-Language: $accept"
    expect 400 picture
done
printf '{' >request
post /v1/match -H 'Accept-Language: zh'
expect 400 '请求体不是有效的 JSON'

test='nothing that can be used'
printf '{"image": "data:image/png;base64,AAAA", "text": "a dog"}' >request
post /v1/match
expect 400 '"param":"image"'

test='another instruction, for which the profile does not hold'
printf '{"image": "%s", "text": "a dog", "instruction": "Another one."}' "$(picture "$photo")" >request
post /v1/match
expect 200 '"cosine"'
grep -q '"match":null' body || fail 'a probability'

test='a profile that was asked for'
stop
start --profile "$model/profile.json"
post /v1/match
expect 400 profile_not_fitting

test='without a profile'
stop
start --profile none
cp both request
post /v1/match
expect 200
results plain.json >wanted
results body >got
[ "$(wc -l <got)" = 8 ] && cmp -s wanted got || fail "$(diff wanted got)"

test='profiles to choose from'
stop
export XDG_CONFIG_HOME="$work"
mkdir -p tuwen/profiles
sed 's/^  "name": .*/  "name": "shop",/; s/"intercept": -[0-9.]*/"intercept": -1.5/' "$model/profile.json" >tuwen/profiles/shop.json
"$tuwen" match -q --json -m "$model" -i "$photo" -i "$drawing" 'a dog' '一只狗' 'a house and a tree' 'a cup' --profile shop >shop.json
! cmp -s shop.json wanted.json || fail 'it says what the other says'
start --profile shop --profile "$model/profile.json"
curl -s "$url/v1/models" >body
grep -q '"profiles":\["shop","tuwen-demo"\]' body || fail 'they are not listed'
# judges MEMBER FILE PROFILE: what the command has in FILE.
judges() {
    sed "s/\"images\"/$1\"images\"/" both >request
    post /v1/match
    expect 200 "$3"
    results "$2" >wanted
    results body >got
    [ "$(wc -l <got)" = 8 ] && cmp -s wanted got || fail "$1: $(diff wanted got)"
}
judges '' shop.json '"profile":"shop"'
judges '"profile": null, ' shop.json '"profile":"shop"'
judges '"profile": "shop", ' shop.json '"profile":"shop"'
judges '"profile": "tuwen-demo", ' wanted.json '"profile":"tuwen-demo"'
judges '"profile": "none", ' plain.json '"match":null'
sed 's/"images"/"profile": "Shop", "images"/' both >request
post /v1/match
expect 400 '"there is no profile of that name; there are: shop, tuwen-demo, none",.*unknown_profile.*"param":"profile"'
sed 's/"images"/"profile": 5, "images"/' both >request
post /v1/match
expect 400 'profile must be a string'
sed 's/"images"/"instruction": "Another one.", "images"/' both >request
post /v1/match
expect 400 profile_not_fitting
sed 's/"images"/"instruction": "Another one.", "profile": "none", "images"/' both >request
post /v1/match
expect 200 '"match":null'
printf '{"image": "%s", "text": "a dog", "regions": false, "profile": "tuwen-demo"}' "$(picture "$photo")" >request
post /v1/explain
expect 200 '"profile":"tuwen-demo"'

test='none, unless it is chosen'
stop
start --profile none --profile shop
judges '' plain.json '"match":null'
judges '"profile": "shop", ' shop.json '"profile":"shop"'

test="the checkpoint's own by its name"
stop
start
curl -s "$url/v1/models" >body
grep -q '"profiles":\["tuwen-demo"\]' body || fail 'it is not listed'
judges '"profile": "tuwen-demo", ' wanted.json '"profile":"tuwen-demo"'
judges '"profile": "none", ' plain.json '"match":null'
sed 's/"images"/"instruction": "Another one.", "profile": "tuwen-demo", "images"/' both >request
post /v1/match
expect 400 profile_not_fitting

test='in Chinese'
stop
start --lang zh
printf '{"image": "%s", "text": "a dog"}' "$(picture "$photo")" >request
post /v1/match
expect 200 '"advice":"[^a-z"]*"'
echo '{"image": "", "text": "a dog"}' >request
post /v1/match
expect 400 '必须是'
end
