#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The longest files (over 700 lines) and functions (over 80) of the C sources, longest first: a list for reading, not a
# check. With a number, that many of each are listed whatever their length.
set -eu
cd "$(dirname "$0")/.."
number=${1:-}
files=$(find include src apps bindings tests -name '*.[ch]' -o -name '*.inc' | LC_ALL=C sort)

# Only what is over the limit, or the first `number` lines.
cut_at() {
    if [ -n "$number" ]; then head -n "$number"; else awk -v limit="$1" '$1 > limit'; fi
}

echo 'lines  file'
# shellcheck disable=SC2086 # no name has a space
wc -l $files | awk '$2 != "total" { printf "%5d  %s\n", $1, $2 }' | sort -rn | cut_at 700

echo 'lines  function'
# The style of the tree puts the braces of a function, and nothing else of it, in the first column.
# shellcheck disable=SC2086
awk '
FNR == 1 { open = 0; head = "" }
/^[a-zA-Z_].*\(/ { head = $0 }
/^\{/ { if (head != "") open = FNR }
/^\}/ {
    if (open) {
        name = head
        sub(/\(.*/, "", name)
        sub(/.*[ *]/, "", name)
        printf "%5d  %s:%d %s\n", FNR - open + 1, FILENAME, open, name
    }
    open = 0
    head = ""
}' $files | sort -rn | cut_at 80
