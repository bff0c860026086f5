# SPDX-License-Identifier: Apache-2.0
"""What every golden file says about its origin, and how it is laid out as JSON."""

import datetime
import json
import platform
from pathlib import Path

import numpy
import PIL
import safetensors
import tokenizers
import torch
import transformers
from PIL import features


def provenance(command: str) -> dict:
    """`command` is what to type in tools/reference to make the file again."""
    return {
        "command": command,
        "date": datetime.date.today().isoformat(),
        "python": platform.python_version(),
        "transformers": transformers.__version__,
        "tokenizers": tokenizers.__version__,
        "torch": torch.__version__,
        "safetensors": safetensors.__version__,
        "numpy": numpy.__version__,
        "pillow": PIL.__version__,
        "libjpeg-turbo": features.version("libjpeg_turbo"),
        "libwebp": features.version("webp"),
        "libtiff": features.version("libtiff"),
        "libavif": features.version("avif"),
        "zlib-ng": features.version("zlib_ng"),
    }


def write_rows(path: Path, head: dict, rows_name: str, rows: list) -> None:
    """A JSON object with the entries of `head` and then one list, one row a line, so that differences read well."""
    lines = [f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}," for key, value in head.items()]
    body = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    path.write_text("{\n" + "\n".join(lines) + f"\n{json.dumps(rows_name)}: [\n{body}\n]\n}}\n", encoding="utf-8")
