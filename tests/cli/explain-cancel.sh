# SPDX-License-Identifier: Apache-2.0
# Ctrl-C while regions are computed: one sentence, nothing on standard output, and no drawing, which would be incomplete.
env --default-signal=INT true 2> /dev/null || exit 77 # a shell makes its background commands deaf to it
env --default-signal=INT tuwen explain -m demo --max-length 8000 --image-tokens 1500..2000 --budget 1000 --heatmap map.png \
    demo/pictures/pizza.jpg "a pizza on fire" > out 2> said &
while kill -0 $! && ! grep -qs 'model demo' said; do sleep 0.1; done
kill -INT $!
wait $!
echo "exit $?"
cat said out
ls map.png* 2> /dev/null || echo nothing left
