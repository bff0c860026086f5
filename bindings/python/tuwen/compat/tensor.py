# SPDX-License-Identifier: Apache-2.0
"""What stands where the originals returned torch tensors: a NumPy array that has the methods which programs call on
embeddings and scores. Where torch is installed, its functions take it and answer with tensors."""

from __future__ import annotations

import math
import operator
import re
import typing
from typing import Any

import numpy as np
import numpy.typing as npt


class Device(str):
    """Where a ``Tensor`` is: the name ``"cpu"``, equal to torch's device of that name."""

    type = "cpu"
    index: Any = None  # torch's: which of several

    def __eq__(self, other: object) -> bool:
        return str(self) == str(other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = str.__hash__


class Size(int):
    """The number of elements, as NumPy's ``size`` is; called, the shape or one length of it, as torch's."""

    shape: tuple[int, ...]

    def __call__(self, dim: int | None = None) -> Any:
        return self.shape if dim is None else self.shape[dim]


class Number(np.float64):
    """An element in float64. Of ``numpy.float64``, and so of ``float``, it differs by its looks: 0.5 in a list too."""

    __repr__ = float.__repr__

    def __round__(self, digits: Any = None) -> Any:
        return round(float(self), digits)


class Found(typing.NamedTuple):
    """What was looked for along a dimension, and where it was."""

    values: Tensor
    indices: Tensor


_DTYPE = re.compile(r"b?float\d+|u?int\d+|bool")


class Tensor(np.ndarray[Any, np.dtype[Any]]):
    """A NumPy array on the processor with a tensor's methods beside its own.

    All functions of NumPy take it, and their arrays are again of this class; so are the results of arithmetic and of
    most methods, those without dimensions included. ``torch.from_numpy(x)`` and ``torch.as_tensor(x)`` share the
    memory; ``torch.matmul(x, y)`` and other functions of torch convert by themselves.

    A method that both have is torch's: ``x.transpose(0, 1)`` swaps, ``x.repeat(2, 1)`` lays tiles, ``x.std()`` divides
    by n - 1, ``x.max(1)`` has values and indices, ``x.sort()`` leaves ``x`` as it was. It is NumPy's where it is given
    a word that only NumPy's documentation has (``axis``, ``keepdims``, ``ddof``, ``kind``): ``x.std(axis=0)``,
    ``x.max(axis=1)``, ``x.repeat(2, axis=0)``, ``x.sort(axis=-1)`` in place. NumPy's functions (``np.std(x)``) are
    always NumPy's, and ``dtype`` is. ``size`` is a number that can be called.
    """

    def __new__(cls, data: npt.ArrayLike, dtype: npt.DTypeLike = np.float32) -> Tensor:
        """``data`` as an array of ``dtype``; an array that is one already is not copied."""
        return np.asarray(data, dtype=dtype).view(cls)

    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
        return np.asarray(array).view(Tensor)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        def wrap(value: Any) -> Any:
            if isinstance(value, (tuple, list)):
                return getattr(value, "_make", type(value))([wrap(item) for item in value])
            return value.view(Tensor) if type(value) is np.ndarray else value

        # On plain arrays, since functions of NumPy call methods, and mean NumPy's.
        return wrap(func(*_replaced(args, Tensor.numpy), **_replaced(kwargs, Tensor.numpy)))

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        import torch

        def convert(value: Tensor) -> Any:
            return torch.from_numpy(value.numpy())

        return func(*_replaced(tuple(args), convert), **_replaced(kwargs or {}, convert))

    def __getitem__(self, key: Any) -> Any:
        value = super().__getitem__(key)
        return Number(value) if type(value) is np.float64 else value

    # -- where it is ----------------------------------------------------------------------------------------------

    is_cuda = False
    requires_grad = False

    @property
    def device(self) -> Any:
        """The processor: ``"cpu"``, and so is its ``type``."""
        return Device("cpu")

    @property
    def data(self) -> Any:
        """Itself."""
        return self

    def cpu(self) -> Tensor:
        """Itself: it is there."""
        return self

    def cuda(self, *args: Any, **kwargs: Any) -> Tensor:
        """Itself: there is no tensor library here that could move it."""
        return self

    def detach(self) -> Tensor:
        """Itself: no gradient is kept."""
        return self

    def contiguous(self) -> Tensor:
        """Itself, or a copy whose elements lie in order."""
        return np.asarray(self, order="C").view(Tensor)

    def clone(self) -> Tensor:
        """A copy."""
        return np.array(self).view(Tensor)

    def numpy(self, *, force: bool = False) -> npt.NDArray[Any]:
        """The same memory as a plain array."""
        plain: npt.NDArray[Any] = self.view(np.ndarray)
        return plain

    def to(self, *args: Any, **kwargs: Any) -> Any:
        """Converts to a dtype of NumPy, or its name such as ``"float16"``. Another name such as ``"cpu"`` or
        ``"cuda:0"`` changes nothing: there is no tensor library here that could move it. With a device, dtype or tensor
        of torch it becomes a tensor of torch."""
        given = [*args, *kwargs.values()]
        if any(type(value).__module__.split(".")[0] == "torch" for value in given):
            import torch

            return torch.from_numpy(self.numpy()).to(*args, **kwargs)
        dtype: Any = self.dtype
        for value in given:
            if isinstance(value, np.ndarray):
                dtype = value.dtype
            elif _DTYPE.fullmatch(value) if isinstance(value, str) else not isinstance(value, (int, type(None))):
                dtype = value
        return self.astype(dtype, copy=kwargs.get("copy", False))

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

    @property
    def size(self) -> Size:
        """The number of elements; ``size()`` is the shape, and ``size(dim)`` one length."""
        size = Size(super().size)
        size.shape = self.shape
        return size

    def numel(self) -> int:
        """The number of elements."""
        return int(self.size)

    nelement = numel

    def dim(self) -> int:
        """The number of dimensions."""
        return self.ndim

    def view(self, *args: Any, **kwargs: Any) -> Any:
        """With whole numbers (or one tuple of them) a new shape, as in torch; else NumPy's ``view``."""
        shape = _sizes(args)
        if shape and not kwargs and all(isinstance(length, (int, np.integer)) for length in shape):
            return self.reshape(*shape)
        return super().view(*args, **kwargs)

    def flatten(self, *args: Any, **kwargs: Any) -> Any:
        """With all dimensions as one, or those from ``start_dim`` to ``end_dim``. NumPy's with ``order``."""
        if not (args or kwargs) or "order" in kwargs or (args and isinstance(args[0], str)):
            return super().flatten(*args, **kwargs)
        return self._flat(*args, **kwargs)

    def _flat(self, start_dim: int = 0, end_dim: int = -1) -> Tensor:
        shape = self.shape or (1,)
        first, last = (range(len(shape))[dim] for dim in (start_dim, end_dim))
        if first > last:
            raise RuntimeError(f"flatten() from dimension {start_dim} to {end_dim}: the first comes after the last.")
        return self.reshape(*shape[:first], math.prod(shape[first : last + 1]), *shape[last + 1 :]).view(Tensor)

    def squeeze(self, *dim: Any, **words: Any) -> Any:
        """Without dimensions of length 1: all, or those of ``dim`` that are of length 1. NumPy's with ``axis``."""
        dim = (words.pop("dim"),) if "dim" in words else dim
        if words or not dim:
            return super().squeeze(*dim, **words)
        return super().squeeze(axis=tuple(axis for axis in _sizes(dim) if self.shape[axis] == 1))

    def unsqueeze(self, dim: int) -> Tensor:
        """With one more dimension, of length 1, at ``dim``."""
        return np.expand_dims(self, dim).view(Tensor)

    def expand(self, *sizes: Any) -> Tensor:
        """Seen as if it were of these lengths, -1 for a length as it is. It cannot be written to."""
        lengths = _sizes(sizes)
        own = (1,) * (len(lengths) - self.ndim) + self.shape
        return np.broadcast_to(self, [old if new == -1 else new for new, old in zip(lengths, own)]).view(Tensor)

    def t(self) -> Any:
        """A matrix transposed; a vector as it is."""
        if self.ndim > 2:
            raise RuntimeError(f"t() is for at most two dimensions, not {self.ndim}; see transpose() and permute().")
        return self.T

    def transpose(self, *dims: Any, **words: Any) -> Any:
        """With two dimensions (``dim0`` and ``dim1``) swapped; with none, a tuple or more, NumPy's ``transpose``."""
        if words or len(dims) == 2:
            return self._swapped(*dims, **words)
        return super().transpose(*dims)

    def _swapped(self, dim0: int, dim1: int) -> Any:
        return self.swapaxes(dim0, dim1)

    def permute(self, *dims: Any) -> Any:
        """With its dimensions in this order."""
        return np.transpose(self, _sizes(dims)).view(Tensor)

    def repeat(self, *sizes: Any, **words: Any) -> Any:
        """Tiles: so many of it along each dimension. NumPy's with ``axis``."""
        if "axis" in words:
            return super().repeat(*sizes, **words)
        sizes = sizes or (words["repeats"],)
        if len(_sizes(sizes)) < self.ndim:
            raise RuntimeError(
                f"repeat() needs {self.ndim} numbers, one for each dimension; to repeat single elements, see "
                "repeat_interleave() and NumPy's repeat(n, axis=...)."
            )
        return np.tile(self, _sizes(sizes)).view(Tensor)

    def repeat_interleave(self, repeats: Any, dim: int | None = None) -> Tensor:
        """Each element so many times, along ``dim`` or of all dimensions together."""
        return np.repeat(self, repeats, axis=dim).view(Tensor)

    # -- element by element ---------------------------------------------------------------------------------------

    def abs(self) -> Any:
        """Without the signs."""
        return np.abs(self)

    def exp(self) -> Any:
        """e to the power of each element."""
        return np.exp(self)

    def log(self) -> Any:
        """The natural logarithm."""
        return np.log(self)

    def sqrt(self) -> Any:
        """The square root."""
        return np.sqrt(self)

    def pow(self, exponent: Any) -> Any:
        """To the power of ``exponent``."""
        return np.power(self, exponent)

    def clamp(self, min: Any = None, max: Any = None) -> Any:
        """Kept between ``min`` and ``max``, one of which may be missing."""
        return self.clip(min, max)

    # -- products -------------------------------------------------------------------------------------------------

    def mm(self, other: npt.ArrayLike) -> Tensor:
        """The product of two matrices."""
        return np.asarray(np.matmul(self, other)).view(Tensor)

    matmul = bmm = mm

    # -- along a dimension: torch's word is dim, NumPy's is axis ----------------------------------------------------

    def sum(self, *args: Any, **kwargs: Any) -> Any:
        """The sum, along ``dim`` or ``axis`` if given."""
        return self._added("sum", args, kwargs)

    def mean(self, *args: Any, **kwargs: Any) -> Any:
        """The mean, along ``dim`` or ``axis`` if given."""
        return self._added("mean", args, kwargs)

    def prod(self, *args: Any, **kwargs: Any) -> Any:
        """The product, along ``dim`` or ``axis`` if given."""
        return self._added("prod", args, kwargs)

    def cumsum(self, *args: Any, **kwargs: Any) -> Any:
        """The sums so far, along ``dim`` or ``axis``."""
        return self._added("cumsum", args, kwargs)

    def cumprod(self, *args: Any, **kwargs: Any) -> Any:
        """The products so far, along ``dim`` or ``axis``."""
        return self._added("cumprod", args, kwargs)

    def _added(self, name: str, args: Any, kwargs: Any) -> Any:
        dims, words = _in_numpy(args, kwargs)
        if self.dtype == np.float16 and len(dims) < 2 and not {"dtype", "out"} & words.keys():
            return Tensor(getattr(_wide(self), name)(*dims, **words), np.float16)
        return np.asarray(getattr(self.numpy(), name)(*dims, **words)).view(Tensor)

    def all(self, *args: Any, **kwargs: Any) -> Any:
        """Whether all are true, along ``dim`` or ``axis`` if given."""
        dims, words = _in_numpy(args, kwargs)
        return super().all(*dims, **words)

    def any(self, *args: Any, **kwargs: Any) -> Any:
        """Whether any is true, along ``dim`` or ``axis`` if given."""
        dims, words = _in_numpy(args, kwargs)
        return super().any(*dims, **words)

    def argmax(self, *args: Any, **kwargs: Any) -> Any:
        """Where the largest is, along ``dim`` or ``axis`` if given."""
        dims, words = _in_numpy(args, kwargs)
        return super().argmax(*dims, **words)

    def argmin(self, *args: Any, **kwargs: Any) -> Any:
        """Where the smallest is, along ``dim`` or ``axis`` if given."""
        dims, words = _in_numpy(args, kwargs)
        return super().argmin(*dims, **words)

    def std(self, *args: Any, **kwargs: Any) -> Any:
        """The standard deviation, ``std(dim, unbiased, keepdim, *, correction)``; NumPy's with ``axis`` or ``ddof``."""
        return super().std(*args, **kwargs) if _NUMPYS & kwargs.keys() else self._spread("std", *args, **kwargs)

    def var(self, *args: Any, **kwargs: Any) -> Any:
        """The variance, ``var(dim, unbiased, keepdim, *, correction)``; NumPy's with ``axis`` or ``ddof``."""
        return super().var(*args, **kwargs) if _NUMPYS & kwargs.keys() else self._spread("var", *args, **kwargs)

    def _spread(
        self, name: str, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: Any = None
    ) -> Tensor:
        if isinstance(dim, bool):
            dim, unbiased = None, dim
        less = int(unbiased) if correction is None else correction
        result = getattr(_wide(self), name)(_axis(dim), ddof=less, keepdims=keepdim)
        return Tensor(result, _float_of(self))

    def max(self, *args: Any, **kwargs: Any) -> Any:
        """The largest of all; with ``dim`` (and ``keepdim``) the largest along it and where they are; with an array the
        larger of each two. NumPy's with ``axis``."""
        if _NUMPYS & kwargs.keys():
            return super().max(*args, **kwargs)
        return self._extreme("max", np.maximum, *args, **kwargs)

    def min(self, *args: Any, **kwargs: Any) -> Any:
        """The smallest, as ``max``."""
        if _NUMPYS & kwargs.keys():
            return super().min(*args, **kwargs)
        return self._extreme("min", np.minimum, *args, **kwargs)

    def _extreme(self, name: str, of_two: Any, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
        if other is not None or (hasattr(dim, "shape") and not isinstance(dim, np.integer)):
            return of_two(self, dim if other is None else other)
        if dim is None:
            return getattr(super(), name)(keepdims=keepdim)
        dim = operator.index(dim)
        values = np.asarray(getattr(self.numpy(), name)(dim))
        indices = np.asarray(getattr(self.numpy(), "arg" + name)(dim))
        if keepdim:
            values, indices = np.expand_dims(values, dim), np.expand_dims(indices, dim)
        return Found(values.view(Tensor), indices.view(Tensor))

    def sort(self, *args: Any, **kwargs: Any) -> Any:
        """In order, ``sort(dim=-1, descending=False, stable=False)``, with the places before; ``self`` is unchanged.
        NumPy's, in place, with ``axis``, ``kind`` or ``order``."""
        if _NUMPYS & kwargs.keys():
            super().sort(*args, **kwargs)
            return None
        return self._taken(*_order(self, *args, **kwargs))

    def argsort(self, *args: Any, **kwargs: Any) -> Any:
        """The places in order, ``argsort(dim=-1, descending=False, stable=False)``. NumPy's with ``axis``, ``kind`` or
        ``order``."""
        if _NUMPYS & kwargs.keys():
            return super().argsort(*args, **kwargs)
        return _order(self, *args, **kwargs)[0].view(Tensor)

    def topk(self, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Found:
        """The ``k`` largest (or smallest) along ``dim``, the utmost first, and where they are."""
        if not 0 <= k <= self.shape[dim]:
            raise RuntimeError(f"topk() cannot give {k} of {self.shape[dim]}.")
        order, dim = _order(self, dim, largest)
        return self._taken(np.take(order, range(k), axis=dim), dim)

    def _taken(self, indices: npt.NDArray[Any], dim: int) -> Found:
        return Found(np.take_along_axis(self.numpy(), indices, axis=dim).view(Tensor), indices.view(Tensor))

    def gather(self, dim: int, index: npt.ArrayLike) -> Tensor:
        """At each place of ``index`` the element that has its number along ``dim``."""
        places = np.asarray(index)
        kept = [slice(length) for length in places.shape]
        kept[dim] = slice(None)
        return np.take_along_axis(self.numpy()[tuple(kept)], places, axis=dim).view(Tensor)

    def nonzero(self, *, as_tuple: bool = False) -> Any:
        """The places of all that are not 0, a row each; ``as_tuple`` gives NumPy's, an array for each dimension."""
        places = tuple(array.view(Tensor) for array in self.numpy().nonzero())
        return places if as_tuple else np.stack(places, axis=-1)

    def norm(self, p: Any = 2, dim: Any = None, keepdim: bool = False) -> Tensor:
        """The length, of all elements together or along ``dim``."""
        size: Any = np.abs(_wide(self))
        power, words = 2 if p in (None, "fro") else p, {"axis": _axis(dim), "keepdims": keepdim}
        if power in (math.inf, -math.inf):
            result = size.max(**words) if power > 0 else size.min(**words)
        elif power == 0:
            result = (size != 0).sum(**words)
        else:
            result = (size**power).sum(**words) ** (1 / power)
        return Tensor(result, _float_of(self))

    def softmax(self, dim: int) -> Tensor:
        """Shares along ``dim`` that sum to 1."""
        powers = np.exp(_wide(self) - _wide(self).max(axis=dim, keepdims=True))
        return Tensor(powers / powers.sum(axis=dim, keepdims=True), _float_of(self))


# Words of methods that NumPy's documentation has and torch's has not, though torch knows axis and keepdims as other
# names of its own: who writes one means NumPy's method.
_NUMPYS = {"axis", "keepdims", "ddof", "dtype", "out", "where", "initial", "mean", "kind", "order"}


def _in_numpy(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """What torch's ``(dim, keepdim)`` is for NumPy."""
    words = {{"dim": "axis", "keepdim": "keepdims"}.get(name, name): value for name, value in kwargs.items()}
    if "axis" in words:
        words["axis"] = _axis(words["axis"])
    if len(args) == 2 and isinstance(args[1], bool):
        return [_axis(args[0])], {**words, "keepdims": args[1]}
    return [_axis(value) for value in args], words


def _axis(dim: Any) -> Any:
    return tuple(dim) if isinstance(dim, list) else dim


def _sizes(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Whole numbers that were given one by one or as one sequence."""
    return tuple(args[0]) if len(args) == 1 and isinstance(args[0], (tuple, list)) else args


def _wide(array: Tensor) -> npt.NDArray[Any]:
    """To add up in, as torch does: float16 would stop at 2048."""
    return array.numpy().astype(np.float32) if array.dtype == np.float16 else array.numpy()


def _float_of(array: Tensor) -> Any:
    return array.dtype if array.dtype.kind == "f" else np.float64


def _order(
    array: Tensor, dim: int = -1, descending: bool = False, stable: bool = False
) -> tuple[npt.NDArray[Any], int]:
    """The places along ``dim`` in order, those of equal elements as they are; and ``dim``."""
    if not isinstance(descending, (bool, np.bool_)):
        raise TypeError(f"descending is True or False, not {descending!r}.")
    plain = array.numpy()
    if not descending:
        return np.argsort(plain, axis=dim, kind="stable"), dim
    backwards = np.argsort(np.flip(plain, dim), axis=dim, kind="stable")
    return np.flip(plain.shape[dim] - 1 - backwards, dim), dim


def _replaced(value: Any, change: Any) -> Any:
    """``value`` with ``change`` of each ``Tensor`` that is in it."""
    if isinstance(value, Tensor):
        return change(value)
    if type(value) is dict:
        return {name: _replaced(item, change) for name, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_replaced(item, change) for item in value)
    return value
