# SPDX-License-Identifier: Apache-2.0
# mask: sizes
# The cache: what a second run takes from it, which files are never touched, and the command. Of two runs the first computes
# and the second does not; both print the same.
file=$HOME/.cache/tuwen/vectors.sqlite
at_home() { sed "s|$PWD|HERE|g; s|$HOME|HOME|g; s/[0-9]\{4\}-[0-9][0-9]-[0-9][0-9]T[0-9:]*Z/TIME/; s/[0-9]\{4\}-[0-9][0-9]-[0-9][0-9] [0-9:]\{5\}/TIME/; s/[0-9a-f]\{16\}/SPACE/g"; }
run() { tuwen "$@" 2>&1 | at_home; }
taken() { tuwen "$@" -v 2>&1 >/dev/null | grep 'from the cache' || echo "no cache"; }
many() { taken match -m demo -t "a dog" -t "a cat" demo/pictures/dog.jpg demo/pictures/pizza.jpg "$@"; }

echo "-- nothing yet"
run cache
run cache --json
run cache clear

echo "-- the second run"
many
many
many -t "a pizza"
many --image-tokens 4
many --no-cache
taken embed -m demo -i demo/pictures/dog.jpg -t "a dog"
taken embed -m demo --fuse -i demo/pictures/dog.jpg -t "a dog"
taken embed -m demo --fuse -i demo/pictures/dog.jpg -t "a dog"
cp demo/pictures/dog.jpg other-name.jpg
taken embed -m demo -i other-name.jpg
taken embed -m tiny -t "a dog" -t "a dog" -i images/broken-truncated.png
taken embed -m tiny -t "a dog" -t "a dog" -i images/broken-truncated.png
ls -l "$file" | cut -c 1-10

echo "-- the same output"
for options in "" "" --no-cache; do
    tuwen match -q --json -m demo demo/pictures/dog.jpg "a dog" "a cat" $options | cksum >>sums
    tuwen embed -q -m demo -i demo/pictures/dog.jpg -t "a dog" -t "" -i images/28x28.png $options 2>/dev/null | cksum >>sums
    tuwen embed -q -m tiny --max-length 30 -t "$(seq 60 | tr '\n' ' ')" $options | cksum >>sums
done
sort sums | uniq -c | awk '{ print $1 }'

echo "-- without it"
TUWEN_CACHE=off many
TUWEN_CACHE='' many
TUWEN_CACHE=$PWD/own.sqlite many
ls own.sqlite
XDG_CACHE_HOME=$PWD/caches many
ls caches/tuwen/vectors.sqlite
(unset HOME; tuwen match -m demo demo/pictures/dog.jpg "a dog" 2>&1 | sed -n 2p)
TUWEN_CACHE=/proc/none/v.sqlite run match -m demo demo/pictures/dog.jpg "a dog" | sed -n 2p
TUWEN_CACHE=/proc/none/v.sqlite run match -q -m demo demo/pictures/dog.jpg "a dog" | sed -n 1p
TUWEN_CACHE=off run cache
TUWEN_CACHE=off run cache --json

echo "-- the command"
run cache | sort
run cache --json | sed '/"space"/,/}/d'
run cache --lang zh | sort
run cache trim 100K; run cache trim 500K; run cache trim
tuwen cache clear 2>&1 | sed 's/[0-9]* vectors removed/N vectors removed/'
run cache
tuwen cache trmi; echo "exit $?"
tuwen cache trim x; echo "exit $?"
tuwen cache trim 1.5; echo "exit $?"
tuwen cache trim 1.5M; echo "exit $?"
tuwen cache trim 1 2; echo "exit $?"
tuwen cache clear 1; echo "exit $?"
tuwen cache trim 0 --json | tr -d "\"" | sed "s|:[0-9]*|:N|g"
tuwen cache clear --json | tr -d "\"" | sed "s|:[0-9]*|:N|g"
tuwen cache clear --json; echo "exit $?"
TUWEN_CACHE_SIZE=much tuwen cache; echo "exit $?"

echo "-- damage"
many
head -c 20000 /dev/urandom > "$file"
many
many
printf 'no database' > "$file"
run match -m demo demo/pictures/dog.jpg "a dog" | sed -n 2p
ls "$HOME/.cache/tuwen" | grep -v 'wal\|shm'
run cache --json | grep -c set_aside_bytes
run cache clear
ls "$HOME/.cache/tuwen"
echo "a letter" > letter
TUWEN_CACHE=letter run match -m demo demo/pictures/dog.jpg "a dog" | sed -n 2p
cat letter
TUWEN_CACHE=letter run cache clear
if command -v sqlite3 >/dev/null; then
    sqlite3 "$file" 'PRAGMA integrity_check' 'PRAGMA journal_mode' 'PRAGMA user_version'
else
    printf 'ok\nwal\n1\n'
fi
