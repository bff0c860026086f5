# SPDX-License-Identifier: Apache-2.0
# What is measured and how it is laid out, in both languages; numbers, and what depends on the machine, are masked.
mask() { sed -E '/not steady|不稳定/d; s/^(  (f32|bf16|int8) ).*/\1.../; s/\([0-9]+ (of|thread).*\)/(...)/; s/（[0-9]+ 线程.*）/（...）/; s/  memory: .*/  memory: .../; s/  内存：.*/  内存：.../; s/ +([0-9.]+( %)?|-)( |$)/ #\3/g; s/ +([0-9.]+( %)?|-)( |$)/ #\3/g; s/ #( #)+/ #/g; s/[0-9]+\.[0-9]+/#/g; s/(tokens, |token，每秒 )#/\1#/'; }
tuwen bench -m tiny --runs 2 --captions 3 picture captions > out; echo "exit $?"
mask < out
awk 'length($0) > 80 { print "too wide: " $0 }' out
tuwen bench --seconds 0 -q --lang zh -m tiny --runs 1 captions match --captions 3 | mask

# A configuration with random weights and the tokenizer of another checkpoint, whose vocabulary must fit.
sed 's/"num_hidden_layers": *[0-9]*/"num_hidden_layers": 1/' tiny/config.json > small.json
tuwen bench --seconds 0 -m tiny --random small.json --runs 1 captions --captions 3 --precision f32 | mask | sed '1,4d'
tuwen bench --seconds 0 -m tiny --random nothing.json captions > out; echo "exit $?: $(wc -l < out) lines" # before any peak
tuwen bench -m tiny pictures; echo "exit $?"
tuwen bench tiny; echo "exit $?"
tuwen bench tiny --lang zh; echo "exit $?"
tuwen bench -m tiny --svg -; echo "exit $?"
tuwen bench -m tiny --svg no/such/folder.svg; echo "exit $?"
tuwen bench --seconds 0 peaks --model nowhere > out; echo "exit $?: $(wc -l < out) lines"
tuwen bench --seconds 0 captions --model nowhere > out; echo "exit $?: $(wc -l < out) lines"

# Items in the order asked for, each once; a model of few operations in GFLOP.
tuwen bench --seconds 0 -q -m tiny --runs 1 --captions 2 captions picture captions | grep -E '^(one|[0-9]+ captions)|^  stage'
# The head says how many of the threads compute, and how many there may be.
tuwen bench --seconds 0 peaks --threads 1 | sed -nE '1s/1 (of [0-9]+ threads|thread),.*/1 .../p'
if command -v taskset > /dev/null && taskset -c 0 true 2> /dev/null; then
    taskset -c 0 tuwen bench --seconds 0 peaks
else
    echo 'peaks of this machine (1 thread,'
fi | sed -n '1s/,.*/,/p'
# A warning if, and only if, the shares differ by more than a tenth of the one that is shown.
tuwen bench --seconds 3600 -q -m tiny --runs 4 captions --captions 3 > out
awk '/^  shares of the runs:/ { least = $5; largest = $8 } /from bytes to vector/ { shown = $(NF - 1) } /not steady/ { said = 1 }
    END { spread = largest - least; print (spread > 0.11 * shown && !said) || (spread < 0.09 * shown && said) ? "wrong: " spread " " shown : "as it is" }' out
# A picture in the place of something else only by force; of one that tuwen drew always.
echo text > note
tuwen bench --seconds 0 peaks --svg note; echo "exit $?: $(cat note)"
tuwen bench --seconds 0 peaks --svg note --lang zh; echo "exit $?: $(cat note)"
tuwen bench --seconds 0 -q peaks --svg note --force > /dev/null && tuwen bench --seconds 0 -q peaks --svg note > /dev/null && head -c 4 note; echo
tuwen bench peaks --force; echo "exit $?"
tuwen bench --seconds 0 -q peaks --svg tiny; echo "exit $?"
grep -c '<rect x' note | sed 's/[1-3]/bars/'
grep -oE '>(f32|bf16|int8)<' note
# Where bf16 instructions are the slower ones, their peak is not shown, and it is said how it can be: in 80 columns.
for language in en zh; do
    tuwen version --isa avx512 --lang $language | sed -nE 's/^bf16: .*--isa ([a-z0-9_]+) .*/\1/p' > level
    tuwen bench --isa avx512 --seconds 0 peaks --lang $language > out 2> /dev/null # or this machine has it not
    [ "$(grep -c -e '--isa' out)" = "$(wc -l < level | tr -d ' ')" ] && [ "$(wc -L < out)" -le 80 ] || cat level out
done
