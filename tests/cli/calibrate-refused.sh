# SPDX-License-Identifier: Apache-2.0
# Of what no profile is made, what is warned of, and wrong command lines: one sentence each.
. "$TESTS/labels.shared"
make_labels
export TUWEN_MODEL=demo
try() { tuwen calibrate "$@"; echo "exit $?"; }
try; try a b; try missing.csv
try -q --prior 1 labels.csv; try -q --false-pass x labels.csv; try -q --bands 0.5,0.4,0.9 labels.csv; try -q --bands 0.5 labels.csv
try -q --save 'a b' labels.csv; try -q --force labels.csv; try -q --folds 1 labels.csv
head -n 20 labels.csv > few.csv; try -q few.csv; try -q --lang zh few.csv
cut -d, -f1,2 labels.csv > without.csv; try -q without.csv
awk -F, 'NR == 1 || $3 == "yes"' labels.csv > yes.csv; try -q yes.csv
echo mine > mine.svg; try -q --svg mine.svg labels.csv; cat mine.svg
try -q --save ./new.json --svg new.json labels.csv; ls new.json 2>/dev/null
try -q --save no/where/p.json labels.csv > /dev/null; ls no/where
: > file; try -q --save file/p.json labels.csv
mkdir -p "$HOME"; : > "$HOME/.config"; try -q --save shop labels.csv > text.txt
echo "# labels by other names, and rows that cannot be used"
sed '1s/.*/商品主图（1）,product title,人工标注/' labels.csv > names.csv
(cat names.csv; echo 'demo/pictures/dog.jpg,,yes'; echo 'none.png,a dog,maybe'; echo 'demo/pictures/dog.jpg,a dog,maybe') > bad.csv
try bad.csv > text.txt; tail -n 1 text.txt
try -q --max-errors 2 bad.csv > text.txt; tail -n 1 text.txt
try -q --max-errors 1 --lang zh bad.csv > text.txt; tail -n 1 text.txt
echo "# warnings"
tuwen calibrate labels.csv > text.txt
