# SPDX-License-Identifier: Apache-2.0
# Nothing to compare with.
tuwen match -m tiny images/28x28.png; echo "exit $?"
printf '\n \r\n' | tuwen match -m tiny images/28x28.png; echo "exit $?"
tuwen match -m tiny images/28x28.png ""; echo "exit $?"
tuwen match -m tiny -f missing.txt images/28x28.png; echo "exit $?"
