# SPDX-License-Identifier: Apache-2.0
# Several pictures: one table each; with -t, arguments are pictures; with -i alone, texts.
tuwen match -q -m tiny -t "a dog" images/150x100.png -t "a cat" images/28x28.png
echo ---
tuwen match -q -m tiny -i images/150x100.png -i images/28x28.png "a dog" "a cat"
