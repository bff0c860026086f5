# SPDX-License-Identifier: Apache-2.0
"""Reference vectors of a full-size checkpoint, for the hand-run check that sizes do not change the result.

Nothing of it is committed. The pictures are written beside OUT.json, in images/.

    python make_full_golden.py --model GME_2B_DIR OUT.json
"""

import argparse
import sys
from pathlib import Path

import torch

from gme_reference import Reference
from golden_vectors import CAR, CAT, FIND, Case, row
from pictures import scene
from provenance import provenance, write_rows

CASES = [
    Case("text-english", CAR),
    Case("text-chinese", CAT),
    Case("text-instruction", CAR, instruction=FIND),
    Case("image-448x448", picture="448x448"),
    Case("fused-448x448", CAR, "448x448", instruction=FIND),
]


def main() -> int:
    parser = argparse.ArgumentParser(description="Reference vectors of a full-size checkpoint.")
    parser.add_argument("--model", required=True, type=Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    images = options.out.parent / "images"
    images.mkdir(parents=True, exist_ok=True)
    scene(448, 448).save(images / "448x448.png")
    reference = Reference(options.model)
    rows = [row(reference, case, images, options.out.parent / "stages") for case in CASES]
    head = {"provenance": provenance(f"python make_full_golden.py --model {options.model.name} {options.out.name}")}
    write_rows(options.out, head, "cases", rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
