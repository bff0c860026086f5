# SPDX-License-Identifier: Apache-2.0
# Only the best.
tuwen match -q -m tiny -n 2 images/150x100.png a b c d
tuwen match -q -m tiny --top=9 --json images/150x100.png a b
