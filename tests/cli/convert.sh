# SPDX-License-Identifier: Apache-2.0
# mask: sizes
# A packed file: made, used, checked, explained; what else is there is not replaced.
tuwen convert tiny tiny.tuwen; echo "exit $?"
tuwen match -q -m tiny.tuwen images/28x28.png "a dog" | sed -n "s/.*high/high/p" # in bf16, cosines differ more
tuwen verify tiny.tuwen
tuwen verify --lang zh tiny.tuwen
tuwen info tiny.tuwen | sed 's/^made by.*/made by         .../'
tuwen info --lang zh tiny.tuwen | sed 's/^制作者.*/制作者          .../'
tuwen info --json tiny.tuwen | grep -v made_by
tuwen convert --precision f32 tiny.tuwen worse.tuwen; echo "exit $?"
tuwen convert --precision f32 tiny tiny.tuwen && tuwen match -q -m tiny.tuwen images/28x28.png "a dog"
tuwen convert -q --precision int8 tiny tiny.tuwen && tuwen info tiny.tuwen | grep '^size' # of the same checkpoint
tuwen convert --precision bf16 tiny.tuwen worse.tuwen; echo "exit $?"
tuwen convert demo tiny.tuwen; echo "exit $?"
echo text > note
tuwen convert tiny note; echo "exit $?"
tuwen convert tiny images; echo "exit $?"
tuwen convert tiny; echo "exit $?"
tuwen convert tiny a b; echo "exit $?"
tuwen convert nothing a; echo "exit $?"
tuwen convert tiny no/such/folder.tuwen; echo "exit $?"
tuwen convert --lang zh tiny no/such/folder.tuwen; echo "exit $?"
tuwen convert -q tiny note --force && tuwen verify note
printf x | dd of=note bs=1 seek=5000 conv=notrunc 2> /dev/null
tuwen verify note; echo "exit $?"
truncate -s 100000 note
tuwen verify note; echo "exit $?"
tuwen match -m note images/28x28.png a; echo "exit $?"
tuwen verify tiny; echo "exit $?"
tuwen verify nothing; echo "exit $?"
ls
