# SPDX-License-Identifier: Apache-2.0
# Without UTF-8 in the locale bars are drawn with '#', and texts are cut with dots.
LC_ALL=C COLUMNS=60 tuwen match -q -m tiny images/150x100.png "a dog" "一只狗在草地上奔跑" "a dog on a bench in the park"
