# SPDX-License-Identifier: Apache-2.0
# What the extension (bindings/python/src) has: bytes, numbers and tuples only.
from typing import Any, Callable, Dict, List, Optional, Tuple

_Bytes = Optional[bytes]
_Facts = Tuple[str, int, int, bool, int, int, str]

def cosines(pictures: bytes, texts: bytes, dimension: int, /) -> bytearray: ...
def share(cosines: bytes, columns: int, temperature: float, /) -> bytearray: ...
def band_names() -> Tuple[str, str, str, str]: ...
def version() -> str: ...
def before_fork() -> None: ...
def after_fork_in_child() -> None: ...

class Model:
    def __new__(
        cls, path: bytes, threads: int, isa: Optional[str], precision: int, remake: bool, log: Callable[[str], None], /
    ) -> Model: ...
    def close(self) -> None: ...
    def info(self) -> Dict[str, Any]: ...
    def judge(self, cosines: bytes, /) -> Tuple[bytearray, bytearray]: ...
    def share_temperature(self) -> float: ...

class Session:
    def __new__(
        cls,
        model: Model,
        image_tokens_min: int,
        image_tokens_max: int,
        max_length: int,
        exif_ignored: bool,
        raw_special: bool,
        max_picture_bytes: int,
        max_picture_pixels: int,
        max_picture_seconds: float,
        /,
    ) -> Session: ...
    def close(self) -> None: ...
    def embed(
        self,
        inputs: Tuple[Tuple[_Bytes, _Bytes, _Bytes, _Bytes], ...],
        vectors: bytearray,
        start: int,
        with_outputs: bool,
        /,
    ) -> Optional[List[_Facts]]: ...
    def cancel(self) -> None: ...
    def busy(self) -> bool: ...
    def facts(self) -> Tuple[str, str, int, int, int, int]: ...

class Profile:
    def __new__(cls, path: bytes, /) -> Profile: ...
    def facts(
        self,
    ) -> Tuple[
        str,
        Optional[str],
        str,
        Optional[str],
        str,
        int,
        int,
        int,
        float,
        float,
        Tuple[float, float, float, float],
    ]: ...
    def check(self, space: str, instruction: Optional[str], /) -> None: ...
    def judge(
        self, cosines: bytes, pictures: bytes, texts: bytes, words: Tuple[bytes, ...], /
    ) -> Tuple[bytearray, bytearray]: ...
