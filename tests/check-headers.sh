#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Compiles each public header alone as strict C11 and C17, and as C++11 and C++20.
set -eu
cd "${TUWEN_SOURCE:-$(dirname "$0")/..}"
cxx=${CXX:-$(command -v g++ || command -v clang++ || true)}
bad=0
for header in include/tuwen/*.h; do
    name=tuwen/${header##*/}
    for standard in c11 c17; do
        ${CC:-cc} -std=$standard -pedantic-errors -Wall -Wextra -Wshadow -Wstrict-prototypes -Wundef -Werror -fsyntax-only \
            -Iinclude -DHEADER="\"$name\"" tests/header.c || bad=1
    done
    [ -n "$cxx" ] || continue
    for standard in c++11 c++20; do
        $cxx -std=$standard -pedantic-errors -Wall -Wextra -Wshadow -Wundef -Werror -fsyntax-only \
            -Iinclude -DHEADER="\"$name\"" tests/header.cpp || bad=1
    done
done
[ $bad = 0 ] || exit 1
if [ -z "$cxx" ]; then
    echo 'skipped: no C++ compiler here (as C they compile)'
    exit 77
fi
