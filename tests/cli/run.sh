#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs command-line tests: run.sh [--update] TUWEN [NAME...]. See README.md beside it.
#
# NAME.sh is run by sh in an empty folder. Its standard output must be NAME.stdout, its standard error NAME.stderr
# (or match the pattern NAME.stderr.glob), its exit code NAME.exit; a file that is missing stands for nothing and 0.
# Numbers with decimals may differ by one and a half of their last digit, as instruction sets differ.
set -u
folder=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$folder/../.." && pwd)
update=false
[ "${1:-}" = --update ] && update=true && shift
[ $# -ge 1 ] || { echo "usage: run.sh [--update] TUWEN [NAME...]" >&2; exit 2; }
binary=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
shift
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT

# Compares two texts; numbers such as 0.1234 within a tolerance. Prints the first difference.
same() {
    awk -v expected="$1" -v actual="$2" -f "$root/tests/compare.awk"
}

# All commands, for tests that go through them.
commands=$(sed -n 's/^COMMAND([A-Z]*, "\([a-z]*\)".*/\1/p' "$root/apps/cli/commands.def")

run_one() {
    name=$1
    place=$work/$name
    mkdir -p "$place/bin" "$place/home" "$place/run"
    ln -s "$binary" "$place/bin/tuwen"
    ln -s "$root/tests/golden/tiny" "$place/run/tiny"
    ln -s "$root/tests/golden/images" "$place/run/images"
    ln -s "$root/models/demo" "$place/run/demo"
    (
        cd "$place/run" || exit 2
        unset TUWEN_MODEL TUWEN_ISA TUWEN_CACHE TUWEN_CACHE_SIZE XDG_CACHE_HOME XDG_CONFIG_HOME XDG_DATA_HOME COLUMNS NO_COLOR LANG LANGUAGE LC_MESSAGES LC_CTYPE
        PATH=$place/bin:$PATH HOME=$place/home TESTS=$folder COMMANDS=$commands LC_ALL=C.UTF-8 TERM=xterm-256color \
            sh "$folder/$name.sh" >"$place/stdout.raw" 2>"$place/stderr.raw" </dev/null
        echo $? >"$place/exit"
    )
    sed "s|$root|ROOT|g" "$place/stderr.raw" >"$place/stderr"
    sed "s|$root|ROOT|g; s/\"space\":\"[0-9a-f]\{16\}\"/\"space\":\"SPACE\"/" "$place/stdout.raw" >"$place/stdout"
    if grep -q '^# mask: sizes$' "$folder/$name.sh"; then
        sed -E -i 's/ *[0-9.]+ (bytes|kB|MB|KiB|MiB)/ SIZE/g; s/(cut at byte [0-9]+ of) [0-9]+$/\1 SIZE/; s/  +size  /  size  /; /"(file_)?bytes":/d' "$place/stdout" "$place/stderr"
    fi
    code=$(cat "$place/exit")
    [ "$code" = 77 ] && { skipped=$((skipped + 1)); echo "skipped: $name"; return; }
    if $update; then
        for part in stdout stderr; do
            [ -e "$folder/$name.$part.glob" ] && continue
            if [ -s "$place/$part" ]; then cp "$place/$part" "$folder/$name.$part"; else rm -f "$folder/$name.$part"; fi
        done
        if [ "$code" = 0 ]; then rm -f "$folder/$name.exit"; else cp "$place/exit" "$folder/$name.exit"; fi
        return
    fi
    good=true
    for part in stdout stderr; do
        expected=$folder/$name.$part
        if [ -e "$expected.glob" ]; then
            # shellcheck disable=SC2254
            case $(cat "$place/$part") in
            $(cat "$expected.glob")) ;;
            *) good=false; echo "$name: $part does not match $name.$part.glob:"; sed 's/^/    /' "$place/$part" ;;
            esac
            continue
        fi
        [ -e "$expected" ] || expected=/dev/null
        same "$expected" "$place/$part" >"$place/difference" && continue
        good=false
        echo "$name: $part differs"
        cat "$place/difference"
    done
    wanted=0
    [ -e "$folder/$name.exit" ] && wanted=$(cat "$folder/$name.exit")
    [ "$code" = "$wanted" ] || { good=false; echo "$name: exit code $code instead of $wanted"; }
    if $good; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
}

if [ $# -eq 0 ]; then
    for script in "$folder"/*.sh; do
        name=$(basename "$script" .sh)
        [ "$name" = run ] && continue
        grep -q "'$name'" "$folder/meson.build" || echo "note: $name is not listed in tests/cli/meson.build"
        set -- "$@" "$name"
    done
fi
passed=0 failed=0 skipped=0
for name in "$@"; do
    [ -e "$folder/$name.sh" ] || { echo "there is no test $name"; exit 2; }
    run_one "$name"
done
$update && { echo "updated: $#"; exit 0; }
echo "passed: $passed, failed: $failed, skipped: $skipped"
[ "$failed" -eq 0 ] || exit 1
[ "$passed" -gt 0 ] || exit 77
