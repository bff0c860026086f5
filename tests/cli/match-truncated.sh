# SPDX-License-Identifier: Apache-2.0
# A text that is longer than the model takes is marked.
long=$(awk 'BEGIN { for (i = 0; i < 400; i++) printf "word%d ", i }')
tuwen match -q -m tiny --max-length 400 images/28x28.png "$long" "a dog" | cut -c 1-60
COLUMNS=80 tuwen match -q -m tiny --max-length 400 images/28x28.png "$long" "a dog"
tuwen match -q --json -m tiny --max-length 400 images/28x28.png "$long" | grep -o '"truncated":[a-z]*'
