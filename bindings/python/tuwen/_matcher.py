# SPDX-License-Identifier: Apache-2.0
"""The Matcher: how well pictures and texts match, in one object that threads may share."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Iterable, List, Optional, Sequence, Tuple, Type, Union, cast

import numpy as np
import numpy.typing as npt

from . import _tuwen
from ._model import Model, PathLike, Profile
from ._pictures import Picture
from ._session import BATCH, Input, Progress, Session, Vectors, text_bytes

Floats = npt.NDArray[np.float32]

_BANDS = np.array(_tuwen.band_names())


@dataclass(frozen=True)
class Match:
    """What was found; every array is [pictures, texts]."""

    cosine: Floats  # -1 to 1
    score: Floats  # the cosine on the model's scale, 0 to 1
    match: Optional[Floats]  # the probability that the pair belongs together; None without a profile
    share: Floats  # of each picture among these texts; a row's sum is 1
    bands: npt.NDArray[np.str_]  # "mismatch", "fair", "high" or "very high"; by the profile if there is one


class Matcher:
    """Scores pictures against texts.

    ``model`` is a Model, a path, or None for the default of ``Model``; one that is opened here is closed with the Matcher.
    ``profile`` is a Profile or the path of one, as ``tuwen calibrate`` makes it. ``threads`` is for a model opened here;
    further options are those of ``Session``.

    Threads may share a Matcher: calls wait for one another, since one alone uses all cores.
    """

    def __init__(
        self,
        model: Union[Model, PathLike, None] = None,
        *,
        profile: Union[Profile, PathLike, None] = None,
        threads: int = 0,
        **session_options: Any,
    ) -> None:
        self._own = not isinstance(model, Model)
        self.model: Model = model if isinstance(model, Model) else Model(model, threads=threads)
        try:
            self.session: Session = Session(self.model, **session_options)
            self.profile: Optional[Profile] = (
                Profile(profile) if isinstance(profile, (str, os.PathLike)) else profile
            )
        except BaseException:
            if self._own:
                self.model.close()
            raise
        self._lock = threading.Lock()

    def embed(self, inputs: Iterable[Union[str, Input]], **options: Any) -> Vectors:
        """As ``Session.embed``, without outputs."""
        with self._lock:
            vectors: Vectors = self.session.embed(inputs, **options)
        return vectors

    def embed_texts(
        self,
        texts: Union[str, Iterable[str]],
        instruction: Optional[str] = None,
        *,
        batch_size: int = BATCH,
        progress: Progress = None,
    ) -> Vectors:
        """Vectors of texts, [n, dimension]. ``match`` uses ``model.info.match_instruction``; None is the model's default."""
        items = [Input(text=text) for text in ([texts] if isinstance(texts, str) else texts)]
        return self.embed(items, instruction=instruction, batch_size=batch_size, progress=progress)

    def embed_images(
        self,
        images: Union[Picture, Iterable[Picture]],
        instruction: Optional[str] = None,
        *,
        batch_size: int = BATCH,
        progress: Progress = None,
    ) -> Vectors:
        """Vectors of pictures, [n, dimension]. One picture is a list of one; an array of four dimensions is many."""
        items = [Input(image=image, instruction=instruction) for image in _pictures(images)]
        return self.embed(items, batch_size=batch_size, progress=progress)

    def embed_pairs(
        self,
        images: Iterable[Picture],
        texts: Iterable[str],
        instruction: Optional[str] = None,
        *,
        batch_size: int = BATCH,
        progress: Progress = None,
    ) -> Vectors:
        """One vector for each picture with its text, [n, dimension]."""
        pictures, words = _pictures(images), [texts] if isinstance(texts, str) else list(texts)
        if len(pictures) != len(words):
            raise ValueError(f"there are {len(pictures)} pictures and {len(words)} texts")
        items = [Input(text=text, image=image) for image, text in zip(pictures, words)]
        return self.embed(items, instruction=instruction, batch_size=batch_size, progress=progress)

    def match(
        self,
        images: Union[Picture, Iterable[Picture]],
        texts: Union[str, Iterable[str]],
        instruction: Optional[str] = None,
        *,
        batch_size: int = BATCH,
        progress: Progress = None,
    ) -> Match:
        """Every picture against every text. ``instruction`` of the texts: None is ``model.info.match_instruction``.

        Raises ``tuwen.Error`` for a bad picture or text, and if the profile is of another space or instruction.
        """
        pictures, words = _pictures(images), [texts] if isinstance(texts, str) else list(texts)
        if instruction is None:
            instruction = self.model.info.match_instruction
        if self.profile is not None:
            self.profile._handle.check(self.session.fingerprint, instruction)
        items = [Input(image=image) for image in pictures]
        items += [Input(text=text, instruction=instruction) for text in words]
        vectors = self.embed(items, batch_size=batch_size, progress=progress)
        return self._judge(vectors, len(pictures), words)

    def _judge(self, vectors: Vectors, rows: int, words: Sequence[str]) -> Match:
        shape = (rows, len(words))

        def matrix(numbers: bytearray) -> Floats:
            return np.frombuffer(numbers, np.float32).reshape(shape)

        pictures, texts = vectors[:rows].tobytes(), vectors[rows:].tobytes()
        cosines = bytes(_tuwen.cosines(pictures, texts, self.model.dimension))
        scores, bands = self.model._handle.judge(cosines)
        temperature = self.model._handle.share_temperature()
        match: Optional[Floats] = None
        if self.profile is not None:
            probabilities, bands = self.profile._handle.judge(
                cosines, pictures, texts, tuple([text_bytes(text) for text in words])
            )
            match = matrix(probabilities)
            temperature = self.profile.temperature or temperature
        return Match(
            cosine=matrix(bytearray(cosines)),
            score=matrix(scores),
            match=match,
            share=matrix(_tuwen.share(cosines, len(words), temperature)),
            bands=_BANDS[np.frombuffer(bands, np.uint8).reshape(shape)],
        )

    def similarity(self, a: npt.ArrayLike, b: npt.ArrayLike) -> Floats:
        """Cosines of the rows of two matrices, [len(a), len(b)], float32; 0 where a row is all zero.

        ``match`` sums in double precision, this in single, as is fit for large matrices: the last digit may differ.
        """
        left, right = _unit_rows(a), _unit_rows(b)
        result: Floats = left @ right.T
        return result

    def close(self) -> None:
        """Frees the memory, and the model's if it was opened here; may be called again. Waits for a running call."""
        with self._lock:
            self.session.close()
            if self._own:
                self.model.close()

    def __enter__(self) -> Matcher:
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<tuwen.Matcher of {self.model.info.name!r}>"


def _pictures(images: Union[Picture, Iterable[Picture]]) -> List[Picture]:
    one: Tuple[type, ...] = (str, os.PathLike, bytes, bytearray, memoryview)
    if isinstance(images, one) or (isinstance(images, np.ndarray) and images.ndim <= 3) or hasattr(images, "getexif"):
        return [cast(Picture, images)]
    return list(cast("Iterable[Picture]", images))


def _unit_rows(vectors: npt.ArrayLike) -> Floats:
    rows = np.atleast_2d(np.asarray(vectors, np.float32))
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    result: Floats = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
    return result
