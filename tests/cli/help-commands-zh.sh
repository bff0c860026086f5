# SPDX-License-Identifier: Apache-2.0
# The help of every command in Chinese.
for command in match embed explain pull models cache convert verify info selftest bench version help; do
    tuwen help --lang zh $command
done
