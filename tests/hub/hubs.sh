#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Pulls that go well: both hubs' dialects, what is taken over, what is said, and what is not fetched twice.
. "$(dirname "$0")/common.sh"
start_hub "$tiny"

test='Hugging Face'
pull_hf 0
same "$tiny"
says "^plan	[1-9][0-9]*	0	9	127.0.0.1:$port"
says '^phase	download'
says '^at	\([0-9]*\)	\1$'
says '^revision	0123456789abcdef0123456789abcdef01234567	unknown'
says '^source	stage$'
[ ! -e stage/vectors.json ] || fail 'took a file that no checkpoint needs'
at_least "$(stat_of resolves)" 9 resolves

test='a second pull fetches nothing'
reset
pull_hf 0
same "$tiny"
[ "$(stat_of bytes)" = 0 ] || fail "fetched $(stat_of bytes) bytes"

test='a finished file that was changed is fetched again'
reset
printf x >>stage/config.json
printf X | dd of=stage/model.safetensors bs=1 seek=5000 conv=notrunc 2>/dev/null
pull_hf 0
same "$tiny"
at_most "$(stat_of contents)" 2 contents

test='ModelScope'
rm -rf stage
reset
pull_modelscope 0
same "$tiny"
says '^revision	master	unknown'
[ "$(stat_of resolves)" = 0 ] || fail 'spoke as Hugging Face'

test='the other hub after the first: the large file is not fetched again'
reset
pull_hf 0
same "$tiny"
at_most "$(stat_of bytes)" 100000 bytes

test='--from an address'
rm -rf stage
pull 0 --from "http://127.0.0.1:$port/"
same "$tiny"

test='--revision'
rm -rf stage
pull_hf 0 --revision 1111111111111111111111111111111111111111
says '^revision	1111111111111111111111111111111111111111	unknown'
pull_hf 1 --revision nothere
says '^error	.*HTTP 404'

test='pages, hostile names'
rm -rf stage
reset
faults page=2 hostile=1
pull_hf 0
same "$tiny"
at_least "$(stat_of listings)" 5 listings
[ -z "$(find . -name '*evil*')" ] || fail 'a hostile name was taken over'
[ ! -e stage/pytorch_model.bin ] || fail 'took pytorch_model.bin'

test='only shards that the index names'
mkdir many
cp "$tiny"/*.json "$tiny"/merges.txt many
cp "$tiny/model.safetensors" many/model-00001-of-00001.safetensors
cp "$tiny/model.safetensors" many/other.safetensors
echo '{"weight_map":{"model.norm.weight":"model-00001-of-00001.safetensors"}}' >many/model.safetensors.index.json
stop_hub
start_hub "$PWD/many"
rm -rf stage
pull_hf 0
same "$PWD/many"
[ -e stage/model-00001-of-00001.safetensors ] && [ ! -e stage/other.safetensors ] || fail 'took other weights'
echo '{"weight_map":{"model.norm.weight":"../../x.safetensors"}}' >many/model.safetensors.index.json
stop_hub
start_hub "$PWD/many"
rm -rf stage
pull_hf 1
says '^error	.*names ../../x.safetensors, which is not in the listing'
stop_hub
start_hub "$tiny"

test='files of an earlier listing do not stay'
rm -rf stage
cp "$tiny/model.safetensors" many/model-00001-of-00001.safetensors
echo '{"weight_map":{"model.norm.weight":"model-00001-of-00001.safetensors"}}' >many/model.safetensors.index.json
stop_hub
start_hub "$PWD/many"
pull_hf 0
stop_hub
start_hub "$tiny"
pull_hf 0
same "$tiny"
[ ! -e stage/model.safetensors.index.json ] && [ ! -e stage/model-00001-of-00001.safetensors ] || fail 'they stay'

test='a large file that is complete is not summed again, unless it was touched'
mkdir large
cp "$tiny"/*.json "$tiny"/merges.txt large
truncate -s 70000000 large/model.safetensors
stop_hub
start_hub "$PWD/large"
rm -rf stage
pull_hf 0
pull_hf 0
says '^plan	70[0-9]*	70'
[ "$(sed -n '1,/^plan/s/^at	.*	//p' out | sort -n | tail -n 1)" -lt 1000000 ] || fail 'summed it again'
printf x | dd of=stage/model.safetensors bs=1 seek=60000000 conv=notrunc 2>/dev/null
pull_hf 0
same "$PWD/large"
rm -r large stage
stop_hub
start_hub "$tiny"

test='tokens go to the hub only'
rm -rf stage
faults token=secret
pull_hf 1
says '^error	.*set HF_TOKEN'
HF_TOKEN=wrong pull_hf 1
says '^error	.*does not accept the login in HF_TOKEN'
HF_TOKEN=secret pull_hf 0
same "$tiny"
[ "$(stat_of leaks)" = 0 ] || fail 'the token went to the redirected address'
says_not secret
rm -rf stage
MODELSCOPE_API_TOKEN=secret pull_modelscope 0
same "$tiny"
reset

test='the published checkpoint: another one in its place is refused'
rm -rf stage
HF_ENDPOINT=http://127.0.0.1:$port pull 1 --id gme-2b --from hf
says '^error	.*than the published one'
HF_ENDPOINT=http://127.0.0.1:$port pull 0 --id gme-2b --from hf --revision main
says '^revision	0123456789abcdef0123456789abcdef01234567	unknown'

test='one file'
"$fetch" get "http://127.0.0.1:$port/some/tiny/resolve/main/merges.txt" --into got --max-bytes 100000 >out 2>err || fail 'get'
cmp -s got "$tiny/merges.txt" || fail 'another content'
rm got
"$fetch" get "http://127.0.0.1:$port/some/tiny/resolve/main/merges.txt" --into got --max-bytes 100 >out 2>err && fail 'too large'
says '^error	.*larger than the 100 bytes'
"$fetch" get "file:///etc/passwd" --into got --max-bytes 100000 >out 2>err && fail 'file:'
says '^error	.*http'
"$fetch" get "http://name:word@127.0.0.1:$port/" --into got --max-bytes 100000 >out 2>err && fail 'a password'
says_not word@
[ ! -e got ] || fail 'left a file'

test='usage'
for arguments in '' 'pull' 'pull --id a/b' 'pull --into x' 'pull --id a/b --into x --jobs 0' 'push' 'get' \
    'pull --id a/b --into x --lang fr' 'get http://x --into y'; do
    # shellcheck disable=SC2086
    "$fetch" $arguments >out 2>err
    [ $? = 2 ] || fail "exit code of: $arguments"
done
for id in a b/c/d ../x a/.. '/a' 'a/b c' ''; do
    "$fetch" pull --id "$id" --into stage >out 2>err && fail "took '$id'"
done
"$fetch" pull --id a/b --into stage --from hf --lang zh >out 2>err
says '没有应答'
finish
