# SPDX-License-Identifier: Apache-2.0
"""Token ids of many strings by the Hugging Face tokenizer, in a form that is easy to read in C.

A record is: u32 byte length, the bytes in UTF-8, u32 id count, the ids as u32; all little-endian, records back to back
until the end of the file. The special tokens inside a string are live unless --plain makes them ordinary text; nothing
is added around a string.

    python make_tokenizer_golden.py TOKENIZER_DIR OUT.bin [--count N] [--seed S] [--plain] [--digests OUT.json]

--digests also writes the SHA-256 over the records of every 1000 strings, so that a committed small file can vouch for
a large one.
"""

import argparse
import hashlib
import struct
import sys
from itertools import islice
from pathlib import Path

from transformers import Qwen2TokenizerFast

from provenance import provenance, write_rows
from tokenizer_strings import Strings

BLOCK = 1000


def records(directory: Path, count: int, seed: int, plain: bool = False) -> list[bytes]:
    """With `plain`, only strings that contain a part of a special token, which is then read as text."""
    tokenizer = Qwen2TokenizerFast.from_pretrained(directory, split_special_tokens=plain)
    candidates = (text for text in Strings(seed) if not plain or "<|" in text)
    strings = list(islice(candidates, count))
    out = []
    for text, ids in zip(strings, tokenizer(strings)["input_ids"]):
        data = text.encode()
        out.append(struct.pack("<I", len(data)) + data + struct.pack(f"<I{len(ids)}I", len(ids), *ids))
    return out


def write_digests(path: Path, made: list[bytes], command: str) -> None:
    head = {"provenance": provenance(command), "strings_per_block": BLOCK}
    blocks = [b"".join(made[i : i + BLOCK]) for i in range(0, len(made), BLOCK)]
    write_rows(path, head, "sha256", [hashlib.sha256(block).hexdigest() for block in blocks])


def main() -> int:
    parser = argparse.ArgumentParser(description="Token ids of many strings by the Hugging Face tokenizer.")
    parser.add_argument("tokenizer", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=60000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--plain", action="store_true", help="special tokens are ordinary text")
    parser.add_argument("--digests", type=Path)
    options = parser.parse_args()
    made = records(options.tokenizer, options.count, options.seed, options.plain)
    options.out.write_bytes(b"".join(made))
    print(f"{len(made)} strings, {options.out.stat().st_size} bytes")
    if options.digests:
        command = f"python make_tokenizer_golden.py {options.tokenizer.name} OUT.bin --count {options.count}"
        write_digests(options.digests, made, f"{command} --seed {options.seed}" + " --plain" * options.plain)
    return 0


if __name__ == "__main__":
    sys.exit(main())
