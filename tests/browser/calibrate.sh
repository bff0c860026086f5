#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# From a review over its page to a profile: calibrate.sh TUWEN DRIVE. Labelled pairs are reviewed, accepted and rejected on
# the page by their labels, and what the page saves makes the same profile as the labels themselves.
set -eu
folder=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$folder/../.." && pwd)
tuwen=$(realpath "$1") drive=$(realpath "$2")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
unset TUWEN_ISA XDG_CONFIG_HOME XDG_DATA_HOME
export HOME="$work" TUWEN_MODEL="$root/models/demo" LC_ALL=C.UTF-8
ln -s "$root/models/demo" demo
. "$root/tests/cli/labels.shared"
make_labels
"$tuwen" review -q labels.csv -o reviewed.csv --report report.html
code=0
"$drive" report.html "$folder/prelude.js" "$folder/calibrate.js" decisions.csv || code=$?
[ $code = 0 ] || exit $code
"$tuwen" calibrate -q labels.csv --save ./labels.json | sed 's/labels/FILE/g' >labels.txt
"$tuwen" calibrate -q decisions.csv --save ./decisions.json | sed 's/decisions/FILE/g' >decisions.txt
diff labels.txt decisions.txt
