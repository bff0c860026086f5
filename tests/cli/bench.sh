# SPDX-License-Identifier: Apache-2.0
# What is measured and how it is laid out, in both languages; numbers, and what depends on the machine, are masked.
mask() { sed -E 's/^(  (f32|bf16|int8) ).*/\1.../; s/\(([0-9]+) threads.*\)/(...)/; s/（[0-9]+ 线程.*）/（...）/; s/  memory: .*/  memory: .../; s/  内存：.*/  内存：.../; s/ +([0-9.]+( %)?|-)( |$)/ #\3/g; s/ +([0-9.]+( %)?|-)( |$)/ #\3/g; s/ #( #)+/ #/g; s/[0-9]+\.[0-9]+/#/g; s/(tokens, |token，每秒 )#/\1#/'; }
tuwen bench -m tiny --runs 2 --captions 3 picture captions > out; echo "exit $?"
mask < out
awk 'length($0) > 80 { print "too wide: " $0 }' out
tuwen bench --seconds 0 -q --lang zh -m tiny --runs 1 captions match --captions 3 | mask

# A configuration with random weights and the tokenizer of another checkpoint, whose vocabulary must fit.
sed 's/"num_hidden_layers": *[0-9]*/"num_hidden_layers": 1/' tiny/config.json > small.json
tuwen bench --seconds 0 -m tiny --random small.json --runs 1 captions --captions 3 --precision f32 | mask | sed '1,4d'
tuwen bench --seconds 0 -m tiny --random nothing.json captions > /dev/null; echo "exit $?"
tuwen bench -m tiny pictures; echo "exit $?"
tuwen bench -m tiny --svg -; echo "exit $?"
tuwen bench -m tiny --svg no/such/folder.svg; echo "exit $?"
tuwen bench --seconds 0 peaks --model nowhere > out; echo "exit $?: $(wc -l < out) lines"
tuwen bench --seconds 0 captions --model nowhere > out; echo "exit $?: $(wc -l < out) lines"
