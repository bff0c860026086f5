# SPDX-License-Identifier: Apache-2.0
"""What a call from Python takes more than the same call of the C library.

    PYTHONPATH=... python3 bench_overhead.py [ROUNDS]

Both are called in turns, each first in every other round, with the same input, on one core, in the same session and by the same
code: C is the function in the extension itself, found by nm and called by ctypes with its arguments made beforehand. (Of two
sessions, or two copies of the library, one is quicker by half a percent by where its memory lies.) The median of the
differences in processor time counts, with its interval of 95 %. What ctypes itself takes, some 2 microseconds, is counted as C's.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import time
from typing import Any, Callable, Optional, Tuple

import numpy as np

import tuwen
from tuwen import _tuwen


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


def function_of_extension(name: str) -> Any:
    """Its address is where the extension was loaded, and what nm says; so it must not be stripped."""
    path = os.path.realpath(_tuwen.__file__)
    listed = subprocess.run(["nm", path], stdout=subprocess.PIPE, check=True, text=True).stdout.splitlines()
    offset = next(int(line.split()[0], 16) for line in listed if line.split()[-1] == name)
    with open("/proc/self/maps", encoding="utf-8") as maps:
        base = next(int(line.split("-")[0], 16) for line in maps if line.rstrip().endswith(path))
    pointer, size = ctypes.c_void_p, ctypes.c_size_t
    return ctypes.CFUNCTYPE(ctypes.c_int, pointer, pointer, size, pointer, pointer, pointer)(base + offset)


def c_call(embed_in_c: Any, session: tuwen.Session, raw: Raw, path: Optional[str] = None) -> Callable[[], object]:
    """With a path, C reads the file too, into memory that is there already."""
    # The handle is what comes first in the extension's object, after Python's own head (bindings/python/src/session.c).
    handle = ctypes.c_void_p.from_address(id(session._handle) + object.__basicsize__)
    vector = (ctypes.c_float * session.model.dimension)()
    count = ctypes.c_size_t(1)

    def embed() -> None:
        embed_in_c(handle, ctypes.byref(raw), count, vector, None, None)

    if path is None:
        return embed
    c, name, flags = ctypes.CDLL(None), os.fsencode(path), ctypes.c_int(os.O_RDONLY | os.O_CLOEXEC)
    size = ctypes.c_size_t(raw.picture_size)
    memory = ctypes.create_string_buffer(raw.picture_size)
    raw.picture = ctypes.cast(memory, ctypes.c_char_p)

    def read_and_embed() -> None:
        file = c.open(name, flags)
        c.read(file, memory, size)
        c.close(file)
        embed()

    return read_and_embed


def time_of(call: Callable[[], object]) -> float:
    start = time.thread_time_ns()
    call()
    return (time.thread_time_ns() - start) / 1e9


def paired(first: Callable[[], object], second: Callable[[], object], rounds: int) -> Tuple[float, float, float, float]:
    """The first's least time, and the median of what the second takes more, with its interval."""
    times = np.empty((rounds, 2))
    for number, row in enumerate(times):
        if number % 2:
            row[0], row[1] = time_of(first), time_of(second)
        else:
            row[1], row[0] = time_of(second), time_of(first)
    more = np.sort(times[:, 1] - times[:, 0])
    aside = int(0.98 * rounds**0.5)  # of the binomial distribution: 1.96 * sqrt(n) / 2
    middle = rounds // 2
    least, most = more[max(middle - aside, 0)], more[min(middle + aside, rounds - 1)]
    return float(times[:, 0].min()), float(more[middle]), float(least), float(most)


def main() -> None:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    embed_in_c = function_of_extension("tuwen_embed")
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    path = os.path.join(tuwen.demo_model(), "pictures", "dog.jpg")
    with open(path, "rb") as file:
        picture = file.read()
    text = b"a dog"
    with tuwen.Model(tuwen.demo_model()) as model, tuwen.Session(model) as session:
        pixels = np.zeros((1080, 1920, 3), np.uint8)
        cases = [
            ("a text", Raw(text=text, text_size=len(text)), None, tuwen.Input(text.decode())),
            ("a picture in memory", Raw(picture=picture, picture_size=len(picture)), None, tuwen.Input(image=picture)),
            ("a picture's path", Raw(picture=picture, picture_size=len(picture)), path, tuwen.Input(image=path)),
        ]
        for name, raw, read, item in cases:
            c, more, least, most = paired(
                c_call(embed_in_c, session, raw, read), lambda: session.embed([item]), rounds  # noqa: B023
            )
            print(
                f"{name}: C {c * 1e6:.0f} us, Python {more * 1e6:+.1f} us ({100 * more / c:.2f} %; "
                f"{least * 1e6:.1f} to {most * 1e6:.1f} us)"
            )
        from tuwen._pictures import picture_bytes

        made = min(time_of(lambda: picture_bytes(pixels, True, 1 << 30)) for _ in range(20))
        print(f"an array of 1920 x 1080 pixels: {made * 1e3:.1f} ms to make its file in memory")


if __name__ == "__main__":
    main()
