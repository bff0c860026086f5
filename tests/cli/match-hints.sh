# SPDX-License-Identifier: Apache-2.0
# Likely slips get a remark.
tuwen match -m tiny "a dog" images/28x28.png; echo "exit $?"
tuwen match -m tiny images/28x28.png images/150x100.png > table; echo "exit $?"
