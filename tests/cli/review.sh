# SPDX-License-Identifier: Apache-2.0
# Every format in and out: the columns as they were, then what was found out. A bad row does not stop the others.
export TUWEN_MODEL=tiny
mkdir shop shop/more
cp images/60x44.png "shop/a b.png"
cp images/28x28.png shop/-
cp images/28x28.png shop/more/c.png
echo "a folder" > shop/folder.txt
said() { sed 's/[0-9.]* s, [0-9.]* rows/N s, N rows/' said; }
printf '\357\273\277sku,image,title,band\r\n1,a b.png,"a ""red"" dog, big",x\r\n\r\n2,-,two\r\n3,more/c.png,"on\r\ntwo lines",y\r\n' > shop/a.csv
tuwen review shop/a.csv 2> said; echo "exit $?"; said
echo "# semicolons, columns by number"
printf 'x;y;z\ndog;a b.png;=1+1\n' > shop/b.csv
tuwen review -q --image-col 2 --text-col 1 --text-col Z shop/b.csv; echo "exit $?"
echo "# tabs without names, on standard input"
printf 'shop/more/c.png\ta dog\n' | tuwen review -q --no-header -; echo "exit $?"
echo "# tabs"
printf 'path\ttext\n%s\ta dog\nfile:///nowhere\ta dog\nfile:%s/shop/a%%20b.png\t"a\tb"\n' "$PWD/shop/a b.png" "$PWD" > a.tsv
tuwen review -q a.tsv | sed "s|$PWD|HERE|g"
echo "# JSON Lines"
cat > shop/a.jsonl << 'END'
{"id": 12345678901234567890, "image": "a b.png", "text": "a dog", "more": {"b": [1.50, null]}}
{"image": "more/c.png", "texts": ["a dog", "a \"cat\""], "score": 1}
 {"image" : "none.png", "text":"a dog" }
{"image": "a b.png", "text": 7}
not JSON

{"image": "a b.png"}
END
tuwen review -q shop/a.jsonl; echo "exit $?"
tuwen review -q --format csv shop/a.jsonl
echo "# a table as JSON Lines"
tuwen review -q --format jsonl shop/b.csv --image-col 2 --text-col z
echo "# pictures in the table"
printf 'image,text\n"data:image/png;base64,%s",a dog\n"data:image/png;base64,!!!!",a dog\na,b,c\n"data:image/png,x",a dog\nhttp://127.0.0.1/a.png,a dog\n/dev/zero,a dog\nshop,a dog\n' "$(base64 -w 0 images/28x28.png)" > data.csv
tuwen review -q data.csv | sed 's/base64,iVBOR[^"]*/base64,.../'
echo "# a folder"
printf 'a dog\n\n一只狗\r\n' > "shop/a b.txt"
cp images/28x28.png shop/d.png
tuwen review -q shop
echo "# names that are nearly right"
mkdir -p "near/a"; cp images/28x28.png near/a/1001.png
printf 'image,text\na\\1001.png,x\na/1001.PNG,x\na\\1002.png,x\nA/1001.png,x\n' > near/near.csv
tuwen review -q near/near.csv; tuwen review -q near/NEAR.csv
