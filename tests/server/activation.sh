#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A socket that is handed over as systemd does it is the one that is served on. Usage: activation.sh TUWEN HANDOVER, see
# common.sh.
handover=$TUWEN_BUILD/${2#"$TUWEN_BUILD"/}
. "$(dirname "$0")/common.sh"

# started KIND COUNT [OPTION]...: as `start`, and `port` is that of the socket which was handed over.
started() {
    program=$tuwen kind=$1 count=$2
    shift 2
    cat >starter <<S
#!/bin/sh
exec "$handover" $kind $count "$program" "\$@"
S
    chmod +x starter
    tuwen=$work/starter
    start "$@"
    tuwen=$program
    port=$(sed -n 's/^port //p' log)
}

test='a socket that is listened on'
started listening 1
[ "$url" = "http://127.0.0.1:$port" ] || fail "it listens on $url, not on port $port"
echo '{"input": "a"}' >request
post /v1/embeddings
expect 200 '"object":"list"'
post /v1/embeddings -H 'Host: evil.example'
expect 403 host_not_allowed
stop
[ $code = 0 ] || fail "exit code $code"

test='of another process'
started other 1
[ "$url" != "http://127.0.0.1:$port" ] || fail 'it takes what is not its own'
stop

# ends PATTERN KIND COUNT: the server ends at once with a sentence.
ends() {
    test="$2 $3"
    "$handover" "$2" "$3" "$tuwen" serve -m "$model" --listen 0 >out 2>log
    code=$?
    [ $code = 2 ] || fail "exit code $code"
    grep -q -- "$1" log && [ ! -s out ] || fail 'no complaint'
}
ends 'not a TCP socket that is listened on' bound 1
ends 'not a TCP socket that is listened on' none 1
ends 'takes one' listening 2
end
