# SPDX-License-Identifier: Apache-2.0
# Wrong command lines, and inputs that fail.
try() { tuwen explain -q "$@"; echo "exit $?"; }
try
try demo/pictures/dog.jpg
try demo/pictures/dog.jpg ""
try demo/pictures/dog.jpg a dog
try - - < /dev/null
printf 'a\nb\n' | try demo/pictures/dog.jpg -
try -m demo --heatmap map.jpg demo/pictures/dog.jpg "a dog"
try -m demo --heatmap map.png --budget 0 demo/pictures/dog.jpg "a dog"
try -m demo --force demo/pictures/dog.jpg "a dog"
try -m demo nowhere.jpg "a dog"
try -m demo demo/README.md "a dog"
ls | grep map
