# SPDX-License-Identifier: Apache-2.0
"""Today's programs with ImageTextMatcher, word for word, and that their numbers are those of `tuwen match`."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np

import tuwen
from image_text_matcher import ImageTextMatcher, batch_process
from support import PICTURES, all_pictures

PROGRAM = """\
from image_text_matcher import ImageTextMatcher
matcher = ImageTextMatcher()            # device="cuda:0" by default
matcher.load_model()
raw = matcher.compute_similarity("test.jpg", ["a girl sitting on a bench", "a traffic light showing green"])
norm = matcher.normalize_scores(raw)
"""

TABLE = """\
for text, score, bar in sorted(zip(["girl", "light"], raw, norm), key=lambda row: row[1], reverse=True):
    print(f"{text}: {score:.4f} {bar:.4f}")
"""


def run_program(text: str, folder: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TUWEN_MODEL", "XDG_", "HF_"))}
    return subprocess.run(
        [sys.executable, "-c", text],
        cwd=folder,
        env={**clean, "HOME": folder, **environment},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def of_command(picture: str, texts: list[str]) -> list[dict[str, Any]]:
    words = [word for text in texts for word in ("-t", text)]
    options = ["--exif", "ignore", "--no-cache", "--quiet", "--format", "json", "-m", tuwen.demo_model()]
    command = [os.environ["TUWEN_PROGRAM"], "match", *options, "-i", picture, *words]
    results: list[dict[str, Any]] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)[
        "results"
    ]
    return results


class Programs(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        shutil.copy(PICTURES / "girl-on-bench.webp", Path(self.folder, "test.jpg"))

    def test_code_of_today_runs_and_says_once_what_computes(self) -> None:
        done = run_program(
            PROGRAM + "norm = matcher.normalize_scores(raw)\nImageTextMatcher().load_model()\n" + TABLE, self.folder
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        first, second = (line.split(": ") for line in done.stdout.splitlines())
        self.assertEqual([first[0], second[0]], ["girl", "light"])
        self.assertRegex(first[1], r"^0\.\d{4} (0|1)\.\d{4}$")
        self.assertEqual(done.stderr.count("not on cuda:0"), 1, done.stderr)
        self.assertEqual(done.stderr.count("demo checkpoint"), 1, done.stderr)

    def test_a_model_of_the_user_takes_the_place_of_the_demo(self) -> None:
        done = run_program(PROGRAM, self.folder, TUWEN_MODEL=tuwen.demo_model())
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("demo checkpoint", done.stderr)

    def test_a_name_without_a_copy_says_what_to_do(self) -> None:
        name = "Alibaba-NLP/gme-Qwen2-VL-2B-Instruct"
        program = f"from image_text_matcher import ImageTextMatcher\nImageTextMatcher('cpu', {name!r}).load_model()"
        done = run_program(program, self.folder)
        self.assertIn("NotFoundError", done.stderr)
        self.assertIn("tuwen pull gme-2b", done.stderr)

    def test_function_batch_process(self) -> None:
        image_text_pairs = [
            (str(PICTURES / "dog.jpg"), ["a dog", "a pizza"]),
            (str(PICTURES / "pizza.jpg"), ["a pizza"]),
        ]
        os.environ["TUWEN_MODEL"] = tuwen.demo_model()
        self.addCleanup(os.environ.pop, "TUWEN_MODEL")
        results = batch_process(image_text_pairs, batch_size=8)
        for image_path, texts, scores in results:
            for text, score in zip(texts, scores):
                self.assertIsInstance(float(f"{score:.4f}"), float)
        self.assertEqual([(image, texts) for image, texts, _ in results], image_text_pairs)
        self.assertGreater(results[0][2][0], results[0][2][1])


class Numbers(unittest.TestCase):
    matcher: ImageTextMatcher

    @classmethod
    def setUpClass(cls) -> None:
        cls.matcher = ImageTextMatcher("cpu", tuwen.demo_model())

    def test_scores_are_those_of_the_command(self) -> None:
        if not os.environ.get("TUWEN_PROGRAM"):
            self.skipTest("TUWEN_PROGRAM does not name the program to compare with")
        texts = ["a dog", "a girl on a bench", "红绿灯"]
        for picture in all_pictures():
            raw = self.matcher.compute_similarity(picture, texts)
            expected = {line["text"]: line for line in of_command(picture, texts)}
            norm = self.matcher.normalize_scores(raw)
            for text, cosine, score in zip(texts, raw, norm):
                self.assertAlmostEqual(cosine, expected[text]["cosine"], delta=1e-6)
                self.assertAlmostEqual(score, expected[text]["score"], delta=1e-5)

    def test_scores_are_the_products_of_the_vectors(self) -> None:
        image, text = self.matcher.encode_image(str(PICTURES / "dog.jpg")), self.matcher.encode_text("a dog")
        self.assertEqual(image.shape, (1, 256))
        self.assertEqual(text.shape, (1, 256))
        score = (image @ text.T).item()
        self.assertAlmostEqual(score, self.matcher.compute_similarity(PICTURES / "dog.jpg", ["a dog"])[0], delta=1e-6)

    def test_what_is_no_device(self) -> None:
        for word in ("/models/gme", "Alibaba-NLP/gme-Qwen2-VL-2B-Instruct", Path("a/b")):
            with self.subTest(word), self.assertRaisesRegex(ValueError, "model_name="):
                ImageTextMatcher(word)
        for device in ("cpu", "cuda", "cuda:1", "mps", 0, None):
            ImageTextMatcher(device)

    def test_what_is_no_pair(self) -> None:
        wrong: Any = ["test.jpg"]
        with self.assertRaisesRegex(TypeError, r"image_text_pairs\[0\]"):
            self.matcher.batch_process(wrong)
        lists: Any = (None, [3], 3)
        for texts in lists:
            with self.subTest(texts=texts), self.assertRaisesRegex(TypeError, "texts"):
                self.matcher.compute_similarity(PICTURES / "dog.jpg", texts)

    def test_elements_are_floats(self) -> None:
        raw = self.matcher.compute_similarity(str(PICTURES / "dog.jpg"), ["a dog", "a pizza"])
        self.assertTrue(all(isinstance(score, float) for score in raw))
        self.assertEqual(json.loads(json.dumps(list(raw))), raw.tolist())
        self.assertEqual(int(np.argmax(raw)), 0)

    def test_scale_is_cut_at_both_ends(self) -> None:
        self.assertEqual(self.matcher.normalize_scores([-1.0, 1.0]).tolist(), [0.0, 1.0])
        self.assertEqual(float(self.matcher.normalize_scores(2.0)), 1.0)

    def test_batches_do_not_change_numbers(self) -> None:
        pairs = [(PICTURES / name, ["a dog", "a pizza", "a dog"]) for name in ("dog.jpg", "pizza.jpg", "coffee.tiff")]
        one, many = self.matcher.batch_process(pairs, batch_size=1), self.matcher.batch_process(pairs)
        for (_, _, a), (_, _, b) in zip(one, many):
            self.assertEqual(a.tolist(), b.tolist())
            self.assertEqual(a[0], a[2])
        self.assertEqual(self.matcher.batch_process([(PICTURES / "dog.jpg", [])])[0][2].shape, (0,))
        with self.assertRaisesRegex(ValueError, "batch_size"):
            self.matcher.batch_process(pairs, batch_size=0)

    def test_a_picture_of_pillow(self) -> None:
        try:
            from PIL import Image
        except ImportError:
            self.skipTest("Pillow is not installed")
        path = PICTURES / "house-and-tree.png"
        with Image.open(path) as image:
            of_image = self.matcher.compute_similarity(image, ["a house"])
        self.assertEqual(of_image.tolist(), self.matcher.compute_similarity(str(path), ["a house"]).tolist())

    def test_no_picture(self) -> None:
        with self.assertRaises(FileNotFoundError):
            self.matcher.compute_similarity("missing.jpg", ["a dog"])
        with self.assertRaisesRegex(ValueError, "opens no connection"):
            self.matcher.compute_similarity("https://example.com/a.jpg", ["a dog"])

    def test_nothing_is_printed(self) -> None:
        with redirect_stdout(io.StringIO()) as out:
            self.matcher.compute_similarity(str(PICTURES / "dog.jpg"), ["a dog"])
        self.assertEqual(out.getvalue(), "")


if __name__ == "__main__":
    unittest.main()
