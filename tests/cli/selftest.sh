# SPDX-License-Identifier: Apache-2.0
# The checkpoint that ships gives the reference's vectors, as a table in both languages and as JSON.
tuwen selftest --precision f32; echo "exit $?"
tuwen selftest --precision f32 -q --lang zh | sed -n '1,3p;$p'
tuwen selftest --precision f32 -q --json | sed 's/"largest":[0-9.e-]*/"largest":.../' |
    sed 's|"against":".*/models|"against":"models|; 3,12d'

# Both precisions. How far bf16 is off depends on the machine.
tuwen selftest -q | sed 's/   0.999[0-9]*   0.999500 /   1.000000   0.999500 /; s/0[.]00[0-9]\{5\}          -/0.0000000          -/'
# No line is wider than a page.
for language in en zh; do tuwen selftest -q --lang $language | wc -L; done
