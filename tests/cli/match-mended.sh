# SPDX-License-Identifier: Apache-2.0
# A text "-" is standard input, the format follows the name of the output, terms that only look like syntax are remarked on,
# the terms of queries stand in the JSON, and lists show score and verdict only where a group has them.
cd demo/pictures
printf 'a dog\na pizza\n' | tuwen match -q -m .. dog.jpg -
printf 'a dog\n' | tuwen match -q -m .. -i pizza.jpg -
tuwen match -q -m .. - - < dog.jpg; echo "exit $?"
tuwen match -q -m .. -o ~/a.csv dog.jpg "a dog" && cat ~/a.csv
tuwen match -q -m .. -o ~/a.JSON dog.jpg "a dog" && head -c 25 ~/a.JSON && echo
tuwen match -q -m .. -o a.txt dog.jpg "a dog"; echo "exit $?"
for query in "-a dog" "x:@dog.jpg" "'open" "a beach -people" "1e6:dog" "well-lit room" '"-a dog"' "16:9 screen"; do
    tuwen match -m .. --no-cache -Q "$query" dog.jpg 2>&1 > /dev/null | grep "is read as"
done
tuwen match --lang zh -m .. -Q "-a dog" dog.jpg 2>&1 > /dev/null | grep 当作
tuwen match -q -m .. --json -Q "2:a dog - @pizza.jpg" -Q "a cat" red-apple.gif | sed -n '2,/results/p'
tuwen match -q -m .. -Q "a dog - a cat" -Q "a dog" dog.jpg
tuwen match -q -m .. --format csv missing.png "a dog" | tail -1
