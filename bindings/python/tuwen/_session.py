# SPDX-License-Identifier: Apache-2.0
"""Sessions: texts and pictures to vectors."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any, Callable, Iterable, List, Literal, Optional, Sequence, Tuple, Union, overload

import numpy as np
import numpy.typing as npt

from . import _tuwen
from ._errors import Error, error_of
from ._model import Closing, Model
from ._pictures import Picture, picture_bytes

Vectors = npt.NDArray[np.float32]
Progress = Union[bool, Callable[[int, int], object], None]

# Inputs of one call of the library. More at once is hardly faster, and holds more picture files in memory.
BATCH = 32


@dataclass(frozen=True)
class Input:
    """One thing to embed: a text, a picture, or both (one vector for the pair).

    ``image`` is a path, a data: URL, the bytes of a picture file, a file open for reading bytes, a ``PIL.Image``, or an
    array of height x width (x 3 or 4) of uint8. ``instruction`` replaces the system text; None means the call's if
    there is a text, else the model's default.
    """

    text: Optional[str] = None
    image: Optional[Picture] = None
    instruction: Optional[str] = None


@dataclass(frozen=True)
class Output:
    """What happened to one input."""

    status: str  # "OK", or why it has no vector (its row is all zero), such as "BAD_IMAGE"
    tokens: int  # computed, image tokens included
    image_tokens: int  # among them
    truncated: bool  # it had more than max_length tokens and lost its end
    picture_width: int  # of the decoded picture, upright if EXIF is applied; 0 without a picture
    picture_height: int
    message: str  # one sentence when the status is not OK, else empty


_Raw = Tuple[Optional[bytes], Optional[bytes], Optional[bytes], Optional[bytes]]


def text_bytes(text: str) -> bytes:
    """UTF-8, in which half a surrogate pair is U+FFFD, as the library reads what is no text."""
    if not isinstance(text, str):
        raise TypeError(f"a text is a str, not {type(text).__name__}")
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode("utf-8")


def whole_number(name: str, value: Any, least: int, most: int) -> int:
    """``value`` as an int; raises ``TypeError`` or ``ValueError``."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name} is a whole number, not {value!r:.60}")
    if not least <= value <= most:
        raise error_of("INVALID_ARGUMENT", f"{name} is {least} to {most}, not {value}")
    return int(value)


def _image_tokens(pair: Optional[Tuple[int, int]]) -> Tuple[int, int]:
    if pair is None:
        return 0, 0
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise TypeError(f"image_tokens is a pair (least, most), not {pair!r:.60}")
    return whole_number("image_tokens", pair[0], 0, 16384), whole_number("image_tokens", pair[1], 0, 16384)


class Meter:
    """Tells a progress callback, or tqdm's bar for True where it is installed."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._done = 0
        self._total = total
        self._call: Optional[Callable[[int, int], object]] = progress if callable(progress) else None
        if self._call is None and progress not in (None, True, False):
            raise TypeError(f"progress is a function of (done, total), or True, not {progress!r:.60}")
        self._bar: Any = None
        if progress is True:
            try:
                tqdm: Any = importlib.import_module("tqdm.auto")
            except ImportError:
                return
            self._bar = tqdm.tqdm(total=total)

    def __enter__(self) -> Meter:
        return self

    def advance(self, count: int) -> None:
        self._done += count
        if self._call is not None:
            self._call(self._done, self._total)
        if self._bar is not None:
            self._bar.update(count)

    def __exit__(self, *failure: object) -> None:
        if self._bar is not None:
            self._bar.close()


class Session(Closing):
    """Scratch memory for computing with one model, and how it computes.

    ``image_tokens`` is the least and the most number of tokens that a picture becomes (1 to 16384; default: the model's),
    ``max_length`` how many tokens of an input count (1 to 32768). ``exif`` False leaves pictures as they lie in the file.
    ``raw_special``: "<|im_end|>" and the like inside texts act as special tokens. The last three bound what a picture file
    may take: bytes, pixels (width x height), seconds of decoding; 0 means the library's default.

    One thread at a time: a second one gets ``tuwen.Error`` at once. Vectors of sessions with equal ``fingerprint`` may be
    compared; with equal ``exact_fingerprint`` they are the same bits for the same input, whatever the number of threads
    and whatever else is in the batch.
    """

    def __init__(
        self,
        model: Model,
        *,
        image_tokens: Optional[Tuple[int, int]] = None,
        max_length: int = 0,
        exif: bool = True,
        raw_special: bool = False,
        max_picture_bytes: int = 0,
        max_picture_pixels: int = 0,
        max_picture_seconds: float = 0,
    ) -> None:
        if not isinstance(model, Model):
            raise TypeError(f"a Session is of a tuwen.Model, not of {type(model).__name__}")
        if not 0 <= max_picture_seconds < float("inf"):
            raise error_of("INVALID_ARGUMENT", f"max_picture_seconds is 0 or more, not {max_picture_seconds}")
        least, most = _image_tokens(image_tokens)
        self.model: Model = model
        self._upright = exif
        self._dimension = model.dimension
        self._handle = _tuwen.Session(
            model._handle,
            least,
            most,
            whole_number("max_length", max_length, 0, 32768),
            not exif,
            raw_special,
            whole_number("max_picture_bytes", max_picture_bytes, 0, (1 << 64) - 1),
            whole_number("max_picture_pixels", max_picture_pixels, 0, (1 << 64) - 1),
            max_picture_seconds,
        )
        facts = self._handle.facts()
        self.fingerprint: str = facts[0]
        self.exact_fingerprint: str = facts[1]
        self.image_tokens: Tuple[int, int] = (facts[2], facts[3])
        self.max_length: int = facts[4]
        self._most = facts[5]

    @overload
    def embed(
        self,
        inputs: Union[str, Input, Iterable[Union[str, Input]]],
        *,
        instruction: Optional[str] = ...,
        batch_size: int = ...,
        progress: Progress = ...,
        return_outputs: Literal[False] = ...,
    ) -> Vectors: ...

    @overload
    def embed(
        self,
        inputs: Union[str, Input, Iterable[Union[str, Input]]],
        *,
        instruction: Optional[str] = ...,
        batch_size: int = ...,
        progress: Progress = ...,
        return_outputs: Literal[True],
    ) -> Tuple[Vectors, List[Output]]: ...

    @overload
    def embed(
        self,
        inputs: Union[str, Input, Iterable[Union[str, Input]]],
        *,
        instruction: Optional[str] = ...,
        batch_size: int = ...,
        progress: Progress = ...,
        return_outputs: bool,
    ) -> Union[Vectors, Tuple[Vectors, List[Output]]]: ...

    def embed(
        self,
        inputs: Union[str, Input, Iterable[Union[str, Input]]],
        *,
        instruction: Optional[str] = None,
        batch_size: int = BATCH,
        progress: Progress = None,
        return_outputs: bool = False,
    ) -> Union[Vectors, Tuple[Vectors, List[Output]]]:
        """Vectors of texts and pictures: [n, dimension], float32, of length 1.

        A str is a text; one alone is a list of one. Other iterables are read to their end before the first batch.
        ``instruction`` is for the inputs with a text that have none of their own; a picture alone has the model's own
        unless its Input says otherwise.
        ``progress`` is called as ``progress(done, total)`` after each batch; True shows tqdm's bar if tqdm is installed.
        The first bad input raises its error (BAD_IMAGE, BAD_TEXT, LIMIT, NOT_FOUND, IO); with ``return_outputs`` all
        are tried, and the result is the vectors and a list of Output, where a bad input's row is zero.

        Ctrl-C ends the call soon with KeyboardInterrupt; ``cancel()`` of another thread with the error CANCELLED.
        """
        whole_number("batch_size", batch_size, 1, 1 << 31)
        items: Sequence[Union[str, Input]] = [inputs] if isinstance(inputs, (str, Input)) else list(inputs)
        default = None if instruction is None else text_bytes(instruction)
        numbers = bytearray(len(items) * self._dimension * 4)
        # Made before the work: the less is done after it, the less is done with cold caches.
        vectors: Vectors = np.ndarray((len(items), self._dimension), np.float32, numbers)
        outputs: List[Output] = []
        with Meter(progress, len(items)) as meter:
            for start in range(0, len(items), batch_size):
                batch = items[start : start + batch_size]
                if return_outputs:
                    outputs += self._embed_all(batch, default, start, vectors[start : start + batch_size])
                else:
                    raw = tuple([self._raw(item, default, start + i) for i, item in enumerate(batch)])
                    self._handle.embed(raw, numbers, start, False)
                meter.advance(len(batch))
        return (vectors, outputs) if return_outputs else vectors

    def _embed_all(
        self, batch: Sequence[Union[str, Input]], default: Optional[bytes], start: int, vectors: Vectors
    ) -> List[Output]:
        """The library tries every input that can be read; what cannot is told in the same way."""
        raw: List[_Raw] = []
        places: List[int] = []
        outputs = [Output("OK", 0, 0, False, 0, 0, "")] * len(batch)
        for place, item in enumerate(batch):
            try:
                raw.append(self._raw(item, default, start + place))
                places.append(place)
            except (Error, TypeError, ValueError) as error:
                status = error.status if isinstance(error, Error) else "INVALID_ARGUMENT"
                outputs[place] = Output(status, 0, 0, False, 0, 0, str(error))
        numbers = bytearray(len(raw) * self._dimension * 4)
        facts = self._handle.embed(tuple(raw), numbers, 0, True)
        vectors[places] = np.ndarray((len(raw), self._dimension), np.float32, numbers)
        for place, fact in zip(places, facts or ()):
            outputs[place] = Output(*fact)
        return outputs

    def _raw(self, item: Union[str, Input], default: Optional[bytes], place: int) -> _Raw:
        if isinstance(item, str):
            return text_bytes(item), None, None, default
        if not isinstance(item, Input):
            raise TypeError(f"an input is a str or a tuwen.Input, not {type(item).__name__}")
        text = None if item.text is None else text_bytes(item.text)
        own = default if text is not None else None
        if item.instruction is not None:
            own = text_bytes(item.instruction)
        if item.image is None:
            return text, None, None, own
        picture, name = picture_bytes(item.image, self._upright, self._most)
        return text, picture, name or b"inputs[%d]" % place, own

    @property
    def busy(self) -> bool:
        """Whether a call is computing now, on whatever thread."""
        return self._handle.busy()

    def cancel(self) -> None:
        """Asks the running call, or the next one, to end soon with the error CANCELLED. From any thread."""
        self._handle.cancel()

    def close(self) -> None:
        """Frees the memory; may be called again. Raises ``tuwen.Error`` while another thread computes."""
        self._handle.close()

    def __repr__(self) -> str:
        return f"<tuwen.Session of {self.model.info.name!r}, space {self.fingerprint}>"
