#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Puts all C sources into the style of .clang-format, or, with --check, says which are not in it. The style is that of
# clang-format 14; another version may differ in details.
set -eu
cd "$(dirname "$0")/.."
tool=$(command -v clang-format-14 || command -v clang-format)
files=$(find include src apps bindings tests docs -name '*.[ch]' -o -name '*.cpp' -o -name '*.inc' | LC_ALL=C sort)
# shellcheck disable=SC2086 # no name has a space
if [ "${1:-}" = --check ]; then
    "$tool" --dry-run --Werror $files || {
        echo 'Not in the style of .clang-format: `make format` mends it.' >&2
        exit 1
    }
else
    "$tool" -i $files
fi
