# SPDX-License-Identifier: Apache-2.0
# One document, sorted, with the place of each text as given.
tuwen match -q --json -m tiny images/150x100.png "a dog" "一只狗" "quote \" and \\"
