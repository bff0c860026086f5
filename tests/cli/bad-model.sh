# SPDX-License-Identifier: Apache-2.0
# A checkpoint that is none: exit code 3, nothing on standard output.
mkdir empty
tuwen match -m missing images/28x28.png a; echo "exit $?"
tuwen match --json -m empty images/28x28.png a; echo "exit $?"
tuwen info empty; echo "exit $?"
mkdir broken && echo '{' > broken/config.json
tuwen info broken; echo "exit $?"
