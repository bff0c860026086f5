# SPDX-License-Identifier: Apache-2.0
"""The Matcher: how well pictures and texts match, in one object that threads may share."""

from __future__ import annotations

import logging
import os
import threading
import weakref
from dataclasses import dataclass
from typing import Any, Iterable, List, Literal, Optional, Sequence, Tuple, Union, cast

import numpy as np
import numpy.typing as npt

from . import _tuwen
from ._errors import Error
from ._model import Closing, Model, PathLike, Profile
from ._pictures import Picture
from ._session import BATCH, Input, Progress, Session, Vectors, text_bytes

Floats = npt.NDArray[np.float32]

_BANDS = np.array(_tuwen.band_names())


_log = logging.getLogger("tuwen")


@dataclass(frozen=True, eq=False)
class Match:
    """What was found; every array is [pictures, texts]."""

    cosine: Floats  # -1 to 1
    score: Floats  # the cosine on the model's scale, 0 to 1
    match: Optional[Floats]  # the probability that the pair belongs together; None without a profile
    share: Floats  # of each picture among these texts; a row's sum is 1
    bands: npt.NDArray[np.str_]  # "mismatch", "fair", "high" or "very high"; by the profile if there is one


class Matcher(Closing):
    """Scores pictures against texts.

    ``model`` is a Model, a path, or None for the default of ``Model``; one that is opened here is closed with the Matcher.
    ``profile`` is a Profile or the path of one, as ``tuwen calibrate`` makes it; None means the checkpoint's own, if it has one
    (the file ``profile.json`` in its folder) and this session and a call's instruction are what that was fitted for; False means
    none. ``threads`` is for a model opened here; further options are those of ``Session``.

    Threads may share a Matcher: calls wait for one another, since one alone uses all cores. A progress callback may call it.
    """

    def __init__(
        self,
        model: Union[Model, PathLike, None] = None,
        *,
        profile: Union[Profile, PathLike, None, Literal[False]] = None,
        threads: int = 0,
        **session_options: Any,
    ) -> None:
        self._own = not isinstance(model, Model)
        self.model: Model = model if isinstance(model, Model) else Model(model, threads=threads)
        try:
            self.session: Session = Session(self.model, **session_options)
            self._said = profile is not None
            self.profile: Optional[Profile] = self._own_profile() if profile is None else _profile(profile)
        except BaseException:
            if self._own:
                self.model.close()
            raise
        self._lock = threading.RLock()
        _matchers.add(self)

    def _own_profile(self) -> Optional[Profile]:
        path = os.path.join(self.model.path, "profile.json")
        if not os.path.isfile(path):
            return None
        try:
            return Profile(path)
        except Error as error:
            _log.warning("the checkpoint's own profile is left out: %s", error)
            return None

    def _profile_for(self, instruction: Optional[str]) -> Optional[Profile]:
        """The profile that judges texts with that instruction: one that was asked for raises if it does not fit."""
        if self.profile is None:
            return None
        try:
            self.profile._handle.check(self.session.fingerprint, instruction)
        except Error:
            if self._said:
                raise
            return None
        return self.profile

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
        items = [Input(text=text) for text in _texts(texts)]
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
        pictures, words = _pictures(images), _texts(texts)
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
        pictures, words = _pictures(images), _texts(texts)
        if instruction is None:
            instruction = self.model.info.match_instruction
        profile = self._profile_for(instruction)
        items = [Input(image=image) for image in pictures]
        items += [Input(text=text, instruction=instruction) for text in words]
        vectors = self.embed(items, batch_size=batch_size, progress=progress)
        return self._judge(vectors, len(pictures), words, profile)

    def _judge(self, vectors: Vectors, rows: int, words: Sequence[str], profile: Optional[Profile]) -> Match:
        shape = (rows, len(words))

        def matrix(numbers: bytearray) -> Floats:
            return np.frombuffer(numbers, np.float32).reshape(shape)

        pictures, texts = vectors[:rows].tobytes(), vectors[rows:].tobytes()
        cosines = bytes(_tuwen.cosines(pictures, texts, self.model.dimension))
        scores, bands = self.model._handle.judge(cosines)
        temperature = self.model._handle.share_temperature()
        match: Optional[Floats] = None
        if profile is not None:
            probabilities, bands = profile._handle.judge(
                cosines, pictures, texts, tuple([text_bytes(text) for text in words])
            )
            match = matrix(probabilities)
            temperature = profile.temperature or temperature
        return Match(
            cosine=matrix(bytearray(cosines)),
            score=matrix(scores),
            match=match,
            share=matrix(_tuwen.share(cosines, len(words), temperature)),
            bands=_BANDS[np.frombuffer(bands, np.uint8).reshape(shape)],
        )

    def similarity(self, a: npt.ArrayLike, b: npt.ArrayLike) -> Floats:
        """Cosines of the rows of two matrices, [len(a), len(b)], float32; 0 where a row is all zero, NaN where it has one.

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

    def __repr__(self) -> str:
        return f"<tuwen.Matcher of {self.model.info.name!r}>"


_matchers: "weakref.WeakSet[Matcher]" = weakref.WeakSet()


def after_fork_in_child() -> None:
    """Locks that other threads held are held by nobody now: what they guard refuses by itself."""
    for matcher in list(_matchers):
        matcher._lock = threading.RLock()


def _profile(profile: Union[Profile, PathLike, Literal[False]]) -> Optional[Profile]:
    if profile is False or isinstance(profile, Profile):
        return profile or None
    if isinstance(profile, (str, os.PathLike)):
        return Profile(profile)
    raise TypeError(f"profile is a tuwen.Profile, the path of one, None or False, not {type(profile).__name__}")


def _texts(texts: Union[str, Iterable[str]]) -> List[str]:
    if isinstance(texts, str):
        return [texts]
    if isinstance(texts, bytes) or not hasattr(texts, "__iter__"):
        raise TypeError(f"texts are a str or a list of them, not {type(texts).__name__}")
    return list(texts)


def _pictures(images: Union[Picture, Iterable[Picture]]) -> List[Picture]:
    one: Tuple[type, ...] = (str, os.PathLike, bytes, bytearray, memoryview)
    single = isinstance(images, np.ndarray) and images.ndim <= 3
    if isinstance(images, one) or single or hasattr(images, "getexif") or hasattr(images, "read"):
        return [cast(Picture, images)]
    if not hasattr(images, "__iter__"):
        raise TypeError(f"images are a picture or a list of them, not {type(images).__name__}")
    return list(cast("Iterable[Picture]", images))


def _unit_rows(vectors: npt.ArrayLike) -> Floats:
    rows: Floats = np.atleast_2d(np.asarray(vectors, np.float32))
    if rows.ndim != 2:
        raise ValueError(f"a matrix of vectors has the shape [n, dimension], not {rows.shape}")
    largest = np.abs(rows).max(axis=1, keepdims=True, initial=0)  # so that no square is too large or too small
    rows = np.divide(rows, np.where(largest == 0, np.float32(1), largest), dtype=np.float32)
    result: Floats = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1)
    return result
