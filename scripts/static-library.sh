#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# static-library.sh OUTPUT ARCHIVE... -- COMPILER...: joins whole static libraries into one object in which only the
# public symbols (tuwen_*) stay global, and puts it into the static library OUTPUT.
set -eu
output=$1
shift
archives=
while [ "$1" != -- ]; do
    archives="$archives $1"
    shift
done
shift
object=${output%.a}.o
rm -f "$output" "$object"
# shellcheck disable=SC2086 # no name has a space
"$@" -r -nostdlib -o "$object" -Wl,--whole-archive $archives -Wl,--no-whole-archive
"${OBJCOPY:-objcopy}" --wildcard --keep-global-symbol='tuwen_*' "$object"
"${AR:-ar}" rcs "$output" "$object"
rm -f "$object"
