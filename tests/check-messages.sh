#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The catalogue of the library's messages, src/base/messages_zh.def, has exactly the formats that the sources give to
# tw_fail, tw_text and TW_SAY, and each Chinese format takes the same arguments in the same order. With --missing it prints the lines that
# the catalogue lacks, ready to be translated.
set -eu
cd "${TUWEN_SOURCE:-$(dirname "$0")/..}"
if ! command -v xgettext >/dev/null 2>&1; then
    echo 'skipped: xgettext (package gettext) is not here'
    exit 77
fi

# In: files and xgettext keywords. Out: a line for each message: its place, a tab, its parts.
extract() {
    keyword=$1
    shift
    xgettext --language=C --from-code=UTF-8 --keyword --keyword="$keyword" --no-wrap --add-location=full --output=- "$@" 2>/dev/null |
        awk '
        /^#: / { place = $2 }
        /^msgid "/ { sub(/^msgid /, ""); first = $0; which = 1; next }
        /^msgid_plural "/ { sub(/^msgid_plural /, ""); second = $0; which = 2; next }
        /^msgstr/ { which = 0; next }
        /^"/ && which == 1 { first = substr(first, 1, length(first) - 1) substr($0, 2) }
        /^"/ && which == 2 { second = substr(second, 1, length(second) - 1) substr($0, 2) }
        /^$/ { if (first != "" && first != "\"\"") print place "\t" first "\t" second; first = second = "" }
        END { if (first != "" && first != "\"\"") print place "\t" first "\t" second }'
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
extract tw_fail:3 $(find src -name '*.c' | LC_ALL=C sort) >"$work/used"
extract tw_text:2 $(find src -name '*.c' | LC_ALL=C sort) >>"$work/used"
extract TW_SAY:2 $(find src/net -name '*.c' | LC_ALL=C sort) >>"$work/used"
extract M:1,2 src/base/messages_zh.def >"$work/catalogue"

awk -F '\t' -v missing="${1:-}" '
# The conversions of a format, such as "%s %zu", without flags, widths and precisions.
function conversions(format,    list, one) {
    list = ""
    gsub(/%%/, "", format)
    while (match(format, /%[-+ #0]*([0-9]+|\*)?([.]([0-9]+|\*)?)?(hh|h|ll|l|z|j|t|L)?(<[A-Za-z0-9]+>|[diouxXeEfFgGaAcsp])/)) {
        one = substr(format, RSTART + 1, RLENGTH - 1)
        sub(/^[-+ #0]*[0-9]*/, "", one)
        if (one !~ /[*]/)
            sub(/^[.][0-9]*/, "", one)
        list = list " %" one
        format = substr(format, RSTART + RLENGTH)
    }
    return list
}
function say(text) {
    if (missing == "")
        print text
    bad = 1
}
FILENAME ~ /catalogue$/ {
    lines++
    if ($2 in chinese)
        say("src/base/messages_zh.def: twice: " $2)
    chinese[$2] = $3
    if (conversions($2) != conversions($3))
        say("src/base/messages_zh.def: other arguments in Chinese: " $2 " has" conversions($2) ", " $3 " has" conversions($3))
    next
}
{
    used[$2] = 1
    count++
    if (!($2 in chinese)) {
        say($1 ": no Chinese in src/base/messages_zh.def: " $2)
        if (missing != "") {
            line = $2
            gsub(/%<PRIu64>/, "%\" PRIu64 \"", line)
            print "M(" line ",\n  \"\")"
        }
    }
}
END {
    for (format in chinese)
        if (!(format in used))
            say("src/base/messages_zh.def: used nowhere: " format)
    if (count < 20 || lines < 1) {
        print "check-messages: found only " count " messages: xgettext gives another form?"
        exit 1
    }
    exit bad
}' "$work/catalogue" "$work/used"
