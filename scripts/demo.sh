#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Scores two of the pictures that ship against the texts that ship, by the program $1, and says what to try next.
set -eu
cd "$(dirname "$0")/.."
tuwen=$1
pictures=models/demo/pictures
# The texts are Chinese too, so the terminal is taken to know UTF-8 where nothing is said of it.
[ -n "${LC_ALL:-${LC_CTYPE:-${LANG:-}}}" ] || export LC_ALL=C.UTF-8

cat <<END

Which of $(grep -c . $pictures/texts.txt) texts, half of them Chinese, fit a picture best?

  $tuwen match --model models/demo --top 4 --texts $pictures/texts.txt \\
      $pictures/traffic-light.png $pictures/girl-on-bench.webp

END
"$tuwen" match --quiet --model models/demo --top 4 --texts $pictures/texts.txt \
    $pictures/traffic-light.png $pictures/girl-on-bench.webp
cat <<END

That was the small model that ships with tuwen. Next, a picture of your own:

  $tuwen match PICTURE "a text" "another text"
  $tuwen help
END
