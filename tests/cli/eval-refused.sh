# SPDX-License-Identifier: Apache-2.0
# What cannot be measured, profiles that do not fit, and wrong command lines: one sentence each.
. "$TESTS/labels.shared"
make_labels
export TUWEN_MODEL=demo
try() { tuwen eval "$@" > text.txt; echo "exit $?"; }
try; try a b; try missing.csv
printf 'image,text,label\ndemo/pictures/dog.jpg,a cat,no\n' > no.csv; try -q no.csv
printf 'image,text\nnone.png,a cat\n' > none.csv; try -q none.csv
printf '{"image":"demo/pictures/dog.jpg","text":"a cat\\u0000 and a dog"}\n' > nul.jsonl; try -q nul.jsonl
try -q --fail-under auc labels.csv; try -q --fail-under nothing=1 labels.csv; try -q --fail-under clipscore=x labels.csv
try -q --profile shop labels.csv; try -q --profile ./shop.json labels.csv; try -q --profile 'a b' labels.csv
tuwen calibrate -q labels.csv --save shop > text.txt
try -q --profile shop -m tiny labels.csv 2> said; sed -E 's/[0-9a-f]{16}/SPACE/g' said
try -q --profile shop --image-tokens 20 labels.csv 2> said; sed -E 's/[0-9a-f]{16}/SPACE/g' said
try -q --profile shop --instruction "Find." labels.csv
try -q --lang zh --profile shop --instruction "Find." labels.csv
echo '{}' > bad.json; try -q --profile bad.json labels.csv
sed 's/"prior": *[0-9.]*/"prior": 7/' "$HOME/.config/tuwen/profiles/shop.json" > bad.json; try -q --profile bad.json labels.csv
