#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Prints the version that include/tuwen/tuwen.h states: the one place where it is written.
awk '/^#define TUWEN_VERSION_(MAJOR|MINOR|PATCH)/ { v = v (v == "" ? "" : ".") $3 } END { print v }' \
    "$(dirname "$0")/../include/tuwen/tuwen.h"
