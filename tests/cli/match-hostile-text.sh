# SPDX-License-Identifier: Apache-2.0
# Control characters cannot act on the terminal; JSON carries them escaped. Broken UTF-8 is refused, and shown as U+FFFD.
text=$(printf 'red \033[31m bell \007 tab \t end')
tuwen match -q -m tiny images/28x28.png "$text"
tuwen match -q --json -m tiny images/28x28.png "$text"
name=$(printf 'bad\033[2Jname.png')
tuwen match -q -m tiny "$name" a
tuwen match -q --json -m tiny images/28x28.png "$(printf 'bad \377 end')"
