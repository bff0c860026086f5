# SPDX-License-Identifier: Apache-2.0
# A file appears complete or not at all; an existing one is replaced through links, with nothing left beside it.
tuwen embed -q -m tiny -t a -o new.json; wc -l < new.json | tr -d ' '
echo old > real.json; ln -s real.json link.json
tuwen embed -q -m tiny -t a -o link.json; test -L link.json && wc -l < real.json | tr -d ' '
tuwen embed -q -m tiny -t a -o missing/new.json; echo "exit $?"
tuwen embed -q -m tiny -t a -o images; echo "exit $?"
tuwen embed -q -m tiny -t a -i missing.png --format npy -o zero.npy; echo "exit $?"
tail -c +129 zero.npy | tail -c 256 | od -An -tf4 -w4 -v | sort -u | tr -d ' '
ls
