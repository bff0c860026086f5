# SPDX-License-Identifier: Apache-2.0
# On a terminal several pictures and several texts are a matrix, unless a list is asked for or there is one of either; script
# makes the terminal.
on_terminal() { script -qec "tuwen match -q -m tiny $1" /dev/null | tr -d '\r' | sed 's/ *$//'; }
export COLUMNS=80 NO_COLOR=1
for arguments in "-t a -t b images/28x28.png images/150x100.png" "-t a images/28x28.png images/150x100.png" \
    "images/28x28.png a b" "-n 1 -t a -t b images/28x28.png images/150x100.png" \
    "--format list -t a -t b images/28x28.png images/150x100.png" "-Q a -Q b images/28x28.png images/150x100.png" \
    "--by text -t a -t b images/28x28.png images/150x100.png" "--format npy -t a images/28x28.png"; do
    echo "--- $arguments"
    on_terminal "$arguments"
done
