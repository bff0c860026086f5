# SPDX-License-Identifier: Apache-2.0
# Another instruction changes the vectors of texts; the default one can be said too.
tuwen match -q --json -m tiny images/28x28.png "a dog"
tuwen match -q --json -m tiny --instruction "Find an image that matches the given text." images/28x28.png "a dog"
tuwen match -q --json -m tiny --instruction "Find a drawing." images/28x28.png "a dog"
