# SPDX-License-Identifier: Apache-2.0
# Queries and options that cannot be.
for language in en zh; do
    for query in "" "+" "a + " "a - @" '"a' '"a" b' "0:a" "2000:b - c"; do
        tuwen match --lang $language -q -m tiny -Q "$query" images/28x28.png; echo "exit $?"
    done
    tuwen match --lang $language -q -m tiny -Q a; echo "exit $?"
    tuwen match --lang $language -q -m tiny --fuse images/28x28.png; echo "exit $?"
    tuwen match --lang $language -q -m tiny --by text -Q a images/28x28.png; echo "exit $?"
    tuwen match --lang $language -q -m tiny --by query -t a images/28x28.png; echo "exit $?"
    tuwen match --lang $language -q -m tiny -Q "a - a" images/28x28.png; echo "exit $?"
done
tuwen match -q -m tiny --fuse -t a -i images/28x28.png images/28x28.png; echo "exit $?"
tuwen match -q -m tiny --fuse -i images/28x28.png -i images/28x28.png; echo "exit $?"
tuwen match -q -m tiny --fuse -i images/28x28.png -t "" images/28x28.png; echo "exit $?"
tuwen match -q -m tiny -Q @- - ; echo "exit $?"
tuwen match -q -m tiny -Q "$(printf 'bell \007 - @no\033[2Jfile')" images/28x28.png 2>&1 | cat -v
