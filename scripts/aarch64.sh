#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Cross-builds tuwen and its tests for aarch64 Linux in the folder $1 and runs them under qemu-user: all of them, or what
# the further arguments tell `meson test`. For correctness only: no time that is measured here means anything.
#
# The libraries for aarch64 are those of the same Debian, unpacked (not installed) into a folder of the user's cache, so
# that the packages of this machine stay as they are. The compiler and the emulator come from scripts/packages.txt,
# group aarch64, by way of `make aarch64`.
#
# Tests start programs that start programs, so it is the kernel that must hand aarch64 programs to the emulator
# (binfmt_misc). That is set up in a user namespace of our own, which Linux allows from 6.7 on, and which ends with this
# script; nothing is registered in the system. On an older kernel it must be registered there already. Where neither is
# so, the script says "skipped" and ends with 77.
#
# TUWEN_CACHE names another folder for the libraries, QEMU_CPU another processor.
set -eu
cd "$(dirname "$0")/.."
inside=false
[ "$1" != --inside ] || { inside=true && shift; }
folder=$1
shift
cache=${TUWEN_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tuwen-aarch64}
sysroot=$cache/sysroot
triplet=aarch64-linux-gnu

say() {
    printf '%s\n' "$*" >&2
}

skip() {
    say "skipped: $*"
    exit 77
}

# The packages with what the compiler must find: the rows of the list whose probe is a header or a module.
libraries() {
    awk -F '|' '$1 ~ /^(build|test) / && $2 ~ /^ (header|module) / && $3 !~ /^ *- *$/ { gsub(/ /, "", $3); print $3 }' \
        scripts/packages.txt
}

# apt with lists, packages and a state of its own, for arm64, from the places that the system's apt knows.
foreign_apt() {
    LC_ALL=C.UTF-8 apt-get -q -o Acquire::Retries=3 -o APT::Sandbox::User=root -o Debug::NoLocking=true \
        -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o Dir::State="$cache/apt" \
        -o Dir::State::status="$cache/apt/status" -o Dir::Cache="$cache/apt" -o Dir::Cache::archives="$cache/apt/archives" \
        "$@" </dev/null >"$cache/log" 2>&1 || {
        cat "$cache/log" >&2
        say 'The packages for aarch64 could not be fetched: see above.'
        exit 1
    }
}

# The sysroot is made anew when the list of packages is another one; raise the number when this function changes.
make_sysroot() {
    wanted=$(libraries | tr '\n' ' ')1
    [ "$(cat "$sysroot/made-from" 2>/dev/null)" != "$wanted" ] || return 0
    say "Fetching the libraries for aarch64 into $cache (30 MB)."
    rm -rf "$sysroot" "$cache/apt"
    mkdir -p "$cache/apt/lists/partial" "$cache/apt/archives/partial" "$sysroot/usr/lib"
    ln -s usr/lib "$sysroot/lib" # as on every Debian of today
    : >"$cache/apt/status"
    foreign_apt update
    # shellcheck disable=SC2046 # one word a package
    foreign_apt install -y --no-install-recommends --download-only $(libraries)
    for package in "$cache"/apt/archives/*.deb; do
        dpkg-deb --fsys-tarfile "$package" | tar -x --no-same-owner --keep-directory-symlink -C "$sysroot"
    done
    # Links that begin at the root shall begin at the sysroot.
    find "$sysroot" -type l -lname '/*' | while IFS= read -r link; do
        ln -sfn "$sysroot$(readlink "$link")" "$link"
    done
    rm -rf "$cache/apt"
    printf '%s\n' "$wanted" >"$sysroot/made-from"
}

cross_file() {
    cat <<END_OF_FILE
[binaries]
c = ['$triplet-gcc', '--sysroot=$sysroot']
ar = '$triplet-ar'
strip = '$triplet-strip'
pkgconfig = 'pkg-config'

[properties]
sys_root = '$sysroot'
pkg_config_libdir = '$PKG_CONFIG_LIBDIR'
needs_exe_wrapper = false

[host_machine]
system = 'linux'
cpu_family = 'aarch64'
cpu = 'aarch64'
endian = 'little'
END_OF_FILE
}

# Tells the kernel, for this namespace, what runs 64-bit little-endian ELF programs of machine 183 (executables and
# position-independent ones). P keeps the name that a program was called by.
register() {
    mount -t binfmt_misc none /proc/sys/fs/binfmt_misc
    head='\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00'
    mask='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
    printf '%s' ":tuwen-aarch64:M::$head:$mask:$(command -v qemu-aarch64-static):P" >/proc/sys/fs/binfmt_misc/register
}

build_and_test() {
    # Names of tools as scripts/static-library.sh and tests/*.sh look for them, and what pkg-config is to find.
    export AR=$triplet-ar NM=$triplet-nm OBJCOPY=$triplet-objcopy OBJDUMP=$triplet-objdump
    export PKG_CONFIG_LIBDIR="$sysroot/usr/lib/$triplet/pkgconfig:$sysroot/usr/share/pkgconfig"
    # A common core without SVE: oneDNN's code for SVE takes ten times as long in the emulator. QEMU_CPU=max has it.
    export QEMU_LD_PREFIX="$sysroot" QEMU_CPU="${QEMU_CPU:-cortex-a76}"
    cross_file >"$cache/cross.ini"
    [ -e "$folder/build.ninja" ] || scripts/setup.sh "$folder" --cross-file "$cache/cross.ini" -Dtests=true
    ninja -C "$folder" --quiet
    "$folder/tuwen" version
    meson test -C "$folder" --no-rebuild --print-errorlogs --timeout-multiplier 10 "$@"
}

if $inside; then
    register
    build_and_test "$@"
    exit
fi

# shellcheck source=/dev/null
[ "$(. /etc/os-release && echo "$ID")" = debian ] || skip 'the libraries for aarch64 are taken from Debian, on Debian'
[ "$(uname -m)" != aarch64 ] || skip 'this machine is aarch64 itself: make test'
if unshare --user --map-root-user --mount mount -t binfmt_misc none /proc/sys/fs/binfmt_misc 2>/dev/null; then
    make_sysroot
    exec unshare --user --map-root-user --mount scripts/aarch64.sh --inside "$folder" "$@"
elif [ -e /proc/sys/fs/binfmt_misc/qemu-aarch64 ]; then
    make_sysroot
    build_and_test "$@"
else
    skip 'the kernel does not run aarch64 programs: Linux 6.7 lets everybody teach it; before, qemu-user-binfmt does so'
fi
