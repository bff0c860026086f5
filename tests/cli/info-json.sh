# SPDX-License-Identifier: Apache-2.0
# The same for programs; the language does not change it.
tuwen info -q --json tiny
tuwen info -q --json tiny > en.json
tuwen info -q --json --lang zh tiny | cmp - en.json
