# SPDX-License-Identifier: Apache-2.0
# A text that is not UTF-8 is refused wherever it comes from, and the others go on.
export TUWEN_MODEL=demo
try() { tuwen "$@"; echo "exit $?"; }
printf 'a dog\n\n\322\273\326\273\271\267\na cat\n' > titles.txt
gbk=$(printf '\322\273\326\273\271\267')
try match -q demo/pictures/dog.jpg -f titles.txt
try match -q demo/pictures/dog.jpg < titles.txt > text.txt
try match -q --lang zh demo/pictures/dog.jpg "$gbk" "a dog" > text.txt
try match -q --json demo/pictures/dog.jpg -t "$(printf 'bad \377 byte')"
try match -q -Q "a dog + $gbk" demo/pictures/dog.jpg > text.txt
try embed -q -f titles.txt -t "$gbk" | cut -c 1-100
try explain -q demo/pictures/dog.jpg "$gbk"
printf '\322\273\326\273\271\267\n' | tuwen explain -q demo/pictures/dog.jpg -; echo "exit $?"
