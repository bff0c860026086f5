# SPDX-License-Identifier: Apache-2.0
"""Tensor: what programs do with the tensors of the originals, without torch and, where it is installed, with it."""

from __future__ import annotations

import json
import pickle
import unittest
from collections.abc import Callable
from typing import Any

import numpy as np

from tuwen.compat.tensor import Tensor

A: Any = Tensor([[1, 2, 3], [4, 5, 6]])

# What torch's own tensors answer; "a" is A, "v" is a vector, "c" a cube 0..23 of [2, 3, 4], "h" many ones as float16.
EXPRESSIONS: list[tuple[str, Any]] = [
    ("a.transpose(0, 1)", [[1, 4], [2, 5], [3, 6]]),
    ("a.transpose(1, 0)", [[1, 4], [2, 5], [3, 6]]),
    ("a.transpose(dim0=-1, dim1=0)", [[1, 4], [2, 5], [3, 6]]),
    ("c.transpose(1, 2)[1]", [[12, 16, 20], [13, 17, 21], [14, 18, 22], [15, 19, 23]]),
    ("c.permute(2, 0, 1)[3]", [[3, 7, 11], [15, 19, 23]]),
    ("c.permute((1, 0, 2))[2, 1]", [20, 21, 22, 23]),
    ("a.t()", [[1, 4], [2, 5], [3, 6]]),
    ("v.t()", [3, -1, 2, 0.5]),
    ("v.repeat(2)", [3, -1, 2, 0.5, 3, -1, 2, 0.5]),
    ("a.repeat(2, 1)", [[1, 2, 3], [4, 5, 6], [1, 2, 3], [4, 5, 6]]),
    ("a.repeat((1, 2))", [[1, 2, 3, 1, 2, 3], [4, 5, 6, 4, 5, 6]]),
    ("v.repeat(2, 1)", [[3, -1, 2, 0.5], [3, -1, 2, 0.5]]),
    ("v.repeat_interleave(2)", [3, 3, -1, -1, 2, 2, 0.5, 0.5]),
    ("a.repeat_interleave(2, dim=0)", [[1, 2, 3], [1, 2, 3], [4, 5, 6], [4, 5, 6]]),
    ("v[:2].std()", 8**0.5),
    ("a.std(0)", [4.5**0.5] * 3),
    ("a.std(dim=1, keepdim=True)", [[1], [1]]),
    ("a.std(1, False)", [(2 / 3) ** 0.5] * 2),
    ("a.std(False)", (35 / 12) ** 0.5),
    ("a.std(unbiased=False)", (35 / 12) ** 0.5),
    ("a.std(correction=0, dim=(0, 1))", (35 / 12) ** 0.5),
    ("a.var()", 3.5),
    ("a.var([0])", [4.5] * 3),
    ("a.var(1, True, True)", [[1], [1]]),
    ("a.var(dim=0, correction=0)", [2.25] * 3),
    ("h.var()", 0),
    ("a.max()", 6),
    ("a.max(1)", ([3, 6], [2, 2])),
    ("a.max(dim=0)", ([4, 5, 6], [1, 1, 1])),
    ("a.max(-1, keepdim=True)", ([[3], [6]], [[2], [2]])),
    ("a.max(dim=1).values", [3, 6]),
    ("a.max(1)[1]", [2, 2]),
    ("v.max(0)", (3, 0)),
    ("a.max(7 - a)", [[6, 5, 4], [4, 5, 6]]),
    ("a.min()", 1),
    ("a.min(1)", ([1, 4], [0, 0])),
    ("a.min(0, True).indices", [[0, 0, 0]]),
    ("a.min(other=7 - a)", [[1, 2, 3], [3, 2, 1]]),
    ("v.sort()", ([-1, 0.5, 2, 3], [1, 3, 2, 0])),
    ("v.sort(descending=True)", ([3, 2, 0.5, -1], [0, 2, 3, 1])),
    ("a.sort(0, True)", ([[4, 5, 6], [1, 2, 3]], [[1, 1, 1], [0, 0, 0]])),
    ("(a % 2).sort(dim=1, descending=True, stable=True)", ([[1, 1, 0], [1, 0, 0]], [[0, 2, 1], [1, 0, 2]])),
    ("(v.sort(), v)[1]", [3, -1, 2, 0.5]),
    ("v.argsort()", [1, 3, 2, 0]),
    ("v.argsort(descending=True)", [0, 2, 3, 1]),
    ("a.argsort(dim=-1, descending=True)", [[2, 1, 0], [2, 1, 0]]),
    ("a.topk(2)", ([[3, 2], [6, 5]], [[2, 1], [2, 1]])),
    ("a.topk(1, dim=0, largest=False)", ([[1, 2, 3]], [[0, 0, 0]])),
    ("v.topk(k=2).indices", [0, 2]),
    ("c[:, :1].squeeze(1)[1]", [12, 13, 14, 15]),
    ("c[:1, :1].squeeze()", [0, 1, 2, 3]),
    ("a.squeeze(0)", [[1, 2, 3], [4, 5, 6]]),
    ("a[:1].squeeze(dim=0)", [1, 2, 3]),
    ("a[:1, :1].squeeze((0, 1))", 1),
    ("v.unsqueeze(-1)", [[3], [-1], [2], [0.5]]),
    ("v[:2].expand(2, -1)", [[3, -1], [3, -1]]),
    ("a[:, :1].expand(2, 2)", [[1, 1], [4, 4]]),
    ("v[:1].expand((2, 2, -1))", [[[3], [3]], [[3], [3]]]),
    ("v[:1].expand(a[0].size())", [3, 3, 3]),
    ("a.size()", [2, 3]),
    ("a.size(0)", 2),
    ("a.size(dim=-1)", 3),
    ("(a.numel(), a.nelement(), a.dim())", [6, 6, 2]),
    ("c.flatten()[20]", 20),
    ("c.flatten(1)[1]", list(range(12, 24))),
    ("c.flatten(start_dim=0, end_dim=1)[5]", [20, 21, 22, 23]),
    ("v.abs()", [3, 1, 2, 0.5]),
    ("v[:1].exp().log()", [3]),
    ("a.sqrt()", [[1, 2**0.5, 3**0.5], [2, 5**0.5, 6**0.5]]),
    ("a.pow(2)", [[1, 4, 9], [16, 25, 36]]),
    ("v.pow(exponent=2).sum()", 14.25),
    ("v.clamp(0, 1)", [1, 0, 1, 0.5]),
    ("v.clamp(min=1)", [3, 1, 2, 1]),
    ("v.clamp(max=1)", [1, -1, 1, 0.5]),
    ("v.clip(0, 1)", [1, 0, 1, 0.5]),
    ("v.clip(max=1)", [1, -1, 1, 0.5]),
    ("a.sum(1, True)", [[6], [15]]),
    ("c.sum([0, 2])", [60, 92, 124]),
    ("c.sum(dim=(0, 1))", [60, 66, 72, 78]),
    ("a.mean(0, keepdim=True)", [[2.5, 3.5, 4.5]]),
    ("a.mean(-1, True)", [[2], [5]]),
    ("a.prod(dim=1)", [6, 120]),
    ("h.sum()", 5000),
    ("h.mean(dim=0)", [1]),
    ("h.sum(0)", [5000]),
    ("h.cumsum(0)[-1]", [5000]),
    ("h.norm()", 5000**0.5),
    ("h.softmax(0)[0]", [1 / 5000]),
    ("a.cumsum(1)", [[1, 3, 6], [4, 9, 15]]),
    ("a.cumsum(dim=0)", [[1, 2, 3], [5, 7, 9]]),
    ("a.cumprod(dim=1)", [[1, 2, 6], [4, 20, 120]]),
    ("(a > 3).all(dim=1)", [False, True]),
    ("(a > 3).any(0, True)", [[True, True, True]]),
    ("(a > 6).any()", False),
    ("a.argmax()", 5),
    ("a.argmax(1, True)", [[2], [2]]),
    ("a.argmin(dim=-1, keepdim=True)", [[0], [0]]),
    ("v.dot(v)", 14.25),
    ("a.mm(a.t())", [[14, 32], [32, 77]]),
    ("v.matmul(v)", 14.25),
    ("c.bmm(c.transpose(1, 2))[0, 2]", [62, 214, 366]),
    ("c.norm()", 4324**0.5),
    ("c.norm(dim=(0, 1))", [880**0.5, 1006**0.5, 1144**0.5, 1294**0.5]),
    ("a.norm(2, 1, True)", [[14**0.5], [77**0.5]]),
    ("a.norm(p=1, dim=(0, 1))", 21),
    ("a.norm('fro')", 91**0.5),
    ("v.norm(float('inf'), 0)", 3),
    ("a.norm(dim=-1, keepdim=True, p=2)", [[14**0.5], [77**0.5]]),
    ("a.norm(keepdim=True)", [[91**0.5]]),
    ("a.gather(1, a[:, :1].argmax(dim=1, keepdim=True) + 1)", [[2], [5]]),
    ("v.nonzero()", [[0], [1], [2], [3]]),
    ("(a > 4).nonzero()", [[1, 1], [1, 2]]),
    ("(a > 4).nonzero(as_tuple=True)", ([1, 1], [1, 2])),
    ("a.data.cpu().numpy()", [[1, 2, 3], [4, 5, 6]]),
    ("v.double().round(decimals=0)", [3, -1, 2, 0]),
    ("v[0].item()", 3),
    ("a.tolist()", [[1, 2, 3], [4, 5, 6]]),
    ("a.numpy(force=True)", [[1, 2, 3], [4, 5, 6]]),
    ("(a / a.norm(dim=-1, keepdim=True)) @ a[0]", [14**0.5, 32 / 77**0.5]),
    ("(str(a.device) == a.device.type == 'cpu', a.is_cuda, a.requires_grad)", [True, False, False]),
]


def evaluate(expression: str, tensor: Any) -> Any:
    """``expression`` with variables of the type that ``tensor`` makes of an array."""
    v = np.array([3, -1, 2, 0.5], np.float32)
    c = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    h = np.ones((5000, 1), np.float16)
    arrays = {"a": np.array(A), "v": v, "c": c, "h": h}
    return eval(expression, {name: tensor(array) for name, array in arrays.items()})


def compare(value: Any, wanted: Any) -> None:
    """That both have the same shapes and, but for the last bits, the same numbers; a tuple is of such."""
    if not isinstance(wanted, tuple):
        value, wanted = (value,), (wanted,)
    assert len(value) == len(wanted), (value, wanted)
    pairs: list[tuple[Any, Any]] = [(np.asarray(one), np.asarray(other)) for one, other in zip(value, wanted)]
    for one, other in pairs:
        assert one.shape == other.shape, (value, wanted)
        np.testing.assert_allclose(one, other, rtol=1e-3 if one.dtype == np.float16 else 1e-6)


class WithoutTorch(unittest.TestCase):
    def test_chains_of_methods(self) -> None:
        self.assertIs(type(A.detach().cpu().numpy()), np.ndarray)
        self.assertTrue(np.shares_memory(A.cpu().numpy(), A))
        self.assertEqual(A.to("cuda:0").float().tolist(), [[1, 2, 3], [4, 5, 6]])
        self.assertEqual(A.half().dtype, np.float16)
        self.assertEqual(A.to(np.float64).dtype, A.double().dtype)
        self.assertEqual((A @ A.T).view(-1).tolist(), [14, 32, 32, 77])
        self.assertEqual((A @ A.t()).tolist(), A.mm(A.T).tolist())
        self.assertEqual(A.view(3, 2).shape, A.view((3, 2)).shape)
        self.assertEqual(A.unsqueeze(0).shape, (1, 2, 3))
        self.assertEqual(A.dim(), 2)
        self.assertFalse(np.shares_memory(A.clone(), A))

    def test_along_dimensions(self) -> None:
        self.assertEqual(A.sum(-1).tolist(), A.sum(dim=1).tolist())
        self.assertEqual(A.mean(dim=0, keepdim=True).tolist(), [[2.5, 3.5, 4.5]])
        self.assertEqual(A.argmax(dim=1).tolist(), [2, 2])
        self.assertEqual(A.argmin().item(), 0)
        np.testing.assert_allclose(A.norm(), np.sqrt(91), rtol=1e-6)
        np.testing.assert_allclose(A.norm(dim=1, keepdim=True), [[np.sqrt(14)], [np.sqrt(77)]], rtol=1e-6)
        np.testing.assert_allclose(A.softmax(dim=-1).sum(-1), 1, rtol=1e-6)
        values, indices = A.topk(2)
        self.assertEqual((values.tolist(), indices.tolist()), ([[3, 2], [6, 5]], [[2, 1], [2, 1]]))

    def test_methods_that_torch_has(self) -> None:
        for expression, wanted in EXPRESSIONS:
            with self.subTest(expression):
                compare(evaluate(expression, lambda array: Tensor(array, array.dtype)), wanted)

    def test_numpy_by_its_words(self) -> None:
        plain: Any = np.array(A)
        for words in ({"axis": 0}, {"axis": 1, "ddof": 1}, {"ddof": 0}, {"axis": (0, 1), "keepdims": True}):
            np.testing.assert_allclose(A.std(**words), plain.std(**words), rtol=1e-6)
            np.testing.assert_allclose(A.var(**words), plain.var(**words), rtol=1e-6)
        self.assertEqual(A.std(0, ddof=0).tolist(), plain.std(0).tolist())
        self.assertEqual(A.max(axis=1).tolist(), [3, 6])
        self.assertEqual(A.max(None), 6)  # as pandas calls it
        self.assertEqual(A.min(axis=0, keepdims=True).tolist(), [[1, 2, 3]])
        self.assertEqual(A.transpose().shape, (3, 2))
        cube: Any = Tensor(np.zeros((2, 3, 4)))
        self.assertEqual([cube.transpose(*dims).shape for dims in ((2, 0, 1), ((1, 2, 0),))], [(4, 2, 3), (3, 4, 2)])
        self.assertEqual(A.repeat(2, axis=1).tolist(), plain.repeat(2, axis=1).tolist())
        self.assertEqual(A.argsort(axis=1, kind="stable").tolist(), [[0, 1, 2]] * 2)
        self.assertEqual(A.flatten("F").tolist(), A.flatten(order="F").tolist())
        self.assertEqual((A.size, A.size / 2, type(A.size + 1), json.dumps(A.size)), (6, 3, int, "6"))
        array: Any = Tensor([3, 1, 2])
        self.assertIsNone(array.sort(axis=-1))
        self.assertEqual(array.tolist(), [1, 2, 3])

    def test_functions_of_numpy_are_numpys(self) -> None:
        plain = np.array(A)
        for wanted, value in (
            (np.std(plain), np.std(A)),
            (np.var(plain, 0), np.var(A, 0)),
            (np.max(plain, 1), np.max(A, 1)),
            (np.sort(-plain), np.sort(-A)),
            (np.sort(-plain, None), np.sort(-A, None)),
            (np.argsort(-plain), np.argsort(-A)),
            (np.transpose(plain, (0, 1)), np.transpose(A, (0, 1))),
            (np.repeat(plain, 2, 1), np.repeat(A, 2, 1)),
            (np.repeat(plain, 2), np.repeat(A, 2)),
            (np.tile(plain, (2, 2)), np.tile(A, (2, 2))),
            (np.median(plain, 0), np.median(A, 0)),
            (np.percentile(plain, 30), np.percentile(A, 30)),
            (np.stack([plain, plain]), np.stack([A, A])),
            (np.block([[plain], [plain]]), np.block([[A], [A]])),
            (np.einsum("ij,kj->ik", plain, plain), np.einsum("ij,kj->ik", A, A)),
            (np.average(plain, 0), np.average(A, 0)),
            (np.cov(plain), np.cov(A)),
            (np.nonzero(plain)[1], np.nonzero(A)[1]),
            (np.squeeze(plain[:1], 0), np.squeeze(A[:1], 0)),
            (np.size(plain, 1), np.size(A, 1)),
            (np.unique(plain, return_counts=True)[0], np.unique(A, return_counts=True)[0]),
            (np.linalg.svd(plain)[1], np.linalg.svd(A)[1]),
        ):
            np.testing.assert_array_equal(wanted, value)
            self.assertEqual(isinstance(wanted, np.ndarray), isinstance(value, Tensor))
        changed = A.clone()
        np.copyto(changed, 0)
        self.assertEqual(changed.tolist(), [[0, 0, 0], [0, 0, 0]])

    def test_errors_instead_of_another_number(self) -> None:
        cube: Any = Tensor(np.zeros((2, 3, 4)))
        calls: list[Callable[[], Any]] = [
            lambda: A.repeat(2),
            lambda: cube.t(),
            lambda: A.topk(4),
            lambda: A.max((0, 1)),
            lambda: A.max(axis=1, keepdim=True),
            lambda: A.std(axis=0, unbiased=True),
            lambda: A.argsort(0, "stable"),
            lambda: A.flatten(1, 0),
            lambda: A.to("bfloat16"),
            lambda: bool(A),
        ]
        for function in calls:
            with self.assertRaises((RuntimeError, TypeError, ValueError)):
                function()

    def test_devices_and_types(self) -> None:
        self.assertEqual((str(A.device), A.device.type, A.device.index), ("cpu", "cpu", None))
        self.assertTrue(A.device == "cpu" and A.device in {"cpu"} and not A.device != "cpu")
        self.assertEqual(A.to("float16").dtype, np.float16)
        self.assertEqual(A.to("cpu", np.float64).dtype, np.float64)
        self.assertEqual(A.to(A.double()).dtype, np.float64)
        for same in (A.to("cuda"), A.to(0), A.to(device=None), A.cuda(0, non_blocking=True), A.to("mps")):
            self.assertIs(same, A)
        self.assertFalse(np.shares_memory(A.to("cpu", copy=True), A))

    def test_elements_in_float64_are_python_floats(self) -> None:
        scores: Any = Tensor([0.5, 0.25], np.float64)
        for numbers in (list(scores), [scores[0], scores[1]], sorted(scores, reverse=True)):
            self.assertEqual(repr(numbers), "[0.5, 0.25]")
            self.assertEqual(json.dumps(numbers), "[0.5, 0.25]")
            self.assertTrue(all(isinstance(number, float) for number in numbers))
        self.assertEqual(repr(dict(zip("ab", scores))), "{'a': 0.5, 'b': 0.25}")
        self.assertEqual(repr([round(scores[1], 1), round(scores[0])]), "[0.2, 0]")
        self.assertEqual((scores[0].item(), f"{scores[1]:.1f}", str(scores[0])), (0.5, "0.2", "0.5"))
        self.assertEqual(np.array(list(scores)).dtype, np.float64)
        self.assertEqual(pickle.loads(pickle.dumps(scores[0])), 0.5)
        self.assertEqual(scores[scores.argmax()], max(scores))

    def test_results_are_of_the_class(self) -> None:
        for value in (A * A, A @ A.T, A[0], A.T, A.sum(), A[0] @ A[1], A.max(), np.exp(A), A.astype(np.float64)):
            self.assertIsInstance(value, Tensor)
        self.assertEqual(f"{A.sum():.4f} {(A[0] @ A[1]).item():.1f}", "21.0000 32.0")
        self.assertEqual(pickle.loads(pickle.dumps(A)).tolist(), A.tolist())
        self.assertIs(type(np.asarray(A)), np.ndarray)
        self.assertEqual(A.view(np.int32).dtype, np.int32)


class WithTorch(unittest.TestCase):
    def setUp(self) -> None:
        try:
            import torch
        except ImportError:
            self.skipTest("torch is not installed")
        self.torch: Any = torch

    def test_it_becomes_a_tensor(self) -> None:
        torch, array = self.torch, A.clone()
        for tensor in (
            torch.from_numpy(array),
            torch.as_tensor(array),
            torch.tensor(array),
            array.to(torch.device("cpu")),
        ):
            self.assertIsInstance(tensor, torch.Tensor)
            self.assertEqual(tensor.tolist(), array.tolist())
        array[0, 0] = 9
        self.assertEqual(torch.from_numpy(array)[0, 0].item(), 9)
        self.assertEqual(array.to(torch.float16).dtype, torch.float16)
        self.assertEqual(array.to(dtype=torch.float64).dtype, torch.float64)

    def test_methods_answer_as_its_own(self) -> None:
        for expression, wanted in EXPRESSIONS:
            with self.subTest(expression):
                own = evaluate(expression, self.torch.from_numpy)
                compare(own, wanted)
                compare(evaluate(expression, lambda array: Tensor(array, array.dtype)), own)

    def test_devices_are_equal(self) -> None:
        device = self.torch.device("cpu")
        self.assertTrue(A.device == device and device == A.device and not A.device != device)
        self.assertEqual(self.torch.zeros(2, device=A.device).device, device)

    def test_functions_take_it(self) -> None:
        torch, plain = self.torch, self.torch.from_numpy(A.clone())
        self.assertTrue(torch.equal(torch.matmul(A, A.T), plain @ plain.T))
        self.assertTrue(torch.equal(torch.cat([A, A]), torch.cat([plain, plain])))
        self.assertTrue(torch.equal(torch.nn.functional.normalize(A, p=2, dim=1), torch.nn.functional.normalize(plain)))
        self.assertTrue(torch.equal(torch.nn.functional.cosine_similarity(A, A), torch.cosine_similarity(plain, plain)))
        self.assertTrue(torch.equal(torch.softmax(A, dim=-1), plain.softmax(-1)))
        self.assertTrue(torch.equal(torch.stack([A[0], A[1]]), plain))
        self.assertTrue(torch.equal(torch.mm(A, plain.T), plain @ plain.T))
        self.assertTrue(torch.equal(torch.topk(A, 2).values, plain.topk(2).values))


if __name__ == "__main__":
    unittest.main()
