# SPDX-License-Identifier: Apache-2.0
# The document for scripts, and the picture: which members they have; every number is masked.
mask() { sed -E 's/(": )-?[0-9][-+0-9.e]*/\1#/; s/("(isa|oneDNN|code)": )("[^"]*"|null)/\1.../; s/("(share|rate)": )(null|#)/\1#/; s/("fingerprint": ")[0-9a-f]*/\1.../; s/("share_of": )"[a-z0-9]*"/\1.../'; }
tuwen bench --seconds 0 -q --json -m tiny --runs 2 --captions 3 --svg bench.svg picture captions | mask
tuwen bench --seconds 0 --json peaks | mask

# One bar of stages for each result; nothing that another file or a script would be needed for; names are no markup.
grep -c 'text-anchor="end"' bench.svg
sed -n 's/^<text .*>\([a-z ]*\)<.text>$/\1/p' bench.svg
test "$(grep -c '<title>' bench.svg)" -ge 4 && echo pieces
grep -c 'prefers-color-scheme: dark' bench.svg
grep -E 'href|<script|@import|url\(' bench.svg
mkdir odd && ln -s "$PWD"/tiny/* odd && echo '{"name": "<b>&\"odd\""}' > odd/tuwen.json
tuwen bench --seconds 0 -q -m odd --runs 1 --captions 1 --svg odd.svg captions > /dev/null && grep -o '[^>]*odd[^<,]*' odd.svg
ls *.svg*
