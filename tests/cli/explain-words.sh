# SPDX-License-Identifier: Apache-2.0
# Counts, negation and places are warned of; colours, numbers, materials and the sexes are swapped. In both languages,
# and for programs.
tuwen explain -q -m demo --budget 0 demo/pictures/red-apple.gif "two red apples left of a cup, without a leaf"
tuwen explain -q -m demo --budget 0 demo/pictures/girl-on-bench.webp "a wooden bench"
tuwen explain -q -m demo --budget 0 --lang zh demo/pictures/red-apple.gif "左边的两个红苹果，没有叶子"
tuwen explain -q -m demo --budget 0 --json demo/pictures/girl-on-bench.webp "a girl with no bag on 2 benches"
