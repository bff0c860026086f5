#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the Python package in the build folder $1, installs it below that, checks its types where mypy is, and runs its
# tests with $PYTHON, or else with the first Python that has NumPy and Pillow. What is made here is for the tests;
# scripts/wheel.sh makes what is given to others.
#
# In a build folder of scripts/sanitize.sh the extension is sanitized, and Python is not: then the sanitizers' libraries come
# first, Python takes its memory from malloc, so that they see it, and little of what is freed is kept back, since a test watches the
# memory. Leaks are not looked for, as Python itself has many; that test is what finds ours.
set -eu
cd "$(dirname "$0")/.."
sources=$PWD/bindings/python
mkdir -p "$1"
build=$(cd "$1" && pwd)

python=
for candidate in ${PYTHON:-python3 /usr/bin/python3}; do
    if "$candidate" -c 'import numpy, PIL' >/dev/null 2>&1; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "The tests need NumPy and Pillow, which are not where ${PYTHON:-python3 or /usr/bin/python3} looks." >&2
    exit 1
fi

scripts/setup.sh "$build" -Dpython=true
"${NINJA:-ninja}" -C "$build" --quiet tuwen bindings/python/_tuwen.abi3.so bindings/python/tuwen
rm -rf "$build/python"
"${MESON:-meson}" install -C "$build" --no-rebuild --quiet --tags python-runtime --destdir "$build/python"
site=$(dirname "$(dirname "$(find "$build/python" -name _tuwen.abi3.so)")")

if command -v mypy >/dev/null 2>&1; then
    mypy --no-error-summary
else
    echo 'No mypy here: the types are not checked.'
fi
cd "$build"
first=$(ldd "$site/tuwen/_tuwen.abi3.so" | awk '/lib(asan|ubsan)\.so/ { printf "%s ", $3 }')
if [ -n "$first" ]; then
    export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1:quarantine_size_mb=1:thread_local_quarantine_size_kb=64
    export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 PYTHONMALLOC=malloc LD_PRELOAD="$first"
fi
PYTHONPATH=$site TUWEN_PROGRAM=$build/tuwen PYTHONDONTWRITEBYTECODE=1 "$python" -m unittest discover -v -s "$sources/tests"
