#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes a Debian package of the program and the server: deb.sh BUILD OUTPUT. BUILD is a folder configured with the prefix /usr
# and built; the package goes into the folder OUTPUT. The library for other programs is not in it. The same sources give the
# same bytes.
set -eu
cd "$(dirname "$0")/.."
build=$1 output=$2
for command in dpkg-deb dpkg-shlibdeps; do
    command -v $command >/dev/null || { echo "deb.sh: needs $command (package dpkg-dev)" >&2; exit 1; }
done
version=$(scripts/version.sh)
architecture=$(dpkg --print-architecture)
time=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md)}
export SOURCE_DATE_EPOCH="$time"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
umask 022
tree=$work/tree documents=$work/tree/usr/share/doc/tuwen units=$work/tree/lib/systemd/system

DESTDIR=$tree meson install -C "$build" --no-rebuild --quiet
rm -rf "$tree/usr/include" "$tree"/usr/lib
strip --remove-section=.comment --remove-section=.note "$tree/usr/bin/tuwen" "$tree"/usr/libexec/tuwen/*
find "$tree/usr/share/man" -type f -exec gzip -9n {} +

mkdir -p "$documents" "$units" "$tree/etc/default" "$tree/DEBIAN"
cp packaging/tuwen.service packaging/tuwen.socket "$units"
cp packaging/tuwen.default "$tree/etc/default/tuwen"
cp packaging/copyright "$documents"
cp docs/server.md "$documents"
gzip -9nc CHANGELOG.md >"$documents/NEWS.md.gz"
{
    printf 'tuwen (%s) unstable; urgency=medium\n\n  * What is new is in NEWS.md.gz.\n\n' "$version"
    printf ' -- tuwen maintainers <maintainers@tuwen.invalid>  %s\n' "$(date -u -R -d "@$time")"
} | gzip -9nc >"$documents/changelog.gz"
find "$tree" -type d -exec chmod 755 {} +
find "$tree" -type f ! -path '*/bin/*' ! -path '*/libexec/*' -exec chmod 644 {} +

# What the programs link, with the least versions that have the symbols they use.
mkdir "$work/debian"
printf 'Source: tuwen\n\nPackage: tuwen\nArchitecture: any\n' >"$work/debian/control"
depends=$(cd "$work" && dpkg-shlibdeps -O tree/usr/bin/tuwen tree/usr/libexec/tuwen/* | sed -n 's/^shlibs:Depends=//p')
cat >"$tree/DEBIAN/control" <<C
Package: tuwen
Version: $version
Architecture: $architecture
Maintainer: tuwen maintainers <maintainers@tuwen.invalid>
Installed-Size: $(du -sk --apparent-size "$tree" | cut -f 1)
Depends: $depends
Recommends: ca-certificates
Section: graphics
Priority: optional
Description: how well pictures and texts match, on this machine
 tuwen scores how well pictures and texts match, in English and Chinese, with
 the embedding model GME-Qwen2-VL: in a terminal, over whole tables, and over
 HTTP. A small model comes with it; 'tuwen pull' fetches the large ones.
 .
 The server (tuwen.socket) is not started until it is enabled.
C
echo /etc/default/tuwen >"$tree/DEBIAN/conffiles"
(cd "$tree" && find . -path ./DEBIAN -prune -o -type f ! -path ./etc/default/tuwen -printf '%P\0' | LC_ALL=C sort -z |
    xargs -0 md5sum) >"$tree/DEBIAN/md5sums"
mkdir -p "$output"
dpkg-deb --root-owner-group -Zxz --build "$tree" "$output/tuwen_${version}_$architecture.deb"
