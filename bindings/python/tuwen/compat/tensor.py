# SPDX-License-Identifier: Apache-2.0
"""What stands where the originals returned torch tensors: a NumPy array that has the methods which programs call on
embeddings and scores. Where torch is installed, its functions take it and answer with tensors."""

from __future__ import annotations

import typing
from typing import Any

import numpy as np
import numpy.typing as npt


class Tensor(np.ndarray[Any, np.dtype[Any]]):
    """A NumPy array on the processor with a tensor's methods beside its own.

    All that NumPy does with an array works; results are again of this class, scalars with zero dimensions included.
    ``torch.from_numpy(x)`` and ``torch.as_tensor(x)`` share the memory; ``torch.matmul(x, y)`` and other functions of
    torch convert by themselves. NumPy's meaning holds where both have a name: ``size`` is a number, ``max(axis)`` gives
    values alone, ``dtype`` is NumPy's.
    """

    def __new__(cls, data: npt.ArrayLike, dtype: npt.DTypeLike = np.float32) -> Tensor:
        """``data`` as an array of ``dtype``; an array that is one already is not copied."""
        return np.asarray(data, dtype=dtype).view(cls)

    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
        return np.asarray(array).view(Tensor)

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        import torch

        def convert(value: Any) -> Any:
            if isinstance(value, cls):
                return torch.from_numpy(value.numpy())
            if type(value) in (list, tuple):
                return type(value)(convert(item) for item in value)
            return value

        return func(*convert(tuple(args)), **{name: convert(value) for name, value in (kwargs or {}).items()})

    # -- where it is ----------------------------------------------------------------------------------------------

    device = "cpu"
    requires_grad = False

    def cpu(self) -> Tensor:
        """Itself: it is there."""
        return self

    def detach(self) -> Tensor:
        """Itself: no gradient is kept."""
        return self

    def contiguous(self) -> Tensor:
        """Itself, or a copy whose elements lie in order."""
        return np.ascontiguousarray(self).view(Tensor)

    def clone(self) -> Tensor:
        """A copy."""
        return np.array(self).view(Tensor)

    def numpy(self) -> npt.NDArray[Any]:
        """The same memory as a plain array."""
        plain: npt.NDArray[Any] = self.view(np.ndarray)
        return plain

    def to(self, *args: Any, **kwargs: Any) -> Any:
        """Converts to a dtype of NumPy. A name such as ``"cpu"`` or ``"cuda:0"`` changes nothing: there is no tensor
        library here that could move it. With a device, dtype or tensor of torch it becomes a tensor of torch."""
        given = [*args, *kwargs.values()]
        if any(type(value).__module__.split(".")[0] == "torch" for value in given):
            import torch

            return torch.from_numpy(self.numpy()).to(*args, **kwargs)
        kept = [value for value in given if not isinstance(value, (str, bool))]
        return self.astype(kept[0]) if kept else self

    def float(self) -> Tensor:
        """As float32."""
        return Tensor(self, np.float32)

    def half(self) -> Tensor:
        """As float16."""
        return Tensor(self, np.float16)

    def double(self) -> Tensor:
        """As float64."""
        return Tensor(self, np.float64)

    # -- its shape ------------------------------------------------------------------------------------------------

    def dim(self) -> int:
        """The number of dimensions."""
        return self.ndim

    def view(self, *args: Any, **kwargs: Any) -> Any:
        """With whole numbers (or one tuple of them) a new shape, as in torch; else NumPy's ``view``."""
        shape = args[0] if len(args) == 1 and isinstance(args[0], (tuple, list)) else args
        if shape and not kwargs and all(isinstance(length, (int, np.integer)) for length in shape):
            return self.reshape(*shape)
        return super().view(*args, **kwargs)

    def unsqueeze(self, dim: int) -> Tensor:
        """With one more dimension, of length 1, at ``dim``."""
        return np.expand_dims(self, dim).view(Tensor)

    def t(self) -> Tensor:
        """Transposed."""
        return self.T

    # -- arithmetic with torch's words for the axis ---------------------------------------------------------------

    def mm(self, other: npt.ArrayLike) -> Tensor:
        """The product of two matrices."""
        return Tensor(np.matmul(self, other), self.dtype)

    matmul = mm

    def sum(self, *args: Any, **kwargs: Any) -> Any:
        """The sum, along ``dim`` or ``axis`` if given."""
        return super().sum(*args, **_in_numpy(kwargs))

    def mean(self, *args: Any, **kwargs: Any) -> Any:
        """The mean, along ``dim`` or ``axis`` if given."""
        return super().mean(*args, **_in_numpy(kwargs))

    def argmax(self, *args: Any, **kwargs: Any) -> Any:
        """Where the largest is, along ``dim`` or ``axis`` if given."""
        return super().argmax(*args, **_in_numpy(kwargs))

    def argmin(self, *args: Any, **kwargs: Any) -> Any:
        """Where the smallest is, along ``dim`` or ``axis`` if given."""
        return super().argmin(*args, **_in_numpy(kwargs))

    def norm(self, p: Any = 2, dim: int | None = None, keepdim: bool = False) -> Tensor:
        """The length, of all elements together or along ``dim``."""
        flat = self.numpy() if dim is not None else self.numpy().ravel()
        return np.asarray(np.linalg.norm(flat, p, dim if dim is not None else 0, keepdim)).view(Tensor)

    def softmax(self, dim: int) -> Tensor:
        """Shares along ``dim`` that sum to 1."""
        powers = np.exp(self.numpy() - self.numpy().max(axis=dim, keepdims=True))
        return np.asarray(powers / powers.sum(axis=dim, keepdims=True)).view(Tensor)

    def topk(self, k: int, dim: int = -1) -> Largest:
        """The ``k`` largest along ``dim``, largest first, and where they are."""
        order = np.argsort(-self.numpy(), axis=dim, kind="stable")
        indices = np.take(order, range(k), axis=dim)
        return Largest(np.take_along_axis(self.numpy(), indices, axis=dim).view(Tensor), indices.view(Tensor))


class Largest(typing.NamedTuple):
    """What ``topk`` finds."""

    values: Tensor
    indices: Tensor


def _in_numpy(words: dict[str, Any]) -> dict[str, Any]:
    return {{"dim": "axis", "keepdim": "keepdims"}.get(name, name): value for name, value in words.items()}
