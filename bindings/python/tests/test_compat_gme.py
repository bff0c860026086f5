# SPDX-License-Identifier: Apache-2.0
"""GmeQwen2VL: the code of GME's model card, word for word in its calls, and the vectors that the reference computed."""

from __future__ import annotations

import base64
import json
import unittest
from pathlib import Path
from typing import Any

import numpy as np

import tuwen
from support import PICTURES
from tuwen.compat.gme import GmeQwen2VL

ROOT = Path(__file__).resolve().parents[3]
GOLDEN = ROOT / "tests/golden"


class ModelCard(unittest.TestCase):
    def test_code_of_the_card(self) -> None:
        t2i_prompt = "Find an image that matches the given text."
        texts = ["a girl on a bench", "a traffic light"]
        images = [str(PICTURES / "girl-on-bench.webp"), str(PICTURES / "traffic-light.png")]

        gme = GmeQwen2VL(tuwen.demo_model())

        # Single-modal embedding
        e_text = gme.get_text_embeddings(texts=texts)
        e_image = gme.get_image_embeddings(images=images)
        single = (e_text @ e_image.T).tolist()

        # How to set embedding instruction
        e_query = gme.get_text_embeddings(texts=texts, instruction=t2i_prompt)
        # If is_query=False, we always use the default instruction.
        e_corpus = gme.get_image_embeddings(images=images, is_query=False)
        instructed = (e_query @ e_corpus.T).tolist()
        row_wise = (e_query * e_corpus).sum(-1)

        # Fused-modal embedding
        e_fused = gme.get_fused_embeddings(texts=texts, images=images)
        fused = (e_fused @ e_fused.T).tolist()
        product = (e_fused[0] * e_fused[1]).sum()

        self.assertGreater(single[0][0], single[0][1])
        self.assertGreater(instructed[1][1], instructed[1][0])
        np.testing.assert_allclose(row_wise.tolist(), np.diagonal(instructed), atol=1e-6)
        np.testing.assert_allclose(np.diagonal(fused), 1, atol=1e-5)
        self.assertAlmostEqual(product.item(), fused[0][1], delta=1e-6)
        self.assertEqual((e_image - e_corpus).tolist(), np.zeros_like(e_image).tolist())


class Reference(unittest.TestCase):
    """What transformers 4.51.3 computed in float32 (tests/golden/README.md)."""

    @staticmethod
    def compute(case: dict[str, Any]) -> Any:
        gme = GmeQwen2VL(
            str(GOLDEN / "tiny"),
            min_image_tokens=case["min_image_tokens"],
            max_image_tokens=case["max_image_tokens"],
            max_length=case["max_length"],
        )
        words = {"instruction": case["instruction"], "is_query": case["is_query"]}
        if case["image"] is None:
            return gme.get_text_embeddings(texts=[case["text"] or ""], **words)
        images = [str(GOLDEN / case["image"])]
        if case["text"] is None:
            return gme.get_image_embeddings(images=images, **words)
        return gme.get_fused_embeddings(texts=[case["text"]], images=images, **words)

    def test_every_case(self) -> None:
        for case in json.loads((GOLDEN / "tiny/vectors.json").read_text())["cases"]:
            with self.subTest(case["name"]):
                if "error" in case:
                    with self.assertRaises(tuwen.Error):
                        self.compute(case)
                else:
                    np.testing.assert_allclose(self.compute(case)[0], case["vector"], atol=2e-5, rtol=0)

    def test_pictures_as_the_original_opens_them(self) -> None:
        """Without EXIF orientation; and a Pillow image, data and file URLs are the file."""
        gme = GmeQwen2VL(str(GOLDEN / "tiny"), min_image_tokens=4, max_image_tokens=16)
        path = GOLDEN / "images/37x53.png"
        data = "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()
        same = gme.get_image_embeddings(images=[str(path), path, data, f"file://{path}", path.read_bytes()])
        self.assertTrue((same == same[0]).all())
        turned = [file for file in json.loads((GOLDEN / "images.json").read_text())["files"] if "upright" in file]
        try:
            from PIL import Image
        except ImportError:
            self.skipTest("Pillow is not installed")
        for file in (GOLDEN / "images" / file["file"] for file in turned):
            if file.suffix not in (".jpg", ".png", ".webp", ".tif"):
                continue
            with Image.open(file) as image:
                both = gme.get_image_embeddings(images=[str(file), image])
            np.testing.assert_allclose(both[0] @ both[1], 1, atol=1e-4, err_msg=file.name)


class Words(unittest.TestCase):
    gme: GmeQwen2VL

    @classmethod
    def setUpClass(cls) -> None:
        cls.gme = GmeQwen2VL.from_pretrained(
            tuwen.demo_model(), torch_dtype="float16", device_map="cuda", trust_remote_code=True
        )

    def test_corpus(self) -> None:
        documents = [{"title": "Dog", "text": "a dog "}, {"text": " a pizza"}]
        corpus = self.gme.encode_corpus(documents, instruction="is passed over")
        self.assertEqual(corpus.tolist(), self.gme.encode_queries(["Dog a dog", "a pizza"]).tolist())
        columns = {"title": ["Dog"], "text": ["a dog"]}
        self.assertEqual(self.gme.encode_corpus(columns).tolist(), corpus[:1].tolist())

    def test_some_with_pictures(self) -> None:
        mixed = self.gme.get_fused_embeddings(texts=["a dog", None], images=[None, PICTURES / "dog.jpg"])
        alone = [self.gme.get_text_embeddings(["a dog"]), self.gme.get_image_embeddings([PICTURES / "dog.jpg"])]
        self.assertEqual(mixed.tolist(), np.concatenate(alone).tolist())

    def test_loader_of_lists(self) -> None:
        class DataLoader:  # as torch.utils.data.DataLoader with a collate_fn that keeps lists
            batch_sampler = None

            def __iter__(self) -> Any:
                return iter([[PICTURES / "dog.jpg"], [PICTURES / "pizza.jpg"]])

        self.assertEqual(self.gme.get_image_embeddings(DataLoader()).shape, (2, 256))

    def test_words_of_from_pretrained(self) -> None:
        words: Any = {"device": "cuda", "torch_dtype": "float16", "device_map": "auto"}
        self.assertEqual(GmeQwen2VL.from_pretrained(tuwen.demo_model(), **words).device, "cuda")

    def test_addresses_of_files(self) -> None:
        wanted = self.gme.get_image_embeddings([PICTURES / "dog.jpg"]).tolist()
        for address in (f"file://{PICTURES}/dog.jpg", f"file://localhost{PICTURES}/d%6Fg.jpg", f"FILE://{PICTURES}/dog.jpg"):
            self.assertEqual(self.gme.get_image_embeddings([address]).tolist(), wanted)
        with self.assertRaises(ValueError):
            self.gme.get_image_embeddings(["HTTPS://example.com/a.jpg"])

    def test_nothing(self) -> None:
        self.assertEqual(self.gme.get_text_embeddings(texts=[]).shape, (0, 256))

    def test_refusals(self) -> None:
        no_text: Any = [None]
        word: Any = "x"
        seven: Any = 7
        cases: list[tuple[type[Exception], str, Any]] = [
            (TypeError, "list of texts", lambda: self.gme.get_text_embeddings("a dog")),
            (TypeError, "list of pictures", lambda: self.gme.get_image_embeddings("dog.jpg")),
            (ValueError, "2 texts for 1 images", lambda: self.gme.get_fused_embeddings(["a", "b"], ["c"])),
            (ValueError, "texts, images, or both", lambda: self.gme.get_fused_embeddings()),
            (ValueError, "opens no connection", lambda: self.gme.get_image_embeddings(["http://example.com/a.jpg"])),
            (FileNotFoundError, "missing.jpg", lambda: self.gme.get_image_embeddings(["missing.jpg"])),
            (ValueError, "batch_size", lambda: self.gme.get_text_embeddings(["a"], batch_size=0)),
            (TypeError, "tuwen convert", lambda: GmeQwen2VL(tuwen.demo_model(), quantization_config=object())),
            (TypeError, "not known here", lambda: self.gme.get_text_embeddings(["a"], pooling="mean")),
            (AttributeError, "normalize|can't set", lambda: setattr(self.gme, "normalize", False)),
            (FileNotFoundError, "hf download Somebody/gme-other .*or tuwen pull Somebody/gme-other", lambda: GmeQwen2VL("Somebody/gme-other")),
            (FileNotFoundError, "OWNER/NAME", lambda: GmeQwen2VL("all-MiniLM-L6-v2")),
            (TypeError, "put it into a list", lambda: self.gme.get_image_embeddings(np.zeros((32, 32, 3), np.uint8))),
            (TypeError, "list of texts", lambda: self.gme.get_text_embeddings(seven)),
            (ValueError, "both are None", lambda: self.gme.get_text_embeddings(no_text)),
            (TypeError, "a text is a str", lambda: self.gme.get_text_embeddings(["a"], instruction=3)),
            (TypeError, "max_length", lambda: GmeQwen2VL(tuwen.demo_model(), max_length=word)),
        ]
        for kind, words, call in cases:
            with self.subTest(words), self.assertRaisesRegex(kind, words):
                call()


if __name__ == "__main__":
    unittest.main()
