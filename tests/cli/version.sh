# SPDX-License-Identifier: Apache-2.0
# The first line is the version; --version says the same.
tuwen version | head -n 1
tuwen version > a; tuwen --version > b; tuwen match -V > c
cmp a b && cmp a c
grep -c '^instruction set: ' a
tuwen version --isa scalar | grep '^instruction set: scalar' | cut -c 1-23
