# SPDX-License-Identifier: Apache-2.0
# The best pictures of each text, in each format that has groups; --top counts pictures then.
cd demo/pictures
tuwen match -q -m .. --by text -t "a dog" -t "披萨" *.jpg traffic-light.png
COLUMNS=60 tuwen match -q -m .. --by text --top 1 --lang zh -t "a dog" -t "红绿灯" *.jpg traffic-light.png
tuwen match -q -m .. --by text --top 2 --json -t "a dog" -t "披萨" *.jpg missing.png traffic-light.png; echo "exit $?"
tuwen match -q -m .. --by text --top 2 --format csv -t "a dog" -t "披萨" *.jpg missing.png traffic-light.png; echo "exit $?"
tuwen match -q -m .. --by picture --top 1 --format csv -f texts.txt *

# The same pairs whichever way they are grouped; only grouped by picture do they have a share.
without_share() { sed -E 's/,[0-9.]*,([a-z ]*),(true|false),$/,\1,\2,/'; }
tuwen match -q -m .. --by text --format csv -f texts.txt *.* | without_share | sort > ~/text
tuwen match -q -m .. --format csv -f texts.txt *.* | without_share | sort | cmp - ~/text && wc -l < ~/text | tr -d ' '

# What would take too much memory while it waits is refused before anything is computed.
cd
seq 20000 > texts.txt
pictures=$(seq -f "%g.png" 14000)
tuwen match -q -m "$OLDPWD/.." --by text -f texts.txt $pictures; echo "exit $?"
tuwen match -q -m "$OLDPWD/.." --format matrix -f texts.txt $pictures; echo "exit $?"
