# SPDX-License-Identifier: Apache-2.0
# A picture on standard input; the same picture and texts cannot both come from there.
tuwen match -q -m tiny - "a dog" < images/28x28.png
cat images/28x28.png | tuwen match -q --json -m tiny - "a dog"
tuwen match -m tiny - < images/28x28.png; echo "exit $?"
echo "a dog" | tuwen match -m tiny -f - -; echo "exit $?"
