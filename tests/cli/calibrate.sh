# SPDX-License-Identifier: Apache-2.0
# A profile is fitted, kept, listed and replaced. What depends on single labels differs between machines, so numbers are
# masked; the figures themselves are tested in tests/unit/test_statistics.c.
. "$TESTS/labels.shared"
mask() { sed -E 's/-?[0-9]+\.[0-9]+/N/g; s/  +/  /g'; }
make_labels
export TUWEN_MODEL=demo COLUMNS=80
tuwen calibrate -q labels.csv --save shop --svg shop.svg | mask
head -c 5 shop.svg; echo; grep -c '<circle' shop.svg
grep -o '"[a-z_]*": *[^[]' "$HOME/.config/tuwen/profiles/shop.json" | cut -d: -f1 | tr -d '\n'; echo
cp "$HOME/.config/tuwen/profiles/shop.json" first.json
tuwen calibrate labels.csv --save shop; echo "exit $?"
tuwen calibrate -q labels.csv --save shop --force > text.txt; cmp "$HOME/.config/tuwen/profiles/shop.json" first.json
echo "# other folds, another share, other bands, a curve"
tuwen calibrate -q labels.csv --save ./own.json --seed 9 --folds 4 --prior 0.1 --bands 0.3,0.6,0.95 --false-pass 0.2 --method isotonic > text.txt
grep -c curve own.json
grep -e '"prior"' -e '"bands"' own.json; sed -n '/^At most/,$p' text.txt | mask
echo "# the list"
tuwen calibrate --list
tuwen calibrate --list --json | sed 's/"space":"[0-9a-f]*"/"space":"SPACE"/; s|"path":"[^"]*/home|"path":"home|'
echo "# in Chinese"
tuwen calibrate -q --lang zh labels.csv | mask | head -n 22
