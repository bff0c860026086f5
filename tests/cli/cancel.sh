# SPDX-License-Identifier: Apache-2.0
# Ctrl-C while a picture is awaited on standard input: what was computed before is printed, as a whole document; a file,
# which would be incomplete, is not left.
env --default-signal=INT true 2> /dev/null || exit 77 # a shell makes its background commands deaf to it
mkfifo pipe
exec 3<> pipe
interrupt() { # waits for the command of $! to have written something for which $1 holds
    while kill -0 $! && ! eval "$1"; do sleep 0.1; done
    kill -INT $!
    wait $!
    echo "exit $?"
}
env --default-signal=INT tuwen match -q -m tiny -i images/28x28.png -i - "a dog" <&3 > table &
interrupt "test -s table"
cat table
env --default-signal=INT tuwen match -q --json -m tiny -i images/28x28.png -i - "a dog" <&3 > json &
interrupt "grep -qs cosine json"
cat json
env --default-signal=INT tuwen embed -q -m tiny -i - -o out.npy --format npy <&3 &
interrupt "ls out.npy.* > /dev/null 2>&1"
ls out.npy* 2> /dev/null || echo nothing left
# While peaks are measured, and between runs: one sentence, and nothing left beside the picture that is wanted.
env --default-signal=INT tuwen bench -m tiny captions --svg peaks.svg > peaks 2> said &
interrupt "grep -qs 'model tiny' said"
cat said
ls peaks.svg* 2> /dev/null || echo nothing left
env --default-signal=INT tuwen bench -q --lang zh -m tiny --seconds 60 --runs 10000 captions --captions 3 --svg bench.svg > bench &
interrupt "grep -qs tiny bench"
ls bench.svg* 2> /dev/null || echo nothing left
