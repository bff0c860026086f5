# SPDX-License-Identifier: Apache-2.0
# Compares the files `expected` and `actual` line by line; numbers with decimals may differ by one and a half of their last
# digit, as instruction sets differ. Prints the first difference, and fails then. awk -v expected=A -v actual=B -f compare.awk
function number(text) { return text ~ /^-?[0-9]+\.[0-9][0-9]+(e-?[0-9]+)?$/ }
function decimals(text) { sub(/^[^.]*\./, "", text); sub(/e.*$/, "", text); return length(text) }
function abs(x) { return x < 0 ? -x : x }
function close_enough(a, b,   i, n, m, as, bs, limit) {
    if (a == b) return 1
    gsub(/[^-0-9.e]+/, "\001&\001", a); gsub(/[^-0-9.e]+/, "\001&\001", b)
    n = split(a, as, "\001"); m = split(b, bs, "\001")
    if (n != m) return 0
    for (i = 1; i <= n; i++) {
        if (as[i] == bs[i]) continue
        if (!number(as[i]) || !number(bs[i])) return 0
        limit = 1.5 * 10 ^ -decimals(as[i])
        if (limit < 2e-5) limit = 2e-5
        if (abs(as[i] - bs[i]) > limit) return 0
    }
    return 1
}
BEGIN {
    while (1) {
        more_expected = (getline a < expected) > 0; more_actual = (getline b < actual) > 0; line++
        if (!more_expected && !more_actual) exit 0
        if (more_expected && more_actual && close_enough(a, b)) continue
        printf "  line %d\n    expected: %s\n    actual:   %s\n", line, more_expected ? a : "(end)", more_actual ? b : "(end)"
        exit 1
    }
}