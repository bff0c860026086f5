#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes a page of one file, as a C array NAME: report-page.sh NAME OUTPUT PAGE STYLE SCRIPT...
# The style and the scripts go into the page in place of its marks, and their digests into its content security policy,
# so that a browser runs these bytes and no others. NAME_policy is the policy and NAME_tag an ETag of the whole, for those
# who send the page over HTTP.
set -eu
name=$1 output=$2 page=$3 style=$4
shift 4
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
    echo "const unsigned char $name[] = {"
    od -An -v -tu1 "$work/page" | sed 's/  *\([0-9][0-9]*\)/\1,/g'
    echo "};"
    echo "const size_t ${name}_size = sizeof $name;"
    policy=$(sed -n 's/.*"Content-Security-Policy" content="\([^"]*\)".*/\1/p' "$work/page")
    echo "const char ${name}_policy[] = \"$policy\";"
    echo "const char ${name}_tag[] = \"\\\"$(digest "$work/page")\\\"\";"
} >"$output"
