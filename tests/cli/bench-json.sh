# SPDX-License-Identifier: Apache-2.0
# The document for scripts, and the picture: which members they have; every number is masked.
mask() { sed -E 's/(": )-?[0-9][-+0-9.e]*/\1#/; s/("(isa|oneDNN|code)": )("[^"]*"|null)/\1.../; s/("(share|share_least|share_largest|rate|peak|peak_before|peak_after)": )(null|#)/\1#/; s/("fingerprint": ")[0-9a-f]*/\1.../; s/("share_of": )"[a-z0-9]*"/\1.../'; }
tuwen bench --seconds 0 -q --json -m tiny --runs 2 --captions 3 --svg bench.svg picture captions | mask
tuwen bench --seconds 0 --json peaks | mask

# One bar of stages for each result; nothing that another file or a script would be needed for; names are no markup.
grep -c 'text-anchor="end"' bench.svg
grep -c 'of the peak around the run ([0-9.]* [TG]FLOP/s)' bench.svg
sed -n 's/^<text .*>\([a-z ]*\)<.text>$/\1/p' bench.svg
test "$(grep -c '<title>' bench.svg)" -ge 4 && echo pieces
grep -c 'prefers-color-scheme: dark' bench.svg
grep -E 'href|<script|@import|url\(' bench.svg
mkdir odd && ln -s "$PWD"/tiny/* odd && echo '{"name": "<b>&\"odd\""}' > odd/tuwen.json
tuwen bench --seconds 0 -q -m odd --runs 1 --captions 1 --svg odd.svg captions > /dev/null && grep -o '[^>]*odd[^<,]*' odd.svg
# The run that is shown is one of them, of the median share: of two the lesser. Its peak is the mean of those around it.
tuwen bench --seconds 3600 -q --json -m tiny --runs 2 captions --captions 3 > out.json
awk -F '[:,]' '/"(seconds|peak_before|peak_after|share|peak|share_least|share_largest)"/ { gsub(/[" ]/, "", $1); n[$1]++; v[$1, n[$1]] = $2 }
    END { least = v["share", 1] < v["share", 2] ? 1 : 2; mean = (v["peak_before", least] + v["peak_after", least]) / 2
          print n["peak_before"] " runs", (v["peak_after", 1] == v["peak_before", 2]) ? "peaks between" : "other peaks"
          print (v["seconds", 3] == v["seconds", least] && v["share_least", 1] == v["share", least]) ? "median" : "not the median"
          print (v["peak", 1] / mean - 1) ^ 2 < 1e-12 ? "mean" : "not the mean" }' out.json
ls *.svg*
