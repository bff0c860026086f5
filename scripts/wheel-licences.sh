#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Puts the licences of the libraries that auditwheel brought into the wheel $2 into it, found by the wheel $1, which it was made
# from: to each library belongs a Debian package, whose file copyright goes to licenses/libraries in the folder dist-info,
# with the common licences that it refers to, and into the metadata. Where that cannot be told, a line names the libraries.
# Needs the package wheel.
set -eu
plain=$(realpath "$1")
wheel=$(realpath "$2")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Where the libraries were before: the name and the path of each, and once more by the name that links lead to.
wheel unpack --dest "$work/plain" "$plain" >/dev/null
find "$work/plain" -type f \( -name '*.so' -o -path '*/bin/*' \) -exec ldd {} \; |
    awk '$2 == "=>" && $3 ~ /^\// { print $3 }' | sort -u >"$work/paths"
while IFS= read -r path; do
    real=$(realpath "$path")
    printf '%s %s\n' "${path##*/}" "$real" "${real##*/}" "$real"
done <"$work/paths" >"$work/libraries"

# The Debian package of the file $1, which older packages have below /lib.
package_of() {
    { dpkg -S "$1" || dpkg -S "${1#/usr}"; } 2>/dev/null | sed 's/[:,].*//; q'
}

wheel unpack --dest "$work/whole" "$wheel" >/dev/null
cd "$work"/whole/*
metadata=$(echo *.dist-info/METADATA)
licences=${metadata%/*}/licenses/libraries
mkdir -p "$licences/common"
missing=
for library in *.libs/*; do
    # auditwheel writes eight digits of a sum into the name.
    name=$(basename "$library" | sed 's/-[0-9a-f]\{8\}\././')
    path=$(awk -v name="$name" '$1 == name { print $2; exit }' "$work/libraries")
    package=
    if [ -n "$path" ] && command -v dpkg >/dev/null; then
        package=$(package_of "$path")
    fi
    text=/usr/share/doc/$package/copyright
    if [ -z "$package" ] || [ ! -e "$text" ]; then
        missing="$missing $name"
        continue
    fi
    cp -L "$text" "$licences/$package"
    for common in $(grep -o '/usr/share/common-licenses/[A-Za-z0-9.-]*[A-Za-z0-9]' "$text" | sort -u); do
        [ ! -e "$common" ] || cp -L "$common" "$licences/common"
    done
done
[ -z "$missing" ] || echo "No licence text was found for these libraries in the wheel:$missing" >&2

# x265 is named: it binds the whole.
expression='Apache-2.0 AND LicenseRef-libraries'
for library in *.libs/libx265-*; do
    [ ! -e "$library" ] || expression='Apache-2.0 AND GPL-2.0-or-later AND LicenseRef-libraries'
done
(cd "${metadata%/*}/licenses" && find libraries -type f) | sort | sed 's/^/License-File: /' >"$work/files"
find "$licences" -depth -type d -empty -delete
sed -i -e "s/^License-Expression: Apache-2.0$/License-Expression: $expression/" -e "/^License-File: LICENSE$/r $work/files" "$metadata"
wheel pack --dest-dir "$work" . >/dev/null
mv "$work/${wheel##*/}" "$wheel"
