#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Sees to it that the system packages of the groups given (build, test, check, python, aarch64; see packages.txt) are there. Silent when
# they are. On Debian and Ubuntu the missing ones are installed by apt, as root or through sudo; elsewhere they are
# named, and the script stops. With TUWEN_PACKAGES=skip nothing is looked at.
set -eu

[ "${TUWEN_PACKAGES:-}" = skip ] && exit 0
list=$(dirname "$0")/packages.txt
groups=${*:-build}

say() {
    printf '%s\n' "$*" >&2
}

# Whether a probe (two words) finds what it looks for.
present() {
    case $1 in
    command) command -v "$2" >/dev/null 2>&1 ;;
    module) pkg-config --exists "$2" >/dev/null 2>&1 ;;
    header) printf '#include <%s>\n' "$2" | "${CC:-cc}" -E -x c - >/dev/null 2>&1 ;;
    python) /usr/bin/python3 -c "import $2" >/dev/null 2>&1 ;;
    clang) printf '#include <%s>\n' "$2" | clang -fopenmp -E -x c - >/dev/null 2>&1 ;;
    *)
        say "packages.txt: unknown probe '$1 $2'"
        exit 2
        ;;
    esac
}

# Which column of the list belongs to this system, and how packages are installed there.
id=$(. /etc/os-release 2>/dev/null && echo " $ID ${ID_LIKE:-} " || echo " $(uname -s) ")
case $id in
*' debian '* | *' ubuntu '*) column=3 install='apt-get install' ;;
*' fedora '* | *' rhel '*) column=4 install='dnf install' ;;
*' arch '*) column=5 install='pacman -S' ;;
*' alpine '*) column=6 install='apk add' ;;
*' Darwin '*) column=7 install='brew install' ;;
*) column=3 install='' ;;
esac

missing='' reasons=''
while IFS='|' read -r group probe debian fedora arch alpine homebrew purpose; do
    case " $groups " in *" ${group%% *} "*) ;; *) continue ;; esac
    # shellcheck disable=SC2086 # two words on purpose
    if present $probe; then continue; fi
    case $column in
    3) name=$debian ;; 4) name=$fedora ;; 5) name=$arch ;; 6) name=$alpine ;; 7) name=$homebrew ;;
    esac
    name=$(echo $name)
    [ "$name" = - ] && continue
    case " $missing " in *" $name "*) continue ;; esac
    missing="$missing${missing:+ }$name"
    reasons="$reasons$(printf '  %-16s %s' "$name" "$(echo $purpose)")
"
done <<LIST
$(grep -v '^#' "$list")
LIST
[ -n "$missing" ] || exit 0

count=$(echo $missing | wc -w | tr -d ' ')
if [ "$column" != 3 ] || [ -z "$install" ]; then
    say "tuwen needs $count system packages that are not here:"
    printf '%s' "$reasons" >&2
    if [ -n "$install" ]; then
        say "Please install them, then try again:  $install $missing"
    else
        say "These are Debian's names. Please install what your system calls them, then try again."
    fi
    exit 1
fi

as_root=
if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
        say "tuwen needs $count system packages that are not here:"
        printf '%s' "$reasons" >&2
        say "Please ask an administrator to run:  apt-get install --no-install-recommends $missing"
        exit 1
    fi
    as_root=sudo
fi

say "tuwen needs $count system packages that are not here; apt installs them now:"
printf '%s' "$reasons" >&2

log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt() {
    $as_root env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 \
        apt-get -qq -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 "$@" </dev/null >"$log" 2>&1
}
install_all() {
    # shellcheck disable=SC2086 # one word a package
    apt install -y --no-install-recommends $missing
}

# The lists of packages are fetched only when apt does not know a name, or no longer finds what it knows.
# shellcheck disable=SC2086
if ! apt install -s --no-install-recommends $missing; then
    say 'Fetching the lists of packages (apt-get update).'
    apt update || {
        cat "$log" >&2
        say 'apt-get update failed: see above.'
        exit 1
    }
fi
if ! install_all; then
    apt update || true
    install_all || {
        cat "$log" >&2
        say "apt-get could not install them: see above. By hand:  apt-get install --no-install-recommends $missing"
        exit 1
    }
fi
say 'Packages: done.'
