# SPDX-License-Identifier: Apache-2.0
"""Tensor: what programs do with the tensors of the originals, without torch and, where it is installed, with it."""

from __future__ import annotations

import pickle
import unittest
from typing import Any

import numpy as np

from tuwen.compat.tensor import Tensor

A: Any = Tensor([[1, 2, 3], [4, 5, 6]])


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
