#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# docs/examples/match.c works, its error messages too, and docs/api.md shows its code as it is.
set -eu
cd "${TUWEN_SOURCE:-$(dirname "$0")/..}"
example=$TUWEN_BUILD/${1#"$TUWEN_BUILD"/}
model=tests/golden/tiny
picture=tests/golden/images/60x44.png

"$example" $model $picture 'a dog' '一只狗' | awk '
    { print }
    $1 !~ /^[01][.][0-9][0-9]$/ || $2 != "cosine" || $3 !~ /^-?0[.][0-9]+$/ { bad = 1 }
    END { exit bad || NR != 2 }'
if "$example" $model/nowhere $picture 'a dog' 2>"$TUWEN_BUILD/example.txt" || ! grep -q '^NOT_FOUND: .*tiny/nowhere' "$TUWEN_BUILD/example.txt"; then
    echo 'a missing model is not reported:'
    cat "$TUWEN_BUILD/example.txt"
    exit 1
fi

# Every line of a ```c block in the guide is a line of the example or of a public header.
sed 's/^ *//' docs/examples/match.c include/tuwen/*.h >"$TUWEN_BUILD/example.txt"
sed -n '/^```c$/,/^```$/p' docs/api.md | sed 's/^ *//' | grep -v '^```\|^$' | while IFS= read -r line; do
    grep -qxF -- "$line" "$TUWEN_BUILD/example.txt" || {
        echo "docs/api.md: not in docs/examples/match.c: $line"
        exit 1
    }
done
