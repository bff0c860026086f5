# SPDX-License-Identifier: Apache-2.0
# Recall, CLIPScore, and with labels how well cosines and a profile tell yes from no.
. "$TESTS/labels.shared"
make_labels
export TUWEN_MODEL=demo
mask() { sed -E 's/\[-?[0-9.]+, -?[0-9.]+\]/[N, N]/'; }
awk -F, 'NR == 1 || $3 == "yes"' labels.csv | cut -d, -f1,2 > pairs.csv
echo "# pairs"; tuwen eval -q pairs.csv | mask
echo "# labels, and the profile that comes with the checkpoint"; tuwen eval -q labels.csv | mask
echo "# a profile"
tuwen calibrate -q labels.csv --save shop > text.txt
tuwen eval -q --profile shop labels.csv | sed -E 's/-?[0-9]+\.[0-9]+/N/g; s/  +/  /g' | tail -n 7
tuwen eval -q --profile "$HOME/.config/tuwen/profiles/shop.json" labels.csv > text.txt; echo "exit $?"
echo "# bounds"
tuwen eval -q --fail-under clipscore=10,picture_to_text_recall_at_5=0.5 pairs.csv | mask; echo "exit $?"
tuwen eval -q --fail-under clipscore=99 pairs.csv > text.txt; echo "exit $?"; tail -n 1 text.txt | mask
tuwen eval -q --json --fail-under picture_to_text_recall_at_10=0.9 pairs.csv | sed -E 's/"(low|high)":[0-9.]+/"\1":N/g'
echo "# in Chinese"; tuwen eval -q --lang zh pairs.csv | mask
echo "# a name that would act on the terminal"; cp pairs.csv "$(printf 'pairs\033[31m.csv')"; tuwen eval -q "$(printf 'pairs\033[31m.csv')" | head -n 1
