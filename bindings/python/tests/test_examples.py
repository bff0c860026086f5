# SPDX-License-Identifier: Apache-2.0
"""Runs the programs of examples/, each where the packages it wants are installed."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any

import numpy as np

import tuwen
from support import PICTURES

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


class Example(unittest.TestCase):
    """Gives each test a folder of its own, and skips it without the packages."""

    packages: tuple[str, ...] = ()

    def setUp(self) -> None:
        for package in self.packages:
            if importlib.util.find_spec(package) is None:
                self.skipTest(f"{package} is not installed")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.environment = {**os.environ, "TUWEN_MODEL": tuwen.demo_model(), "MPLCONFIGDIR": folder.name}

    def run_example(self, name: str, *arguments: object) -> str:
        command = [sys.executable, str(EXAMPLES / name), *map(str, arguments)]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout


class Plot(Example):
    packages = ("matplotlib",)

    def test_scores_over_captions(self) -> None:
        from matplotlib.image import imread

        output = self.folder / "scores.png"
        self.run_example("scores_over_captions.py", PICTURES, output)
        pixels = np.asarray(imread(output))[:, :, :3]
        self.assertEqual(pixels.shape[1], 1300)
        colours = np.unique((pixels * 255).astype(np.uint8).reshape(-1, 3), axis=0).tolist()
        self.assertIn([44, 160, 44], colours)  # the bar of the caption that is "very high"
        self.assertIn([8, 48, 107], colours)  # the square with the score 1


class LangChain(Example):
    packages = ("langchain_core",)

    def test_search_of_pictures(self) -> None:
        first = self.run_example("langchain_embeddings.py", PICTURES, "a dog").splitlines()[0]
        self.assertRegex(first, r"^0\.\d{4} .*dog\.jpg$")

    def test_search_of_texts(self) -> None:
        from langchain_core.vectorstores import InMemoryVectorStore

        specification = importlib.util.spec_from_file_location("example", EXAMPLES / "langchain_embeddings.py")
        assert specification and specification.loader
        module = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(module)
        with tuwen.Matcher(tuwen.demo_model()) as matcher:
            store = InMemoryVectorStore(module.TuwenEmbeddings(matcher))
            store.add_texts(["a dog", "a pizza", "红绿灯"])
            self.assertEqual(store.similarity_search("a traffic light", k=1)[0].page_content, "红绿灯")


class RayData(Example):
    packages = ("ray", "pyarrow")
    copies = 250

    def setUp(self) -> None:
        super().setUp()
        program = os.environ.get("TUWEN_PROGRAM")
        if not program:
            self.skipTest("TUWEN_PROGRAM does not name the program that packs the model")
        self.model = self.folder / "demo.tuwen"
        subprocess.run([program, "convert", "--quiet", tuwen.demo_model(), self.model], check=True)
        self.pictures = self.folder / "pictures"
        self.pictures.mkdir()
        for name in ("dog.jpg", "red-apple.gif"):
            for number in range(self.copies):
                (self.pictures / f"{number}-{name}").symlink_to(PICTURES / name)
        (self.pictures / "broken.png").write_bytes(b"no picture")

    def command(self) -> list[str]:
        arguments = (self.pictures, self.folder / "out", "--model", self.model, "--workers", 2, "--batch", 8)
        return [sys.executable, str(EXAMPLES / "embed_folder_ray.py"), *map(str, arguments)]

    def rows(self) -> list[dict[str, Any]]:
        import pyarrow.parquet as pq

        files = (self.folder / "out").glob("*.parquet")
        return [row for file in files for row in pq.read_table(file).to_pylist()]

    def test_killed_in_the_middle_it_goes_on(self) -> None:
        first = subprocess.Popen(self.command(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert first.stdout
        self.assertEqual(first.stdout.readline(), f"{2 * self.copies + 1} pictures, 0 done before\n")
        self.assertRegex(first.stdout.readline(), r"^\d+ of 501$")
        first.kill()
        first.communicate()
        second = subprocess.run(self.command(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertEqual(second.returncode, 0, second.stderr)
        before = int(second.stdout.split(" pictures, ")[1].split()[0])
        self.assertTrue(0 < before < 2 * self.copies, second.stdout)
        self.assertIn(f"{501 - before} of {501 - before}", second.stdout)

        rows = self.rows()
        self.assertEqual(sorted(row["path"] for row in rows), sorted(map(str, self.pictures.iterdir())))
        with tuwen.Matcher(self.model) as matcher:
            dog, apple = matcher.embed_images([PICTURES / "dog.jpg", PICTURES / "red-apple.gif"])
        for row in rows:
            if row["path"].endswith("broken.png"):
                self.assertIsNone(row["vector"])
                self.assertIn("broken.png", row["message"])
            else:
                expected = dog if row["path"].endswith("dog.jpg") else apple
                self.assertEqual(np.float32(row["vector"]).tolist(), expected.tolist())

        third = subprocess.run(self.command(), stdout=subprocess.PIPE, text=True, check=True)
        self.assertEqual(third.stdout, "501 pictures, 501 done before\n")
        other = [*self.command(), "--model", tuwen.demo_model()]  # in f32: another space
        refused = subprocess.run(other, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("has vectors of the space", refused.stderr)


if __name__ == "__main__":
    unittest.main()
