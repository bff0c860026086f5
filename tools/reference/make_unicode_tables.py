# SPDX-License-Identifier: Apache-2.0
"""Writes src/text/unicode_tables.h by asking the reference tokenizer library about every code point.

`letters` and `numbers` are what \\p{L} and \\p{N} match there. `newcomers` are the code points that matter to NFC
today but were unknown to the Unicode version of the reference's normaliser, which therefore leaves them alone. To see
them, the package unicodedata2 knows a newer Unicode than the reference.

    python make_unicode_tables.py > src/text/unicode_tables.h
"""

import sys
from importlib.metadata import version

import unicodedata2 as newest
from tokenizers import Regex, normalizers, pre_tokenizers

CODES = [code for code in range(0x110000) if not 0xD800 <= code < 0xE000]
CHUNK = 4096


def matched(pattern: str) -> set[int]:
    """The code points that the reference's regular expression matches."""
    keep = pre_tokenizers.Split(Regex(pattern), "removed", invert=True)
    found = set()
    for start in range(0, len(CODES), CHUNK):
        text = "".join(map(chr, CODES[start : start + CHUNK]))
        found.update(ord(c) for piece, _ in keep.pre_tokenize_str(text) for c in piece)
    return found


def newcomers() -> set[int]:
    """Code points with a combining class, or a part in a decomposition, that the reference does not know."""
    nfc, nfd = normalizers.NFC(), normalizers.NFD()
    new, old_parts, new_parts = set(), set(), set()
    for code in CODES:
        c = chr(code)
        decomposed = newest.normalize("NFD", c)
        if decomposed != c:
            known = nfd.normalize_str(c) == decomposed
            (old_parts if known else new_parts).update(map(ord, decomposed))
            if not known:
                new.add(code)
        elif newest.combining(c):
            # A known mark of class 1 moves before any other mark, and any other known mark moves after one of class 1.
            pair = "\u2603\u0301" + c if newest.combining(c) == 1 else "\u2603" + c + "\u0334"
            if nfc.normalize_str(pair) == pair:
                new.add(code)
    old_parts.update(code for code in CODES if newest.combining(chr(code)) and code not in new)
    return new | (new_parts - old_parts)


def table(name: str, codes: set[int]) -> str:
    ranges: list[list[int]] = []
    for code in sorted(codes):
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    lines, line = [], "   "
    for first, last in ranges:
        item = f" {{0x{first:x}, 0x{last:x}}},"
        if len(line) + len(item) > 118:
            lines.append(line)
            line = "   "
        line += item
    return f"static const code_range {name}[] = {{\n" + "\n".join([*lines, line]) + "\n};\n"


def main() -> int:
    print("/* SPDX-License-Identifier: Apache-2.0 */")
    print("/* Sets of code points as sorted ranges, both ends included. Made by tools/reference/make_unicode_tables.py")
    print(f" * from tokenizers {version('tokenizers')} and Unicode {newest.unidata_version}: do not edit. */")
    print("/* clang-format off */")
    print("typedef struct {\n    uint32_t first, last;\n} code_range;\n")
    print("/* \\p{L} of the reference's regular expressions. */")
    print(table("letters", matched(r"\p{L}")))
    print("/* \\p{N} of the same. */")
    print(table("numbers", matched(r"\p{N}")))
    print("/* Code points of today's Unicode that would take part in NFC, but which the reference's older NFC leaves")
    print(" * alone. */")
    print(table("newcomers", newcomers()), end="")
    print("/* clang-format on */")
    return 0


if __name__ == "__main__":
    sys.exit(main())
