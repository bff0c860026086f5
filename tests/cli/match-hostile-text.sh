# SPDX-License-Identifier: Apache-2.0
# Control characters and broken UTF-8 cannot act on the terminal; JSON carries them escaped or as U+FFFD.
text=$(printf 'red \033[31m bell \007 tab \t bad \377 end')
tuwen match -q -m tiny images/28x28.png "$text"
tuwen match -q --json -m tiny images/28x28.png "$text"
name=$(printf 'bad\033[2Jname.png')
tuwen match -q -m tiny "$name" a
