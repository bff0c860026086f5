#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Documents tell the truth where a script can see it: no placeholder is left, links between files lead somewhere, `make`
# targets exist, and every tuwen command line in the code blocks of both READMEs runs (with the tiny checkpoint, and with
# shipped pictures, a table and labels under the names that the examples use). In a block a caption may follow a command after two spaces or
# a #.
set -eu
cd "${TUWEN_SOURCE:-$(dirname "$0")/..}"
source=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0

for document in *.md docs/*.md bindings/*/*.md models/demo/*.md tests/*/README.md tools/*/README.md; do
    [ -e "$document" ] || continue
    if grep -nH '@[A-Z_][A-Z_]*@' "$document"; then
        echo "^ a placeholder that nobody filled"
        bad=1
    fi
    for link in $(grep -o '](\([^)#: ]*\)[)#]' "$document" | sed 's/^](//; s/[)#]$//'); do
        [ -e "$(dirname "$document")/$link" ] || {
            echo "$document: no such file: $link"
            bad=1
        }
    done
done

mkdir -p "$work/home/models" "$work/shop" "$work/bin"
ln -s "$source/tests/golden/tiny" "$work/home/models/gme-Qwen2-VL-2B-Instruct"
ln -s "$source/models" "$source/docs" "$work"
ln -s "$TUWEN_BUILD" "$work/build"
ln -s "$TUWEN_BUILD/tuwen" "$work/bin/tuwen"
for name in photo.jpg sofa.jpg a.jpg b.jpg shop/1.jpg shop/2.jpg; do
    cp tests/golden/images/60x44.png "$work/$name"
done
printf 'image,title\nphoto.jpg,a dog\nsofa.jpg,一只狗\n' >"$work/products.csv"
awk 'BEGIN { print "image,text,label"; for (i = 0; i < 40; i++) print (i % 2 ? "photo.jpg" : "sofa.jpg") ",text " i "," (i < 20) }' >"$work/decisions.csv"
printf 'a dog\n一只狗\n' | tee "$work/titles.txt" >"$work/captions.txt"
commands=0
for document in README.md README.zh.md; do
    awk '/^```/ { inside = !inside; next } inside' "$document" | sed 's/  .*//; s/ #.*//' >"$work/lines"
    rm -f "$work"/checked* "$work"/shop.*
    while IFS= read -r line; do
        case $line in
        'make '*)
            make -n "${line#make }" TUWEN_PACKAGES=skip >/dev/null 2>&1 || {
                echo "$document: no such target: $line"
                bad=1
            }
            ;;
        *tuwen*[,、]*) ;; # a list of commands, for reading
        'tuwen '* | 'build/tuwen '*)
            (
                cd "$work"
                case $line in *'tuwen pull'* | *'tuwen serve'* | *' --fetch'*) line="$line --help" ;; esac # nothing leaves this machine, nothing goes on
                HOME=$work/home XDG_CONFIG_HOME=$work/config-$document TUWEN_MODEL=$source/tests/golden/tiny PATH=$work/bin:$PATH sh -c "$line" </dev/null >out 2>&1 ||
                    [ $? -eq 4 ] # below --fail-under, which the sample may be
            ) || {
                echo "$document: fails: $line"
                cat "$work/out"
                bad=1
            }
            commands=$((commands + 1))
            ;;
        esac
    done <"$work/lines"
done
[ $commands -ge 8 ] || {
    echo "check-documents: found only $commands commands in the READMEs: they have another form?"
    bad=1
}
exit $bad
