# SPDX-License-Identifier: Apache-2.0
# A review goes on behind the last whole row, whichever byte the file ends with; with other settings or another input it is
# refused.
export TUWEN_MODEL=tiny
printf 'image,text\nimages/28x28.png,"a\nb"\nnone.png,a dog\nimages/60x44.png,a cat\nimages/28x28.png,a dog\n' > in.csv
tuwen review -q in.csv -o out.csv; echo "exit $?"; cat out.csv
cp out.csv whole.csv; cp out.csv.review.json settings
size=$(wc -c < whole.csv)
for cut in 0 1 18 59 60 61 100 150 200 $((size - 1)); do
    head -c "$cut" whole.csv > out.csv
    tuwen review -q in.csv -o out.csv
    cmp out.csv whole.csv && cmp out.csv.review.json settings || echo "cut at $cut"
done
echo "# complete"
tuwen review --max-errors 1 --fail-under 1.0 in.csv -o out.csv; echo "exit $?"
tuwen review --max-errors 1 --fail-under mismatch in.csv -o out.csv 2> said; echo "exit $?"
echo "# more rows"
printf 'images/28x28.png,more\n' >> in.csv
tuwen review in.csv -o out.csv 2>&1 | sed 's/[0-9.]* s, [0-9.]* rows/N s, N rows/'; tail -n 1 out.csv
echo "# refused"
cp out.csv before
tuwen review -q --max-length 30 in.csv -o out.csv; echo "exit $?"
tuwen review -q --exif ignore --max-pixels 1000000 in.csv -o out.csv; echo "exit $?"
tuwen review -q --text-col text --lang zh in.csv -o out.csv; echo "exit $?"
tuwen review -q --instruction other in.csv -o out.csv; echo "exit $?"
sed -i 's/a cat/a cow/' in.csv
tuwen review -q in.csv -o out.csv; echo "exit $?"
head -n 3 in.csv > short.csv; cp short.csv in.csv
tuwen review -q in.csv -o out.csv; echo "exit $?"
cmp out.csv before
tuwen review -q --force in.csv -o out.csv; echo "exit $?"; wc -l < out.csv
sed -i 's/text/title/' in.csv; tuwen review -q in.csv -o out.csv; echo "exit $?"; sed -i 's/title/text/' in.csv
echo "# another language, and another place"
printf 'image,text\nimages/28x28.png,狗\nnone.png,a dog\nnone.png,a cat\n' > lang.csv
tuwen review -q --lang zh lang.csv -o lang.out; cp lang.out lang-whole
head -n 3 lang-whole > lang.out; mkdir elsewhere; mv lang* elsewhere; cp -r images elsewhere; cd elsewhere; export TUWEN_MODEL=../tiny
tuwen review -q lang.csv -o lang.out; echo "exit $?"; cmp lang.out lang-whole && tail -n 1 lang.out
tuwen review -q --lang en --report lang.html lang.csv -o lang.out; grep -o '<html lang="[^"]*"' lang.html
sed -i 's/狗/南瓜/' lang.csv; tuwen review -q lang.csv -o lang.out
cd ..; export TUWEN_MODEL=tiny
echo "# two at a time"
(flock 9; tuwen review -q in.csv -o out.csv; echo "exit $?") 9>> out.csv
echo "# JSON Lines, within a record of several texts"
printf '{"image":"images/28x28.png","texts":["a","b","c"]}\n' > in.jsonl
tuwen review -q in.jsonl -o out.jsonl; cp out.jsonl whole.jsonl
head -c 250 whole.jsonl > out.jsonl
tuwen review -q in.jsonl -o out.jsonl; cmp out.jsonl whole.jsonl; cat out.jsonl
echo "# a full disk"
awk 'BEGIN { print "image,text"; for (i = 0; i < 100; i++) print (i % 2 ? "images/28x28.png" : "none.png") ",text " i }' > many.csv
tuwen review -q many.csv -o many-whole.csv
(trap '' XFSZ; ulimit -f 4; tuwen review -q many.csv -o many.out; echo "exit $?")
test -s many.out && tuwen review -q many.csv -o many.out; cmp many.out many-whole.csv && echo the same
