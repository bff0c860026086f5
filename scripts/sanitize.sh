#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds with the sanitizers $1 (as for meson's b_sanitize) in the folder $2 and runs the tests there: all of them, or
# under the thread sanitizer the suite "threads".
#
# Warnings are no errors here: gcc warns of what its own checks insert. Leaks are looked for.
#
# Under the thread sanitizer everything runs on one core, so that OpenMP has one thread only: gcc's libgomp and oneDNN
# are not instrumented, and their own hand-overs would look like races. What is checked there is that a model shared
# by several threads of the caller is only read; the sanitizer sees that on one core too.
set -eu
cd "$(dirname "$0")/.."
sanitizers=$1
folder=$2
shift 2
[ -e "$folder/build.ninja" ] ||
    scripts/setup.sh "$folder" -Db_sanitize="$sanitizers" -Db_lundef=false -Dbuildtype=debugoptimized -Dwerror=false
ninja -C "$folder" --quiet
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1
export LSAN_OPTIONS=suppressions=$PWD/tests/lsan.supp:print_suppressions=0
one_core=
case $sanitizers in
*thread*)
    first=$(taskset -cp $$ | sed 's/.*: //; s/[-,].*//')
    one_core="taskset -c $first"
    export OMP_NUM_THREADS=1 TSAN_OPTIONS=halt_on_error=1:suppressions=$PWD/tests/tsan.supp
    set -- --suite threads "$@"
    ;;
esac
# shellcheck disable=SC2086 # several words
$one_core meson test -C "$folder" --no-rebuild --print-errorlogs --timeout-multiplier 5 "$@"
