# SPDX-License-Identifier: Apache-2.0
"""Finds the checkpoint that a program of today names: a path, or a name on a hub, of which this machine may have a copy
in tuwen's store, or in the caches of the hubs' own clients (docs/download.md). Nothing is downloaded."""

from __future__ import annotations

import functools
import json
import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path

import tuwen

logger = logging.getLogger("tuwen")

_KNOWN = {
    "gme-2b": ("Alibaba-NLP/gme-Qwen2-VL-2B-Instruct", "iic/gme-Qwen2-VL-2B-Instruct"),
    "gme-7b": ("Alibaba-NLP/gme-Qwen2-VL-7B-Instruct", "iic/gme-Qwen2-VL-7B-Instruct"),
}


def find_model(name: str | os.PathLike[str]) -> str:
    """The path of the checkpoint ``name``.

    In this order: what lies at the path ``name``; tuwen's store; Hugging Face's cache; ModelScope's cache. ``name`` may
    be a name on either hub, with or without its owner, or that of ``tuwen models``.

    Raises ``tuwen.Error``, which is a ``FileNotFoundError``, when there is none; it says what to do.
    """
    word = os.fspath(name)
    if word and os.path.exists(word):
        return word
    short, names = _names(word)
    for path in (*_in_store(short, word), *_in_caches(names)):
        return str(path)
    raise tuwen.NotFoundError(
        f"The model {word!r} is not on this machine. Get it with the command: tuwen pull {short if names else 'gme-2b'}"
        ", or give the path of a folder that has it."
    )


def find_default() -> str:
    """The path of the checkpoint for a program that names none, whose original always was GME 2B: ``TUWEN_MODEL``, then
    a copy of GME 2B, then the default of ``tuwen models``, then the small one that ships, with a warning."""
    word = os.environ.get("TUWEN_MODEL")
    if word:
        return find_model(word)
    try:
        return find_model("gme-2b")
    except tuwen.NotFoundError:
        chosen = _store() / "default"
        if chosen.exists():
            return str(chosen)
    _say_that_it_is_the_demo()
    return tuwen.demo_model()


@functools.lru_cache(maxsize=None)
def _say_that_it_is_the_demo() -> None:
    """Once in a process."""
    logger.warning(
        "No copy of GME is on this machine, so the small demo checkpoint computes; it knows emoji-like drawings and "
        "nothing else. Get GME with the command: tuwen pull gme-2b"
    )


def _names(word: str) -> tuple[str, tuple[str, ...]]:
    """The name in the store, and those on the hubs; none if it can be neither's."""
    for short, names in _KNOWN.items():
        last = names[0].split("/")[1]
        if word in (short, *names) or word.lower() == last.lower():
            return short, names
    if re.fullmatch(r"[\w-][\w.-]*/\w[\w.-]*", word, re.ASCII):
        return word.split("/")[1], (word,)
    return word, ()


def _store() -> Path:
    data = os.environ.get("XDG_DATA_HOME", "")
    return (Path(data) if data.startswith("/") else Path.home() / ".local/share") / "tuwen/models"


def _in_store(short: str, word: str) -> Iterator[Path]:
    """A packed file or a folder of that name; of OWNER/NAME only if it was pulled from there."""
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]*", short) or short == "default":
        return
    if "/" in word and short not in _KNOWN:
        origin = _store() / f".{short}.from"
        if not origin.is_file() or origin.read_text().split("\n")[0] != word:
            return
    yield from (path for path in (_store() / f"{short}.tuwen", _store() / short) if path.exists())


def _in_caches(names: tuple[str, ...]) -> Iterator[Path]:
    for name in names:
        for folder in (*_hugging_face(name), *_model_scope(name)):
            if _is_complete(folder):
                yield folder


def _hugging_face(name: str) -> Iterator[Path]:
    """The snapshots of a model, that of ``refs/main`` first."""
    environment = os.environ
    home = environment.get("HF_HOME") or (environment.get("XDG_CACHE_HOME") or "~/.cache") + "/huggingface"
    root = environment.get("HF_HUB_CACHE") or environment.get("HUGGINGFACE_HUB_CACHE") or home + "/hub"
    model = Path(root).expanduser() / ("models--" + name.replace("/", "--"))
    main = model / "refs/main"
    if main.is_file():
        yield model / "snapshots" / main.read_text().strip()
    yield from sorted(model.glob("snapshots/*"))


def _model_scope(name: str) -> Iterator[Path]:
    root = Path(os.environ.get("MODELSCOPE_CACHE") or "~/.cache/modelscope").expanduser()
    owner, last = name.split("/")
    for below in ("models", "hub/models", "hub", "."):
        yield from sorted((root / below).glob(f"{owner}--{last}/snapshots/*"))
        yield root / below / owner / last.replace(".", "___")
        yield root / below / owner / last


def _is_complete(folder: Path) -> bool:
    """Whether the configuration, the vocabulary and all weight files are there."""
    index = folder / "model.safetensors.index.json"
    weights = {"model.safetensors"}
    try:
        if index.is_file():
            weights = set(json.loads(index.read_text())["weight_map"].values())
    except (ValueError, KeyError, OSError):
        return False
    return all((folder / file).is_file() for file in ("config.json", "tokenizer.json", *weights))
