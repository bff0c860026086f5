# SPDX-License-Identifier: Apache-2.0
# mask: sizes
# A packed file whose matrices an older version laid out otherwise is written anew at its first use, also through a link,
# which stays one; where it cannot be written, its weights are packed at each start.
match() { tuwen match "$@" images/28x28.png "a dog" | sed -n "s/.*high/high/p"; }
tuwen convert -q --precision f32 tiny new.tuwen
"$TUWEN_BUILD/tests/cli/relayout" new.tuwen old.tuwen
cp old.tuwen store.tuwen
ln -s store.tuwen link.tuwen
tuwen info link.tuwen | grep '^this'
tuwen info --lang zh link.tuwen | grep '^本机'
match -m link.tuwen
[ -L link.tuwen ] && echo still a link
tuwen info store.tuwen | grep '^this'
tuwen verify store.tuwen
match -m link.tuwen > /dev/null
cmp store.tuwen new.tuwen && echo the same as a new one
mkdir -p "$HOME/.local/share/tuwen/models" && cp old.tuwen "$HOME/.local/share/tuwen/models/other.tuwen"
tuwen models
mkdir old.tuwen.part # stands in the way of writing
match -m old.tuwen
tuwen info old.tuwen | grep '^this'
