# SPDX-License-Identifier: Apache-2.0
# A full disk is reported; a reader that leaves early is not.
tuwen match -q -m tiny images/28x28.png a > /dev/full; echo "exit $?"
tuwen embed -q -m tiny -t a > /dev/full; echo "exit $?"
tuwen embed -q -m tiny -t a -o /dev/full; echo "exit $?"
tuwen help > /dev/full; echo "exit $?"
awk 'BEGIN { for (i = 0; i < 3000; i++) print "text number " i }' > texts.txt
tuwen embed -q -m tiny -f texts.txt | head -n 1 | cut -c 1-30
