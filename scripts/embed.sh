#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes a file a C array, `NAME` and `NAME_size`: embed.sh OUTPUT NAME FILE
set -eu
{
    echo "/* Made by scripts/embed.sh. */"
    echo "#include <stddef.h>"
    echo "extern const unsigned char $2[];"
    echo "extern const size_t $2_size;"
    echo "const unsigned char $2[] = {"
    od -An -v -tu1 "$3" | sed 's/  *\([0-9][0-9]*\)/\1,/g'
    echo "};"
    echo "const size_t $2_size = sizeof $2;"
} >"$1"
