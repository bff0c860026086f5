# SPDX-License-Identifier: Apache-2.0
# The same in Chinese, chosen by the locale; headings and verdicts are two columns a character.
LC_ALL=zh_CN.UTF-8 tuwen match -m tiny images/150x100.png "a dog" "一只狗在草地上奔跑" "👨‍👩‍👧 family 🇨🇳"
