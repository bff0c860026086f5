# SPDX-License-Identifier: Apache-2.0
# What a checkpoint is, in both languages.
tuwen info tiny
tuwen info --lang zh -q -m tiny
