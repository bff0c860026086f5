# SPDX-License-Identifier: Apache-2.0
# The help of every command in Chinese.
for command in $COMMANDS; do
    tuwen help --lang zh $command
done
