# SPDX-License-Identifier: Apache-2.0
"""``GmeQwen2VL``: the class that comes with GME's checkpoints (``gme_inference.py``, ``AutoModel`` with remote code).

from tuwen.compat.gme import GmeQwen2VL

gme = GmeQwen2VL("Alibaba-NLP/gme-Qwen2-VL-2B-Instruct")
e_query = gme.get_text_embeddings(texts=texts, instruction="Find an image that matches the given text.")
e_corpus = gme.get_image_embeddings(images=images, is_query=False)
print((e_query @ e_corpus.T).tolist())
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import tuwen
from tuwen.compat import _engine as engine
from tuwen.compat._models import find_model
from tuwen.compat.tensor import Tensor

_IGNORED = (
    "torch_dtype",
    "dtype",
    "device_map",
    "trust_remote_code",
    "attn_implementation",
    "low_cpu_mem_usage",
    "cache_dir",
    "local_files_only",
    "token",
    "use_safetensors",
    "prompt_name",
)
_REASONS = {
    "quantization_config": "int8 is a property of the file; make one by tuwen convert --precision int8",
    "revision": "a name stands for the copy that is on this machine; give its path",
}


class GmeQwen2VL:
    """Vectors of texts, pictures, and both together.

    ``model_name`` (or ``model_path``) is a path, a name on a hub, or one of ``tuwen models``. ``min_image_tokens``,
    ``max_image_tokens`` and ``max_length`` are by default the checkpoint's own: 256, 1280 and 1800 for GME. ``device``,
    ``torch_dtype`` and other words of ``from_pretrained`` that only say how to compute are accepted: the processor
    computes, in the precision of the file. Several threads may share an object.

    Raises ``tuwen.Error`` when there is no such checkpoint, or it cannot be read.
    """

    def __init__(
        self,
        model_name: str = "Alibaba-NLP/gme-Qwen2-VL-2B-Instruct",
        model_path: str | None = None,
        device: Any = "cpu",
        min_image_tokens: int | None = None,
        max_image_tokens: int | None = None,
        max_length: int | None = None,
        **kwargs: Any,
    ) -> None:
        engine.refuse("GmeQwen2VL", kwargs, _IGNORED, _REASONS)
        self._engine = engine.Engine(
            find_model(model_path or model_name),
            image_tokens=(min_image_tokens, max_image_tokens),
            max_length=max_length,
        )
        self.device = device
        self.default_instruction = self._engine.model.info.default_instruction
        self.sep = " "
        engine.say_what_runs("GmeQwen2VL", device, self._engine.model)

    @classmethod
    def from_pretrained(cls, model_name: str, **kwargs: Any) -> GmeQwen2VL:
        """The same, as ``AutoModel.from_pretrained`` is called."""
        kwargs.setdefault("device", kwargs.get("device_map") or "cpu")
        return cls(model_name, **kwargs)

    @property
    def max_length(self) -> int:
        """Tokens after which an input is cut."""
        return self._engine.max_length

    @property
    def normalize(self) -> bool:
        """True: vectors have unit length. It cannot be set."""
        return True

    def get_text_embeddings(self, texts: Sequence[str], **kwargs: Any) -> Tensor:
        """Vectors of texts, ``[len(texts), dimension]`` in float32. Further words: see ``get_fused_embeddings``."""
        return self.get_fused_embeddings(texts=texts, **kwargs)

    def get_image_embeddings(self, images: Iterable[Any], **kwargs: Any) -> Tensor:
        """Vectors of pictures, ``[len(images), dimension]`` in float32. Further words: see ``get_fused_embeddings``."""
        return self.get_fused_embeddings(images=images, **kwargs)

    def get_fused_embeddings(
        self,
        texts: Sequence[str | None] | None = None,
        images: Iterable[Any] | None = None,
        *,
        is_query: bool = True,
        instruction: str | None = None,
        batch_size: int = 32,
        show_progress_bar: bool = False,
        **kwargs: Any,
    ) -> Tensor:
        """Vectors of texts with pictures, ``[n, dimension]`` in float32 at unit length.

        ``images`` are paths, ``file://`` and data URLs, ``PIL.Image``, bytes, arrays, or a ``DataLoader`` of lists of
        these. ``instruction`` takes the place of the checkpoint's own, for pictures too; with ``is_query=False`` it is
        passed over, as in the original.

        Raises ``ValueError`` when there are not as many texts as pictures, or neither is given, or for an address on
        the network; ``tuwen.Error`` when a picture cannot be read.
        """
        engine.refuse("GmeQwen2VL", kwargs, _IGNORED, {})
        if texts is None and images is None:
            raise ValueError("Give texts, images, or both.")
        each_text = None if texts is None else engine.list_of("texts", texts, "texts")
        each_image = None if images is None else _each(images)
        if each_text is not None and each_image is not None and len(each_text) != len(each_image):
            raise ValueError(
                f"There are {len(each_text)} texts for {len(each_image)} images; each image needs its text."
            )
        count = len(each_text if each_text is not None else each_image or [])
        inputs = [
            _input(text, image, instruction if is_query else None)
            for text, image in zip(each_text or [None] * count, each_image or [None] * count)
        ]
        return Tensor(self._engine.embed(inputs, batch_size=batch_size, progress=show_progress_bar))

    def encode(self, sentences: Sequence[str], *, prompt_name: str | None = None, **kwargs: Any) -> Tensor:
        """``get_fused_embeddings`` of texts; ``prompt_name`` has no meaning, as in the original."""
        return self.get_fused_embeddings(texts=sentences, **kwargs)

    def encode_queries(self, queries: Sequence[str], **kwargs: Any) -> Tensor:
        """The same as ``encode``."""
        return self.encode(queries, **kwargs)

    def encode_corpus(self, corpus: Mapping[str, Sequence[str]] | Sequence[Mapping[str, str]], **kwargs: Any) -> Tensor:
        """Vectors of documents without an instruction. Each has a ``"text"``, and perhaps a ``"title"`` before it."""
        if isinstance(corpus, Mapping):
            documents = [dict(zip(corpus, values)) for values in zip(*corpus.values())]
        else:
            documents = [dict(document) for document in corpus]
        texts = [
            (document["title"] + self.sep + document["text"] if "title" in document else document["text"]).strip()
            for document in documents
        ]
        return self.encode(texts, is_query=False, **kwargs)

    def eval(self) -> GmeQwen2VL:
        """Itself."""
        return self

    def to(self, *args: Any, **kwargs: Any) -> GmeQwen2VL:
        """Itself: the processor computes."""
        return self

    def cuda(self, *args: Any) -> GmeQwen2VL:
        """Itself: the processor computes."""
        return self


def _each(images: Iterable[Any]) -> list[Any]:
    """The pictures; those of a ``DataLoader`` come in lists."""
    if hasattr(images, "batch_sampler"):
        return [image for batch in images for image in batch]
    return engine.list_of("images", images, "pictures")


def _input(text: str | None, image: Any, instruction: str | None) -> tuwen.Input:
    if image is None:
        if text is None:
            raise ValueError("An input is neither a text nor a picture: both are None.")
        return tuwen.Input(text=text, instruction=instruction)
    return tuwen.Input(text=text, image=engine.picture(image), instruction=instruction)
