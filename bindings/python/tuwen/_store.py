# SPDX-License-Identifier: Apache-2.0
"""The folder in which the program ``tuwen`` keeps models (``tuwen models``); see docs/download.md."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Optional

from ._errors import NotFoundError


def store() -> Path:
    """The folder; it need not be there."""
    data = os.environ.get("XDG_DATA_HOME", "")
    return (Path(data) if data.startswith("/") else Path.home() / ".local/share") / "tuwen/models"


def find_in_store(name: str) -> Optional[Path]:
    """The packed file or folder of that name, or None."""
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]*", name) or name == "default":
        return None
    return next((path for path in (store() / f"{name}.tuwen", store() / name) if path.exists()), None)


def default_of_store() -> Optional[Path]:
    """What ``tuwen models`` calls the default, or None. Raises ``NotFoundError`` if it was and is not there any more."""
    chosen = store() / "default"
    if os.path.lexists(chosen) and not chosen.exists():
        raise NotFoundError(f"{os.readlink(chosen)}: the default of tuwen models is not there any more")
    return chosen.resolve() if chosen.exists() else None
