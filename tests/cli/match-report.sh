# The page of a match has what the other output has, in each of the formats.
rows() { sed -n '/class="rows"/,/<\/script>/p; /id="end"/p' "$1"; grep -c '^"/9j' "$1"; }
pictures=demo/pictures
printf 'a dog\n红苹果\n' >texts.txt
tuwen match -q -m demo -f texts.txt $pictures/dog.jpg missing.jpg $pictures/red-apple.gif --report out.html >out.txt
echo "exit code $?"
rows out.html
tuwen match -q -m demo -f texts.txt --by text --top 1 --json $pictures/dog.jpg $pictures/red-apple.gif --report out.html --thumbnails 32 >out.txt
rows out.html
tuwen match -q -m demo -f texts.txt --format matrix $pictures/dog.jpg missing.jpg $pictures/red-apple.gif --report out.html --thumbnails none >out.txt 2>&1
rows out.html
echo "== a picture from standard input, and stored vectors"
tuwen match -q -m demo - 'a dog' --report out.html <$pictures/dog.jpg >out.txt
rows out.html
tuwen embed -q -m demo -i $pictures/dog.jpg -i $pictures/red-apple.gif >album.jsonl
tuwen match -q -m demo --vectors album.jsonl 'a dog' --report out.html >out.txt
rows out.html
echo "== refused"
tuwen embed -q -m demo -t 'a cat' >text.jsonl
tuwen match -q -m demo --vectors text.jsonl 'a dog' --report new.html
echo "exit code $?"
tuwen match -q -m demo -Q 'a dog' $pictures/dog.jpg --report new.html
echo "exit code $?"
tuwen match -q -m demo $pictures/dog.jpg 'a dog' --report texts.txt
echo "exit code $?"
tuwen match -q -m demo $pictures/dog.jpg 'a dog' --format csv -o new.html --report ./new.html
echo "exit code $?"
tuwen match -q -m demo $pictures/dog.jpg 'a dog' --report .
echo "exit code $?"
if [ -w /dev/full ]; then
    tuwen match -q -m demo $pictures/dog.jpg 'a dog' --report /dev/full
    echo "exit code $?"
fi
ls new.html 2>/dev/null
