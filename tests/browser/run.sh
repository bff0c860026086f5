#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# One test of the report's page in headless Chromium: run.sh MAKE_REPORT DRIVE READ_DECISIONS NAME. See README.md.
set -u
folder=$(cd "$(dirname "$0")" && pwd)
make=$1 drive=$2 read=$3 name=$4
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
{ echo 'const corpus ='; cat "$folder/corpus.json"; echo ';'; cat "$folder/common.js"
    echo 'await until(() => end !== null && document.readyState === "complete", "the end of the rows");'
    cat "$folder/$name.js"; } >"$work/test.js"

case $name in
hostile) "$make" "$work/report.html" 0 --corpus "$folder/corpus.json" --match ;;
decisions) "$make" "$work/report.html" 40 --corpus "$folder/corpus.json" ;;
*) "$make" "$work/report.html" 3000 --pictures 500 --match ;;
esac || exit 2

# The control: a script that somebody else put into the file must not run, and must be noticed.
if [ "$name" = hostile ]; then
    { cat "$work/report.html"; echo '<script>window.hit = "control"</script>'; } >"$work/control.html"
    echo 'return window.hit === undefined ? [] : ["it ran"];' >"$work/control.js"
    "$drive" "$work/control.html" "$folder/prelude.js" "$work/control.js" >"$work/control.out"
    code=$?
    [ $code = 77 ] && cat "$work/control.out" && exit 77
    if [ $code != 1 ] || ! grep -q 'Content Security Policy' "$work/control.out" || grep -q 'it ran' "$work/control.out"; then
        echo "the control was not noticed (exit code $code):"
        cat "$work/control.out"
        exit 1
    fi
fi
[ "$name" = decisions ] && set -- "$work/decisions.csv" || set --
"$drive" "$work/report.html" "$folder/prelude.js" "$work/test.js" "$@" || exit
[ "$name" != decisions ] || "$read" "$work/decisions.csv" 40 "$folder/corpus.json"
