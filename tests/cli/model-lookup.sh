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
