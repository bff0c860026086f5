# SPDX-License-Identifier: Apache-2.0
# Queries against pictures, texts and stored vectors, in each format.
cd demo/pictures
match() { tuwen match -q -m .. "$@"; }
match -Q "a dog" --top 2 *.jpg *.png
match -Q "tree + sunset over the city" -Q "@sunset-city.png - 0.5:城市日落" --top 1 *.jpg *.png
COLUMNS=60 match --lang zh -Q "披萨" --top 2 -t "a pizza" -t "一只狗在草地上奔跑，后面跟着一个小女孩和她的哥哥，天空很蓝，远处有山" pizza.jpg
match --fuse -i dog.jpg -t "in a city" -i pizza.jpg -t "on a table" --top 1 *.jpg
match --by candidate -Q "a dog" -Q "a pizza - a dog" dog.jpg pizza.jpg

# Each format; a candidate, and a query, that fails.
match --json -Q "a dog" -Q "@missing.png + x" -Q "a dog - a dog" -t "一只狗" missing.jpg dog.jpg; echo "exit $?"
match --format csv --by candidate -Q "a, b" -Q "@dog.jpg" -Q "@missing.png" -t 'quote "' dog.jpg 2> /dev/null
match --format matrix -Q "a dog" -Q "a pizza" -Q "@missing.png" -t "一只狗" *.jpg 2> /dev/null
match --format npy -o ~/a.npy -Q "a dog" -Q "@missing.png" -t "一只狗" dog.jpg 2> /dev/null; echo "exit $?"
tail -c +129 ~/a.npy | od -An -v -tf4 -w8; cat ~/a.npy.json

# A query of one text is what tuwen match compares with a picture anyway; a stored vector is the picture itself.
match --format csv -Q "a dog" -Q "披萨" *.jpg | sed 1d | awk -F, '{ print $2 "," $1 "," $4 "," $5 "," $6 }' | sort > ~/queries
match --format csv -t "a dog" -t "披萨" *.jpg | sed 1d | cut -d, -f1-5 | sort | cmp - ~/queries && echo the same as without queries
tuwen embed -q -m .. -i dog.jpg -i pizza.jpg -t "一只狗" > ~/album
tuwen embed -q -m .. --fuse -i dog.jpg -t "in a city" >> ~/album
match --json --vectors ~/album -Q "@dog.jpg" -Q "a dog"
match --json --fuse -i dog.jpg -t "in a city" --vectors ~/album --top 1

# From standard input; a text that is the name of a file.
match -Q @- dog.jpg < dog.jpg | sed 's/^ *//'
tuwen match -m .. -Q "dog.jpg + a dog" --format csv dog.jpg 2>&1 | grep -v parameters
