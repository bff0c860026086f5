#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Holds three lists together: the system packages of scripts/packages.txt, their reasons in docs/dependencies.md, and
# what meson.build looks for.
set -eu
cd "${TUWEN_SOURCE:-$(dirname "$0")/..}"
bad=0
count=0

for package in $(grep -v '^#' scripts/packages.txt | cut -d '|' -f 3); do
    count=$((count + 1))
    [ "$package" = - ] || grep -q "^|.*\`$package\`" docs/dependencies.md || {
        echo "scripts/packages.txt: $package has no line in docs/dependencies.md"
        bad=1
    }
done
for package in $(sed -n 's/^| \(`[^|]*\) |.*/\1/p' docs/dependencies.md | tr -d '`'); do
    [ "$package" = libgomp1 ] || cut -d '|' -f 3 scripts/packages.txt | grep -qw -- "$package" || {
        echo "docs/dependencies.md: $package is not in scripts/packages.txt"
        bad=1
    }
done

# Modules and headers in the build. Meson's own and libwebp's two names for one package are known.
for name in $(sed -n "s/^[a-z0-9]* = .*dependency('\([^']*\)'.*/\1/p" meson.build | grep -vxE 'threads|openmp|libwebp|dnnl'); do
    count=$((count + 1))
    cut -d '|' -f 2 scripts/packages.txt | grep -qE "^ module $name *$" || {
        echo "meson.build: the module $name is not in scripts/packages.txt"
        bad=1
    }
done
for name in $(sed -n "s/.*has_headers: '\([^']*\)'.*/\1/p" meson.build); do
    count=$((count + 1))
    cut -d '|' -f 2 scripts/packages.txt | grep -qE "^ header $name *$" || {
        echo "meson.build: the header $name is not in scripts/packages.txt"
        bad=1
    }
done
[ $count -ge 20 ] || {
    echo "check-dependencies: found only $count names: the lists have another form?"
    bad=1
}
exit $bad
