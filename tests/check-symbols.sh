#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# check-symbols.sh SHARED STATIC -- ARCHIVE...: what the libraries export and what our own objects use.
#   - only tuwen_ symbols are global in the shared and the static library, and both have every function of the headers;
#   - our objects (the archives) neither exit nor abort nor print, and hold no data that can change.
set -eu
cd "${TUWEN_SOURCE:-$(dirname "$0")/..}"
shared=$TUWEN_BUILD/${1#"$TUWEN_BUILD"/}
static=$TUWEN_BUILD/${2#"$TUWEN_BUILD"/}
shift 3
bad=0

# nm prints "address type name". Symbols of a sanitizer begin with underscores, locks of OpenMP with ".gomp".
"${NM:-nm}" -D --defined-only "$shared" | awk 'NF == 3 { print $3 }' | grep -v '^__\|^_init$\|^_fini$' | LC_ALL=C sort -u >"$TUWEN_BUILD/symbols-shared.txt"
"${NM:-nm}" -g --defined-only "$static" | awk 'NF == 3 { print $3 }' | grep -v '^__\|^[.]gomp' | LC_ALL=C sort -u >"$TUWEN_BUILD/symbols-static.txt"
for list in shared static; do
    if grep -v '^tuwen_' "$TUWEN_BUILD/symbols-$list.txt"; then
        echo "^ the $list library exports these, which do not begin with tuwen_"
        bad=1
    fi
done

sed -n 's/^TUWEN_API .*[ *]\(tuwen_[a-z0-9_]*\)(.*/\1/p' include/tuwen/*.h | LC_ALL=C sort -u >"$TUWEN_BUILD/symbols-headers.txt"
[ "$(grep -c . "$TUWEN_BUILD/symbols-headers.txt")" -ge 15 ] || {
    echo 'check-symbols: the headers declare fewer than 15 functions: they have another form?'
    bad=1
}
for list in shared static; do
    if ! diff "$TUWEN_BUILD/symbols-headers.txt" "$TUWEN_BUILD/symbols-$list.txt"; then
        echo "^ < declared in the headers, > exported by the $list library"
        bad=1
    fi
done

for archive; do
    archive=$TUWEN_BUILD/${archive#"$TUWEN_BUILD"/}
    if "${NM:-nm}" -u "$archive" | awk '{ print $NF }' | sed 's/@.*//' | LC_ALL=C sort -u |
        grep -xE '(_?_?exit|_Exit|quick_exit|abort|__assert_fail|(__)?v?f?printf(_chk)?|(f?put[sc]|putchar|perror|fwrite)(_unlocked)?|stdout|stderr|strtok|atoi|atof|gets|(__)?v?sprintf(_chk)?|strcat|setlocale|rand|srand)'; then
        echo "^ ${archive##*/} uses these: a library does not exit, abort, print, or keep global state"
        bad=1
    fi
    [ -z "${SANITIZE:-}" ] || continue # whose checks keep data of their own
    if "${OBJDUMP:-objdump}" -t "$archive" | awk '$2 ~ /^[.](data|bss|tdata|tbss)/ || $3 ~ /^[.](data|bss|tdata|tbss)/ || $4 ~ /^[.](data|bss|tdata|tbss)/ || /[*]COM[*]/' |
        grep -vE '[.]data[.]rel[.]ro| [.](data|bss|tdata|tbss)$|__(asan|ubsan|odr_asan|tsan|sancov|llvm)|[.]L(ubsan|asan)|[.]gomp_critical| d[a-z]* [.]data' | awk '{ print $NF }' | grep .; then
        echo "^ ${archive##*/} has these variables: a library keeps no global state"
        bad=1
    fi
done
exit $bad
