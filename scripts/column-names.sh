#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes a list in JavaScript of the names of columns: column-names.sh OUTPUT record_names.def.
set -eu
{
    echo 'const COLUMN_NAMES = {'
    for role in IMAGE TEXT; do
        echo "$(echo $role | tr A-Z a-z): ["
        sed -n "s/^COLUMN_NAME($role, \(\".*\"\))$/\1,/p" "$2"
        echo '],'
    done
    echo '};'
} >"$1"
