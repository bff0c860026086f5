#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# check-offline.sh TUWEN_FETCH TUWEN_SERVER TUWEN LIBTUWEN: neither the command nor the library can open or answer a connection:
# they call nothing of the system that would, nor do they need a library whose business it is. Only tuwen-fetch and
# tuwen-server do, and this check must see it there; and the server cannot reach out: it connects to nobody.
set -eu

# Prints what of `binary` could open a connection.
connections() {
    "${NM:-nm}" -D --undefined-only "$1" | awk '{ print $NF }' | sed 's/@.*//' |
        grep -xE 'socket|socketpair|connect|bind|listen|accept4?|send(to|msg|mmsg)?|recv(from|msg|mmsg)?|getaddrinfo|gethostby.*|res_.*|dlopen|dlmopen|curl_.*' || :
    readelf -d "$1" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' | grep -E 'curl|ssl|gnutls|nghttp|resolv|microhttpd' || :
}

bad=0
fetch=$TUWEN_BUILD/${1#"$TUWEN_BUILD"/} server=$TUWEN_BUILD/${2#"$TUWEN_BUILD"/}
shift 2
for sign in curl_easy_init libcurl; do
    connections "$fetch" | grep -q "$sign" || {
        echo "check-offline: does not see that ${fetch##*/} has $sign"
        bad=1
    }
done
for sign in listen libmicrohttpd; do
    connections "$server" | grep -q "$sign" || {
        echo "check-offline: does not see that ${server##*/} has $sign"
        bad=1
    }
done
if connections "$server" | grep -E '^(connect|curl_.*|libcurl.*|gethostby.*|res_.*)'; then
    echo "^ ${server##*/} has these"
    bad=1
fi
for binary; do
    binary=$TUWEN_BUILD/${binary#"$TUWEN_BUILD"/}
    [ "$("${NM:-nm}" -D --undefined-only "$binary" | grep -c .)" -ge 20 ] || {
        echo "check-offline: nm shows too little of ${binary##*/}"
        bad=1
    }
    found=$(connections "$binary")
    [ -z "$found" ] || {
        echo "$found"
        echo "^ ${binary##*/} has these"
        bad=1
    }
done
exit $bad
