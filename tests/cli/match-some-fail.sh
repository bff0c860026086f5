# SPDX-License-Identifier: Apache-2.0
# A missing and a damaged picture among good ones: the others come out, the exit code is 1.
tuwen match -q -m tiny -t "a dog" images/150x100.png missing.jpg images/broken-text.jpg images images/28x28.png
