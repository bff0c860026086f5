#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Upholds the two tables in docs/architecture.md: which folder may include which, and which file alone may include the
# headers of another project. Prints every #include line that breaks them.
set -eu
cd "${TUWEN_SOURCE:-$(dirname "$0")/..}"

# C11's own headers, everywhere; POSIX and Linux, in src/base and the applications; intrinsics, in src/kernels.
standard='assert ctype errno float inttypes limits locale math setjmp signal stdalign stdarg stdatomic stdbool stddef
    stdint stdio stdlib string time wchar wctype'
posix='dirent fcntl getopt iconv langinfo netdb poll pthread pwd sched spawn strings termios unistd sys/* linux/* arpa/* netinet/*'
intrinsics='immintrin cpuid arm_neon sys/auxv asm/hwcap'

find include src apps bindings -name '*.[ch]' -o -name '*.inc' -o -name '*.def' | LC_ALL=C sort | xargs grep -n '^[ \t]*#[ \t]*include' |
    awk -v standard="$standard" -v posix="$posix" -v intrinsics="$intrinsics" '
# A table row of the document: the words in backquotes of its two cells.
function cell(text, words,    n) {
    n = 0
    while (match(text, /`[^`]+`/)) {
        words[++n] = substr(text, RSTART + 1, RLENGTH - 2)
        text = substr(text, RSTART + RLENGTH)
    }
    return n
}
function fits(name, pattern) {
    if (pattern ~ /\*/) {
        gsub(/[.]/, "[.]", pattern)
        gsub(/[*]/, "[^/]*", pattern)
        return name ~ ("^" pattern "$")
    }
    return name == pattern
}
function listed(name, list,    words, n, i) {
    n = split(list, words, /[ \n]+/)
    for (i = 1; i <= n; i++)
        if (words[i] != "" && fits(name, words[i] ".h") || fits(name, words[i]) && words[i] ~ /\*/)
            return 1
    return 0
}
function wrong(why) {
    print file ":" line ": " why ": " $0
    bad = 1
}
FILENAME == "docs/architecture.md" {
    if (/^## /)
        section = /^## Who may include whom/
    if (section && /^\| `/) {
        split($0, cells, "|")
        n = cell(cells[2], left)
        k = cell(cells[3], right)
        if (left[1] ~ /^(src|apps|bindings)\//) {
            folders++
            known[left[1]] = 1
            for (i = 1; i <= k; i++)
                allowed[left[1], right[i]] = 1
        } else
            for (i = 1; i <= n; i++)
                for (j = 1; j <= k; j++) {
                    headers++
                    foreign[headers] = left[i]
                    wrapper[headers] = right[j]
                }
    }
    next
}
{
    split($0, parts, ":")
    file = parts[1]
    line = parts[2]
    sub(/^[^:]*:[^:]*:/, "")
    checked++
    folder = file
    sub(/\/[^\/]*$/, "", folder)
    application = folder ~ /^(apps|bindings)/
    if (!(folder in known) && folder != "include/tuwen") {
        wrong("the folder " folder " is not in the table")
        next
    }
    if (match($0, /"[^"]+"/)) {
        name = substr($0, RSTART + 1, RLENGTH - 2)
        other = name
        sub(/\/[^\/]*$/, "", other)
        if (name == "tuwen/status.h")
            next
        if (other == "tuwen" && (folder == "include/tuwen" || (folder, substr(name, 7)) in allowed))
            next
        if (application && name !~ /\//)
            next
        if (folder == "src/" other)
            next
        if ((folder, other) in allowed && name ~ /\//)
            next
        wrong(folder " may not include this")
    } else if (match($0, /<[^>]+>/)) {
        name = substr($0, RSTART + 1, RLENGTH - 2)
        if (listed(name, standard))
            next
        if (listed(name, intrinsics)) {
            if (folder != "src/kernels")
                wrong("intrinsics stay in src/kernels")
            next
        }
        if (listed(name, posix)) {
            if (folder != "src/base" && !application)
                wrong("POSIX headers stay in src/base")
            next
        }
        found = 0
        for (i = 1; i <= headers; i++)
            if (fits(name, foreign[i]) && fits(file, wrapper[i]))
                found = 1
        if (!found)
            wrong("this header belongs to no wrapper file of the table")
    }
}
END {
    if (folders < 8 || headers < 8 || checked < 50) {
        print "check-includes: read only " folders " folders, " headers " headers and " checked " lines: the tables in docs/architecture.md have another form?"
        exit 1
    }
    exit bad
}' docs/architecture.md -
