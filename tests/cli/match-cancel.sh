# SPDX-License-Identifier: Apache-2.0
# Ctrl-C where results wait for the last picture: what was computed before is printed; a file, which would be incomplete, is
# not left.
env --default-signal=INT true 2> /dev/null || exit 77 # a shell makes its background commands deaf to it
mkfifo pipe
exec 3<> pipe
match() { # waits until the first picture is done, and then interrupts
    rm -f said
    env --default-signal=INT tuwen match -v -m tiny "$@" images/28x28.png - <&3 2> said &
    while kill -0 $! && ! grep -qs '28x28.png: 28x28' said; do sleep 0.1; done
    kill -INT $!
    wait $!
    echo "exit $?"
    grep -x "tuwen: cancelled" said
}
match --by text -t "a dog" -t "a cat"
match --by text --json -t "a dog" -t "a cat"
match --format matrix -t "a dog" -t "a cat"
match --format csv -Q "a dog" -Q "a cat"
match --format csv -o out.csv -t "a dog"
match --format npy -o out.npy -t "a dog"
ls out.* 2> /dev/null || echo nothing left
