# SPDX-License-Identifier: Apache-2.0
# The summary in words, in Chinese and as JSON, and what the exit code says.
printf 'image,text\n' > in.csv
for i in 1 2 3; do printf 'demo/pictures/dog.jpg,a dog\ndemo/pictures/pizza.jpg,a girl on a bench\n'; done >> in.csv
printf 'demo/pictures/coffee.tiff,一杯热咖啡\nnone.jpg,x\ndemo/pictures/dog.jpg,\n' >> in.csv
awk 'BEGIN { printf "demo/pictures/dog.jpg,"; for (i = 0; i < 3000; i++) printf "dog "; print "" }' >> in.csv
export TUWEN_MODEL=demo
masked() { sed 's/[0-9.]* s, [0-9.]* rows/N s, N rows/; s/[0-9.]* 秒，每秒 [0-9.]*/N 秒，每秒 N/; s/"seconds":[0-9.]*/"seconds":N/'; }
tuwen review in.csv -o out.csv 2>&1 | masked
for bar in mismatch fair high very-high 极高 0.4 1; do
    tuwen review -q --max-errors 2 --fail-under $bar in.csv -o out.csv; echo "$bar: exit $?"
done
tuwen review -q --max-errors 1 in.csv -o out.csv; echo "exit $?"
tuwen review --json -q --max-errors 2 --fail-under high in.csv -o out.csv | masked
tuwen review --lang zh --fail-under 高 in.csv -o zh.csv 2>&1 | masked
