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
