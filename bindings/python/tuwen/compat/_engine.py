# SPDX-License-Identifier: Apache-2.0
"""What the classes of ``tuwen.compat`` have in common: a checkpoint, and one session that computes as the originals."""

from __future__ import annotations

import logging
import os
import re
import urllib.parse
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

import tuwen
from tuwen._session import whole_number

LARGEST = 1 << 31  # of a number of inputs

Vectors = npt.NDArray[np.float32]

logger = logging.getLogger("tuwen")

_said: set[tuple[str, str]] = set()


class Engine:
    """A model with one session. Several threads may use it: they wait for each other."""

    def __init__(self, path: str, *, image_tokens: tuple[int | None, int | None], max_length: int | None) -> None:
        self.model = tuwen.Model(path)
        info = self.model.info
        self._image_tokens = (image_tokens[0] or info.image_tokens_min, image_tokens[1] or info.image_tokens_max)
        self.limit(max_length)

    def limit(self, max_length: int | None) -> None:
        """Cuts inputs after ``max_length`` tokens from now on; None: the model's own."""
        self.matcher = tuwen.Matcher(
            self.model,
            profile=False,
            image_tokens=self._image_tokens,
            max_length=max_length or 0,
            exif=False,
            raw_special=True,
        )

    @property
    def max_length(self) -> int:
        """Tokens after which an input is cut."""
        return self.matcher.session.max_length

    def embed(self, inputs: Sequence[tuwen.Input], *, batch_size: int = 32, progress: bool = False) -> Vectors:
        """The vectors, ``[len(inputs), dimension]`` in float32 at unit length."""
        whole_number("batch_size", batch_size, 1, LARGEST)
        return self.matcher.embed(inputs, batch_size=batch_size, progress=progress or None)


def picture(image: Any) -> Any:
    """A picture as the originals take it, for ``tuwen.Input``: of a ``file://`` address the path.

    Raises ``ValueError`` for an address on the network.
    """
    scheme = image.partition("://")[0].lower() if isinstance(image, str) and "://" in image[:10] else ""
    if scheme in ("http", "https"):
        raise ValueError(f"tuwen opens no connection, so it cannot fetch {image}: give a path or the picture's bytes.")
    if scheme == "file":
        path = re.sub("^localhost(?=/)", "", image[len("file://") :])
        return path if os.path.exists(path) else urllib.parse.unquote(path)
    return image


def list_of(name: str, values: Any, what: str) -> list[Any]:
    """``values`` as a list; raises ``TypeError`` where one text or picture is given, whose letters or rows nobody means."""
    if isinstance(values, (str, bytes, os.PathLike)):
        raise TypeError(f"{name} is a list of {what}; for one, give [{values!r:.40}].")
    if is_pixels(values) or not hasattr(values, "__iter__"):
        raise TypeError(f"{name} is a list of {what}, not {type(values).__name__}; for one, put it into a list.")
    return list(values)


def is_pixels(value: Any) -> bool:
    """Whether it is one picture in memory: of Pillow, or an array of numbers in two or three dimensions."""
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "uif" and value.ndim < 4
    return type(value).__module__.split(".")[0] == "PIL"


def say_what_runs(owner: str, device: Any, model: tuwen.Model) -> None:
    """Tells once, by the log ``tuwen``, which checkpoint computes, and that it does so on the processor.

    It is a warning when the program asked for another device.
    """
    place = str(device or "cpu")
    if (place, model.path) in _said:
        return
    _said.add((place, model.path))
    elsewhere = not place.startswith(("cpu", "auto"))
    logger.log(
        logging.WARNING if elsewhere else logging.INFO,
        "%s computes with %s (%s, %s) on the processor%s",
        owner,
        model.info.name,
        model.info.precision,
        model.path,
        f", not on {place}" if elsewhere else "",
    )


def refuse(owner: str, words: dict[str, Any], ignored: Sequence[str], reasons: dict[str, str]) -> None:
    """Passes over options that change no result here, and raises ``TypeError`` for others, unless they are None.

    ``reasons`` tells of an option why it cannot be met, and what to do instead.
    """
    for name, value in words.items():
        if name not in ignored and value is not None:
            reason = reasons.get(name, "it is not known here")
            raise TypeError(f"{owner} cannot do {name}={value!r:.60}: {reason}.")
