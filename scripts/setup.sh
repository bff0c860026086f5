#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Configures the build folder $1, new or not, with the further options of meson, quietly: its talk is shown only on
# failure.
set -eu
cd "$(dirname "$0")/.."
folder=$1
shift
configure() {
    if [ -e "$folder/build.ninja" ]; then
        # First what the sources ask for now: options may be new.
        "${NINJA:-ninja}" -C "$folder" build.ninja && "${MESON:-meson}" configure "$folder" "$@" && "${NINJA:-ninja}" -C "$folder" build.ninja
    else
        "${MESON:-meson}" setup "$folder" "$@"
    fi
}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! configure "$@" >"$log" 2>&1; then
    cat "$log" >&2
    echo "The build could not be configured: see above." >&2
    exit 1
fi
