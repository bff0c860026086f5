# SPDX-License-Identifier: Apache-2.0
"""What a call from Python takes more than the same call of the C library.

    PYTHONPATH=... python3 bench_overhead.py build/src/libtuwen.so [ROUNDS]

Both are called in turns with the same input on one core, C through ctypes with its arguments made beforehand; the least
processor time of each counts, and so does the difference. (What ctypes itself takes, some 2 microseconds, is thus
counted as C's.)
"""

from __future__ import annotations

import ctypes
import os
import sys
import time
from typing import Any, Callable, Tuple

import numpy as np

import tuwen


class Raw(ctypes.Structure):
    """tuwen_input of include/tuwen/tuwen.h."""

    _fields_ = [
        ("text", ctypes.c_char_p),
        ("text_size", ctypes.c_size_t),
        ("picture", ctypes.c_char_p),
        ("picture_size", ctypes.c_size_t),
        ("name", ctypes.c_char_p),
        ("instruction", ctypes.c_char_p),
        ("instruction_size", ctypes.c_size_t),
    ]


def c_call(library: Any, raw: Raw, dimension: int) -> Callable[[], object]:
    model, session = ctypes.c_void_p(), ctypes.c_void_p()
    library.tuwen_model_open(os.fsencode(tuwen.demo_model()), None, ctypes.byref(model), None)
    if library.tuwen_session_open(model, None, ctypes.byref(session), None) != 0:
        raise SystemExit("the C library could not open the model")
    vector = (ctypes.c_float * dimension)()
    count = ctypes.c_size_t(1)
    return lambda: library.tuwen_embed(session, ctypes.byref(raw), count, vector, None, None)


def least_times(first: Callable[[], object], second: Callable[[], object], rounds: int) -> Tuple[float, float]:
    times = np.empty((rounds, 2))
    for row in times:
        for place, call in enumerate((first, second)):
            start = time.thread_time_ns()
            call()
            row[place] = (time.thread_time_ns() - start) / 1e9
    return float(times[:, 0].min()), float(times[:, 1].min())


def main() -> None:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    library = ctypes.CDLL(sys.argv[1])
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    path = os.path.join(tuwen.demo_model(), "pictures", "dog.jpg")
    with open(path, "rb") as file:
        picture = file.read()
    text = b"a dog"
    with tuwen.Model(tuwen.demo_model()) as model, tuwen.Session(model) as session:
        pixels = np.zeros((1080, 1920, 3), np.uint8)
        cases = [
            ("a text", Raw(text=text, text_size=len(text)), tuwen.Input(text.decode())),
            ("a picture in memory", Raw(picture=picture, picture_size=len(picture)), tuwen.Input(image=picture)),
            ("a picture's path", Raw(picture=picture, picture_size=len(picture)), tuwen.Input(image=path)),
        ]
        for name, raw, item in cases:
            c, python = least_times(
                c_call(library, raw, model.dimension), lambda: session.embed([item]), rounds  # noqa: B023
            )
            print(f"{name}: C {c * 1e6:.0f} us, Python {(python - c) * 1e6:+.1f} us ({100 * (python - c) / c:.2f} %)")
        from tuwen._pictures import picture_bytes

        made, _ = least_times(lambda: picture_bytes(pixels, True), lambda: None, 20)
        print(f"an array of 1920 x 1080 pixels: {made * 1e3:.1f} ms to make its file in memory")


if __name__ == "__main__":
    main()
