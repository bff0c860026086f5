# SPDX-License-Identifier: Apache-2.0
# An array has the header of NumPy's format 1.0 and the same numbers as the JSON lines; vectors have length 1.
tuwen embed -q -m tiny -t "a dog" -i images/28x28.png > lines.json
tuwen embed -q -m tiny -t "a dog" -i images/28x28.png --format npy -o array.npy
tuwen embed -q -m tiny -t "a dog" -i images/28x28.png --format npy | cmp - array.npy && echo same on standard output
wc -c < array.npy | tr -d ' '
head -c 8 array.npy | od -An -tx1
head -c 128 array.npy | tail -c 118 | sed 's/  *$//'
tail -c +129 array.npy | od -An -v -tf4 -w4 | tr -d ' ' > array.txt
sed 's/.*"embedding":\[//; s/\].*//' lines.json | tr ',' '\n' > lines.txt
paste array.txt lines.txt | awk '{ d = $1 - $2; if (d < 0) d = -d; if (d > 1e-6) bad++; s += $2 * $2 }
    END { printf "%d numbers, %d differ, sum of squares %.3f\n", NR, bad, s }'
