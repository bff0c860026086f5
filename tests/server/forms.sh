#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# /v1/match as a form: the answer is that of the same in JSON; what is wrong is told with its part. Usage: see common.sh.
. "$(dirname "$0")/common.sh"
photo=$root/models/demo/pictures/dog.jpg
drawing=$root/models/demo/pictures/house-and-tree.png
start --max-items 20

# form [CURL OPTION]...: the answer is in the files body and head, `status` its number.
form() {
    status=$(curl -s -D head -o body -w '%{http_code}' "$@" "$url/v1/match")
}

test='pictures and texts'
printf '{"images": ["%s", "%s"], "texts": ["a dog", "一只狗", "a house", " a tree "], "instruction": "Find it.", "top": 3}' \
    "$(base64 -w 0 "$photo")" "$(base64 -w 0 "$drawing")" >request
post /v1/match
expect 200
cp body wanted
printf '\357\273\277一只狗\r\n\r\na house\n' >lines
form -F image=@"$photo" -F text='a dog' -F instruction='Find it.' -F texts=@lines -F image=@"$drawing" --form-string text=' a tree ' -F top=3 -F model=any
expect 200
cmp -s wanted body || fail "$(diff wanted body)"

test='one of each, as curl sends it'
form -F image=@"$photo" -F text='a dog'
expect 200 '"errors":\[\]'
form -H 'Transfer-Encoding: chunked' -F image=@"$photo" -F text='a dog'
expect 200 '"errors":\[\]'

test='what cannot be used does not stop the others'
head -c 400 "$photo" >cut.jpg
: >empty
form -F image=@cut.jpg -F image=@"$photo" -F image=@empty -F text= -F text='a dog'
expect 200 '"image":0,"param":"part 1 (image)","status":"BAD_IMAGE"'
expect 200 '"image":2,"param":"part 3 (image)","status":"BAD_IMAGE","message":"part 3 (image) must be a picture file"'
expect 200 '"index":0,"param":"part 4 (text)","status":"BAD_TEXT","message":"part 4 (text) is an empty text'
[ "$(grep -c '"cosine":' body)" = 1 ] || fail 'the good ones are not matched'
{ echo good; printf 'data:image/png;base64,AAAA\n'; } >lines
form -F image=@"$photo" -F texts=@lines
expect 200 '"param":"part 2 (texts), line 2","status":"BAD_TEXT"'

test='as many as --max-items says, and no more'
set --
for i in $(seq 20); do set -- "$@" -F text="text $i"; done
form -F image=@"$photo" "$@"
expect 200
form -F image=@"$photo" "$@" -F texts='one more'
expect 413 'text has 21 elements; the limit is 20, which --max-items sets'
form -F image=@"$photo" "$@" "$@" "$@"
expect 413 'more than 56 parts, which is the limit with --max-items 20'

# refused STATUS PATTERN CURL-OPTION...
refused() {
    test=$*
    number=$1 pattern=$2
    shift 2
    form "$@"
    expect "$number" "$pattern"
}
refused 400 '"code":"missing_field".*"param":"image"' -F text=a
refused 400 '"code":"missing_field".*"param":"text"' -F image=@"$photo"
refused 400 '"code":"missing_field".*"param":"text"' -F image=@"$photo" -F texts=
refused 400 'part 3 (picture) is not known here' -F image=@"$photo" -F text=a -F picture=b
refused 400 'part 1 is not known here' -F '图=a' -F image=@"$photo" -F text=a
refused 400 'part 4 (top) has the name of an earlier part' -F image=@"$photo" -F text=a -F top=1 -F top=2
refused 400 'top must be 1, 2, 3' -F image=@"$photo" -F text=a -F top=
refused 400 'top must be 1, 2, 3' -F image=@"$photo" -F text=a -F top=-1
refused 400 'top must be 1, 2, 3' -F image=@"$photo" -F text=a -F top=0
refused 400 'part 2 (text) must be text in UTF-8' -F image=@"$photo" -F text="$(printf '\377')"
refused 400 '"code":"invalid_form"' -H 'Content-Type: multipart/form-data; boundary=B' --data-binary @lines
refused 415 'must be JSON.*or a form' -H 'Content-Type: text/plain' -d image=a
refused 415 'must be JSON.*or a form' -H "Origin: $url" -d '{}'
refused 400 '"code":"invalid_json"' -d image=a
refused 400 '"code":"empty_body"' -H 'Content-Type: multipart/form-data; boundary=B' -d ''

test='a page of another site may not send forms'
# Browsers send them without asking first, and say whose page it is.
for origin in http://evil.example null http://localhost.evil.example "${url%:*}"; do
    form -H "Origin: $origin" -F image=@"$photo" -F text='a dog'
    expect 403 origin_not_allowed
done
form -H "Origin: $url" -F image=@"$photo" -F text='a dog'
expect 200 '"profile":"tuwen-demo"'
form -F image=@"$photo" -F text='a dog' -F profile=none
expect 200 '"match":null'
stop

test='with keys as well'
( umask 077; echo 'a-key-of-sixteen-letters' >keys )
start --keys keys
form -F image=@"$photo" -F text='a dog'
expect 401
form -H 'Authorization: Bearer a-key-of-sixteen-letters' -H 'Origin: http://evil.example' -F image=@"$photo" -F text='a dog'
expect 403 origin_not_allowed
end
