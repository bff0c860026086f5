# SPDX-License-Identifier: Apache-2.0
# The first line is the version; --version says the same.
tuwen version | head -n 1
tuwen version > a; tuwen --version > b; tuwen match -V > c
cmp a b && cmp a c
grep -c '^instruction set: ' a
# What each precision multiplies with; scalar has nothing of the processor's.
grep -cE '^(f32|bf16|int8): ' a
tuwen version --isa scalar | grep -E '^(f32|bf16|int8): '
tuwen version --isa scalar | grep '^instruction set: scalar' | cut -c 1-23
# In Chinese the words are Chinese; what stays are names and numbers.
tuwen version --isa scalar --lang zh | grep -vE '^(tuwen|lib|giflib)' | sed -E 's/(最佳：)[a-z0-9_]+/\1.../; /：/s/[0-9]+/#/g; s/（共.*//'
# A level that this machine has not: those that it has are named.
TUWEN_ISA=mmx tuwen match -m tiny images/28x28.png 'a dog' 2>&1 | sed 's/\(has: scalar\).*/\1.../'
