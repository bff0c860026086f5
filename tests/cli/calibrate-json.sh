# SPDX-License-Identifier: Apache-2.0
# The document for programs, rows that cannot be used among the others.
. "$TESTS/labels.shared"
make_labels
printf 'none.png,a dog,yes\ndemo/pictures/dog.jpg,a cat,\ndemo/pictures/dog.jpg,a cat,perhaps\n' >> labels.csv
tuwen calibrate -m demo --json labels.csv > out.json
echo "exit $?"
sed -E 's/-?[0-9]+\.[0-9]+/N/g; s/"(precision|recall|false_pass|f1|accuracy|value|low|high|said|matching|match)":(null|[0-9]+)/"\1":N/g' out.json
