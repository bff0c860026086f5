# SPDX-License-Identifier: Apache-2.0
# More texts than are computed at once: all are there, in order of their cosines, and the index is the line.
awk 'BEGIN { for (i = 0; i < 150; i++) print "text number " i }' > texts.txt
tuwen match -q --json -m tiny -f texts.txt images/28x28.png > result
grep -c '"text":' result
awk -F'"cosine":' 'NF > 1 { split($2, a, ","); if (n++ && a[1] + 0 > last + 0) bad++; last = a[1] } END { print bad + 0 " out of order" }' result
sed -n 's/.*"text":"text number \([0-9]*\)","index":\([0-9]*\).*/\1 \2/p' result | awk '$1 != $2 { bad++ } END { print bad + 0 " of " NR " misplaced" }'
