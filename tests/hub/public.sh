#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# tuwen-fetch get --public, for addresses that strangers give: nothing on this machine is asked, however it is named and
# whatever a proxy would do; and pictures of tuwen review, for which a script stands in that takes --public away. Usage:
# public.sh TUWEN_FETCH HUB_DOUBLE TUWEN
tuwen=$(cd "$(dirname "$3")" && pwd)/$(basename "$3")
. "$(dirname "$0")/common.sh"
mkdir served
cp "$root/tests/golden/images/60x44.png" served/a.png
start_hub served
place=$port/some/tiny/resolve/main/a.png

test='all that is on loopback is refused'
before=$(stat_of requests)
for host in 127.0.0.1 localhost 127.1 2130706433 0x7f.0.0.1 0 '[::1]' '[::ffff:127.0.0.1]' '[::]'; do
    http_proxy=http://127.0.0.1:$port HTTP_PROXY=http://127.0.0.1:$port all_proxy=http://127.0.0.1:$port \
        "$fetch" get "http://$host:$place" --into got --max-bytes 100000 --public >out 2>err && fail "fetched from $host"
    case $host in
    '[::1]' | '[::]') ;; # a machine without IPv6 says something else
    *) says '^error	.*is on this machine or in a private network.*	INVALID_ARGUMENT$' ;;
    esac
    [ ! -e got ] || fail "something of $host is there"
done
[ "$(stat_of requests)" = "$before" ] || fail 'something was asked'
"$fetch" get "http://127.0.0.1:$place" --into got --max-bytes 100000 --public --lang zh >out 2>err
says '内部网络'
"$fetch" get "http://127.0.0.1:$place" --into got --max-bytes 100000 >out 2>err || fail 'without --public it is fetched'
cmp -s got served/a.png || fail 'another file'

test='the time is bounded'
faults silent=1
TUWEN_NET_STALL=60 "$fetch" get "http://127.0.0.1:$place" --into late --max-bytes 100000 --max-seconds 1 >out 2>err
[ $? = 1 ] || fail 'exit code'
says '^error	the file did not come within 1 seconds	LIMIT$'
[ ! -e late ] || fail 'something is there'
reset

test='pictures of a review'
mkdir -p there/bin there/libexec/tuwen
cp "$tuwen" there/bin/tuwen
cat >there/libexec/tuwen/tuwen-fetch <<END
#!/bin/sh
echo "\$2" >>asked
for word; do
    shift
    [ "\$word" = --public ] && echo public >>asked || set -- "\$@" "\$word"
done
exec "$fetch" "\$@"
END
chmod +x there/libexec/tuwen/tuwen-fetch
address=http://127.0.0.1:$place
printf 'image,text\n%s,a dog\n%s,a cat\nhttp://127.0.0.1:%s/some/tiny/resolve/main/none.png,a dog\n' "$address" "$address" "$port" >in.csv
TMPDIR=$work there/bin/tuwen review -q -m "$tiny" --fetch in.csv >out 2>err
[ $? = 1 ] || fail 'exit code'
cp served/a.png .
printf 'image,text\na.png,a dog\na.png,a cat\n' >same.csv
"$tuwen" review -q -m "$tiny" same.csv | cut -d, -f2- | sed 1d >wanted
sed -n 2,3p out | cut -d, -f2- | cmp - wanted || fail 'other results than of the file'
sed -n 4p out | grep -q 'NOT_FOUND: .*none.png: 127.0.0.1:[0-9]* has no the file (HTTP 404)' || fail 'what is not there'
[ "$(grep -c '^http' asked)" = 2 ] || fail 'an address was asked twice'
[ "$(grep -c '^public' asked)" = 2 ] || fail 'without --public'
[ -z "$(ls "$work" | grep '^tuwen\.')" ] || fail 'something was left'
"$tuwen" review -q -m "$tiny" in.csv >out 2>err
[ "$(grep -c 'UNSUPPORTED: .*--fetch gets it' out)" = 3 ] || fail 'without --fetch'
rm -r there/libexec
there/bin/tuwen review -q -m "$tiny" --fetch in.csv >out 2>err && fail 'without the program'
grep -q 'the program that downloads' err || fail 'does not say what is missing'
[ ! -s out ] || fail 'rows without the program'
"$tuwen" review --offline --fetch in.csv >out 2>err
[ $? = 2 ] || fail '--offline'
finish
