# SPDX-License-Identifier: Apache-2.0
"""Parity of the `tuwen` program with the reference: the same inputs through both, and a table of the differences.

Reference vectors come from a golden file (--golden, quick) or are computed (any checkpoint that fits in memory).

    python compare.py --tuwen BUILD/tuwen --model DIR --golden DIR/vectors.json
    python compare.py --tuwen BUILD/tuwen --model DIR --inputs LIST.jsonl [--argument=--threads=1]

A line of LIST.jsonl is an object with any of: name, text, image (path relative to the list), instruction.
"""

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

REFERENCE_BEHAVIOUR = ["--raw-special", "--exif", "ignore"]


@dataclass(frozen=True)
class Input:
    name: str
    text: str | None
    image: Path | None
    instruction: str | None
    limits: list[str]
    expected: np.ndarray


def from_golden(path: Path, images: Path) -> list[Input]:
    """The cases that the command line can express.

    It takes no empty text, and gives no instruction to a picture alone.
    """
    inputs = []
    for case in json.loads(path.read_text(encoding="utf-8"))["cases"]:
        text, instruction = case["text"], case["instruction"]
        if "error" in case or text == "" or (instruction is not None and (text is None or not case["is_query"])):
            continue
        tokens = f"{case['min_image_tokens']}..{case['max_image_tokens']}"
        limits = ["--image-tokens", tokens, "--max-length", str(case["max_length"])]
        image = images / case["image"] if case["image"] else None
        vector = np.array(case["vector"], dtype=np.float64)
        inputs.append(Input(case["name"], text, image, instruction, limits, vector))
    return inputs


def from_list(path: Path, model: Path) -> list[Input]:
    from PIL import Image

    from gme_reference import Item, Reference

    reference = Reference(model)
    inputs = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        entry = json.loads(line)
        image = path.parent / entry["image"] if entry.get("image") else None
        item = Item(entry.get("text"), Image.open(image) if image else None, entry.get("instruction"))
        vector = reference.embed(item).vector.astype(np.float64)
        name = entry.get("name", f"line {number}")
        inputs.append(Input(name, entry.get("text"), image, entry.get("instruction"), [], vector))
    return inputs


def tuwen_vector(program: Path, model: Path, extra: list[str], entry: Input) -> np.ndarray:
    command = [str(program), "embed", "--model", str(model), *REFERENCE_BEHAVIOUR, *entry.limits, *extra]
    if entry.text is not None and entry.image is not None:
        command.append("--fuse")
    for option, value in (("--instruction", entry.instruction), ("--image", entry.image), ("--text", entry.text)):
        if value is not None:
            command += [option, str(value)]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode:
        raise RuntimeError(f"{entry.name}: exit {run.returncode}: {run.stderr.strip()}")
    return np.array(json.loads(run.stdout.splitlines()[0])["embedding"], dtype=np.float64)


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare the tuwen program with the reference.")
    parser.add_argument("--tuwen", required=True, type=Path)
    parser.add_argument("--model", required=True, type=Path)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--golden", type=Path)
    source.add_argument("--inputs", type=Path)
    parser.add_argument("--images", type=Path, help="where a golden file's image paths start; default: beside it")
    parser.add_argument("--argument", action="append", default=[], help="passed on to tuwen embed")
    parser.add_argument("--max-difference", type=float, default=1e-5, help="largest allowed difference of a number")
    options = parser.parse_args()
    if options.golden:
        inputs = from_golden(options.golden, options.images or options.golden.parent)
    else:
        inputs = from_list(options.inputs, options.model)

    print("| input | cosine | max abs diff |\n|---|---|---|")
    cosines, differences = [], []
    for entry in inputs:
        got = tuwen_vector(options.tuwen, options.model, options.argument, entry)
        cosines.append(got @ entry.expected / (np.linalg.norm(got) * np.linalg.norm(entry.expected)))
        differences.append(np.abs(got - entry.expected).max())
        print(f"| {entry.name} | {cosines[-1]:.9f} | {differences[-1]:.2e} |", flush=True)
    print(f"| **worst of {len(inputs)}** | {min(cosines):.9f} | {max(differences):.2e} |")
    return 0 if max(differences) <= options.max_difference else 1


if __name__ == "__main__":
    sys.exit(main())
