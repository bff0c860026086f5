# SPDX-License-Identifier: Apache-2.0
"""Exceptions: one class for each status of the C library, with the library's sentence."""

from __future__ import annotations

import errno
from typing import Dict, Type


class Error(Exception):
    """What every call of tuwen raises when the library refuses; ``str(error)`` is its sentence.

    ``status`` is the library's name for the kind of error, such as ``"BAD_IMAGE"``. Classes below this one are also
    ``ValueError``, ``OSError`` or ``MemoryError`` where that is what they are.
    """

    status = "INTERNAL"


class InvalidArgumentError(Error, ValueError):
    """An argument is outside its allowed range, or a handle is closed or in use."""

    status = "INVALID_ARGUMENT"


class OutOfMemoryError(Error, MemoryError):
    """Not enough memory."""

    status = "OUT_OF_MEMORY"


class NotFoundError(Error, FileNotFoundError):
    """A file or folder does not exist."""

    status = "NOT_FOUND"


class ReadWriteError(Error, OSError):
    """Reading or writing failed."""

    status = "IO"


class BadModelError(Error, ValueError):
    """The checkpoint is damaged or is not a supported one."""

    status = "BAD_MODEL"


class BadTokenizerError(Error, ValueError):
    """The tokenizer files are damaged or are not supported."""

    status = "BAD_TOKENIZER"


class BadImageError(Error, ValueError):
    """The picture is damaged or its format is not supported."""

    status = "BAD_IMAGE"


class BadTextError(Error, ValueError):
    """The text cannot be used."""

    status = "BAD_TEXT"


class LimitError(Error, ValueError):
    """A safety limit was reached."""

    status = "LIMIT"


class UnsupportedError(Error, RuntimeError):
    """Not supported by this build, machine or process."""

    status = "UNSUPPORTED"


class CancelledError(Error):
    """Ended by ``Session.cancel``."""

    status = "CANCELLED"


class InternalError(Error, RuntimeError):
    """An error in the library: please report it."""

    status = "INTERNAL"


_CLASSES: Dict[str, Type[Error]] = {
    kind.status: kind
    for kind in (
        InvalidArgumentError,
        OutOfMemoryError,
        NotFoundError,
        ReadWriteError,
        BadModelError,
        BadTokenizerError,
        BadImageError,
        BadTextError,
        LimitError,
        UnsupportedError,
        CancelledError,
        InternalError,
    )
}


def error_of(status: str, message: str) -> Error:
    """The exception for a status of the library; the extension calls this."""
    error = _CLASSES.get(status, InternalError)(message)
    if isinstance(error, FileNotFoundError):
        error.errno = errno.ENOENT
    return error


for _kind in (Error, *_CLASSES.values()):
    _kind.__module__ = "tuwen"
