# SPDX-License-Identifier: Apache-2.0
# A byte order mark, CRLF, blank lines and a last line without its end; the same from standard input.
printf '\357\273\277a dog\r\n\r\n  \t\n一只狗\r\na cat' > texts.txt
tuwen match -q --json -m tiny -f texts.txt images/28x28.png
tuwen match -q --json -m tiny images/28x28.png < texts.txt
cat texts.txt | tuwen match -q --json -m tiny -f - images/28x28.png
