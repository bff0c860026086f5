#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs the recipes as they are printed: in every block ```console of docs/recipes/*.md a line that begins with "$ " is a
# command (a backslash at its end continues it), and the lines below it are what it must print on standard output
# (numbers as compare.awk compares them). The
# commands of one document run one after the other in one folder, where docs and models lie as in the source tree.
set -eu
cd "${TUWEN_SOURCE:-$(dirname "$0")/..}"
source=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin"
ln -s "$TUWEN_BUILD/tuwen" "$work/bin/tuwen"
unset TUWEN_MODEL XDG_DATA_HOME XDG_CONFIG_HOME LANG LC_MESSAGES LANGUAGE
bad=0
commands=0

# run COMMAND EXPECTED: in the document's folder.
run() {
    commands=$((commands + 1))
    (cd "$here" && HOME=$work/home PATH=$work/bin:$PATH LC_ALL=C.UTF-8 TUWEN_CACHE=off sh -c "$1" </dev/null >"$work/out" 2>"$work/err") || true
    sed 's/[ ]*$//' "$work/out" >"$work/got"
    if ! awk -v expected="$2" -v actual="$work/got" -f tests/compare.awk >"$work/difference"; then
        echo "$document: $1"
        cat "$work/difference"
        sed 's/^/standard error: /' "$work/err"
        bad=1
    fi
}

for document in docs/recipes/*.md; do
    here=$work/$(basename "$document" .md)
    mkdir -p "$here"
    ln -s "$source/docs" "$source/models" "$here"
    awk '/^```/ { inside = $0 == "```console"; next } inside' "$document" >"$work/lines"
    command= more=
    : >"$work/want"
    while IFS= read -r line || [ -n "$line" ]; do
        if [ -n "$more" ]; then
            command="$command $line"
        else
            case $line in
            '$ '*)
                [ -z "$command" ] || run "$command" "$work/want"
                command=${line#'$ '}
                : >"$work/want"
                ;;
            *)
                printf '%s\n' "$line" >>"$work/want"
                continue
                ;;
            esac
        fi
        more=
        case $command in *\\) more=1 command=${command%\\} ;; esac
    done <"$work/lines"
    [ -z "$command" ] || run "$command" "$work/want"
done
[ $commands -ge 3 ] || {
    echo "check-recipes: found only $commands commands: the documents have another form?"
    bad=1
}
exit $bad
