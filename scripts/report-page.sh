#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the beginning of every HTML report as a C array: report-page.sh OUTPUT PAGE STYLE SCRIPT...
# The style and the scripts go into the page in place of its marks, and their digests into its content security policy,
# so that a browser runs these bytes and no others.
set -eu
output=$1 page=$2 style=$3
shift 3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Without comments that have lines of their own, and without indentation: an eighth of the page.
squeeze() {
    awk '{ sub(/^ +/, "") }
        /^\/\*.*\*\/$/ { next }
        /^\/\*/ { comment = 1 }
        !comment && $0 != "" { print }
        /\*\/$/ { comment = 0 }' "$@"
}

# What stands between the tags, as it will be hashed by the browser.
{ echo; squeeze "$style"; } >"$work/style"
{ echo; squeeze "$@"; } >"$work/script"
if grep -il '</style\|</script\|<!--' "$work/style" "$work/script"; then
    echo "^ would end its element too early" >&2
    exit 1
fi

# The digest of a file as a policy wants it: of the hexadecimal digits pairs become bytes, written in octal.
digest() {
    octal=$(sha256sum "$1" | awk '{
        for (i = 1; i < 64; i += 2)
            printf "\\%03o", (index("0123456789abcdef", substr($1, i, 1)) - 1) * 16 + index("0123456789abcdef", substr($1, i + 1, 1)) - 1
    }')
    # shellcheck disable=SC2059
    printf "sha256-%s" "$(printf "$octal" | base64)"
}

style_digest=$(digest "$work/style") script_digest=$(digest "$work/script")
awk -v style="$work/style" -v script="$work/script" -v style_digest="$style_digest" -v script_digest="$script_digest" '
    function put(mark, file,   at, line) {
        at = index($0, mark)
        printf "%s", substr($0, 1, at - 1)
        while ((getline line < file) > 0) print line
        print substr($0, at + length(mark))
    }
    { sub(/@STYLE_HASH@/, style_digest); sub(/@SCRIPT_HASH@/, script_digest) }
    /@STYLE@/ { put("@STYLE@", style); next }
    /@SCRIPT@/ { put("@SCRIPT@", script); next }
    { print }' "$page" >"$work/page"

{
    echo "/* Made by scripts/report-page.sh. */"
    echo "#include <stddef.h>"
    echo "const unsigned char html_report_page[] = {"
    od -An -v -tu1 "$work/page" | sed 's/  *\([0-9][0-9]*\)/\1,/g'
    echo "};"
    echo "const size_t html_report_page_size = sizeof html_report_page;"
} >"$output"
