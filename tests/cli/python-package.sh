# SPDX-License-Identifier: Apache-2.0
# In the Python package, for which a folder stands in here: the model that ships is found, and what needs another program
# says that there is none.
mkdir -p package/bin package/models
touch package/_tuwen.abi3.so
cp -L "$(command -v tuwen)" package/bin/tuwen
cp -RL tiny package/models/demo
package/bin/tuwen info > /dev/null
for words in "pull" "pull gme-7b --lang zh" "pull me/tuned" "pull --from tiny" "serve" "serve --lang zh" \
    "serve --allow-fetch" "review --fetch -o out.csv images" "review --fetch -o out.csv images --lang zh"; do
    # shellcheck disable=SC2086
    package/bin/tuwen $words; echo "$words: exit $?"
done
store=$HOME/.local/share/tuwen/models
ls -A "$store"
# A model that is here needs no other program.
package/bin/tuwen convert -q tiny "$store/gme-2b.tuwen" && package/bin/tuwen pull > /dev/null; echo "exit $?"
