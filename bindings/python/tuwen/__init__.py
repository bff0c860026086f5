# SPDX-License-Identifier: Apache-2.0
"""How well pictures and texts match, on one's own machine: the embedding model GME-Qwen2-VL without torch.

    import tuwen

    with tuwen.Matcher() as matcher:
        found = matcher.match("dog.jpg", ["a dog", "a sunset over a city"])
        print(found.cosine, found.score)
"""

from __future__ import annotations

import os as _os

from . import _tuwen
from ._errors import (
    BadImageError,
    BadModelError,
    BadTextError,
    BadTokenizerError,
    CancelledError,
    Error,
    InternalError,
    InvalidArgumentError,
    LimitError,
    NotFoundError,
    OutOfMemoryError,
    ReadWriteError,
    UnsupportedError,
)
from ._matcher import Match, Matcher
from ._matcher import after_fork_in_child as _after_fork_in_child
from ._model import Model, ModelInfo, Profile, demo_model
from ._session import Input, Output, Session

__version__: str = _tuwen.version()

__all__ = [
    "BadImageError",
    "BadModelError",
    "BadTextError",
    "BadTokenizerError",
    "CancelledError",
    "Error",
    "Input",
    "InternalError",
    "InvalidArgumentError",
    "LimitError",
    "Match",
    "Matcher",
    "Model",
    "ModelInfo",
    "NotFoundError",
    "OutOfMemoryError",
    "Output",
    "Profile",
    "ReadWriteError",
    "Session",
    "UnsupportedError",
    "__version__",
    "demo_model",
]

_os.register_at_fork(before=_tuwen.before_fork, after_in_child=_tuwen.after_fork_in_child)
_os.register_at_fork(after_in_child=_after_fork_in_child)
