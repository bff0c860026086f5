# SPDX-License-Identifier: Apache-2.0
"""Pictures in every form to the bytes of a picture file, which is what the library takes.

Pixels become an uncompressed BMP file in memory, which loses nothing. An image of Pillow is taken as its
``convert("RGB")``, which is also what the library makes of a file, so both give the same vector.
"""

from __future__ import annotations

import base64
import binascii
import os
import struct
import sys
import urllib.parse
from typing import TYPE_CHECKING, Any, BinaryIO, Optional, Tuple, Union

import numpy as np
import numpy.typing as npt

from . import _tuwen
from ._errors import BadImageError, error_of

if TYPE_CHECKING:
    from PIL.Image import Image

Picture = Union[str, "os.PathLike[str]", bytes, bytearray, memoryview, BinaryIO, "npt.NDArray[np.uint8]", "Image"]

_HEADERS = struct.Struct("<2sIHHI IiiHHIIiiII")
_ORIENTATION = 0x0112


def picture_bytes(picture: Picture, upright: bool, most: int) -> Tuple[bytes, Optional[bytes]]:
    """The bytes of a picture file, and a name for messages, or None. ``upright``: turn a Pillow image by its EXIF
    orientation. Files and pixels of more than ``most`` bytes are refused before they fill the memory.
    """
    if isinstance(picture, bytes):
        return picture, None
    if isinstance(picture, str) and picture[:5].lower() == "data:":
        return _from_data_url(picture), None
    if isinstance(picture, (str, os.PathLike)):
        return _from_file(os.fspath(picture), most)
    if isinstance(picture, (bytearray, memoryview)):
        return bytes(picture), None
    if isinstance(picture, np.ndarray):
        return _to_bmp(_rgb_of_array(picture), most), None
    image_module: Any = sys.modules.get("PIL.Image")
    if image_module is not None and isinstance(picture, image_module.Image):
        image: Any = picture
        _check_size(image.width, image.height, most)
        name = getattr(image, "filename", "")
        return _to_bmp(_rgb_of_image(image, upright), most), os.fsencode(name) if name else None
    if hasattr(picture, "read"):
        return _read(picture, most), None
    raise TypeError(
        "a picture is a path, bytes, an open file, a PIL.Image or an array of height x width (x 3 or 4), "
        f"not {type(picture).__name__}"
    )


def _read(file: Any, most: int) -> bytes:
    """All that is there, to its end; refused as soon as it is more than ``most`` bytes."""
    pieces, left = [], most
    while True:
        piece = file.read(min(left + 1, 1 << 20))
        if not isinstance(piece, bytes):
            raise TypeError(f"a picture's file is opened as a binary one ('rb'): it gave {type(piece).__name__}")
        if not piece:
            break
        if len(piece) > left:
            raise error_of("LIMIT", f"{getattr(file, 'name', 'an open file')}: has more than {most} bytes, the limit")
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


def _from_file(path: str, most: int) -> Tuple[bytes, bytes]:
    if "\0" in path:
        raise error_of("NOT_FOUND", f"{path!r}: there is no such path")
    name = os.fsencode(path)
    try:
        found = _tuwen.read_file(name, most)
        if found is None:  # such as a pipe
            with open(path, "rb", buffering=0) as file:
                found = _read(file, most)
    except OSError as error:
        kind = "NOT_FOUND" if isinstance(error, FileNotFoundError) else "IO"
        raise error_of(kind, f"{path}: {error.strerror or error}") from error
    if isinstance(found, int):
        raise error_of("LIMIT", f"{path}: has {found} bytes; at most {most} are allowed")
    return found, name


def _from_data_url(url: str) -> bytes:
    head, comma, data = url.partition(",")
    if not comma:
        raise BadImageError("data URL: there is no comma before the data")
    if not head.lower().endswith(";base64"):
        return urllib.parse.unquote_to_bytes(data)
    try:
        return base64.b64decode(urllib.parse.unquote_to_bytes(data), validate=True)
    except binascii.Error as error:
        raise BadImageError(f"data URL: what follows the comma is not base64: {error}") from error


def _rgb_of_array(array: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    if array.dtype != np.uint8:
        raise TypeError(f"an array of pixels has the type uint8 (0 to 255), not {array.dtype}")
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)) or 0 in array.shape:
        raise ValueError(
            "an array of pixels has the shape (height, width), alone or with 1, 3 or 4 numbers for each pixel, "
            f"not {array.shape}"
        )
    height, width = array.shape[:2]
    deep = array.reshape(height, width, -1)
    return np.broadcast_to(deep, (height, width, 3)) if deep.shape[2] == 1 else deep[:, :, :3]


def _rgb_of_image(image: Any, upright: bool) -> npt.NDArray[np.uint8]:
    try:
        pixels: npt.NDArray[np.uint8] = np.asarray(image.convert("RGB"))
    except (OSError, SyntaxError) as error:  # Pillow reads the file only now
        raise BadImageError(f"PIL.Image: {error}") from error
    orientation = image.getexif().get(_ORIENTATION, 1) if upright else 1
    if orientation in (5, 6, 7, 8):
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return pixels


def _check_size(width: int, height: int, most: int) -> int:
    """The bytes of a BMP file of that size."""
    size = _HEADERS.size + (3 * width + 3) // 4 * 4 * height
    if size > min(most, (1 << 32) - 1):
        raise error_of("LIMIT", f"a picture of {width} x {height} pixels takes {size} bytes; at most {most} are allowed")
    return size


def _to_bmp(pixels: npt.NDArray[np.uint8], most: int) -> bytes:
    """A BMP file of 24 bits, rows from the top down, each padded to four bytes."""
    height, width = pixels.shape[:2]
    stride = (3 * width + 3) // 4 * 4
    size = _check_size(width, height, most)
    file = np.zeros(size, np.uint8)
    file[: _HEADERS.size] = np.frombuffer(
        _HEADERS.pack(b"BM", size, 0, 0, _HEADERS.size, 40, width, -height, 1, 24, 0, 0, 0, 0, 0, 0), np.uint8
    )
    rows = file[_HEADERS.size :].reshape(height, stride)[:, : 3 * width].reshape(height, width, 3)
    for channel in range(3):
        rows[:, :, channel] = pixels[:, :, 2 - channel]
    return file.tobytes()
