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
from tuwen._store import default_of_store, find_in_store, store

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
        f"The model {word!r} is not on this machine. Get it by one of these commands: {_commands(short, names)}; "
        "or give the path of a folder that has it."
        if names
        else f"The model {word!r} is neither a path, nor the name of one of tuwen models, nor a name on a hub (OWNER/NAME)."
    )


def _commands(short: str, names: tuple[str, ...]) -> str:
    """Two ways to get a model: Hugging Face's program, in whose cache it is found, and tuwen's own, which a wheel lacks."""
    pulled = short if short in _KNOWN else names[0]
    return f"hf download {names[0]} (pip install huggingface_hub), or tuwen pull {pulled} where tuwen itself is installed"


def find_default() -> str:
    """The path of the checkpoint for a program that names none, whose original always was GME 2B: ``TUWEN_MODEL``, then
    a copy of GME 2B, then the default of ``tuwen models``, then the small one that ships, with a warning."""
    word = os.environ.get("TUWEN_MODEL")
    try:
        return find_model(word or "gme-2b")
    except tuwen.NotFoundError as error:
        if word:
            raise tuwen.NotFoundError(f"TUWEN_MODEL: {error}") from error
    chosen = default_of_store()
    if chosen:
        return str(chosen)
    _say_that_it_is_the_demo()
    return tuwen.demo_model()


@functools.lru_cache(maxsize=None)
def _say_that_it_is_the_demo() -> None:
    """Once in a process."""
    logger.warning(
        "No copy of GME is on this machine, so the small demo checkpoint computes; it knows emoji-like drawings and "
        "nothing else. Get GME by one of these commands: %s",
        _commands("gme-2b", _KNOWN["gme-2b"]),
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


def _in_store(short: str, word: str) -> Iterator[Path]:
    """A packed file or a folder of that name; of OWNER/NAME only if it was pulled from there."""
    found = find_in_store(short)
    if found and "/" in word and short not in _KNOWN:
        origin = store() / f".{short}.from"
        if not origin.is_file() or origin.read_text().split("\n")[0] != word:
            return
    if found:
        yield found


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
