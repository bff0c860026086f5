# SPDX-License-Identifier: Apache-2.0
# --model, then TUWEN_MODEL, then the user's default.
tuwen info -m tiny > /dev/null
TUWEN_MODEL=missing tuwen info -m tiny > /dev/null
TUWEN_MODEL=tiny tuwen info > /dev/null
mkdir -p data/tuwen/models "$HOME/.local/share/tuwen/models"
ln -s "$PWD/tiny" data/tuwen/models/default
XDG_DATA_HOME=$PWD/data tuwen info 2>&1 > /dev/null | sed "s|$PWD|HERE|"
ln -s "$PWD/tiny" "$HOME/.local/share/tuwen/models/default"
tuwen info 2>&1 > /dev/null | sed "s|$HOME|HOME|"
tuwen info --lang zh -m tiny > /dev/null
tuwen info -q -m tiny > /dev/null
# The one that ships: beside a build folder, and in an installation that was moved as a whole.
rm "$HOME/.local/share/tuwen/models/default"
mkdir -p tree/build tree/models moved/bin moved/share/tuwen/models
touch tree/meson.build tree/build/build.ninja
cp -L "$(command -v tuwen)" tree/build/tuwen
cp tree/build/tuwen moved/bin/tuwen
cp -RL tiny tree/models/demo
cp -R tree/models/demo moved/share/tuwen/models/demo
tree/build/tuwen info > /dev/null
moved/bin/tuwen info > /dev/null
