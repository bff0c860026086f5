# SPDX-License-Identifier: Apache-2.0
# One picture, three texts: best first, aligned, texts whole because this is no terminal.
tuwen match -m tiny images/150x100.png "a dog" "一只狗在草地上奔跑" "👨‍👩‍👧 family 🇨🇳"
