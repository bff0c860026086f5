#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# clang-tidy over the C sources of src, apps and bindings, as the build folder $1 compiles them, on all cores.
set -eu
cd "$(dirname "$0")/.."
folder=$1
tool=$(command -v clang-tidy-14 || command -v clang-tidy)
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! sed -n 's/^ *"file": "\(.*\)",*$/\1/p' "$folder/compile_commands.json" | sed 's,^[.][.]/,,' |
    grep -E '^(.*/)?(src|apps|bindings)/[^ ]*[.]c$' | LC_ALL=C sort -u |
    while IFS= read -r file; do [ ! -e "$file" ] || echo "$file"; done | # not what the build makes
    xargs -P "$(nproc)" -n 1 "$tool" --quiet -p "$folder" \
        --extra-arg=-Wno-unknown-warning-option --extra-arg=-Wno-ignored-optimization-argument >"$log" 2>/dev/null; then
    cat "$log"
    exit 1
fi
