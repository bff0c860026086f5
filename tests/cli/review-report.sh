# The page of a review: all rows of the file of results, whichever format that has and however it came about.
pictures=demo/pictures
rows() { sed -n '/class="rows"/,/<\/script>/p; /id="end"/p; /id="facts"/p' "$1" | sed 's/"made":"[^"]*"/"made":"NOW"/; s/"fingerprint":"[^"]*"/"fingerprint":"SPACE"/; s/"version":"[^"]*"/"version":"VERSION"/'; }

cat >shop.csv <<END
sku,image,title,price
1,$pictures/dog.jpg,a dog,3
2,$pictures/dog.jpg,"a red ""apple"", fresh",4
3,$pictures/red-apple.gif,红苹果,
4,missing.jpg,nothing,
5,$pictures/pizza.jpg,,
6,$pictures/coffee.tiff,</script><script>alert(1)</script>,<!--
END
tuwen review -q -m demo shop.csv -o out.csv --report out.html
echo "exit code $?"
rows out.html

echo "== broken off after a row, and gone on"
head -n 2 out.csv >begun && cat begun >out.csv
tuwen review -q -m demo shop.csv -o out.csv --report again.html
rows out.html >one && rows again.html >two && cmp one two && echo the same

echo "== complete before; no pictures; JSON Lines"
tuwen review -q -m demo shop.csv -o out.jsonl --format jsonl
tuwen review -q -m demo shop.csv -o out.jsonl --format jsonl --report out.html --thumbnails none
rows out.html
grep -c 'class="pictures"' out.html

echo "== several texts, objects with other members, and an address that is a picture"
{
    echo "{\"image\":\"$pictures/dog.jpg\",\"texts\":[\"a dog\",\"a cat\"],\"id\":7}"
    echo "{\"id\":8,\"note\":null,\"image\":\"data:image/jpeg;base64,$(base64 -w 0 $pictures/dog.jpg)\",\"text\":\"a dog\"}"
    echo 'nonsense'
} >pairs.jsonl
tuwen review -q -m demo pairs.jsonl -o pairs-out.jsonl --report pairs.html
rows pairs.html
tuwen review -q -m demo pairs.jsonl -o pairs.csv --format csv --report pairs.html
rows pairs.html | grep '^\['

echo "== no header, and a folder"
printf '%s\t%s\t%s\n' "$pictures/dog.jpg" 'a dog' 'a cat' >plain.tsv
tuwen review -q -m demo --no-header --text-col 2 --text-col 3 plain.tsv -o plain-out.tsv --report plain.html --lang zh
rows plain.html
mkdir folder && cp $pictures/dog.jpg folder/ && printf 'a dog\na cat\n' >folder/dog.txt
tuwen review -q -m demo folder -o folder.csv --report folder.html
rows folder.html
: >empty.csv && echo 'image,text' >empty.csv
tuwen review -q -m demo empty.csv -o empty-out.csv --report empty.html
rows empty.html

echo "== refused"
echo mine >mine.html
for options in "--report out.html" "-o new.csv --report -" "-o new.csv --report ../${PWD##*/}/new.csv" "-o new.csv --report mine.html" "-o new.csv --thumbnails 96" \
    "-o new.csv --report new.html --thumbnails 15" "-o new.csv --report new.html --thumbnails 96px" "-o new.csv --report nowhere/new.html"; do
    tuwen review -q -m demo shop.csv $options
    echo "exit code $?"
done
cat mine.html
ls new.csv new.html 2>/dev/null
