# SPDX-License-Identifier: Apache-2.0
"""Golden token ids with the tiny checkpoint's vocabulary: a few thousand strings, and digests for many more."""

import json
from pathlib import Path

from make_tokenizer_golden import records, write_digests
from provenance import provenance

# File, number of strings, seed, whether special tokens are ordinary text.
FILES = [("tokenizer-tiny.bin", 3400, 11, False), ("tokenizer-tiny-plain.bin", 200, 12, True)]
DIGEST_COUNT, DIGEST_SEED = 60000, 7


def make_tokenizer(golden: Path) -> None:
    tiny = golden / "tiny"
    notes = []
    for name, count, seed, plain in FILES:
        (golden / name).write_bytes(b"".join(records(tiny, count, seed, plain)))
        notes.append({"file": name, "strings": count, "seed": seed, "special_tokens_are_text": plain})
    about = {"provenance": provenance("python make_golden.py tokenizer"), "vocabulary": "tiny", "files": notes}
    (golden / "tokenizer-tiny.json").write_text(json.dumps(about, indent=1) + "\n")
    command = f"python make_tokenizer_golden.py tiny OUT.bin --count {DIGEST_COUNT} --seed {DIGEST_SEED}"
    write_digests(golden / "tokenizer-tiny-digests.json", records(tiny, DIGEST_COUNT, DIGEST_SEED), command)
