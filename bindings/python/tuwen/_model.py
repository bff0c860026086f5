# SPDX-License-Identifier: Apache-2.0
"""Checkpoints and profiles."""

from __future__ import annotations

import functools
import logging
import os
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Optional, Tuple, Type, TypeVar, Union

from . import _tuwen
from ._errors import NotFoundError, error_of
from ._store import default_of_store, find_in_store

PathLike = Union[str, "os.PathLike[str]"]

_PRECISIONS = ("auto", "f32", "bf16", "int8")
_log = logging.getLogger("tuwen")


def demo_model() -> str:
    """The folder of the small checkpoint that ships with the package. It knows emoji-like drawings and nothing else."""
    return os.path.join(os.path.dirname(os.path.abspath(__file__)), "models", "demo")


@functools.lru_cache(maxsize=None)
def _demo() -> str:
    """Says once in a process what computes where nobody said it."""
    _log.warning(
        "No model was named, and none is the default of tuwen models, so the small demo checkpoint computes; it knows "
        "emoji-like drawings and nothing else."
    )
    return demo_model()


def _path(path: PathLike) -> str:
    word = os.fspath(path)
    if not isinstance(word, str):
        raise TypeError(f"a path is a str or a pathlib.Path, not {type(path).__name__}")
    if "\0" in word:
        raise error_of("NOT_FOUND", f"{word!r}: there is no such path")
    return word


def _find(path: Optional[PathLike]) -> str:
    """As the program does: a path, else a name in its store; without one TUWEN_MODEL, the default, what ships."""
    word = _path(path) if path is not None else os.environ.get("TUWEN_MODEL", "")
    if not word:
        return str(default_of_store() or _demo())
    found = word if os.path.exists(word) else find_in_store(word)
    if found is None:
        what = f"TUWEN_MODEL is {word!r}, which" if path is None else repr(word)
        raise NotFoundError(f"{what} is neither a file or folder nor the name of one of tuwen models")
    return str(found)


_Self = TypeVar("_Self", bound="Closing")


class Closing:
    """What is closed at the end of ``with``, and cannot be sent to another process."""

    def close(self) -> None:
        raise NotImplementedError

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()

    def __reduce__(self) -> Any:
        name = type(self).__name__
        raise TypeError(f"a tuwen.{name} cannot be pickled or copied: open one in each process")


@dataclass(frozen=True)
class ModelInfo:
    """What a checkpoint is. Numbers of layers, heads and the like are those of its configuration."""

    path: str  # as it was opened
    name: str
    fingerprint: str  # 16 hexadecimal digits that tell checkpoints apart
    weight_dtype: str  # as stored: "F32", "F16", "BF16" or "mixed"
    precision: str  # in which products are computed: "f32", "bf16" or "int8"
    made_by: Optional[str]  # of a packed file; None for a folder
    fits_machine: bool  # weights are mapped as they lie in the file, not packed at opening
    file_bytes: int  # of a packed file; 0 for a folder
    parameters: int  # of the vision tower and the language model
    vision_parameters: int
    weight_bytes: int
    tensors: int
    shards: int
    dimension: int  # of a vector
    text_layers: int
    text_heads: int
    text_kv_heads: int
    text_head_dim: int
    text_intermediate: int
    vocabulary: int
    vision_layers: int
    vision_heads: int
    vision_dim: int
    vision_mlp: int
    patch_size: int
    merge_size: int
    image_tokens_min: int  # a session's defaults
    image_tokens_max: int
    max_length: int  # likewise, in tokens
    default_instruction: Optional[str]  # None: its prompt has no place for an instruction
    match_instruction: Optional[str]  # for texts that are matched with pictures
    score_low: float  # cosines of the scores 0 and 1
    score_high: float
    band_from: Tuple[float, float, float, float]  # least cosine of mismatch (-1), fair, high, very high


class Model(Closing):
    """A checkpoint: a packed file made by ``tuwen convert``, or a folder as published.

    ``path`` may be the name of one of ``tuwen models``. None means, as for the program ``tuwen``, the environment variable
    TUWEN_MODEL, else the default of ``tuwen models``, else the small checkpoint that ships (``demo_model()``); the attribute
    ``path`` says which it was. ``threads`` 0 means one for each core that the process may use; ``isa`` forces a
    level of instruction sets, ``precision`` ("auto", "f32", "bf16", "int8") the numbers of a folder's weights; ``remake``
    writes a packed file of an older layout anew. What the library remarks goes to the logger "tuwen".

    Opening a folder reads and packs its weights each time, without the GIL; a packed file is mapped. A Model may be shared
    between threads. Closing it while sessions are open leaves these usable; the memory goes with the last one.

    Raises ``tuwen.Error``: NOT_FOUND, IO, BAD_MODEL, BAD_TOKENIZER, LIMIT, UNSUPPORTED, OUT_OF_MEMORY, INVALID_ARGUMENT.
    """

    def __init__(
        self,
        path: Optional[PathLike] = None,
        *,
        threads: int = 0,
        isa: Optional[str] = None,
        precision: str = "auto",
        remake: bool = False,
    ) -> None:
        if precision not in _PRECISIONS:
            raise ValueError(f"precision {precision!r} is not one of {', '.join(_PRECISIONS)}")
        self.path: str = _find(path)
        log = _log.warning if os.path.isfile(self.path) else _log.info  # of a folder: that its weights are packed
        self._handle = _tuwen.Model(
            os.fsencode(self.path), threads, isa, _PRECISIONS.index(precision), remake, log
        )
        self.info: ModelInfo = ModelInfo(**self._handle.info())

    @property
    def dimension(self) -> int:
        """Length of every vector of this model, in floats."""
        return self.info.dimension

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that tell checkpoints apart."""
        return self.info.fingerprint

    def close(self) -> None:
        """Ends the use of the model; may be called again."""
        self._handle.close()

    def __repr__(self) -> str:
        return f"<tuwen.Model {self.info.name!r}, {self.info.precision}, {self.dimension} numbers a vector>"


class Profile:
    """From a cosine to the probability that picture and text belong together, fitted by ``tuwen calibrate``.

    Immutable; may be shared between threads. Raises ``tuwen.Error``: NOT_FOUND, IO, INVALID_ARGUMENT, LIMIT.
    """

    def __init__(self, path: PathLike) -> None:
        self.path: str = _path(path)
        self._handle = _tuwen.Profile(os.fsencode(self.path))
        facts = self._handle.facts()
        self.name, self.model, self.space, self.instruction, self.fingerprint = facts[:5]
        self.dimension, self.yes, self.no, self.prior, self.temperature, self.band_from = facts[5:]

    def __repr__(self) -> str:
        return f"<tuwen.Profile {self.name!r} of {self.model}, {self.yes + self.no} labels>"
