# SPDX-License-Identifier: Apache-2.0
# A packed file has one precision. Its golden vectors are those beside it, or those of the shipped checkpoint if it was
# made of that.
tuwen convert -q demo demo.tuwen && tuwen convert -q --precision f32 demo demo-f32.tuwen && tuwen convert -q tiny tiny.tuwen
try() { tuwen selftest -q "$@" | sed -n '1p;$p'; }
try -m demo.tuwen
try -m demo-f32.tuwen
tuwen convert -q --precision int8 demo demo-int8.tuwen && try -m demo-int8.tuwen
tuwen selftest -q -m demo-f32.tuwen --precision bf16; echo "exit $?"
tuwen selftest -q -m tiny.tuwen; echo "exit $?"
sed 's/"fingerprint": "c6/"fingerprint": "00/' demo/golden.json > golden.json && try -m demo-f32.tuwen
ln -s demo/pictures pictures
sed '/"text-english"/s/"vector": \[0.04/"vector": [0.05/' demo/golden.json > golden.json && try -m demo-f32.tuwen
