# SPDX-License-Identifier: Apache-2.0
"""SentenceTransformer: the code of GME's model card and of sentence-transformers' pages, word for word in its calls."""

from __future__ import annotations

import inspect
import json
import unittest
from pathlib import Path
from typing import Any

import numpy as np

import tuwen
from support import PICTURES
from tuwen.compat.sentence_transformers import SentenceTransformer
from tuwen.compat.tensor import Tensor

t2i_prompt = "Find an image that matches the given text."
texts = ["a girl on a bench", "a traffic light"]
images = [str(PICTURES / "girl-on-bench.webp"), str(PICTURES / "traffic-light.png")]


class Programs(unittest.TestCase):
    def test_code_of_the_card(self) -> None:
        gme_st = SentenceTransformer(tuwen.demo_model(), trust_remote_code=True)

        # Single-modal embedding
        e_text = gme_st.encode(texts, convert_to_tensor=True)
        e_image = gme_st.encode([dict(image=i) for i in images], convert_to_tensor=True)
        single = (e_text @ e_image.T).tolist()

        # How to set embedding instruction
        e_query = gme_st.encode([dict(text=t, prompt=t2i_prompt) for t in texts], convert_to_tensor=True)
        e_corpus = gme_st.encode([dict(image=i) for i in images], convert_to_tensor=True)
        instructed = (e_query @ e_corpus.T).tolist()

        # Fused-modal embedding
        e_fused = gme_st.encode([dict(text=t, image=i) for t, i in zip(texts, images)], convert_to_tensor=True)
        fused = (e_fused @ e_fused.T).tolist()

        self.assertGreater(single[0][0], single[0][1])
        self.assertGreater(instructed[1][1], instructed[1][0])
        self.assertAlmostEqual(fused[0][0], 1, delta=1e-5)

    def test_code_of_a_search(self) -> None:
        model = SentenceTransformer(tuwen.demo_model(), device="cuda")
        query_embeddings = model.encode_query(["a dog"])
        document_embeddings = model.encode_document([dict(image=i) for i in images + [str(PICTURES / "dog.jpg")]])
        similarities = model.similarity(query_embeddings, document_embeddings)
        self.assertEqual(similarities.shape, (1, 3))
        self.assertEqual(similarities.argmax(dim=1).item(), 2)
        scores, indices = similarities.topk(2)
        self.assertEqual(indices[0, 0], 2)
        self.assertEqual(scores[0, 0], similarities[0, 2])


class Numbers(unittest.TestCase):
    model: SentenceTransformer

    @classmethod
    def setUpClass(cls) -> None:
        cls.model = SentenceTransformer(tuwen.demo_model())

    def test_vectors_of_the_reference(self) -> None:
        golden = json.loads(Path(tuwen.demo_model(), "golden.json").read_text())
        self.model.max_seq_length = golden["max_length"]
        self.addCleanup(setattr, self.model, "max_seq_length", 32768)
        for item in golden["items"]:
            given = {
                "text": item["text"],
                "image": item["image"] and str(Path(tuwen.demo_model(), item["image"])),
                "prompt": item["instruction"],
            }
            with self.subTest(item["name"]):
                vector = self.model.encode({name: value for name, value in given.items() if value is not None})
                self.assertGreater(float(vector @ np.array(item["vector"], np.float32)), 0.99999)

    def test_forms_of_the_result(self) -> None:
        many, one = self.model.encode(texts), self.model.encode(texts[0])
        self.assertIs(type(many), np.ndarray)
        self.assertEqual((many.shape, many.dtype, one.shape), ((2, 256), np.dtype(np.float32), (256,)))
        self.assertIsInstance(self.model.encode(texts, convert_to_tensor=True), Tensor)
        listed = self.model.encode(texts, convert_to_numpy=False)
        self.assertEqual([type(vector) for vector in listed], [Tensor, Tensor])
        self.assertIsInstance(self.model.encode(texts[0], convert_to_numpy=False), Tensor)
        for same in (
            self.model.encode(inputs=texts),
            self.model.encode(np.array(texts)),
            self.model.encode(iter(texts)),
        ):
            self.assertEqual(same.tolist(), many.tolist())
        np.testing.assert_allclose(np.linalg.norm(many, axis=1), 1, atol=1e-6)
        self.assertEqual(self.model.get_sentence_embedding_dimension(), 256)

    def test_prompts_go_before_texts(self) -> None:
        plain = self.model.encode(["find: a dog"]).tolist()
        model = SentenceTransformer(tuwen.demo_model(), prompts={"query": "find: ", "passage": "of "})
        self.assertEqual(model.encode(["a dog"], prompt="find: ").tolist(), plain)
        self.assertEqual(model.encode(["a dog"], "query").tolist(), plain)
        self.assertEqual(model.encode_query(["a dog"]).tolist(), plain)
        self.assertEqual(model.encode_query(["a dog"], prompt="").tolist(), self.model.encode(["a dog"]).tolist())
        self.assertEqual(model.encode_document(["a dog"]).tolist(), self.model.encode(["of a dog"]).tolist())
        self.assertEqual(self.model.encode_query(["a dog"]).tolist(), self.model.encode_document(["a dog"]).tolist())

    def test_shorter_vectors(self) -> None:
        full = self.model.encode(texts)
        self.assertEqual(self.model.encode(texts, truncate_dim=8).tolist(), full[:, :8].tolist())
        unit = self.model.encode(texts, truncate_dim=8, normalize_embeddings=True)
        np.testing.assert_allclose(np.linalg.norm(unit, axis=1), 1, atol=1e-6)
        self.assertEqual(SentenceTransformer(tuwen.demo_model(), truncate_dim=8).encode("a dog").shape, (8,))

    def test_pairs(self) -> None:
        a, b = self.model.encode(texts), 2 * self.model.encode([dict(image=i) for i in images])
        np.testing.assert_allclose(
            self.model.similarity_pairwise(a, b), np.diagonal(self.model.similarity(a, b)), atol=1e-6
        )
        dot = SentenceTransformer(tuwen.demo_model(), similarity_fn_name="dot")
        np.testing.assert_allclose(dot.similarity(a, b), a @ b.T, atol=1e-6)
        self.assertEqual(self.model.similarity(a[0], b).shape, (1, 2))

    def test_refusals(self) -> None:
        model = self.model
        cases: list[tuple[type[Exception], str, Any]] = [
            (ValueError, "output_value", lambda: model.encode(texts, output_value="token_embeddings")),
            (ValueError, "precision", lambda: model.encode(texts, precision="int8")),
            (ValueError, "prompt_name='query'", lambda: model.encode(texts, "query")),
            (ValueError, "dict its own 'prompt'", lambda: model.encode([dict(text="a")], prompt="find: ")),
            (ValueError, "An input is", lambda: model.encode([3])),
            (ValueError, "An input is", lambda: model.encode([dict(prompt="a")])),
            (ValueError, "one device", lambda: model.encode(texts, device=["cpu", "cpu"])),
            (TypeError, "one process", lambda: model.encode(texts, pool={})),
            (
                ValueError,
                "similarity_fn_name",
                lambda: SentenceTransformer(tuwen.demo_model(), similarity_fn_name="maxsim"),
            ),
            (TypeError, "checkpoint says", lambda: SentenceTransformer(tuwen.demo_model(), modules=[])),
            (ValueError, "opens no connection", lambda: model.encode([dict(image="https://example.com/a.png")])),
            (FileNotFoundError, "tuwen pull gme-7b", lambda: SentenceTransformer("iic/gme-Qwen2-VL-7B-Instruct")),
        ]
        for kind, words, call in cases:
            with self.subTest(words), self.assertRaisesRegex(kind, words):
                call()

    def test_words_are_those_of_the_package(self) -> None:
        try:
            from sentence_transformers import SentenceTransformer as Original
        except ImportError:
            self.skipTest("sentence_transformers is not installed")
        theirs = list(inspect.signature(Original.encode).parameters.values())[2:]
        ours = list(inspect.signature(SentenceTransformer.encode).parameters.values())[2:]
        positional = [(word.name, word.default) for word in ours if word.kind is word.POSITIONAL_OR_KEYWORD]
        self.assertEqual(positional, [(word.name, word.default) for word in theirs][: len(positional)])


if __name__ == "__main__":
    unittest.main()
