# SPDX-License-Identifier: Apache-2.0
# The help of every command; "help NAME" and "NAME --help" are the same.
for command in $COMMANDS; do
    tuwen help $command
    tuwen $command --help > other
    tuwen help $command | cmp - other
done
