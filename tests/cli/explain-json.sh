# SPDX-License-Identifier: Apache-2.0
# One JSON document; bytes that are no UTF-8 come out as U+FFFD.
tuwen explain -q --json -m demo demo/pictures/dog.jpg "a red dog"
tuwen explain -q --json -m demo --budget 0 demo/pictures/dog.jpg "$(printf 'a dog \377')"
