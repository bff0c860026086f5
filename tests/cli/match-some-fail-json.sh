# SPDX-License-Identifier: Apache-2.0
# The same as one JSON document.
tuwen match -q --json -m tiny -t "a dog" images/150x100.png missing.jpg images/28x28.png
