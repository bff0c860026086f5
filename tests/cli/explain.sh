# SPDX-License-Identifier: Apache-2.0
# Which phrases a picture supports and where: with a pipe signs and words, no colours; a text from standard input; the
# map in ASCII; a drawing that does not replace what is not one.
pictures=demo/pictures
tuwen explain -q -m demo $pictures/house-and-tree.png "a red dog and a house"
printf 'a girl on a bench\n' | tuwen explain -q -m demo --budget 4 $pictures/girl-on-bench.webp -
LC_ALL=C tuwen explain -q -m demo $pictures/pizza.jpg pizza
tuwen explain -q -m demo --budget 0 - "a pizza on fire" < $pictures/pizza.jpg
tuwen explain -m demo --heatmap map.png $pictures/pizza.jpg "a pizza on fire" > out && head -c 8 map.png | od -An -tx1 && ls
tuwen explain -q -m demo --heatmap map.png $pictures/dog.jpg "a dog" > out && echo replaced
cp $pictures/traffic-light.png other.png
tuwen explain -q -m demo --heatmap other.png $pictures/dog.jpg "a dog"
echo "exit $?"
tuwen explain -q -m demo --heatmap other.png --force $pictures/dog.jpg "a dog" > out && echo replaced
