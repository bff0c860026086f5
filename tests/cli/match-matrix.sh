# SPDX-License-Identifier: Apache-2.0
# Several pictures and several texts as a matrix: short texts above their columns; at 80 columns numbers with a legend,
# in panels; the best of each row and column marked; a picture that failed has no numbers; hostile names and texts.
tuwen match -q -m demo --format matrix -t "a dog" -t "a pizza" -t "红苹果" demo/pictures/*.jpg demo/pictures/red-apple.gif
for language in en zh; do
    echo "--- $language"
    COLUMNS=80 tuwen match --lang $language -q -m demo --format matrix -f demo/pictures/texts.txt \
        -t "a very long description of a dog that runs over the grass in the park" \
        -t "一只狗在草地上奔跑，后面跟着一个小女孩和她的哥哥，天空很蓝，远处有山，山上有雪" \
        demo/pictures/coffee.tiff demo/pictures/dog.jpg missing.png demo/pictures/house-and-tree.png; echo "exit $?"
done > long
cat long
LC_ALL=C sed 's/\xe2\x80\xa6/x/g; s/[\xe3-\xef][\x80-\xbf][\x80-\xbf]/xx/g' long |
    LC_ALL=C awk '{ if (length($0) > most) most = length($0) } END { print most " columns" }'
bad=$(printf 'bad\033[2J\n\377name.png')
ln -s images/28x28.png "$bad"
ln -s images/28x28.png 图片.png
tuwen match -q -m tiny --format matrix -t "$(printf 'bell \007 \033[31m')" -t "一只狗" -- "$bad" 图片.png
COLUMNS=30 tuwen match -q -m tiny --format matrix -t a -t b -- "$bad" images/150x100.png 图片.png
COLUMNS=80 tuwen match -q -m demo --color always --format matrix -t "红绿灯" -t "a tree and a house" -t "a dog" demo/pictures/*.png
LC_ALL=C COLUMNS=30 tuwen match -q -m tiny --format matrix -t a -t b images/150x100.png images/28x28.png
