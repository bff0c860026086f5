# SPDX-License-Identifier: Apache-2.0
"""``ImageTextMatcher``: the class of tutorials for matching one picture with several texts.

from image_text_matcher import ImageTextMatcher

matcher = ImageTextMatcher()
matcher.load_model()
raw = matcher.compute_similarity("test.jpg", ["a girl sitting on a bench", "a traffic light showing green"])
norm = matcher.normalize_scores(raw)
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

import tuwen
from tuwen._session import whole_number
from tuwen.compat import _engine as engine
from tuwen.compat._models import find_default, find_model
from tuwen.compat.tensor import Tensor


class ImageTextMatcher:
    """Scores how well texts match a picture.

    ``model_name`` is a path, a name on a hub or one of ``tuwen models``; without it GME 2B computes if this machine has
    a copy, else the small checkpoint that ships, and a warning says so. ``device`` is accepted; what computes is the
    processor, and the log ``tuwen`` tells so once. Several threads may share a matcher.

    Raises ``ValueError`` when ``device`` is none, such as the name of a model in its place.
    """

    def __init__(self, device: Any = "cuda:0", model_name: str | os.PathLike[str] | None = None) -> None:
        if isinstance(device, (str, os.PathLike)) and not re.fullmatch(r"[a-z]+(:[0-9]+)?", os.fspath(device)):
            raise ValueError(f"device={os.fspath(device)!r} is no device; a model is given as model_name=...")
        self.device = device
        self.model: tuwen.Model | None = None
        self.processor: None = None
        self._name = model_name
        self._engine: engine.Engine | None = None

    def load_model(self) -> None:
        """Opens the checkpoint. The first method that needs it does so as well.

        Raises ``tuwen.Error`` when there is none of that name, or it cannot be read.
        """
        self._loaded()

    def encode_image(self, image_path: Any) -> Tensor:
        """The vector of a picture (path, bytes, ``PIL.Image``, array), ``[1, dimension]``; of a list, a row each."""
        images = list(image_path) if isinstance(image_path, (list, tuple)) else [image_path]
        return Tensor(self._loaded().embed([tuwen.Input(image=engine.picture(image)) for image in images]))

    def encode_text(self, text: str | Sequence[str]) -> Tensor:
        """The vector of a text that looks for a picture, ``[1, dimension]``; of a list, a row each."""
        return Tensor(self._loaded().embed(self._inputs(text)))

    def compute_similarity(self, image_path: Any, texts: str | Sequence[str]) -> Tensor:
        """The cosine similarity of a picture with each text, ``[len(texts)]`` in float64, each in -1..1.

        Raises ``tuwen.Error`` when the picture cannot be read.
        """
        ((_, _, scores),) = self.batch_process([(image_path, texts)])
        return scores

    def normalize_scores(self, scores: npt.ArrayLike) -> Tensor:
        """Similarities on a scale from 0 to 1 that is the checkpoint's own (GME: 0.1 becomes 0, and 0.5 becomes 1)."""
        info = self._loaded().model.info
        cosines = np.asarray(scores, dtype=np.float64)
        return Tensor(np.clip((cosines - info.score_low) / (info.score_high - info.score_low), 0, 1), np.float64)

    def batch_process(
        self, image_text_pairs: Iterable[tuple[Any, Sequence[str]]], batch_size: int = 8
    ) -> list[tuple[Any, Any, Tensor]]:
        """For each picture with its texts: the picture as given, the texts as given, and their similarities.

        ``batch_size`` pictures are computed together, with their texts; a text that occurs again in them is computed
        once.
        """
        whole_number("batch_size", batch_size, 1, engine.LARGEST)
        pairs = list(image_text_pairs)
        for place, pair in enumerate(pairs):
            if not isinstance(pair, (tuple, list)) or len(pair) != 2:
                raise TypeError(f"image_text_pairs[{place}] is not a pair (picture, texts): {pair!r:.60}")
        results: list[tuple[Any, Any, Tensor]] = []
        for start in range(0, len(pairs), batch_size):
            results += self._batch(pairs[start : start + batch_size])
        return results

    def _batch(self, pairs: Sequence[tuple[Any, Sequence[str]]]) -> Iterator[tuple[Any, Any, Tensor]]:
        lists = [_texts(texts) for _, texts in pairs]
        columns = {text: column for column, text in enumerate(dict.fromkeys(text for texts in lists for text in texts))}
        images = [engine.picture(image) for image, _ in pairs]
        cosines: npt.NDArray[np.float32] = np.empty((len(pairs), 0), np.float32)
        if columns:
            cosines = self._loaded().matcher.match(images, list(columns)).cosine
        for (image, given), texts, row in zip(pairs, lists, cosines):
            yield image, given, Tensor(row[[columns[text] for text in texts]], np.float64)

    def _inputs(self, texts: str | Sequence[str]) -> list[tuwen.Input]:
        instruction = self._loaded().model.info.match_instruction
        return [tuwen.Input(text=text, instruction=instruction) for text in _texts(texts)]

    def _loaded(self) -> engine.Engine:
        if self._engine is None:
            path = find_model(self._name) if self._name is not None else find_default()
            self._engine = engine.Engine(path, image_tokens=(None, None), max_length=None)
            self.model = self._engine.model
            engine.say_what_runs("ImageTextMatcher", self.device, self._engine.model)
        return self._engine


def _texts(texts: str | Sequence[str]) -> list[str]:
    words = [texts] if isinstance(texts, str) else engine.list_of("texts", texts, "texts")
    for place, text in enumerate(words):
        if not isinstance(text, str):
            raise TypeError(f"texts[{place}] is {type(text).__name__}; a text is a str")
    return words


@functools.lru_cache(maxsize=1)
def _default() -> ImageTextMatcher:
    return ImageTextMatcher()


def batch_process(
    image_text_pairs: Iterable[tuple[Any, Sequence[str]]], batch_size: int = 8
) -> list[tuple[Any, Any, Tensor]]:
    """``ImageTextMatcher.batch_process`` of a matcher with the defaults, which stays open for the next call."""
    return _default().batch_process(image_text_pairs, batch_size)
