# SPDX-License-Identifier: Apache-2.0
"""``SentenceTransformer`` as it behaves with a GME checkpoint (whose ``custom_st.py`` makes the inputs).

from tuwen.compat.sentence_transformers import SentenceTransformer

model = SentenceTransformer("Alibaba-NLP/gme-Qwen2-VL-2B-Instruct")
queries = model.encode([dict(text=t, prompt="Find an image that matches the given text.") for t in texts])
pictures = model.encode([dict(image=i) for i in images])
print(model.similarity(queries, pictures))
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

import tuwen
from tuwen._session import whole_number
from tuwen.compat import _engine as engine
from tuwen.compat._models import find_model
from tuwen.compat.tensor import Tensor

logger = logging.getLogger("tuwen")

_IGNORED = (
    "cache_folder",
    "trust_remote_code",
    "local_files_only",
    "token",
    "use_auth_token",
    "model_kwargs",
    "model_card_data",
)
_REASONS = {
    "modules": "the checkpoint says how its vectors are made",
    "revision": "a name stands for the copy that is on this machine; give its path",
    "processor_kwargs": "limits are those of GME; max_seq_length can be set",
    "tokenizer_kwargs": "limits are those of GME; max_seq_length can be set",
    "config_kwargs": "the checkpoint says how its vectors are made",
    "pool": "one process uses all processors",
}
_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".heic", ".avif")
_LONGEST = 32768  # tokens: that of GME's text model; this path of the original does not cut at 1800


class SentenceTransformer:
    """Vectors of texts, pictures, and both together.

    An input is a text, a dict with ``"text"``, ``"image"`` or both, and perhaps ``"prompt"``, or a picture: ``PIL.Image``,
    ``pathlib.Path``, bytes, an array. A str is a text, as with GME's own checkpoint, and a warning says so of the name of a
    picture's file. A dict's ``"prompt"`` is GME's instruction and takes the place of the system
    text; ``prompts``, ``prompt`` and ``prompt_name`` of the methods go before texts, as sentence-transformers does. A
    GME checkpoint names no prompts, so ``encode_query`` and ``encode_document`` differ only by ``prompts`` given here.

    ``model_name_or_path`` is a path, a name on a hub, or one of ``tuwen models``. ``device`` and ``backend`` are
    accepted: the processor computes, in the precision of the file. Several threads may share an object.

    Raises ``tuwen.Error`` when there is no such checkpoint, or it cannot be read.
    """

    def __init__(
        self,
        model_name_or_path: str | os.PathLike[str] | None = None,
        *,
        device: Any = None,
        prompts: Mapping[str, str] | None = None,
        default_prompt_name: str | None = None,
        similarity_fn_name: str | None = None,
        truncate_dim: int | None = None,
        backend: str = "torch",
        **kwargs: Any,
    ) -> None:
        engine.refuse("SentenceTransformer", kwargs, _IGNORED, _REASONS)
        if model_name_or_path is None:
            raise ValueError("model_name_or_path is wanted: a path, or the name of a model.")
        if default_prompt_name is not None and default_prompt_name not in (prompts or {}):
            raise ValueError(f"default_prompt_name={default_prompt_name!r} is none of prompts: {list(prompts or {})}.")
        self.prompts = dict(prompts or {})
        self.default_prompt_name = default_prompt_name
        self.truncate_dim = truncate_dim
        self.similarity_fn_name = similarity_fn_name or "cosine"
        self._engine = engine.Engine(find_model(model_name_or_path), image_tokens=(None, None), max_length=_LONGEST)
        self.device = device or "cpu"
        engine.say_what_runs("SentenceTransformer", device, self._engine.model)

    # -- vectors --------------------------------------------------------------------------------------------------

    def encode(
        self,
        sentences: Any = None,
        prompt_name: str | None = None,
        prompt: str | None = None,
        batch_size: int = 32,
        show_progress_bar: bool | None = None,
        output_value: str | None = "sentence_embedding",
        precision: str = "float32",
        convert_to_numpy: bool = True,
        convert_to_tensor: bool = False,
        device: Any = None,
        normalize_embeddings: bool = False,
        truncate_dim: int | None = None,
        *,
        inputs: Any = None,
        **kwargs: Any,
    ) -> Any:
        """The vectors of a list of inputs, ``[n, dimension]`` in float32 at unit length; of one input, ``[dimension]``.

        An array of NumPy, with ``convert_to_tensor`` a ``Tensor``, with neither a list of ``Tensor``. ``inputs`` is
        another name of ``sentences``. ``truncate_dim`` keeps the first numbers of each vector (GME was not trained for
        that), which have unit length again with ``normalize_embeddings``.

        Raises ``ValueError`` for what cannot be embedded or met, ``tuwen.Error`` when a picture cannot be read.
        """
        engine.refuse("encode()", kwargs, ("chunk_size", "task"), _REASONS)
        _only("output_value", output_value, "sentence_embedding")
        _only("precision", precision, "float32")
        given = inputs if sentences is None else sentences
        if isinstance(device, (list, tuple)):
            raise ValueError(f"device={device!r}: one process uses all processors, so there is one device.")
        single = _is_single(given)
        before = self._prompt(prompt, prompt_name)
        items = [_input(item, before) for item in ([given] if single else given)]
        shown = logger.isEnabledFor(logging.INFO) if show_progress_bar is None else show_progress_bar
        vectors = self._engine.embed(items, batch_size=batch_size, progress=shown)
        dimension = truncate_dim if truncate_dim is not None else self.truncate_dim
        if dimension is not None:
            whole_number("truncate_dim", dimension, 1, engine.LARGEST)
            vectors = vectors[:, :dimension]
            vectors = _at_unit_length(vectors) if normalize_embeddings else np.ascontiguousarray(vectors)
        if convert_to_numpy and not convert_to_tensor:
            return vectors[0] if single else vectors
        tensors = Tensor(vectors)
        return tensors[0] if single else tensors if convert_to_tensor else list(tensors)

    def encode_query(self, sentences: Any = None, prompt_name: str | None = None, *args: Any, **kwargs: Any) -> Any:
        """``encode`` with the prompt ``"query"``, if ``prompts`` has it and no other is given."""
        return self.encode(sentences, self._default_name(prompt_name, args, kwargs, "query"), *args, **kwargs)

    def encode_document(self, sentences: Any = None, prompt_name: str | None = None, *args: Any, **kwargs: Any) -> Any:
        """``encode`` with the prompt ``"document"``, ``"passage"`` or ``"corpus"``, as ``encode_query``."""
        names = ("document", "passage", "corpus")
        return self.encode(sentences, self._default_name(prompt_name, args, kwargs, *names), *args, **kwargs)

    def _default_name(self, name: str | None, args: Any, kwargs: Any, *candidates: str) -> str | None:
        if name is not None or (args and args[0] is not None) or kwargs.get("prompt") is not None:
            return name
        return next((candidate for candidate in candidates if candidate in self.prompts), None)

    def _prompt(self, prompt: str | None, name: str | None) -> str:
        name = name if name is not None else self.default_prompt_name
        if prompt is None and name is not None and name not in self.prompts:
            raise ValueError(f"prompt_name={name!r} is none of prompts: {list(self.prompts)}.")
        return prompt if prompt is not None else self.prompts.get(name or "", "")

    # -- similarity -----------------------------------------------------------------------------------------------

    @property
    def similarity_fn_name(self) -> str:
        """``"cosine"`` or ``"dot"``."""
        return self._similarity

    @similarity_fn_name.setter
    def similarity_fn_name(self, name: str | None) -> None:
        if name not in (None, "cosine", "dot"):
            raise ValueError(f"similarity_fn_name is 'cosine' or 'dot', not {name!r}.")
        self._similarity = name or "cosine"

    def similarity(self, embeddings1: npt.ArrayLike, embeddings2: npt.ArrayLike) -> Tensor:
        """The similarity of each vector of one array with each of the other, ``[n, m]`` in float32."""
        a, b = (self._compared(vectors) for vectors in (embeddings1, embeddings2))
        return Tensor(a @ b.T)

    def similarity_pairwise(self, embeddings1: npt.ArrayLike, embeddings2: npt.ArrayLike) -> Tensor:
        """The similarity of each vector of one array with that of the other in the same place, ``[n]`` in float32."""
        a, b = (self._compared(vectors) for vectors in (embeddings1, embeddings2))
        return Tensor(np.sum(a * b, axis=1))

    def _compared(self, vectors: npt.ArrayLike) -> npt.NDArray[np.float32]:
        rows = np.atleast_2d(np.asarray(vectors, dtype=np.float32))
        return _at_unit_length(rows) if self._similarity == "cosine" else rows

    # -- facts ----------------------------------------------------------------------------------------------------

    @property
    def max_seq_length(self) -> int:
        """Tokens after which an input is cut; it may be set."""
        return self._engine.max_length

    @max_seq_length.setter
    def max_seq_length(self, length: int) -> None:
        self._engine.limit(length)

    def get_max_seq_length(self) -> int:
        """``max_seq_length``."""
        return self.max_seq_length

    def get_sentence_embedding_dimension(self) -> int:
        """Numbers in a vector."""
        dimension = self._engine.model.dimension
        return dimension if self.truncate_dim is None else min(dimension, self.truncate_dim)

    get_embedding_dimension = get_sentence_embedding_dimension

    def eval(self) -> SentenceTransformer:
        """Itself."""
        return self

    def to(self, *args: Any, **kwargs: Any) -> SentenceTransformer:
        """Itself: the processor computes."""
        return self

    def half(self) -> SentenceTransformer:
        """Itself: the file decides on the precision."""
        return self


def _only(name: str, value: Any, allowed: str) -> None:
    if value != allowed:
        raise ValueError(f"{name}={value!r} cannot be met; it is {allowed!r} here.")


def _is_single(given: Any) -> bool:
    return isinstance(given, (str, bytes, Mapping)) or _is_picture(given)


def _is_picture(value: Any) -> bool:
    """A picture that cannot be taken for a text or a list."""
    return isinstance(value, os.PathLike) or engine.is_pixels(value)


def _warn_of_path(text: str) -> None:
    """A text stays one, as with GME's checkpoint, but the name of a picture's file is seldom meant."""
    if text.lower().endswith(_SUFFIXES) and os.path.isfile(text):
        logger.warning("%r is taken for a text; to embed the picture give {'image': %r}", text, text)


def _input(item: Any, before: str) -> tuwen.Input:
    if isinstance(item, str):
        _warn_of_path(item)
        return tuwen.Input(text=before + item)
    if isinstance(item, bytes) or _is_picture(item):
        item = {"image": item}
    if (
        not isinstance(item, Mapping)
        or not {"text", "image"} & item.keys()
        or item.keys() - {"text", "image", "prompt"}
    ):
        known = "a text, a picture, or a dict of 'text', 'image' and 'prompt' with one of the first two"
        raise ValueError(f"An input is {known}, not {item!r:.60}.")
    if before:
        raise ValueError(f"The prompt {before!r} goes before texts that are no dict; give a dict its own 'prompt'.")
    return tuwen.Input(
        text=item.get("text"),
        image=None if item.get("image") is None else engine.picture(item["image"]),
        instruction=item.get("prompt"),
    )


def _at_unit_length(rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, 1e-12), dtype=np.float32)
