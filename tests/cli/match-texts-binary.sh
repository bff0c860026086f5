# SPDX-License-Identifier: Apache-2.0
# A picture, or UTF-16, given as the file of texts is refused by one sentence.
tuwen match -q -m tiny -f images/60x44.png images/60x44.png
