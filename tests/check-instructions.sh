#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# check-instructions.sh [--update] [TUWEN]: how many instructions the tiny checkpoint's path takes, against the table
# tests/instructions.txt, within 5 %. Less is a failure as well: a gain that is not written down can be lost again.
# --update writes the table anew, for the same commit as the change that it is for.
#
# The counts are callgrind's, for one picture and two texts at the AVX2 level on one thread: they do not depend on how
# busy or fast the machine is, and hardly on which it is, since valgrind shows every program the same processor. They do
# depend on the compiler and on libraries, so on other versions than the table's the check is skipped.
set -euo pipefail
cd "${TUWEN_SOURCE:-$(dirname "$0")/..}"
table=$PWD/tests/instructions.txt
band=5 # percent
update=
if [ "${1:-}" = --update ]; then
    update=yes
    shift
fi
build=${TUWEN_BUILD:-$PWD/build}
tuwen=${1:-tuwen}
tuwen=$build/${tuwen#"$build"/}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

skip() {
    echo "check-instructions: skipped: $1"
    exit 77
}

# What the counts depend on, one "name: value" a line. The first word of the compiler's line is how it was called.
conditions() {
    echo "machine: $(uname -m)"
    echo "compiler: $(${CC:-cc} --version | sed -n '1s/^[^ ]* //p')"
    echo "libc: $(getconf GNU_LIBC_VERSION 2>/dev/null || echo another)"
    echo "valgrind: $(valgrind --version)"
    "$tuwen" version | grep '^oneDNN: '
}

command -v valgrind >/dev/null || skip 'valgrind is not installed'
[ -x "$tuwen" ] || skip "$tuwen is not built"
"$tuwen" version --isa avx2 | grep -q '^instruction set: avx2' || skip 'this machine cannot run AVX2'
conditions >"$scratch/conditions"
if [ -z "$update" ]; then
    while IFS= read -r here; do
        there=$(grep "^${here%%:*}: " "$table" || :)
        [ "$here" = "$there" ] || skip "here $here; the table was made with $there"
    done <"$scratch/conditions"
fi

# Run with a fixed environment and folder. No compressed names and positions, so that what follows can read the file.
(
    cd tests/golden
    env -i PATH=/usr/bin:/bin HOME=/nonexistent TUWEN_CACHE=off LC_ALL=C TUWEN_ISA=avx2 OMP_NUM_THREADS=1 OMP_WAIT_POLICY=passive \
        valgrind --quiet --tool=callgrind --callgrind-out-file="$scratch/profile" --compress-strings=no \
        --compress-pos=no "$tuwen" embed -q -m tiny --threads 1 -i images/150x100.png -t 'What kind of car is this?' \
        -t '一只猫坐在窗台上看着外面的雨。' >"$scratch/vectors" 2>"$scratch/errors" </dev/null
) || {
    cat "$scratch/errors"
    echo 'check-instructions: the program failed under callgrind'
    exit 1
}
[ "$(grep -c '"embedding"' "$scratch/vectors")" -eq 3 ] || {
    echo 'check-instructions: there are not three vectors'
    exit 1
}

# Lines are "position cost"; the cost after a line "calls=" is that of a call with all that it calls. "all" is what all
# functions take themselves, "own code" what those of the program do, without libraries and what oneDNN generates.
awk '
    /^ob=/ { own = $0 ~ /\/tuwen$/ }
    /^fn=/ { name = substr($0, 4); sub(/\x27[0-9]+$/, "", name) }
    /^calls=/ { called = 1; next }
    /^[0-9]/ {
        inclusive[name] += $2
        if (!called) {
            all += $2
            if (own)
                own_code += $2
        }
        called = 0
    }
    END {
        printf "%d all\n%d own code\n", all, own_code
        count = split("tuwen_model_open tw_tokenizer_open tuwen_embed tw_picture_decode tw_patches_make tw_prompt_encode" \
            " tw_vision_forward tw_language_forward tw_linear_apply tw_attend", names, " ")
        for (i = 1; i <= count; i++)
            printf "%d %s\n", inclusive[names[i]], names[i]
    }' "$scratch/profile" >"$scratch/counts"
if grep '^0 ' "$scratch/counts"; then
    echo '^ not found in the profile: has it another name now?'
    exit 1
fi

if [ -n "$update" ]; then
    { grep '^#' "$table" && cat "$scratch/conditions" "$scratch/counts"; } >"$scratch/table"
    cp "$scratch/table" "$table"
    cat "$scratch/counts"
    exit 0
fi

awk -v band=$band '
    /^#/ || /^[a-zA-Z]+: / { next }
    { count = $1; sub(/^[0-9]+ /, "") }
    FNR == NR { expected[$0] = count; next }
    {
        change = $0 in expected ? 100 * (count / expected[$0] - 1) : 1e9
        verdict = change > band ? "  SLOWER" : change < -band ? "  FASTER" : ""
        if (verdict != "")
            bad = 1
        seen++
        printf "%-22s %12d  expected %12d  %+7.2f %%%s\n", $0, count, expected[$0], change, verdict
    }
    END {
        for (name in expected)
            known++
        if (bad || seen != known)
            print "check-instructions: more than " band " % away from tests/instructions.txt. If that is meant, write it anew:" \
                " tests/check-instructions.sh --update"
        exit bad || seen != known
    }' "$table" "$scratch/counts"
