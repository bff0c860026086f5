# SPDX-License-Identifier: Apache-2.0
# The sums of queries against vectors of tuwen embed that awk adds, each in the instruction that its side has.
cd demo/pictures
asks="Find an image that matches the given text."
embed() { tuwen embed -q -m .. "$@" | sed 's/.*"embedding":\[//; s/\]}$//' | tr , ' '; }
{
    embed --instruction "$asks" -t "sunset over the city" -t "a dog"; embed -i dog.jpg -i house-and-tree.png
    embed --fuse -i dog.jpg -t "in a city"
    embed -i pizza.jpg -t "红苹果"
} > ~/vectors # rows: sunset, dog; dog.jpg, house-and-tree.png; the pair; candidates: pizza.jpg, 红苹果
{
    tuwen match -q -m .. --format csv --by candidate -Q "sunset over the city - a dog" -Q "2:sunset over the city + @dog.jpg - 0.25:@house-and-tree.png" \
        -Q "- a dog" -i pizza.jpg -t "红苹果"
    tuwen match -q -m .. --format csv --by candidate --fuse -i dog.jpg -t "in a city" -f /dev/stdin pizza.jpg << end
红苹果
end
} | grep -v '^query' | sed 's/^"dog.jpg, in a city"/fused/' > ~/results
awk -v sums="1 -1 0 0 0|2 0 1 -0.25 0|0 -1 0 0 0|0 0 0 0 1" '
FNR == NR { for (i = 1; i <= NF; i++) vector[NR, i] = $i; size = NF; next }
{
    split($0, field, ",") # query, image, text, cosine
    number = field[1] ~ /^sunset/ ? 1 : field[1] ~ /^2:/ ? 2 : field[1] ~ /^- a dog/ ? 3 : 4
    row = field[2] == "pizza.jpg" ? 6 : 7
    split(sums, sum, "|"); split(sum[number], weight, " ")
    dot = squares = 0
    for (i = 1; i <= size; i++) {
        x = 0
        for (j = 1; j <= 5; j++) x += weight[j] * vector[j, i]
        dot += x * vector[row, i]
        squares += x * x
    }
    difference = dot / sqrt(squares) - field[4]
    if (difference > 2e-6 || difference < -2e-6) { print "differs by " difference ": " $0; bad++ }
}
END { print FNR " cosines, " bad + 0 " differ" }' ~/vectors ~/results
cat ~/results

# --instruction takes the place of the one for texts that ask, and leaves candidates alone.
tuwen match -q -m .. --format csv --instruction "$asks" -Q "a dog" -t "一只狗" dog.jpg > ~/same
tuwen match -q -m .. --format csv -Q "a dog" -t "一只狗" dog.jpg | cmp - ~/same && echo "the model's own"
tuwen match -q -m .. --format csv --instruction "Represent the text." -Q "a dog" -t "一只狗" dog.jpg
