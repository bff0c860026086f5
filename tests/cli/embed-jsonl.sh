# SPDX-License-Identifier: Apache-2.0
# One line an item, in the order of the command line; the numbers are checked by embed-npy.
printf 'one\ntwo\n' > lines.txt
tuwen embed -q -m tiny -t "a dog" -i images/28x28.png -f lines.txt -i missing.png --text "一只狗" > lines.json
echo "exit $?"
sed 's/"embedding":\[[^]]*\]/"embedding":[...]/' lines.json
grep -o '"embedding":.*' lines.json | awk -F, '{ print NF " numbers" }'
