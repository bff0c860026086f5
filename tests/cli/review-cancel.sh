# SPDX-License-Identifier: Apache-2.0
# Ctrl-C while rows are awaited on standard input: the rows that are known are whole, and the same command goes on there.
env --default-signal=INT true 2> /dev/null || exit 77 # a shell makes its background commands deaf to it
mkfifo pipe
awk 'BEGIN { print "image,text"; for (i = 0; i < 200; i++) print "images/28x28.png,text " i }' > in.csv
exec 3<> pipe
env --default-signal=INT tuwen review -m tiny - -o out.csv <&3 2> said &
cat in.csv >&3
while kill -0 $! && [ "$(grep -cs '' out.csv)" != 201 ]; do sleep 0.1; done
kill -INT $!
wait $!
echo "exit $?"
exec 3>&-
sed 's/[0-9.]* s, [0-9.]* rows/N s, N rows/; s/after [0-9]* rows/after N rows/; s/^tuwen: [0-9]* rows, /tuwen: M rows, /; 4,$d' said
head -n "$(wc -l < out.csv)" in.csv > begin
tail -c 1 out.csv | od -c | head -n 1
cut -d, -f1,2 out.csv | cmp - begin
tuwen review -q -m tiny - -o out.csv < in.csv
tuwen review -q -m tiny in.csv | cmp - out.csv && wc -l < out.csv
