# SPDX-License-Identifier: Apache-2.0
# No line of help that can be wrapped is wider than 80 columns, in either language. In UTF-8, a character of three
# bytes is two columns wide here, one of two bytes does not occur.
for language in en zh; do
    for command in "" $COMMANDS; do
        # shellcheck disable=SC2086
        tuwen help --lang $language $command | LC_ALL=C awk -v where="$language $command" '
            { wide = gsub(/[\340-\357][\200-\277][\200-\277]/, "##") }
            length($0) > 80 { print where ": " $0 }'
    done
done
