# SPDX-License-Identifier: Apache-2.0
# Limits name their option.
tuwen match -q -m tiny --max-bytes 10 images/28x28.png a; echo "exit $?"
head -c 2000 /dev/zero | tuwen match -q -m tiny --max-bytes 1K - a; echo "exit $?"
tuwen match -q -m tiny --max-pixels 100 images/28x28.png a; echo "exit $?"
: > empty.png
tuwen match -q -m tiny empty.png a; echo "exit $?"
