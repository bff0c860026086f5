#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs into an empty folder, and builds and runs a small client there, as a user of the library would: against the
# shared library and against the static one, with what pkg-config says.
set -eu
cd "${TUWEN_SOURCE:-$(dirname "$0")/..}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
DESTDIR=$work/root meson install -C "$TUWEN_BUILD" --no-rebuild --quiet >"$work/log" 2>&1 || {
    cat "$work/log"
    exit 1
}
find "$work/root" -type f -o -type l | sed "s,^$work/root,," | LC_ALL=C sort
module=$(find "$work/root" -name tuwen.pc)
libraries=$(dirname "$(dirname "$module")")
prefix=$(sed -n 's/^prefix=//p' "$module")

# The staged tree as if it were installed for good: its prefix is where it lies.
mkdir "$work/pkgconfig"
for name in tuwen tuwen-static; do
    sed "s,^prefix=.*,prefix=$work/root$prefix," "$(dirname "$module")/$name.pc" >"$work/pkgconfig/$name.pc"
done
export PKG_CONFIG_PATH="$work/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}"

# Installed names that others rely on.
for file in "$libraries/libtuwen.so.0" "$libraries/libtuwen.so" "$libraries/libtuwen.a"; do
    [ -e "$file" ] || {
        echo "not installed: ${file##*/}"
        exit 1
    }
done
[ "$(pkg-config --modversion tuwen)" = "$(scripts/version.sh)" ]
[ -x "$work/root$prefix/libexec/tuwen/tuwen-fetch" ] || {
    echo 'not installed: tuwen-fetch'
    exit 1
}
# Only tuwen-fetch may open connections.
for file in "$work/root$prefix/bin/tuwen" "$libraries/libtuwen.so"; do
    if readelf -d "$file" | grep -i 'NEEDED.*\(curl\|gnutls\|ssl\)'; then
        echo "${file##*/} links a network library"
        exit 1
    fi
done
readelf -d "$libraries/libtuwen.so" | grep 'SONAME.*\[libtuwen[.]so[.]0\]'

# build NAME MODULE
build() {
    # shellcheck disable=SC2046,SC2086
    ${CC:-cc} -std=c11 -Wall -Wextra -Werror ${SANITIZE:-} $(pkg-config --cflags "$2") -o "$work/$1" tests/install.c \
        $(pkg-config --libs "$2")
}
build shared tuwen
LD_LIBRARY_PATH=$libraries "$work/shared" "$(scripts/version.sh)"
readelf -d "$work/shared" | grep -q 'NEEDED.*\[libtuwen[.]so[.]0\]' || {
    echo 'the shared client does not use libtuwen.so.0'
    exit 1
}

build static tuwen-static
"$work/static" "$(scripts/version.sh)"
if readelf -d "$work/static" | grep 'NEEDED.*libtuwen'; then
    echo 'the static client still needs libtuwen.so'
    exit 1
fi
