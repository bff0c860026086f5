# SPDX-License-Identifier: Apache-2.0
# One JSON document; a text that is not UTF-8 gives none.
tuwen explain -q --json -m demo demo/pictures/dog.jpg "a red dog"
tuwen explain -q --json -m demo --budget 0 demo/pictures/dog.jpg "$(printf 'a dog \377')"
