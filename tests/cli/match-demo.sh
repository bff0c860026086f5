# SPDX-License-Identifier: Apache-2.0
# Meaning: with the checkpoint that ships, the right text wins for each of its pictures, in English and in Chinese.
# The expected output is what the pictures show; it is not made by --update.
[ -e demo/pictures/texts.txt ] || exit 77
for language in en zh; do
    case $language in
    en) LC_ALL=C grep '^[a-z]' demo/pictures/texts.txt ;;
    zh) LC_ALL=C grep -v '^[a-z]' demo/pictures/texts.txt ;;
    esac > texts.txt
    tuwen match -q --json -m demo -n 1 -f texts.txt demo/pictures/*.png demo/pictures/*.jpg demo/pictures/*.webp \
        demo/pictures/*.gif demo/pictures/*.tiff |
        sed -n 's/.*"image":"demo\/pictures\/\([^"]*\)","text":"\([^"]*\)".*/\1: \2/p'
done
