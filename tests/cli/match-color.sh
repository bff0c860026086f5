# SPDX-License-Identifier: Apache-2.0
# Colours only when asked for here, as this is no terminal; NO_COLOR does not overrule --color always.
count() { tr -dc '\033' | wc -c | tr -d ' '; }
tuwen match -q -m tiny images/28x28.png a | count
tuwen match -q -m tiny --color auto images/28x28.png a | count
tuwen match -q -m tiny --color never images/28x28.png a | count
NO_COLOR=1 tuwen match -q -m tiny --color always images/28x28.png a | cat -v
