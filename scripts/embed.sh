#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes C arrays of files: embed.sh OUTPUT FILE... Of a file dog.jpg they are called dog_jpg and dog_jpg_size.
set -eu
output=$1
shift
{
    echo "/* Made by scripts/embed.sh. */"
    echo "#include <stddef.h>"
    for file; do
        name=$(basename "$file" | tr -c 'A-Za-z0-9\n' _)
        echo "extern const unsigned char $name[];"
        echo "extern const size_t ${name}_size;"
        echo "const unsigned char $name[] = {"
        od -An -v -tu1 "$file" | sed 's/  *\([0-9][0-9]*\)/\1,/g'
        echo "};"
        echo "const size_t ${name}_size = sizeof $name;"
    done
} >"$output"
