# SPDX-License-Identifier: Apache-2.0
# What no review can be made of, and wrong command lines: one sentence each.
export TUWEN_MODEL=tiny
try() { tuwen review "$@"; echo "exit $?"; }
try
try a b
try missing.csv
printf '\377\376i\0' > utf16.csv; try utf16.csv
printf 'i\0m\0' > utf16le.csv; try utf16le.csv
printf 'PK\003\004' > table.xlsx; try table.xlsx
printf 'a,b\n1,2\n' > names.csv; try names.csv; try --image-col a names.csv; try --image-col c --text-col b names.csv
printf '\261\352\314\342,text\n' > gbk.csv; try gbk.csv
printf '[{"image":"a"}]\n' > array.json; try array.json
: > empty.csv; try empty.csv
try -q images/28x28.png
printf 'image|text\na.png|b\n' > bars.csv; try bars.csv
printf 'sep=|\nimage|text\n' > sep.csv; try sep.csv
printf '\357\273\277SEP=;\r\nimage;text, short\r\nimages/28x28.png;a, b\r\n' > sep.csv; try -q --text-col 2 sep.csv
mkdir empty; try empty
printf 'image,text\n' > good.csv
try --fail-under best good.csv; try --fail-under 1.5 good.csv
try --json good.csv
cp good.csv same.csv; try good.csv -o good.csv; cmp good.csv same.csv
echo mine > other.csv; try -q good.csv -o other.csv; cat other.csv
try -q good.csv -o no/where.csv
try -q good.csv -o empty
try -q good.csv -o /dev/full
try -q good.csv; try -q --lang zh names.csv
