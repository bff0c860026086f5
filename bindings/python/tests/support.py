# SPDX-License-Identifier: Apache-2.0
"""What the tests share: the pictures that ship, the program to compare with, scratch folders."""

from __future__ import annotations

import io
import os
import subprocess
import unittest
from pathlib import Path
from typing import List, Union

import numpy as np
import numpy.typing as npt

import tuwen

Item = Union[str, tuwen.Input]

PICTURES = Path(tuwen.demo_model()) / "pictures"
DOG = str(PICTURES / "dog.jpg")
SUNSET = str(PICTURES / "sunset-city.png")
TEXTS = ["a dog", "a girl sitting on a bench", "一只狗", "a traffic light showing green"]

# A processor of one core computes this for seconds; on any machine it is longer than a signal takes to arrive.
LONG = ["a dog and a cat in a house " * 20] * 4000


def all_pictures() -> List[str]:
    kinds = {".jpg", ".png", ".webp", ".gif", ".tiff"}
    return sorted(str(path) for path in PICTURES.iterdir() if path.suffix in kinds)


def program(*arguments: str) -> npt.NDArray[np.float32]:
    """What `tuwen embed` of this build computes. The test is skipped where there is no program (TUWEN_PROGRAM)."""
    path = os.environ.get("TUWEN_PROGRAM")
    if not path:
        raise unittest.SkipTest("TUWEN_PROGRAM does not name the program to compare with")
    command = [path, "embed", "--no-cache", "--quiet", "--model", tuwen.demo_model(), "--format", "npy", *arguments]
    run = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    vectors: npt.NDArray[np.float32] = np.load(io.BytesIO(run.stdout))
    return vectors
